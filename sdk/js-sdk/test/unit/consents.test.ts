import assert from "node:assert/strict";
import { test } from "node:test";
import { buildPolicy } from "../../src/policy/index.js";
import { createConsentry, type WaitStatus } from "../../src/index.js";
import { consent, deployment, grantee, hash, policy, registry, row, World } from "./world.js";

test("a stop names the version seen and one more, and is handed in without a token, to be repeated by its digest", async () => {
  const world = new World();
  world.rows = [row({ version: 5 })];
  const stop = await world.client().consents.revoke(consent);
  const [handedIn] = world.handedIn;
  assert.equal(handedIn!.action, "Revoke");
  assert.equal(handedIn!.intent.throughVersion, 6);
  assert.equal(handedIn!.intent.deadline, 2 ** 40 - 1);
  assert.equal(handedIn!.headers.get("idempotency-key"), stop.digest);
  assert.equal(handedIn!.headers.get("authorization"), null);
});

test("a stop names at least the highest version ever signed, though a reorganisation took it back", async () => {
  const world = new World();
  const client = world.client();
  world.rows = [row({ version: 8, status: "REVOKED" })];
  await client.consents.create({ grantee, policy, days: 1 });
  assert.equal(world.handedIn[0]!.intent.version, 9);
  world.rows = [row({ version: 2 })];
  await client.consents.revoke(consent);
  assert.equal(world.handedIn[1]!.intent.throughVersion, 9);
  await client.consents.deny({ ...consent, version: 12 });
  assert.equal(world.handedIn[2]!.intent.throughVersion, 13);
});

test("a stop waits for no indexer: it rests on what is held and was signed", async () => {
  const world = new World();
  world.indexerDown = true;
  await world.client().consents.revoke(consent);
  assert.equal(world.handedIn[0]!.intent.throughVersion, 4);
});

test("stopping everything names the epoch and the seq seen, or the highest ever signed", async () => {
  const world = new World();
  const client = world.client();
  await client.consents.revokeAll();
  assert.deepEqual([world.handedIn[0]!.intent.throughEpoch, world.handedIn[0]!.intent.throughSeq], [4, 9]);
  await client.consents.create({ grantee, policy });
  world.subject = { epoch: 3, seq: 7, finality: "latest" };
  await client.consents.revokeAll({ dropDelegates: true });
  const { throughEpoch, throughSeq, dropDelegates } = world.handedIn[2]!.intent;
  assert.deepEqual([throughEpoch, throughSeq, dropDelegates], [5, 9, true]);
});

test("nobody is led to close a counter for good", async () => {
  const world = new World();
  world.rows = [row({ version: 2 ** 32 - 2 })];
  await assert.rejects(world.client().consents.revoke(consent), { code: "CONFLICT" });
  world.subject = { epoch: 2 ** 24 - 1, seq: 0 };
  await assert.rejects(world.client().consents.revokeAll(), { code: "CONFLICT" });
  assert.equal(world.handedIn.length, 0);
});

test("an opening rests on final state, unless what was signed is remembered for good", async () => {
  const world = new World();
  world.rows = [row({ status: "REVOKED", finality: "latest" })];
  await assert.rejects(world.client().consents.create({ grantee, policy }), { code: "CONFLICT", message: /not yet finalized/ });
  world.rows = [];
  world.subject = { epoch: 0, seq: 0, finality: "safe" };
  await assert.rejects(world.client().consents.create({ grantee, policy }), { code: "CONFLICT" });
  await world.client({ deployment: { finality: "safe" } }).consents.create({ grantee, policy });
  const kept = new Map<string, number>();
  const memory = { get: (name: string) => kept.get(name), raise: (name: string, value: number) => void kept.set(name, Math.max(value, kept.get(name) ?? 0)) };
  await world.client({ memory }).consents.create({ grantee, policy });
  assert.equal(world.handedIn.length, 2);
  assert.deepEqual([...kept.values()], [1, 0]);
});

test("approving keeps the request's version and window, unless another is given", async () => {
  const world = new World();
  const client = world.client();
  world.rows = [row({ status: "REQUESTED", validFrom: 100, validTo: 200 })];
  await client.consents.approve(consent);
  const { version, validFrom, validTo, seq } = world.handedIn[0]!.intent;
  assert.deepEqual([version, validFrom, validTo, seq], [3, 100, 200, 9]);
  await client.consents.approve(consent, { validTo: 150 });
  await client.consents.approve(consent, { validFrom: 300, days: 1 });
  const windows = world.handedIn.slice(1).map(({ intent }) => [intent.validFrom, intent.validTo]);
  assert.deepEqual(windows, [[100, 150], [300, 300 + 86_400]]);
});

test("agreeing to less keeps the time that was asked for", async () => {
  const world = new World();
  world.rows = [row({ status: "REQUESTED", validFrom: 100, validTo: 200 })];
  const less = buildPolicy({ resources: [{ type: "Observation", category: ["laboratory"] }] });
  await world.client().consents.approveLess(consent, less, { asked: policy });
  const ops = world.handedIn[0]!.intent.ops as unknown as { kind: number; validFrom: number; validTo: number }[];
  const grant = ops.find(({ kind }) => kind === 0)!;
  assert.deepEqual([grant.validFrom, grant.validTo], [100, 200]);
});

test("what is not asked for is not approved", async () => {
  const world = new World();
  world.rows = [row({ status: "EXPIRED" })];
  await assert.rejects(world.client().consents.approve(consent), { code: "CONFLICT", message: /the consent is EXPIRED/ });
  await assert.rejects(world.client().consents.approveLess(consent, policy), { kind: "Validation" });
  assert.equal(world.handedIn.length, 0);
});

