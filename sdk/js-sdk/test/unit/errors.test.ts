import assert from "node:assert/strict";
import { test } from "node:test";
import { reasonOf } from "../../src/index.js";
import { ConsentryError, AuthError, ChainError, ConflictError, FinalityTimeoutError, RateLimitedError, SignerError, StaleIndexError, UnavailableError, ValidationError } from "../../src/errors.js";
import { faultOf, faultOfRule, Http } from "../../src/http.js";
import { problem, services } from "./fake.js";
import { vectors } from "./vectors.js";

interface Codes {
  kinds: string[];
  codes: Record<string, { kind: string; retryable: boolean }>;
  http: { status: number; type?: string; code: string }[];
  retried: { statuses: number[]; attempts: number };
  rules: Record<string, string>;
  faults: Record<string, string>;
}
const all = vectors<Codes>("error-codes");
const CLASSES: Record<string, new (code: string, message: string) => ConsentryError> = {
  Auth: AuthError, Chain: ChainError, Conflict: ConflictError, FinalityTimeout: FinalityTimeoutError, RateLimited: RateLimitedError,
  Signer: SignerError, StaleIndex: StaleIndexError, Unavailable: UnavailableError, Validation: ValidationError,
};
const empty = { headers: new Headers(), requestId: "id" };

test("every code has its kind, and is retryable where it says so", () => {
  assert.deepEqual(Object.keys(CLASSES).sort(), [...all.kinds].sort());
  for (const [code, { kind, retryable }] of Object.entries(all.codes)) {
    const error = new CLASSES[kind]!(code, "x");
    assert.ok(error instanceof ConsentryError && error instanceof Error);
    assert.deepEqual([error.kind, error.retryable, error.name], [kind, retryable, `${kind}Error`], code);
  }
});

test("every answer stands for the error of the shared table", () => {
  for (const { status, type = "other", code } of all.http) {
    const error = faultOf({ ...empty, status, text: JSON.stringify(problem(status, type).json) });
    assert.equal(error.code, code, `${status} ${type}`);
    assert.equal(error.kind, all.codes[code]!.kind, code);
    assert.equal(error.requestId, "ab".repeat(16));
    assert.match(error.message, /What to do/);
  }
  assert.equal(faultOf({ ...empty, status: 418, text: "" }).code, "UNEXPECTED_ANSWER");
});

test("every rule of a gateway is a reason or a fault", () => {
  for (const [rule, reason] of Object.entries(all.rules)) {
    assert.equal(reasonOf(rule), reason);
    assert.equal(faultOfRule(rule, "", { ...empty, status: 403 }), undefined);
  }
  for (const [rule, code] of Object.entries(all.faults)) assert.equal(faultOfRule(rule, "", { ...empty, status: 503 })?.code, code);
  assert.equal(reasonOf("a-rule-of-tomorrow"), "NO_CONSENT");
  assert.equal(reasonOf("constructor"), "NO_CONSENT");
});

const http = (fetch: ReturnType<typeof services>["fetch"]) => new Http({ fetch, retryDelayMs: 1 });
const url = "http://service.test/x";

for (const status of [408, 429, 502, 503, 504]) {
  test(`a read is tried again after ${status}, at most twice`, async () => {
    const { fetch, seen } = services(() => problem(status, "x"));
    await assert.rejects(http(fetch).send({ url }), { status });
    assert.equal(seen.length, all.retried.attempts);
    const recovering = services((_, count) => (count < 3 ? problem(status, "x") : { json: 1 }));
    assert.equal((await http(recovering.fetch).send({ url })).text, "1");
  });
}

for (const status of [400, 403, 404, 409, 422, 500]) {
  test(`nothing is tried again after ${status}`, async () => {
    const { fetch, seen } = services(() => problem(status, "x"));
    await assert.rejects(http(fetch).send({ url }), { status });
    assert.equal(seen.length, 1);
  });
}

test("a change that is not idempotent is never sent twice", async () => {
  for (const reply of [problem(503, "x"), new TypeError("connection reset")]) {
    const { fetch, seen } = services(() => reply);
    await assert.rejects(http(fetch).send({ url, method: "POST", body: "{}" }), { code: "UNAVAILABLE", retryable: true });
    assert.equal(seen.length, 1);
  }
  const named = services(() => problem(503, "x"));
  await assert.rejects(http(named.fetch).send({ url, method: "POST", body: "{}", idempotent: true }));
  assert.equal(named.seen.length, 3);
  assert.equal(new Set(named.seen.map((each) => each.body)).size, 1);
});

test("an unreachable service is named, with what to do and an id", async () => {
  const { fetch } = services(() => new TypeError("fetch failed"));
  await assert.rejects(http(fetch).send({ url }), (error: ConsentryError) => {
    assert.deepEqual([error.kind, error.code, error.retryable], ["Unavailable", "UNAVAILABLE", true]);
    assert.match(error.message, /http:\/\/service\.test cannot be reached; check/);
    assert.match(error.requestId ?? "", /^[0-9a-f]{32}$/);
    return true;
  });
});

test("a service that does not answer is given up after the time limit", async () => {
  // A signal's own timer does not keep a process alive, as a connection does.
  const alive = setInterval(() => undefined, 1_000);
  const { fetch } = services((seen) => new Promise((resolve) => seen.signal?.addEventListener("abort", () => resolve(seen.signal?.reason as Error))));
  await assert.rejects(new Http({ fetch, timeoutMs: 20 }).send({ url, idempotent: false }), { code: "UNAVAILABLE", message: /did not answer within 20 ms/ });
  clearInterval(alive);
});

test("an abort ends a call and its retries at once, with the caller's own reason", async () => {
  const controller = new AbortController();
  const { fetch, seen } = services(() => {
    controller.abort(new Error("enough"));
    return problem(503, "x");
  });
  await assert.rejects(new Http({ fetch, retryDelayMs: 60_000 }).send({ url, signal: controller.signal }), { message: "enough" });
  assert.equal(seen.length, 1);
});

test("a token that is not taken is renewed once", async () => {
  const renewals: boolean[] = [];
  const authorize = async (isRenewed: boolean) => {
    renewals.push(isRenewed);
    return { authorization: `Bearer ${renewals.length}` };
  };
  const { fetch, seen } = services((_, count) => (count === 1 ? problem(401, "unauthenticated") : { json: {} }));
  await http(fetch).send({ url, method: "POST", body: "{}", authorize });
  assert.deepEqual(renewals, [false, true]);
  assert.deepEqual(seen.map((each) => each.headers.get("authorization")), ["Bearer 1", "Bearer 2"]);
  const never = services(() => problem(401, "unauthenticated"));
  await assert.rejects(http(never.fetch).send({ url, authorize }), { code: "AUTH_UNAUTHENTICATED", kind: "Auth" });
  assert.equal(never.seen.length, 2);
});
