/**
 * A strict reader of JSON. What two readers may understand differently is refused: duplicate and case-variant keys,
 * numbers that are rounded, lone surrogates. `JSON.parse` keeps the last of two keys and rounds 2^53+1 without a word.
 */
import { ValidationError } from "../errors.js";

/** A value that was read. Objects have no prototype. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** As deep as the services read. */
const MAX_DEPTH = 127;

const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const INTEGER = /^(?:0|-?[1-9][0-9]*)$/;
// Everything but quotes, backslashes and control characters.
const PLAIN = /[^"\\\u0000-\u001f]*/y;
const ESCAPES: Record<string, string> = { '"': '"', "\\": "\\", "/": "/", b: "\b", f: "\f", n: "\n", r: "\r", t: "\t" };
/** What is refused although it is JSON. Of several, the first in this order is told, and after whatever is no JSON. */
const REFUSED = {
  POLICY_DUPLICATE_KEY: "an object has the same key twice",
  POLICY_CASE_VARIANT_KEY: "an object has keys that differ in case only",
  POLICY_NUMBER: "numbers are integers of at most 2^53-1; write larger ones as strings",
};
const LONE_SURROGATE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;

/** Reads one document. */
export function parseStrict(text: string): Json {
  const reader = new Reader(text);
  const value = reader.value(0);
  reader.end();
  return value;
}

function syntax(): ValidationError {
  return new ValidationError("POLICY_JSON", "this is not one JSON document in UTF-8");
}

class Reader {
  #at = 0;
  readonly #refused = new Set<keyof typeof REFUSED>();

  constructor(readonly text: string) {}

  value(depth: number): Json {
    this.#space();
    const first = this.text[this.#at];
    if (first === "{" || first === "[") {
      if (depth >= MAX_DEPTH) throw syntax();
      this.#at++;
      return first === "{" ? this.#object(depth + 1) : this.#array(depth + 1);
    }
    if (first === '"') return this.#string();
    if (this.#takes("true")) return true;
    if (this.#takes("false")) return false;
    if (this.#takes("null")) return null;
    return this.#number();
  }

  end(): void {
    this.#space();
    if (this.#at !== this.text.length) throw syntax();
    for (const [code, message] of Object.entries(REFUSED)) {
      if (this.#refused.has(code as keyof typeof REFUSED)) throw new ValidationError(code, message);
    }
  }

  #object(depth: number): Json {
    const object: { [key: string]: Json } = Object.create(null);
    const folded = new Set<string>();
    this.#space();
    if (this.#takes("}")) return object;
    do {
      this.#space();
      if (this.text[this.#at] !== '"') throw syntax();
      const key = this.#string();
      const lower = key.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
      if (key in object) this.#refused.add("POLICY_DUPLICATE_KEY");
      else if (folded.has(lower)) this.#refused.add("POLICY_CASE_VARIANT_KEY");
      folded.add(lower);
      this.#space();
      if (!this.#takes(":")) throw syntax();
      object[key] = this.value(depth);
      this.#space();
    } while (this.#takes(","));
    if (!this.#takes("}")) throw syntax();
    return object;
  }

  #array(depth: number): Json {
    const items: Json[] = [];
    this.#space();
    if (this.#takes("]")) return items;
    do {
      items.push(this.value(depth));
      this.#space();
    } while (this.#takes(","));
    if (!this.#takes("]")) throw syntax();
    return items;
  }

  #string(): string {
    this.#at++;
    let text = "";
    for (;;) {
      text += this.#match(PLAIN);
      const next = this.text[this.#at++];
      if (next === '"') break;
      if (next !== "\\") throw syntax();
      text += this.#escape();
    }
    if (LONE_SURROGATE.test(text)) throw syntax();
    return text;
  }

  #escape(): string {
    const escape = this.text[this.#at++] ?? "";
    if (escape !== "u") {
      const meant = Object.hasOwn(ESCAPES, escape) ? ESCAPES[escape] : undefined;
      if (meant === undefined) throw syntax();
      return meant;
    }
    const digits = this.text.slice(this.#at, this.#at + 4);
    if (!/^[0-9a-fA-F]{4}$/.test(digits)) throw syntax();
    this.#at += 4;
    return String.fromCharCode(Number.parseInt(digits, 16));
  }

  #number(): number {
    const token = this.#match(NUMBER);
    if (token === "") throw syntax();
    const value = Number(token);
    if (!INTEGER.test(token) || !Number.isSafeInteger(value)) this.#refused.add("POLICY_NUMBER");
    return value;
  }

  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.text)?.[0] ?? "";
    this.#at += found.length;
    return found;
  }

  #takes(token: string): boolean {
    const found = this.text.startsWith(token, this.#at);
    if (found) this.#at += token.length;
    return found;
  }

  #space(): void {
    this.#match(/[ \t\n\r]*/y);
  }
}
