/** One way to call a service: with a time limit, retries where they are safe, and errors of one family. */
import {
  AuthError, ConflictError, ConsentryError, RateLimitedError, StaleIndexError, UnavailableError, ValidationError,
} from "./errors.js";

/** `fetch`, or what stands for it. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** One call. */
export interface Call {
  readonly url: string;
  readonly method?: "GET" | "POST" | "PUT" | "DELETE";
  readonly headers?: Record<string, string>;
  readonly body?: string | Uint8Array<ArrayBuffer>;
  /** Headers that are new for every attempt: a token, a proof of a key. `isRetry` after a 401. */
  readonly authorize?: (isRetry: boolean) => Promise<Record<string, string>>;
  /** Whether repeating it changes nothing more: reads, and what is named by its digest or hash. */
  readonly idempotent?: boolean;
  /** Statuses that are answers and no faults. */
  readonly accept?: readonly number[];
  readonly signal?: AbortSignal | undefined;
  /** Whether the browser's cookies go along. They do not if absent. */
  readonly credentials?: RequestCredentials;
}

/** An answer, read to its end. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The correlation id, to quote when asking for help. */
  readonly requestId: string | undefined;
}

/** How calls are made. */
export interface HttpOptions {
  readonly fetch?: Fetch;
  /** Milliseconds for one attempt. */
  readonly timeoutMs?: number;
  /** Milliseconds before the first retry; they double. */
  readonly retryDelayMs?: number;
}

const ATTEMPTS = 3;
const RETRIED: ReadonlySet<number> = new Set([408, 429, 502, 503, 504]);
const LONGEST_WAIT_MS = 10_000;

/** Makes calls. */
export class Http {
  readonly #fetch: Fetch;
  readonly #timeoutMs: number;
  readonly #retryDelayMs: number;

  constructor(options: HttpOptions = {}) {
    this.#fetch = options.fetch ?? ((url, init) => fetch(url, init));
    this.#timeoutMs = options.timeoutMs ?? 20_000;
    this.#retryDelayMs = options.retryDelayMs ?? 200;
  }

  /** Makes a call. An answer that is no success, and not among those accepted, is thrown. */
  async send(call: Call): Promise<Answer> {
    const repeatable = call.idempotent ?? (call.method ?? "GET") === "GET";
    let isRenewed = false;
    for (let attempt = 1; ; attempt++) {
      call.signal?.throwIfAborted();
      const outcome = await this.#once(call, isRenewed).catch((error: unknown) => {
        call.signal?.throwIfAborted();
        if (error instanceof ConsentryError) return error;
        throw error;
      });
      const isFault = outcome instanceof ConsentryError;
      // The token may have expired or been revoked meanwhile; a refused call has changed nothing.
      if (isFault && outcome.code === "AUTH_UNAUTHENTICATED" && call.authorize && !isRenewed) {
        isRenewed = true;
        continue;
      }
      // Without a status there was no answer at all.
      const isPassing = isFault && outcome.status === undefined ? outcome.code === "UNAVAILABLE" : RETRIED.has(outcome.status ?? 0);
      if (isPassing && repeatable && attempt < ATTEMPTS) {
        const { retryAfter = 0 } = isFault ? outcome : faultOf(outcome);
        const backoff = this.#retryDelayMs * 2 ** (attempt - 1) * (0.5 + Math.random());
        await pause(Math.min(Math.max(backoff, retryAfter * 1000), LONGEST_WAIT_MS), call.signal);
        continue;
      }
      if (isFault) throw outcome;
      return outcome;
    }
  }

  async #once(call: Call, isRenewed: boolean): Promise<Answer> {
    const correlationId = newCorrelationId();
    const authorization = await call.authorize?.(isRenewed);
    const limit = AbortSignal.timeout(this.#timeoutMs);
    let response: Response;
    let text: string;
    try {
      response = await this.#fetch(call.url, {
        method: call.method ?? "GET",
        headers: { "x-correlation-id": correlationId, ...call.headers, ...authorization },
        signal: call.signal ? AbortSignal.any([call.signal, limit]) : limit,
        // Nothing of ours redirects, and a token must go nowhere else.
        redirect: "error",
        cache: "no-store",
        credentials: call.credentials ?? "omit",
        ...(call.body !== undefined && { body: call.body }),
      });
      text = await response.text();
    } catch (cause) {
      const { origin } = new URL(call.url);
      const what = limit.aborted ? `did not answer within ${this.#timeoutMs} ms` : "cannot be reached";
      throw new UnavailableError("UNAVAILABLE", `${origin} ${what}; check the deployment's addresses and your connection`, { requestId: correlationId, cause });
    }
    const requestId = response.headers.get("x-correlation-id") ?? correlationId;
    const answer = { status: response.status, headers: response.headers, text, requestId };
    if (response.ok || call.accept?.includes(response.status)) return answer;
    throw faultOf(answer);
  }
}

