import assert from "node:assert/strict";
import { test } from "node:test";
import { canonicalize, keccak256, parsePolicy } from "../../src/policy/index.js";
import { vectors } from "../unit/vectors.js";
import { authOf, endpoints } from "./stack.js";

const auth = authOf("ops-system", "system:policy.write");

/** What the services' own reader (Rust) makes of bytes: stored under this hash, refused, or read as another document. */
async function rust(bytes: Uint8Array<ArrayBuffer> | string, hash: string): Promise<"taken" | "refused" | "another"> {
  const url = `${endpoints.indexer}/v1/policies/${hash}`;
  const headers = await auth.headers({ audience: endpoints.indexer }, "PUT", url);
  const response = await fetch(url, { method: "PUT", body: bytes, headers: { ...headers, "content-type": "application/json" } });
  const text = await response.text();
  if (response.ok) return "taken";
  if (response.status === 413 || (response.status === 400 && text.includes("Not a policy document"))) return "refused";
  assert.equal(response.status, 400, text);
  return "another";
}

const all = vectors<{ valid: { name: string; input: string; hash: string }[]; invalid: { name: string; input: string }[]; invalidBytes: { name: string; hex: string }[]; padded: { name: string; input: string; bytes: number; hash?: string }[] }>("policy-hash");
const none = `0x${"00".repeat(32)}`;

test("the services read every vector as it is written", async () => {
  for (const { name, input, hash } of all.valid) assert.equal(await rust(input, hash), "taken", name);
  for (const { name, input } of all.invalid) assert.equal(await rust(input, none), "refused", name);
  for (const { name, hex } of all.invalidBytes) assert.equal(await rust(new Uint8Array(Buffer.from(hex, "hex")), none), "refused", name);
  for (const { name, input, bytes, hash } of all.padded) assert.equal(await rust(input.padEnd(bytes), hash ?? none), hash ? "taken" : "refused", name);
});

/** A small generator of its own, so that a failure can be repeated from its seed. */
function random(seed: number) {
  let state = seed >>> 0;
  return (below: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const PIECES = ["\u00e9", "e\u0301", "\u212b", "\uac00", "\u1112\u1161\u11ab", "a", "B", " ", "  ", "\u00a0", "\u200b", "\u{1f600}", "\uff21", "\u0085", "\ufeff", "\u06a9", "\\", "\"", "\u2028", "z\u0323\u0307", "\u0340"];
const TOKENS = ["{", "}", "[", "]", ",", ":", '"', "1", "1.0", "-0", "9007199254740993", "1e0", "null", "true", "\\u0041", "\\ud800", " ", "\n", "\t", '"v":1', '"V":1', "__proto__", "2024-02-30"];

function document(next: (below: number) => number): string {
  const some = <T>(items: readonly T[], least: number) => items.filter(() => next(2) === 0).slice(0, 6).concat(items.slice(0, least)).filter((each, index, list) => list.indexOf(each) === index);
  const word = () => Array.from({ length: 1 + next(3) }, () => PIECES[next(PIECES.length)]).join("");
  const day = () => (next(3) === 0 ? null : `${String(2000 + next(40))}-${String(1 + next(12)).padStart(2, "0")}-${String(1 + next(31)).padStart(2, "0")}`);
  const category = () => (next(2) === 0 ? {} : { category: next(5) === 0 ? [word(), word()] : [...new Set([word(), word()])].sort() });
  const whole = {
    v: 1, salt: keccak256(new TextEncoder().encode(String(next(2 ** 31)))), purpose: some(["HRESCH", "TREAT"], 1).sort(), actions: some(["read", "search"], 1).sort(),
    resources: some(["Condition", "Observation", "Patient"], 1).sort().map((type) => ({ type, ...category() })), exclude: some(["GDIS", "HIV", "PSY"], 0).sort(), period: { start: day(), end: day() },
  };
  let text = next(2) === 0 ? canonicalize(whole) : JSON.stringify(whole, null, next(3));
  for (let changes = next(4) === 0 ? 1 + next(2) : 0; changes > 0; changes--) {
    const at = next(text.length);
    text = text.slice(0, at) + (next(2) === 0 ? "" : TOKENS[next(TOKENS.length)]) + text.slice(at + next(3));
  }
  return text.isWellFormed() ? text : document(next);
}

test("TypeScript and Rust agree on random documents", async () => {
  const count = Number(process.env.CONSENTRY_RANDOM_DOCUMENTS ?? 500);
  const seed = Number(process.env.CONSENTRY_SEED ?? 20_261_129);
  const next = random(seed);
  let taken = 0;
  for (let index = 0; index < count; index++) {
    const text = document(next);
    let hash: string | undefined;
    try {
      hash = parsePolicy(text).hash;
      taken++;
    } catch (error) {
      assert.equal((error as { kind?: string }).kind, "Validation", String(error));
    }
    assert.equal(await rust(text, hash ?? none), hash === undefined ? "refused" : "taken", `seed ${seed}, document ${index}: ${text}`);
  }
  assert.ok(taken > count / 10 && taken < count, `${taken} of ${count} are valid: too few or too many to tell anything`);
});
