/** Tokens, kept in memory and nowhere else. */
import { AuthError, ConsentryError, UnavailableError } from "../errors.js";
import { faultOf, jsonOf, type Http } from "../http.js";
import type { components } from "../generated/auth-service.js";
import type { ProofKey } from "./jose.js";

/** What a token is for. */
export interface Wanted {
  /** The service that is to take it. */
  readonly audience: string;
  /** Purpose of use, for organisations' backends. */
  readonly purpose?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Where calls get their authorization from. */
export interface Auth {
  /** The headers for one request. `isRenewed` asks for a new token: the one before was not taken. */
  headers(wanted: Wanted, method: string, url: string, isRenewed?: boolean): Promise<Record<string, string>>;
  /**
   * That calls go to the page's own server, which knows the person by a cookie: all carry that cookie and these headers,
   * those too that need no token.
   */
  readonly viaOwnServer?: boolean;
  /** Told of every call that was refused for want of a sign-in. */
  refused?(why: AuthError): void;
}

/** The answer of the token endpoint. */
export type TokenResponse = components["schemas"]["TokenResponse"];

/** A token and when it is over. */
export interface Token {
  readonly value: string;
  readonly scope: string;
  /** Milliseconds of the system's clock. */
  readonly goodUntil: number;
}

/** Renewed so long before its end. */
const MARGIN_MS = 15_000;

export function tokenOf(answer: TokenResponse, proofKey?: ProofKey): Token {
  if (typeof answer.access_token !== "string" || !(answer.expires_in > 0)) {
    throw new UnavailableError("UNEXPECTED_ANSWER", "the issuer's answer holds no token");
  }
  // A token that was to be bound to a key and is not would be worth something to whoever copies it.
  if ((answer.token_type === "DPoP") !== (proofKey !== undefined)) {
    throw new AuthError("AUTH_RESPONSE", "the token is not bound as it was asked for");
  }
  const life = answer.expires_in * 1000;
  return { value: answer.access_token, scope: answer.scope, goodUntil: Date.now() + life - Math.min(MARGIN_MS, life / 2) };
}

export async function headersOf(token: Token, proofKey: ProofKey | undefined, method: string, url: string): Promise<Record<string, string>> {
  if (proofKey === undefined) return { authorization: `Bearer ${token.value}` };
  return { authorization: `DPoP ${token.value}`, dpop: await proofKey.prove(method, url, token.value) };
}

/** Asks the token endpoint. The form is made anew for each attempt: an assertion counts once. */
export async function askForToken(http: Http, issuer: string, form: () => Promise<Record<string, string>>, options: {
  proofKey?: ProofKey | undefined; idempotent?: boolean; signal?: AbortSignal | undefined;
}): Promise<TokenResponse> {
  const url = `${issuer}/oauth2/token`;
  const attempts = options.idempotent ? 3 : 1;
  for (let attempt = 1; ; attempt++) {
    const body = new URLSearchParams(await form()).toString();
    const proof = options.proofKey ? { dpop: await options.proofKey.prove("POST", url) } : {};
    try {
      const answer = await http.send({
        url, method: "POST", body, signal: options.signal, accept: [400, 401],
        headers: { "content-type": "application/x-www-form-urlencoded", ...proof },
      });
      if (answer.status >= 400) throw refusal(answer);
      return jsonOf<TokenResponse>(answer);
    } catch (error) {
      if (attempt >= attempts || !(error instanceof ConsentryError && error.code === "UNAVAILABLE")) throw error;
    }
  }
}

function refusal(answer: Parameters<typeof faultOf>[0]): AuthError {
  const fault = faultOf(answer);
  let oauth: string | undefined;
  try {
    oauth = (JSON.parse(answer.text) as { error?: string }).error;
  } catch {
    oauth = undefined;
  }
  const details = { status: answer.status, requestId: fault.requestId };
  return oauth === "invalid_grant"
    ? new AuthError("AUTH_SIGN_IN_REQUIRED", `the sign-in is over (${fault.message}); sign in again`, details)
    : new AuthError("AUTH_REFUSED", `the issuer gives no token: ${oauth ?? ""} ${fault.message}`, details);
}

/** Tokens by what they are for; asked for once however many wait for them. */
export class TokenCache {
  readonly #tokens = new Map<string, Promise<Token>>();

  async get(key: string, isRenewed: boolean, fetchToken: () => Promise<Token>): Promise<Token> {
    const known = isRenewed ? undefined : this.#tokens.get(key);
    if (known !== undefined) {
      const token = await known.catch(() => undefined);
      if (token !== undefined && token.goodUntil > Date.now()) return token;
      if (this.#tokens.get(key) !== known) return this.get(key, false, fetchToken);
    }
    const pending = fetchToken();
    this.#tokens.set(key, pending);
    pending.catch(() => {
      if (this.#tokens.get(key) === pending) this.#tokens.delete(key);
    });
    return pending;
  }

  clear(): void {
    this.#tokens.clear();
  }
}