test("nothing is signed without its document, or for another", async () => {
  const world = new World();
  world.rows = [row({ status: "REQUESTED" })];
  const client = world.client();
  world.documents.clear();
  await assert.rejects(client.consents.approve(consent), { code: "POLICY_NOT_HELD" });
  world.documents.set(policy.hash, buildPolicy({ resources: ["Patient"] }).canonical);
  await assert.rejects(client.consents.approve(consent), { code: "POLICY_HASH_MISMATCH" });
  assert.equal(world.handedIn.length, 0);
  await client.consents.approve(consent, { policy });
  assert.equal(world.handedIn.length, 1);
});

test("an indexer of another chain or registry is told at once", async () => {
  const world = new World();
  for (const wrong of [{ chainId: 1, registry }, { chainId: 31337, registry: `0x${"44".repeat(20)}` }]) {
    world.asOf = wrong;
    await assert.rejects(world.client().consents.create({ grantee, policy }), { code: "WRONG_DEPLOYMENT", kind: "Chain", message: /correct the deployment, sign nothing/ });
  }
  assert.equal(world.handedIn.length, 0);
});

async function granted(world: World) {
  world.rows = [row({ version: 2, status: "REVOKED" })];
  return world.client().consents.create({ grantee, policy });
}

test("active means: included, in the same block at both, and final", async () => {
  const world = new World();
  const pending = await granted(world);
  world.views = [{ state: "submitted" }, { state: "included", transaction: hash("aa"), blockNumber: 7 }];
  world.rows = [
    row({ version: 2, status: "REVOKED" }), row({ status: "ACTIVE", blockNo: 6 }), row({ status: "CONFIRMING", finality: "latest" }),
    row({ finality: "safe" }), row({ finality: "finalized" }),
  ];
  const seen: WaitStatus[] = [];
  const active = await pending.waitForActive({ onStatus: (status) => seen.push(status) });
  assert.equal(active.finality, "finalized");
  assert.deepEqual(seen.map((each) => each.consent), ["REVOKED", "ACTIVE", "CONFIRMING", "ACTIVE", "ACTIVE"]);
});

test("a reorganisation reopens a wait, and is told", async () => {
  const world = new World();
  const pending = await granted(world);
  world.rows = [row({ finality: "latest" }), row({ version: 2, status: "REVOKED" }), row({ txHash: hash("dd"), blockNo: 9 })];
  world.views = [{ state: "included", transaction: hash("aa"), blockNumber: 7 }, { state: "submitted" }, { state: "included", transaction: hash("dd"), blockNumber: 9 }];
  const seen: WaitStatus[] = [];
  const active = await pending.waitForActive({ onStatus: (status) => seen.push(status) });
  assert.equal(active.blockNumber, 9);
  assert.deepEqual(seen.map((each) => each.reorganised), [false, true, false]);
});

test("what the relay does not know is handed in again, the same bytes", async () => {
  const world = new World();
  const pending = await granted(world);
  world.views = [undefined, { state: "final", transaction: hash("aa"), blockNumber: 7 }];
  world.rows = [row()];
  await pending.waitForActive();
  assert.equal(world.handedIn.length, 2);
  assert.deepEqual(world.handedIn[1]!.intent, world.handedIn[0]!.intent);
});

test("a failure and a later change end a wait with what to do", async () => {
  const world = new World();
  const failing = await granted(world);
  world.views = [{ state: "failed", reason: "WrongVersion" }];
  await assert.rejects(failing.waitForActive(), { code: "INTENT_FAILED", kind: "Chain", message: /WrongVersion/ });
  const overtaken = await granted(world);
  world.views = [{ state: "final", transaction: hash("aa"), blockNumber: 7 }];
  world.rows = [row({ version: 5, status: "REVOKED" })];
  await assert.rejects(overtaken.waitForActive(), { code: "CONFLICT", message: /REVOKED at version 5/ });
  const stopped = await granted(world);
  world.rows = [row({ version: 3, status: "REVOKED" })];
  await assert.rejects(stopped.waitForActive(), { code: "CONFLICT" });
});

test("an outage during a wait is waited out, and named if the time runs out over it", async () => {
  const world = new World();
  const pending = await granted(world);
  world.rows = [row()];
  world.indexerDown = true;
  await assert.rejects(pending.waitForActive({ timeoutMs: 150 }), (error: { code: string; retryable: boolean; cause?: { code: string } }) => {
    assert.deepEqual([error.code, error.retryable, error.cause?.code], ["FINALITY_TIMEOUT", true, "UNAVAILABLE"]);
    return true;
  });
  world.indexerDown = false;
  const resumed = world.client().consents.resume(JSON.parse(JSON.stringify(pending)) as never);
  assert.equal((await resumed.waitForActive()).version, 3);
});

test("aborting a wait ends it at once and leaves nothing running", async () => {
  const world = new World();
  const pending = await granted(world);
  world.views = [{ state: "submitted" }];
  const controller = new AbortController();
  let looks = 0;
  world.onLook = () => {
    if (++looks === 3) controller.abort(new Error("enough"));
  };
  await assert.rejects(pending.waitForActive({ signal: controller.signal }), { message: "enough" });
  const calls = world.fake.seen.length;
  await new Promise((resolve) => setTimeout(resolve, 300));
  assert.equal(world.fake.seen.length, calls);
  await assert.rejects(pending.waitForActive({ signal: AbortSignal.abort(new Error("before")) }), { message: "before" });
  assert.equal(world.fake.seen.length, calls);
});

test("without a signer nothing is decided", async () => {
  const client = createConsentry({ deployment, fetch: new World().fake.fetch });
  await assert.rejects(async () => client.consents.create({ grantee, policy }), { code: "SIGNER_UNAVAILABLE", kind: "Signer" });
});
