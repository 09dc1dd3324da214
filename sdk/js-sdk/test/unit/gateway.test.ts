import assert from "node:assert/strict";
import { test } from "node:test";
import { createConsentry, type Deployment } from "../../src/index.js";
import { problem, services } from "./fake.js";

const deployment: Deployment = {
  chainId: 31337, registry: `0x${"33".repeat(20)}`,
  services: { auth: "http://auth.test", indexer: "http://indexer.test", relay: "http://relay.test", gateway: "http://gateway.test", audit: "http://audit.test" },
};
const outcome = (status: number, rule: string) => ({
  status, headers: { "x-decision-id": "d-1", "x-correlation-id": "c-1" },
  json: { resourceType: "OperationOutcome", issue: [{ details: { coding: [{ code: rule }], text: "In words." } }] },
});
const gatewayOf = (answer: Parameters<typeof services>[0]) => {
  const { fetch, seen } = services(answer);
  return { client: createConsentry({ deployment, fetch, retryDelayMs: 1 }), seen };
};
const request = { patient: "p-1", resource: "Observation" };

test("a denial is a value with its reason, in code and words, and its record", async () => {
  const { client } = gatewayOf(() => outcome(403, "consent-expired"));
  assert.deepEqual(await client.gateway.fetchIfPermitted(request), {
    permitted: false, reason: "EXPIRED", rule: "consent-expired", text: "In words.", decisionId: "d-1", requestId: "c-1",
  });
});

test("what was released comes without the remark that some may be withheld", async () => {
  const entry = [{ resource: { resourceType: "Observation", id: "o" }, search: { mode: "match" } }, { resource: { resourceType: "OperationOutcome" }, search: { mode: "outcome" } }];
  const { client, seen } = gatewayOf(() => ({ json: { resourceType: "Bundle", entry } }));
  const answer = await client.gateway.fetchIfPermitted({ ...request, search: { category: "laboratory" } });
  assert.ok(answer.permitted);
  assert.deepEqual(answer.resources.map((each) => each.id), ["o"]);
  assert.equal(seen[0]!.url.pathname + seen[0]!.url.search, "/fhir/R4/Observation?patient=p-1&category=laboratory");
  await client.gateway.fetchIfPermitted({ patient: "p-1", resource: "Patient" });
  assert.equal(seen[1]!.url.search, "?_id=p-1");
});

test("what could not be decided is a fault, never a denial", async () => {
  for (const [status, rule, code] of [[503, "facts-stale", "STALE_INDEX"], [503, "journal-unavailable", "UNAVAILABLE"], [403, "insufficient-scope", "AUTH_FORBIDDEN"]] as const) {
    const { client, seen } = gatewayOf(() => outcome(status, rule));
    await assert.rejects(client.gateway.fetchIfPermitted(request), { code, requestId: "c-1" });
    assert.equal(seen.length, status === 503 ? 3 : 1, "what passes is asked again");
  }
  const { client } = gatewayOf(() => problem(503, "unavailable"));
  await assert.rejects(client.gateway.fetchIfPermitted(request), { code: "UNAVAILABLE" });
});

test("what is no id is not put into an address", async () => {
  const { client, seen } = gatewayOf(() => ({}));
  for (const wrong of [{ patient: "p/../x" }, { resource: "Observation/_history" }, { id: "a?b" }]) {
    await assert.rejects(client.gateway.fetchIfPermitted({ ...request, ...wrong }), { code: "INVALID_REQUEST" });
  }
  assert.equal(seen.length, 0);
});

test("pages of accesses follow each other until there is none", async () => {
  const { client, seen } = gatewayOf((_, count) => ({ json: { accesses: [{ eventId: `e${count}` }], next: count < 3 ? `n${count}` : null } }));
  const found = [];
  for await (const access of client.access.list({ patient: "p-1" })) found.push(access.eventId);
  assert.deepEqual(found, ["e1", "e2", "e3"]);
  assert.deepEqual(seen.map((each) => each.url.searchParams.get("cursor")), [null, "n1", "n2"]);
});

test("health tells what is away, and does not throw", async () => {
  const { client } = gatewayOf(({ url }) => (url.hostname === "relay.test" ? new TypeError("refused") : { json: { status: "ready", checks: { database: "ok" } } }));
  const health = await client.health.check();
  assert.deepEqual(health.auth, { ready: true, checks: { database: "ok" } });
  assert.equal(health.relay.ready, false);
  assert.match(health.relay.checks.relay ?? "", /cannot be reached/);
});
