/**
 * For an application whose own server signs people in and keeps their tokens: the page holds a cookie that no script can
 * read, and calls services by way of that server.
 *
 * @module
 */
import type { Auth, Wanted } from "./auth/tokens.js";
import { resolveDeployment, type Deployment } from "./client/deployment.js";
import { AuthError, ChainError, ConsentryError, ValidationError } from "./errors.js";
import type { Address } from "./hex.js";
import { Http, jsonOf, type HttpOptions } from "./http.js";

/** Who is signed in, as the server said when it was asked. Times are Unix seconds; what no claim says is absent. */
export interface Identity {
  /** What the person acts as: `patient`, `provider`, `admin`. */
  readonly persona: string;
  /** The custodian's id. */
  readonly tenant: string;
  /** The patient's FHIR id. */
  readonly patient?: string;
  /** The address that stands for the patient, the first of them. */
  readonly subject?: Address;
  /** All addresses that stand for the patient. */
  readonly subjects?: readonly Address[];
  /** The organisation that the person works for, by its id; the custodian's directory has its name. */
  readonly organization?: string;
  /** The addresses by which they ask for consent: the organisation's, and their own. */
  readonly grantees?: readonly Address[];
  /** Their own record, such as `Practitioner/7`. */
  readonly practitioner?: string;
  readonly scopes: readonly string[];
  /** How surely they were recognised, such as `aal2`. */
  readonly acr?: string;
  readonly authTime?: number;
  /** When the session ends, whatever is done. */
  readonly endsAt: number;
  /** When it ends if nothing is done. */
  readonly idleEndsAt: number;
}

/** What a sign-in must be like. */
export interface SignInWish {
  /** Where in this application the person comes back to; the present place if absent. */
  readonly returnTo?: string;
  /** `aal2` where two factors are needed. */
  readonly acr?: string;
  /** How old the sign-in may be, in seconds. */
  readonly maxAge?: number;
}

/** How the application's server is called. */
export interface BrowserOptions extends HttpOptions {
  /** The application's origin; the page's own if absent. */
  readonly origin?: string;
  readonly signal?: AbortSignal;
}

/** Where to send somebody who is to sign in. It is no call of `fetch`: set `location` to it, or make it a link. */
export function signInUrl({ returnTo = hereOr("/"), acr, maxAge }: SignInWish = {}): string {
  // A browser reads two slashes, and a slash and a backslash, as another host.
  if (!/^\/(?![/\\])/.test(returnTo)) throw new ValidationError("INVALID_REQUEST", "`returnTo` is a path of this application and begins with one slash");
  const query = new URLSearchParams({
    return: returnTo, ...(acr !== undefined && { acr }), ...(maxAge !== undefined && { max_age: String(maxAge) }),
  });
  return `/session/start?${query.toString()}`;
}

/** The session of the person at this page, or nothing where nobody is signed in. */
export async function browserSession(options: BrowserOptions = {}): Promise<BrowserSession | undefined> {
  const origin = originOf(options);
  const http = new Http(options);
  const answer = await http.send({ url: `${origin}/session`, credentials: "same-origin", accept: [401], signal: options.signal });
  if (answer.status === 401) return undefined;
  const { csrf, ...identity } = jsonOf<Identity & { csrf: string }>(answer);
  return new BrowserSession(http, origin, identity, csrf);
}

/** What this page's application works on, be somebody signed in or not: so it can be asked for beside {@link browserSession}. */
export async function browserDeployment(options: BrowserOptions = {}): Promise<Deployment> {
  return deploymentAt(new Http(options), originOf(options), options.signal);
}

/** Somebody who is signed in at this page's own server. Give it to `createConsentry` as `auth`. */
class BrowserSession implements Auth {
  readonly #http: Http;
  readonly #origin: string;
  readonly #csrf: string;
  readonly #listeners = new Set<(why: AuthError) => void>();
  #isOver = false;
  /** Every call goes to that server, which wants to know of each that it comes from its own page. */
  readonly viaOwnServer = true;
  /** Who it is. */
  readonly identity: Identity;

  constructor(http: Http, origin: string, identity: Identity, csrf: string) {
    this.#http = http;
    this.#origin = origin;
    this.#csrf = csrf;
    this.identity = identity;
  }

  /** What this application works on. Services are paths of the server that keeps the tokens. */
  deployment(options: { signal?: AbortSignal } = {}): Promise<Deployment> {
    return deploymentAt(this.#http, this.#origin, options.signal);
  }

  /** Where to send the person for another sign-in, as with a second factor. */
  signInUrl(wish?: SignInWish): string {
    return signInUrl(wish);
  }

  /** Ends the session here. What it returns is where to send the person, to end it at the issuer too. */
  async end(options: { signal?: AbortSignal } = {}): Promise<string> {
    const url = `${this.#origin}/session/end`;
    const answer = await this.#http.send({
      url, method: "POST", credentials: "same-origin", headers: await this.headers({ audience: url }, "POST", url), signal: options.signal,
    });
    this.#isOver = true;
    return jsonOf<{ url: string }>(answer).url;
  }

  /** Tells, once, when a call finds that the session is over. Returns what ends the telling. */
  onEnded(listener: (why: AuthError) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  async headers(_: Wanted, __: string, url: string): Promise<Record<string, string>> {
    if (new URL(url).origin !== this.#origin) {
      throw new ChainError("WRONG_DEPLOYMENT", "a browser's session is good for its own server only; use the deployment that `session.deployment()` gives");
    }
    if (this.#isOver) throw new AuthError("AUTH_SIGN_IN_REQUIRED", "this session is over; send the person to `signInUrl()`");
    return { "x-csrf-token": this.#csrf };
  }

  refused(why: ConsentryError): void {
    if (this.#isOver || !(why instanceof AuthError) || why.code !== "AUTH_SIGN_IN_REQUIRED") return;
    this.#isOver = true;
    for (const listener of this.#listeners) listener(why);
  }
}

export type { BrowserSession };

async function deploymentAt(http: Http, origin: string, signal: AbortSignal | undefined): Promise<Deployment> {
  const answer = await http.send({ url: `${origin}/deployment.json`, credentials: "same-origin", signal });
  return resolveDeployment(jsonOf<Deployment>(answer), origin);
}

function originOf({ origin = globalThis.location?.origin }: BrowserOptions): string {
  if (origin === undefined) throw new ValidationError("INVALID_REQUEST", "there is no page here; give the application's `origin`");
  return origin;
}

function hereOr(otherwise: string): string {
  const here = globalThis.location;
  return here === undefined ? otherwise : `${here.pathname}${here.search}`;
}
