/** Calls of documented APIs that the SDK has no verb for, by way of the portal's own server. */
import { AuthError, ConsentryError, UnavailableError, type ServiceName } from "@consentry/sdk";
import type { SignedIn } from "./session.js";

/** How surely and how freshly the person has to be signed in for what they asked (RFC 9470). */
export interface StepUp { readonly acr?: string; readonly maxAge?: number }

/** A service's refusal, with the kind of problem that it named. */
export class ServiceFault extends ConsentryError {
  /** The last part of the problem's `type`, such as `same-administrator`. */
  readonly problem: string | undefined;
  /** What sign-in would do, where only that is missing. */
  readonly stepUp: StepUp | undefined;

  constructor(kind: ConsentryError["kind"], code: string, details: { status?: number; requestId?: string; problem?: string; stepUp?: StepUp; cause?: unknown }) {
    super(kind, code, code, details);
    this.problem = details.problem;
    this.stepUp = details.stepUp;
  }
}

/** What is asked of a service. */
export interface ServiceCall {
  method?: "GET" | "POST" | "PUT" | "DELETE";
  query?: Readonly<Record<string, string | number | undefined>>;
  body?: unknown;
  signal?: AbortSignal | undefined;
}

const TIMEOUT_MS = 20_000;

/** One call of a service; `T` is the answer as its API document has it. */
export async function callService<T>({ session, deployment }: Pick<SignedIn, "session" | "deployment">, service: ServiceName, path: string, { method = "GET", query = {}, body, signal }: ServiceCall = {}): Promise<T> {
  const given = Object.entries(query).filter((entry): entry is [string, string | number] => entry[1] !== undefined && entry[1] !== "");
  const search = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
  const url = `${deployment.services[service].replace(/\/$/, "")}${path}${search && `?${search}`}`;
  const limit = AbortSignal.timeout(TIMEOUT_MS);
  let response: Response;
  let text: string;
  try {
    response = await fetch(url, {
      method, credentials: "same-origin", cache: "no-store", redirect: "error",
      headers: { ...(await session.headers({ audience: url }, method, url)), ...(body !== undefined && { "content-type": "application/json" }) },
      signal: signal ? AbortSignal.any([signal, limit]) : limit,
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    text = await response.text();
  } catch (cause) {
    signal?.throwIfAborted();
    if (cause instanceof ConsentryError) throw cause;
    throw new ServiceFault("Unavailable", "UNAVAILABLE", { cause });
  }
  if (!response.ok) {
    const fault = faultOf(response, text);
    session.refused(fault);
    throw fault;
  }
  try {
    return (text === "" ? undefined : JSON.parse(text)) as T;
  } catch (cause) {
    throw new ServiceFault("Unavailable", "UNEXPECTED_ANSWER", { status: response.status, cause });
  }
}

/** What an answer has to look like: a schema of valibot, or of any library that keeps to Standard Schema. */
export interface Shape<T> {
  readonly "~standard": { readonly validate: (value: unknown) => Checked<T> | Promise<Checked<T>> };
}
type Checked<T> = { readonly value: T; readonly issues?: undefined } | { readonly issues: readonly unknown[] };

/** The same, with the answer checked: a screen shows nothing that has another shape than documented. */
export async function callChecked<T>(who: Pick<SignedIn, "session" | "deployment">, service: ServiceName, path: string, shape: Shape<T>, call: ServiceCall = {}): Promise<T> {
  const checked = await shape["~standard"].validate(await callService<unknown>(who, service, path, call));
  if (checked.issues !== undefined) throw new UnavailableError("UNEXPECTED_ANSWER", `${service} answered in another shape than documented`);
  return checked.value;
}

function faultOf({ status, headers }: Response, text: string): ConsentryError {
  const { type, corrId } = problemOf(text);
  const problem = type?.split("/").at(-1);
  const requestId = corrId ?? headers.get("x-correlation-id") ?? undefined;
  const details = { status, ...(requestId !== undefined && { requestId }), ...(problem !== undefined && { problem }) };
  switch (status) {
    case 401: {
      const stepUp = stepUpOf(headers.get("www-authenticate") ?? "");
      if (stepUp !== undefined) return new ServiceFault("Auth", "AUTH_STEP_UP", { ...details, stepUp });
      // The session listens for this one, and clears what was read.
      if (problem === "session-ended") return new AuthError("AUTH_SIGN_IN_REQUIRED", "the session is over", { status, requestId });
      return new ServiceFault("Auth", "AUTH_UNAUTHENTICATED", details);
    }
    case 403: return new ServiceFault("Auth", "AUTH_FORBIDDEN", details);
    case 404: return new ServiceFault("Validation", "NOT_FOUND", details);
    case 409: return new ServiceFault("Conflict", "CONFLICT", details);
    case 429: return new ServiceFault("RateLimited", "RATE_LIMITED", details);
    case 400: case 413: case 415: case 422: return new ServiceFault("Validation", "INVALID_REQUEST", details);
    default: return new ServiceFault("Unavailable", "UNAVAILABLE", details);
  }
}

function stepUpOf(challenge: string): StepUp | undefined {
  if (!challenge.includes("insufficient_user_authentication")) return undefined;
  const acr = /acr_values="?([\w ]+)"?/.exec(challenge)?.[1];
  const maxAge = /max_age="?(\d+)"?/.exec(challenge)?.[1];
  return { ...(acr !== undefined && { acr }), ...(maxAge !== undefined && { maxAge: Number(maxAge) }) };
}

function problemOf(text: string): { type?: string; corrId?: string } {
  try {
    const { type, corrId } = JSON.parse(text) as Record<string, unknown>;
    return { ...(typeof type === "string" && { type }), ...(typeof corrId === "string" && { corrId }) };
  } catch {
    // A proxy's page, for one: its status is all that it says.
    return {};
  }
}
