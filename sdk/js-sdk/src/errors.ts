/** What kind of fault an error is. Same in every SDK, see `sdk/vectors/error-codes.json`. */
export type ErrorKind =
  | "Auth"
  | "Validation"
  | "Conflict"
  | "RateLimited"
  | "Unavailable"
  | "StaleIndex"
  | "Chain"
  | "FinalityTimeout"
  | "Signer";

const RETRYABLE: ReadonlySet<string> = new Set(["RATE_LIMITED", "UNAVAILABLE", "STALE_INDEX", "FINALITY_TIMEOUT"]);

/** More about an error. */
export interface ErrorDetails {
  /** The correlation id of the request, to quote when asking for help. */
  requestId?: string | undefined;
  /** The HTTP status, where an answer came. */
  status?: number | undefined;
  /** Seconds to wait, where the service said so. */
  retryAfter?: number | undefined;
  /** What led to it. */
  cause?: unknown;
}

/** Every fault of this SDK. A denial is a value, not an error. */
export class ConsentryError extends Error {
  /** Stable name of what went wrong. */
  readonly code: string;
  /** What kind of fault it is. */
  readonly kind: ErrorKind;
  /** Whether the same call can succeed later without anything else changing. */
  readonly retryable: boolean;
  /** The correlation id of the request that failed. */
  readonly requestId: string | undefined;
  /** The HTTP status of the answer. */
  readonly status: number | undefined;
  /** Seconds to wait, as the service says. */
  readonly retryAfter: number | undefined;

  constructor(kind: ErrorKind, code: string, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = `${kind}Error`;
    this.kind = kind;
    this.code = code;
    this.retryable = RETRYABLE.has(code);
    this.requestId = details.requestId;
    this.status = details.status;
    this.retryAfter = details.retryAfter;
  }
}

/** The caller's input, or a document, is not what it has to be. */
export class ValidationError extends ConsentryError {
  constructor(code: string, message: string, details?: ErrorDetails) {
    super("Validation", code, message, details);
  }
}

/** A service does not know the caller, or the caller may not do this. */
export class AuthError extends ConsentryError {
  constructor(code: string, message: string, details?: ErrorDetails) {
    super("Auth", code, message, details);
  }
}

/** The state is another than the call assumed. Read it, and decide again. */
export class ConflictError extends ConsentryError {
  constructor(code: string, message: string, details?: ErrorDetails) {
    super("Conflict", code, message, details);
  }
}

/** Too many requests. */
export class RateLimitedError extends ConsentryError {
  constructor(code: string, message: string, details?: ErrorDetails) {
    super("RateLimited", code, message, details);
  }
}

/** A service cannot be reached, or cannot serve now. */
export class UnavailableError extends ConsentryError {
  constructor(code: string, message: string, details?: ErrorDetails) {
    super("Unavailable", code, message, details);
  }
}

/** The consents that a service knows are not recent enough. */
export class StaleIndexError extends ConsentryError {
  constructor(code: string, message: string, details?: ErrorDetails) {
    super("StaleIndex", code, message, details);
  }
}

/** The chain, or what stands for it, is not what was expected. */
export class ChainError extends ConsentryError {
  constructor(code: string, message: string, details?: ErrorDetails) {
    super("Chain", code, message, details);
  }
}

/** The time to wait is over. Nothing is lost: wait again on the same pending decision. */
export class FinalityTimeoutError extends ConsentryError {
  constructor(code: string, message: string, details?: ErrorDetails) {
    super("FinalityTimeout", code, message, details);
  }
}

/** A key cannot or will not sign. */
export class SignerError extends ConsentryError {
  constructor(code: string, message: string, details?: ErrorDetails) {
    super("Signer", code, message, details);
  }
}
