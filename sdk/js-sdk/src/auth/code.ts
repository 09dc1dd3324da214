/** People who sign in: authorization code with PKCE, for apps in browsers and for command lines. */
import { AuthError } from "../errors.js";
import { Http, type HttpOptions } from "../http.js";
import { ProofKey, randomToken, sha256 } from "./jose.js";
import { askForToken, headersOf, tokenOf, type Auth, type Token, type TokenResponse, type Wanted } from "./tokens.js";

/** A registered app. */
export interface App extends HttpOptions {
  /** The issuer: auth-service's public address. */
  readonly issuer: string;
  readonly clientId: string;
  readonly redirectUri: string;
}

/** What is asked of the person's sign-in. */
export interface SignInRequest {
  /** The service that is to take the token. */
  readonly audience: string;
  /** Scopes, separated by spaces. */
  readonly scope: string;
  /** `aal2` where two factors are needed, as for binding a key. */
  readonly acr?: string;
  /** How old the sign-in may be, in seconds. */
  readonly maxAge?: number;
  /** `none`: only if nobody has to be asked anything. */
  readonly prompt?: "none" | "login";
}

/** A sign-in that was begun. Keep it until the person comes back; `sessionStorage` may hold it, since it is no token. */
export interface SignIn {
  /** Where the person is to be sent. */
  readonly url: string;
  readonly state: string;
  readonly verifier: string;
  readonly nonce: string;
  readonly audience: string;
}

/** Begins a sign-in. */
export async function beginSignIn(app: App, request: SignInRequest): Promise<SignIn> {
  const [state, verifier, nonce] = [randomToken(), randomToken(), randomToken()];
  const query = new URLSearchParams({
    client_id: app.clientId, redirect_uri: app.redirectUri, response_type: "code", scope: request.scope,
    resource: request.audience, state, nonce, code_challenge: await sha256(verifier), code_challenge_method: "S256",
    ...(request.acr !== undefined && { acr_values: request.acr }),
    ...(request.maxAge !== undefined && { max_age: String(request.maxAge) }),
    ...(request.prompt !== undefined && { prompt: request.prompt }),
  });
  return { url: `${app.issuer}/oauth2/authorize?${query.toString()}`, state, verifier, nonce, audience: request.audience };
}

/** The code in the address that the person came back to, once it is sure that it answers this very sign-in. */
export function codeOf(app: App, signIn: SignIn, cameBackTo: string): string {
  const url = new URL(cameBackTo);
  const one = (name: string) => {
    const values = url.searchParams.getAll(name);
    return values.length === 1 ? values[0] : undefined;
  };
  if (one("state") !== signIn.state || one("iss") !== app.issuer) {
    throw new AuthError("AUTH_RESPONSE", "this is not the answer to the sign-in that was begun here; begin again");
  }
  const error = one("error");
  if (error !== undefined) {
    const code = error === "login_required" || error === "interaction_required" ? "AUTH_SIGN_IN_REQUIRED" : "AUTH_REFUSED";
    throw new AuthError(code, `the sign-in ended with ${error}: ${one("error_description") ?? ""}`);
  }
  const code = one("code");
  if (code === undefined) throw new AuthError("AUTH_RESPONSE", "the answer to the sign-in holds no code");
  return code;
}

interface Family { token: Token; refresh: string | undefined; renewing?: Promise<Token> | undefined }

/** Somebody who is signed in. Tokens and refresh tokens are in memory only: whoever reloads the page signs in again, silently. */
export class PersonSession implements Auth {
  readonly #app: App;
  readonly #http: Http;
  readonly #proofKey: ProofKey | undefined;
  readonly #families = new Map<string, Family>();
  /** The FHIR id of the patient in context, where `launch/patient` was granted. */
  patient: string | undefined;

  private constructor(app: App, proofKey: ProofKey | undefined) {
    this.#app = app;
    this.#http = new Http(app);
    this.#proofKey = proofKey;
  }

  /** A session in which nobody is signed in yet. With `dpop` its tokens are bound to a key of this page. */
  static async open(app: App, options: { dpop?: boolean } = {}): Promise<PersonSession> {
    return new PersonSession(app, options.dpop ? await ProofKey.generate() : undefined);
  }

  /** Redeems the code that came back. A session holds one token for each audience. */
  async complete(signIn: SignIn, cameBackTo: string, signal?: AbortSignal): Promise<void> {
    const code = codeOf(this.#app, signIn, cameBackTo);
    // A code counts once: a call whose answer was lost is not repeated.
    const answer = await this.#ask({ grant_type: "authorization_code", redirect_uri: this.#app.redirectUri, code, code_verifier: signIn.verifier }, false, signal);
    this.#keep(signIn.audience, answer);
  }

  /** Forgets every token. The issuer's own session is ended at `/oauth2/logout`. */
  forget(): void {
    this.#families.clear();
    this.patient = undefined;
  }

  async headers({ audience }: Wanted, method: string, url: string, isRenewed = false): Promise<Record<string, string>> {
    const family = this.#families.get(audience);
    if (family === undefined) throw new AuthError("AUTH_SIGN_IN_REQUIRED", `nobody is signed in for ${audience}; begin a sign-in with this audience`);
    const isGood = !isRenewed && family.token.goodUntil > Date.now();
    const token = isGood ? family.token : await this.#renewed(audience, family);
    return headersOf(token, this.#proofKey, method, url);
  }

  async #renewed(audience: string, family: Family): Promise<Token> {
    const { refresh } = family;
    if (refresh === undefined) {
      this.#families.delete(audience);
      throw new AuthError("AUTH_SIGN_IN_REQUIRED", "the token is over and cannot be refreshed; sign in again");
    }
    // A refresh token is used once at a time: two at once would look like theft.
    // Nor is it aborted halfway: others may wait for the same answer.
    family.renewing ??= this.#ask({ grant_type: "refresh_token", refresh_token: refresh }, true)
      .then((answer) => this.#keep(audience, answer, refresh))
      .catch((error: unknown) => {
        if (error instanceof AuthError) this.#families.delete(audience);
        throw error;
      })
      .finally(() => {
        family.renewing = undefined;
      });
    return family.renewing;
  }

  #keep(audience: string, answer: TokenResponse, before?: string): Token {
    const token = tokenOf(answer, this.#proofKey);
    this.#families.set(audience, { token, refresh: answer.refresh_token ?? before });
    this.patient = answer.patient ?? this.patient;
    return token;
  }

  #ask(form: Record<string, string>, idempotent: boolean, signal?: AbortSignal): Promise<TokenResponse> {
    const whole = { ...form, client_id: this.#app.clientId };
    // The issuer takes a refresh token again while its successor is unused, so that a lost answer can be asked for again.
    return askForToken(this.#http, this.#app.issuer, async () => whole, { proofKey: this.#proofKey, idempotent, signal });
  }
}
