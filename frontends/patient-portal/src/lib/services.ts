/** Calls of documented APIs that the SDK has no verb for, by way of the portal's own server. */
import { ConsentryError, UnavailableError, type ServiceName } from "@consentry/sdk";
import type { SignedIn } from "@consentry/ui";
import * as v from "valibot";

interface Call { method?: "GET" | "POST" | "DELETE"; body?: unknown; signal?: AbortSignal | undefined }

const TIMEOUT_MS = 20_000;

/** One call of a service. What comes back is checked: a screen shows nothing that has another shape than documented. */
export async function call<T>({ session, deployment }: SignedIn, service: ServiceName, path: string, shape: v.GenericSchema<unknown, T>, { method = "GET", body, signal }: Call = {}): Promise<T> {
  const url = `${deployment.services[service].replace(/\/$/, "")}${path}`;
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
    throw new UnavailableError("UNAVAILABLE", `${service} cannot be reached`, { cause });
  }
  const requestId = response.headers.get("x-correlation-id") ?? undefined;
  if (!response.ok) throw faultOf(response.status, text, requestId);
  const result = v.safeParse(shape, text === "" ? undefined : jsonOf(text));
  if (!result.success) throw new UnavailableError("UNEXPECTED_ANSWER", `${service} answered in another shape than documented`, { requestId, status: response.status });
  return result.output;
}

function faultOf(status: number, text: string, requestId: string | undefined): ConsentryError {
  const details = { status, requestId };
  const type = v.safeParse(v.object({ type: v.string() }), jsonOf(text));
  switch (status) {
    case 401: {
      // The session's own end is not the same as a service that wants a fresher sign-in.
      const isOver = type.success && type.output.type.endsWith("session-ended");
      return new ConsentryError("Auth", isOver ? "AUTH_SIGN_IN_REQUIRED" : "AUTH_UNAUTHENTICATED", "sign in again", details);
    }
    case 403: return new ConsentryError("Auth", "AUTH_FORBIDDEN", "not allowed", details);
    case 404: return new ConsentryError("Validation", "NOT_FOUND", "not there", details);
    case 409: return new ConsentryError("Conflict", "CONFLICT", "changed meanwhile", details);
    case 429: return new ConsentryError("RateLimited", "RATE_LIMITED", "too many requests", details);
    case 400: case 422: return new ConsentryError("Validation", "INVALID_REQUEST", "the service does not take this", details);
    default: return new UnavailableError("UNAVAILABLE", `HTTP ${status}`, details);
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
