import { createHmac } from "node:crypto";

const PASSWORD = "blue kettle on tuesday";

/** Somebody at a browser in front of the issuer's own pages: keeps cookies, fills in forms, follows redirects. */
export class Visitor {
  readonly #cookies = new Map<string, string>();
  #csrf = "";
  #page = "";

  constructor(readonly issuer: string) {}

  /** Makes an account with a one-time code. */
  async enrols(code: string, login: string): Promise<void> {
    await this.#get("/enrol");
    await this.#post("/enrol", { code });
    await this.#get("/enrol/name");
    await this.#post("/enrol/name", { login });
    await this.#get("/enrol/password");
    const end = await this.#post("/enrol/password", { password: PASSWORD, repeat: PASSWORD });
    if (end !== "/account?done=enrolled") throw new Error(`no account was made: ${end}`);
  }

  /** Signs in by name and password at a page that an app sent them to, and sets up an authenticator app. Where they end up. */
  async signsInTwofold(url: string, login: string): Promise<string> {
    await this.#follow(await this.#get(url));
    await this.#follow(await this.#post(this.#find('action="'), { login, password: PASSWORD }));
    await this.#get(`/account/app${this.#find('href="/account/app')}`);
    const code = oneTimePassword(this.#find("<code>", "</code>").replaceAll(" ", ""));
    await this.#follow(await this.#post(this.#find('action="'), { code }));
    return this.#follow(await this.#get(`/oauth2/authorize${this.#find('href="/oauth2/authorize')}`));
  }

  /** Is sent somewhere by an app, while signed in: asked nothing, and sent back. */
  async passesThrough(url: string): Promise<string> {
    return this.#follow(await this.#get(url));
  }

  async #follow(location: string): Promise<string> {
    for (let left = 5; location.startsWith("/") && left > 0; left--) location = await this.#get(location);
    return location;
  }

  #get(url: string): Promise<string> {
    return this.#send("GET", url);
  }

  #post(url: string, fields: Record<string, string>): Promise<string> {
    return this.#send("POST", url, new URLSearchParams({ ...fields, csrf: this.#csrf }));
  }

  async #send(method: string, url: string, body?: URLSearchParams): Promise<string> {
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const response = await fetch(new URL(url, this.issuer), {
      method, redirect: "manual", headers: { cookie, ...(body && { origin: this.issuer }) }, ...(body && { body }),
    });
    for (const set of response.headers.getSetCookie()) {
      const [pair = ""] = set.split(";");
      this.#cookies.set(pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1));
    }
    this.#page = await response.text();
    this.#csrf = /name="csrf" value="([^"]*)"/.exec(this.#page)?.[1] ?? this.#csrf;
    return response.headers.get("location") ?? "";
  }

  #find(start: string, end = '"'): string {
    const at = this.#page.indexOf(start);
    if (at < 0) throw new Error(`the page has no ${start}`);
    const from = at + start.length;
    const text = this.#page.slice(from, this.#page.indexOf(end, from));
    return text.replace(/&#(\d+);|&amp;/g, (_, code?: string) => (code ? String.fromCharCode(Number(code)) : "&"));
  }
}

/** RFC 6238: six digits, thirty seconds, SHA-1. */
function oneTimePassword(base32: string): string {
  const bits = [...base32].map((each) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(each).toString(2).padStart(5, "0")).join("");
  const key = Buffer.from(bits.match(/.{8}/g)?.map((byte) => Number.parseInt(byte, 2)) ?? []);
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000)));
  const mac = createHmac("sha1", key).update(counter).digest();
  const offset = (mac.at(-1) ?? 0) & 15;
  return String((mac.readUInt32BE(offset) & 0x7fffffff) % 1_000_000).padStart(6, "0");
}
