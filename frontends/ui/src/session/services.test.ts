import { AuthError } from "@consentry/sdk";
import { afterEach, expect, test, vi } from "vitest";
import { callChecked, callService, ServiceFault, type Shape } from "./services.js";

const refused = vi.fn();
const signedIn = {
  session: { headers: async () => ({ "x-csrf-token": "c" }), refused },
  deployment: { services: { auth: "http://localhost/api/auth/" } },
} as unknown as Parameters<typeof callService>[0];

const answering = (response: Response) => vi.stubGlobal("fetch", vi.fn(async () => response));
const problem = (status: number, type: string, headers: Record<string, string> = {}) =>
  new Response(JSON.stringify({ type: `https://consentry.example/problems/${type}`, status, corrId: "abc" }), { status, headers });

afterEach(() => {
  vi.unstubAllGlobals();
  refused.mockReset();
});

test("a call carries the session's token, and parameters that are there", async () => {
  answering(new Response(JSON.stringify({ ok: 1 })));
  expect(await callService(signedIn, "auth", "/v1/accounts", { query: { persona: "admin", cursor: undefined, limit: 5 } })).toEqual({ ok: 1 });
  const [url, init] = vi.mocked(fetch).mock.calls[0]!;
  expect(url).toBe("http://localhost/api/auth/v1/accounts?persona=admin&limit=5");
  expect(init?.headers).toEqual({ "x-csrf-token": "c" });
  expect(init?.credentials).toBe("same-origin");
});

test("a refusal names its kind, and the session hears of it", async () => {
  answering(problem(409, "same-administrator"));
  const fault = await callService(signedIn, "auth", "/v1/rebindings/1/confirm", { method: "POST" }).catch((error: unknown) => error as ServiceFault);
  expect(fault).toMatchObject({ code: "CONFLICT", problem: "same-administrator", requestId: "abc", status: 409 });
  expect(refused).toHaveBeenCalledWith(fault);
});

test("a sign-in that is too old is told from a session that is over", async () => {
  answering(problem(401, "insufficient-user-authentication", { "www-authenticate": 'Bearer error="insufficient_user_authentication", acr_values="aal2", max_age="300"' }));
  await expect(callService(signedIn, "auth", "/v1/keys/rotate", { method: "POST" })).rejects.toMatchObject({ code: "AUTH_STEP_UP", stepUp: { acr: "aal2", maxAge: 300 } });
  answering(problem(401, "session-ended"));
  await expect(callService(signedIn, "auth", "/v1/keys")).rejects.toMatchObject({ code: "AUTH_SIGN_IN_REQUIRED" });
  expect(refused.mock.lastCall?.[0]).toBeInstanceOf(AuthError);
});

test("what is no answer of a service is a fault of its own", async () => {
  answering(new Response("<html>", { status: 200 }));
  await expect(callService(signedIn, "auth", "/v1/keys")).rejects.toMatchObject({ code: "UNEXPECTED_ANSWER" });
  vi.stubGlobal("fetch", vi.fn(async () => { throw new TypeError("network"); }));
  await expect(callService(signedIn, "auth", "/v1/keys")).rejects.toMatchObject({ code: "UNAVAILABLE" });
});

test("an answer of another shape than documented reaches no screen", async () => {
  const shape: Shape<string> = { "~standard": { validate: (value) => (typeof value === "string" ? { value } : { issues: [{}] }) } };
  answering(new Response('"Clinic A"'));
  expect(await callChecked(signedIn, "auth", "/v1/organizations/a", shape)).toBe("Clinic A");
  answering(new Response("{}"));
  await expect(callChecked(signedIn, "auth", "/v1/organizations/a", shape)).rejects.toMatchObject({ code: "UNEXPECTED_ANSWER" });
});