/** The JSON of an answer. */
export function jsonOf<T>(answer: Answer): T {
  try {
    return JSON.parse(answer.text) as T;
  } catch (cause) {
    throw new UnavailableError("UNEXPECTED_ANSWER", "the service's answer is no JSON", { requestId: answer.requestId, status: answer.status, cause });
  }
}

/** The error that an answer stands for. */
export function faultOf(answer: Pick<Answer, "status" | "headers" | "text" | "requestId">): ConsentryError {
  const { status, requestId } = answer;
  const body = problemOf(answer.text);
  const retryAfter = Number.parseInt(answer.headers.get("retry-after") ?? "", 10);
  const details = { status, requestId: body.corrId ?? requestId, ...(retryAfter >= 0 && { retryAfter }) };
  const says = body.detail ?? body.error_description ?? body.error ?? "";
  const message = (advice: string) => `${says || `HTTP ${status}`}${advice && ` ${advice}`}`;
  const kind = body.type?.split("/").at(-1);
  switch (status) {
    case 400: case 413: case 415:
      return new ValidationError("INVALID_REQUEST", message(""), details);
    case 401:
      // Only a page's own server says so: it has no token to try again with.
      if (kind === "session-ended") return new AuthError("AUTH_SIGN_IN_REQUIRED", message("Sign in again."), details);
      return new AuthError("AUTH_UNAUTHENTICATED", message("Sign in again, or check the client's key and the audience."), details);
    case 403:
      return new AuthError("AUTH_FORBIDDEN", message(""), details);
    case 404:
      return new ValidationError("NOT_FOUND", message(""), details);
    case 409:
      return new ConflictError("CONFLICT", message(""), details);
    case 422:
      if (kind === "deadline-passed") return new ConflictError("DEADLINE_PASSED", message(""), details);
      if (kind === "refused-by-registry") return new ConflictError("REFUSED_BY_REGISTRY", message(""), details);
      return new ValidationError(kind === "invalid-signature" ? "INVALID_SIGNATURE" : "INVALID_REQUEST", message(""), details);
    case 429:
      return new RateLimitedError("RATE_LIMITED", message(""), details);
    case 408: case 502: case 503: case 504:
      if (kind === "stale-index") return new StaleIndexError("STALE_INDEX", message(""), details);
      return new UnavailableError("UNAVAILABLE", message(""), details);
    default:
      return new UnavailableError("UNEXPECTED_ANSWER", message("This is not an answer of this API."), details);
  }
}

/** The error of a gateway's rule that is no denial, or nothing. */
export function faultOfRule(rule: string, says: string, answer: Pick<Answer, "status" | "requestId">): ConsentryError | undefined {
  const details = { status: answer.status, requestId: answer.requestId };
  switch (rule) {
    case "insufficient-scope":
      return new AuthError("AUTH_FORBIDDEN", says, details);
    case "token-revoked":
      return new AuthError("AUTH_UNAUTHENTICATED", says, details);
    case "facts-stale":
      return new StaleIndexError("STALE_INDEX", says, details);
    case "facts-unavailable": case "stops-unknown": case "revocations-stale": case "directory-unavailable":
    case "upstream-unavailable": case "journal-unavailable":
      return new UnavailableError("UNAVAILABLE", says, details);
    default:
      return undefined;
  }
}

interface ProblemLike { type?: string; detail?: string; corrId?: string; error?: string; error_description?: string }

function problemOf(text: string): ProblemLike {
  try {
    const value = JSON.parse(text) as Record<string, unknown> | null;
    const strings = Object.entries(value ?? {}).filter(([, member]) => typeof member === "string");
    return Object.fromEntries(strings) as ProblemLike;
  } catch {
    return {};
  }
}

/** Waits, and stops waiting at once when told so. */
export function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const stopped = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stopped);
      resolve();
    }, milliseconds);
    signal?.addEventListener("abort", stopped, { once: true });
  });
}

/** Some work, until its caller gives up. */
export function orAborted<T>(work: Promise<T>, signal?: AbortSignal): Promise<T> {
  if (signal === undefined) return work;
  return new Promise((resolve, reject) => {
    const stopped = () => reject(signal.reason);
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", stopped));
    if (signal.aborted) stopped();
    else signal.addEventListener("abort", stopped, { once: true });
  });
}

function newCorrelationId(): string {
  return crypto.randomUUID().replaceAll("-", "");
}
