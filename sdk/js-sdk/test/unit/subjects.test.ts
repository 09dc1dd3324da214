import assert from "node:assert/strict";
import { test } from "node:test";
import { AuthError, createConsentry, developmentSigner, type Auth, type SigningMemory } from "../../src/index.js";
import { checkSignature, digestOf, domainOf, patientRefHash, UNLIMITED } from "../../src/intents/index.js";
import { consent, deployment, grantee, hash, owner, policy, registry, row, World } from "./world.js";

const other = developmentSigner(`0x${"03".repeat(32)}`);
const domain = domainOf(deployment);
const subject = { subject: owner.address, controller: owner.address, epoch: 4, authEpoch: 1, seq: 9, recoveryNonce: 2, lastProposalId: 5, finality: "finalized" };
const mandate = (more: object = {}) => ({ delegate: other.address, status: "ACTIVE", rights: ["REVOKE"], validFrom: 1, validTo: null, authEpoch: 1, nonce: 3, finality: "finalized", txHash: hash("aa"), blockNo: 7, blockHash: hash("bb"), logIndex: 0, ...more });

function world(state: object = subject): World {
  const made = new World();
  made.subject = { ...subject, ...state };
  return made;
}
const last = (of: World) => of.handedIn.at(-1)!;

test("a delegate is named with exact counters, and removed through all that were signed", async () => {
  const here = world();
  here.delegates = [mandate({ delegate: grantee, nonce: 7 }), mandate()];
  const client = here.client();
  await client.delegates.set({ delegate: other.address, rights: ["REVOKE", "GRANT"], validFrom: 100, days: 2 });
  const { action, intent } = last(here);
  assert.equal(action, "SetDelegate");
  assert.deepEqual([intent.rights, intent.nonce, intent.seq, intent.validFrom, intent.validTo], [5, 4, 9, 100, 100 + 2 * 86_400]);
  // The chain forgot what was signed: the stop names it all the same.
  here.delegates = [mandate({ nonce: 1 })];
  await client.delegates.remove(other.address);
  assert.deepEqual([last(here).action, last(here).intent.throughNonce, last(here).intent.deadline], ["RemoveDelegate", 4, UNLIMITED]);
  await client.delegates.remove(other.address);
  assert.equal(last(here).intent.throughNonce, 5);
  const listed = [];
  for await (const each of client.delegates.list()) listed.push(each.delegate);
  assert.deepEqual(listed, [other.address]);
});

test("a delegate is removed without the indexer, by the row that is held", async () => {
  const here = world();
  here.indexerDown = true;
  await here.client().delegates.remove(mandate() as never);
  assert.equal(last(here).intent.throughNonce, 4);
  await assert.rejects(here.client().delegates.remove(other.address), { code: "UNAVAILABLE" });
});

test("rights are named, and a new delegate rests on final state", async () => {
  const here = world({ finality: "latest" });
  await assert.rejects(here.client().delegates.set({ delegate: other.address, rights: ["GRANT"] }), { code: "CONFLICT", message: /not yet finalized/ });
  const settled = world();
  settled.delegates = [mandate({ finality: "latest" })];
  await assert.rejects(settled.client().delegates.set({ delegate: other.address, rights: ["GRANT"] }), { code: "CONFLICT" });
  for (const rights of [[], ["READ"], ["toString"]]) await assert.rejects(settled.client().delegates.set({ delegate: other.address, rights: rights as never }), { code: "INVALID_REQUEST" });
  await assert.rejects(settled.client().delegates.set({ delegate: "0x1" as never, rights: ["GRANT"] }), { code: "INVALID_REQUEST" });
  assert.equal(settled.handedIn.length, 0);
});

test("who may recover is named exactly, and taken back above all that were signed", async () => {
  const here = world();
  const client = here.client();
  await client.recovery.set({ recoverer: other.address, delayHours: 48 });
  assert.deepEqual([last(here).intent.recoverer, last(here).intent.delay, last(here).intent.nonce, last(here).intent.seq], [other.address, 172_800, 3, 9]);
  here.subject = { ...subject, recoveryNonce: 0 };
  await client.recovery.set({ recoverer: null });
  const { recoverer, delay, nonce, deadline } = last(here).intent;
  assert.deepEqual([recoverer, delay, nonce, deadline], [`0x${"00".repeat(20)}`, 0, 4, UNLIMITED]);
  await assert.rejects(client.recovery.set({ recoverer: other.address, delayHours: Number.NaN }), { code: "INVALID_REQUEST" });
});

test("a recovery is proposed, vetoed and carried out by its number", async () => {
  const here = world();
  const recoverer = here.client({ signer: other });
  await recoverer.recovery.propose({ subject: owner.address, newController: grantee });
  assert.deepEqual([last(here).action, last(here).intent.actor, last(here).intent.proposalId], ["ProposeRecovery", other.address, 6]);
  await assert.rejects(here.client().recovery.veto(), { code: "CONFLICT", message: /no recovery is under way/ });
  here.subject = { ...subject, proposal: { id: 6, newController: other.address, readyAt: 1 } };
  await here.client().recovery.veto();
  assert.deepEqual([last(here).action, last(here).intent.proposalId, last(here).intent.deadline], ["Veto", 6, UNLIMITED]);
  await recoverer.recovery.recover({ subject: owner.address });
  const { action, intent, proof, headers } = last(here);
  assert.deepEqual([action, intent.actor, intent.proposalId, intent.seq], ["Recover", other.address, 6, 9]);
  // What is signed, and names it, is the new controller's agreement.
  const { actor, subject: about, seq, deadline } = intent;
  const digest = digestOf(domain, { action: "AcceptControl", message: { actor: actor!, subject: about!, seq: seq!, deadline: deadline! } });
  assert.equal(headers.get("idempotency-key"), digest);
  await checkSignature(other.address, digest, proof.signature);
  await recoverer.recovery.freeze({ subject: owner.address });
  assert.deepEqual([last(here).action, last(here).intent.seq], ["Freeze", 9]);
  await here.client().recovery.unfreeze();
  assert.deepEqual([last(here).action, last(here).intent.actor], ["Unfreeze", owner.address]);
});

test("a rotation carries the new key's agreement", async () => {
  const here = world();
  await here.client().control.rotate({ newController: other });
  const { action, intent, acceptance } = last(here);
  assert.deepEqual([action, intent.newController, intent.seq], ["Rotate", other.address, 9]);
  const agreement = { action: "AcceptControl", message: { actor: other.address, subject: owner.address, seq: 9, deadline: acceptance!.deadline } } as const;
  await checkSignature(other.address, digestOf(domain, agreement), acceptance!.proof.signature);
  assert.equal((await here.client().control.get()).controller, owner.address);
});

test("what is signed and not sent is voided through the highest seq", async () => {
  const here = world();
  const client = here.client();
  await client.consents.create({ grantee, policy: client.policies.build({ resources: ["Patient"] }) });
  here.subject = { ...subject, seq: 3 };
  await client.control.invalidate();
  assert.deepEqual([last(here).action, last(here).intent.throughSeq, last(here).intent.deadline], ["Invalidate", 9, UNLIMITED]);
});

test("a grantee gives a consent back with its organisation's token", async () => {
  const here = world();
  here.rows = [row({ granteeId: other.address, version: 6 })];
  const pending = await here.client({ signer: other }).consents.relinquish({ ...consent, grantee: other.address });
  const { action, intent, headers } = last(here);
  assert.deepEqual([action, intent.version, headers.get("authorization")], ["Relinquish", 6, "Bearer t"]);
  here.rows = [row({ granteeId: other.address, version: 7, status: "REVOKED" })];
  assert.equal((await pending.waitForRevoked())?.status, "REVOKED");
});

test("a delegate decides for the patient, in their own name", async () => {
  const here = world();
  const client = here.client({ signer: other });
  await client.consents.create({ subject: owner.address, grantee, policy: client.policies.build({ resources: ["Patient"] }) });
  assert.deepEqual([last(here).intent.actor, last(here).intent.subject], [other.address, owner.address]);
  await client.consents.revokeAll({ subject: owner.address });
  assert.deepEqual([last(here).intent.actor, last(here).intent.subject], [other.address, owner.address]);
});

test("any decision can be waited for until the chain has it and the indexer too", async () => {
  const here = world();
  const pending = await here.client().control.invalidate();
  here.views = [{ state: "submitted" }, { state: "included", transaction: hash("aa"), blockNumber: 9 }];
  here.chain = { latest: 9, safe: 8, finalized: 7, indexed: { blockNo: 8 } };
  const told: unknown[] = [];
  here.onLook = () => {
    if (told.length === 2) here.chain = { latest: 12, safe: 10, finalized: 9, indexed: { blockNo: 12 } };
  };
  await pending.waitForApplied({ onStatus: ({ intent, finality }) => told.push([intent, finality]) });
  assert.deepEqual(told, [["submitted", undefined], ["included", "latest"], ["included", "finalized"]]);
  await assert.rejects(pending.waitForActive(), { code: "INVALID_REQUEST", message: /waitForApplied/ });
  await assert.rejects(pending.waitForRevoked(), { code: "INVALID_REQUEST", message: /waitForApplied/ });
});

test("without a sign-in a stop is waited for by the relay's word", async () => {
  const here = world();
  here.views = [{ state: "included", blockNumber: 7 }, { state: "final", blockNumber: 7 }];
  const pending = await here.client().consents.revoke(consent);
  const alone = createConsentry({ deployment, fetch: here.fake.fetch });
  const calls = here.fake.seen.length;
  assert.equal(await alone.consents.resume(pending.toJSON()).waitForRevoked(), undefined);
  assert.deepEqual(here.fake.seen.slice(calls).map((each) => each.url.hostname), ["relay.test", "relay.test"]);
});

test("a relay of another chain or registry is told at once", async () => {
  const here = world();
  here.digest = hash("ee");
  await assert.rejects(here.client().consents.revoke(consent), { code: "WRONG_DEPLOYMENT", kind: "Chain", message: /correct the deployment/ });
});

test("a sign-in that ends during a wait ends the wait and says what to do; a stop needs none", async () => {
  const here = world();
  const expired: Auth = { headers: async () => { throw new AuthError("AUTH_SIGN_IN_REQUIRED", "the token is over and cannot be refreshed; sign in again"); } };
  here.rows = [row({ version: 2, status: "REVOKED" })];
  const pending = await here.client().consents.create({ grantee, policy });
  const late = here.client({ auth: expired });
  await assert.rejects(late.consents.resume(pending.toJSON()).waitForActive(), { code: "AUTH_SIGN_IN_REQUIRED", kind: "Auth", message: /sign in again/ });
  await assert.rejects(late.consents.create({ grantee, policy }), { code: "AUTH_SIGN_IN_REQUIRED" });
  const calls = here.handedIn.length;
  await late.consents.revoke(consent);
  await late.delegates.remove(mandate() as never);
  assert.deepEqual(here.handedIn.slice(calls).map(({ action, headers }) => [action, headers.get("authorization")]), [["Revoke", null], ["RemoveDelegate", null]]);
});

test("what was signed is remembered by kind, chain and registry", async () => {
  const kept = new Map<string, number>();
  const memory: SigningMemory = { get: (name) => kept.get(name), raise: (name, value) => void kept.set(name, Math.max(value, kept.get(name) ?? 0)) };
  const here = world({ finality: "latest" });
  await here.client({ memory }).delegates.set({ delegate: other.address, rights: ["DENY"] });
  const place = `31337:${registry}`, who = owner.address.toLowerCase();
  assert.deepEqual([...kept], [[`delegate:${place}:${who}:${other.address.toLowerCase()}`, 1], [`seq:${place}:${who}`, 9]]);
});

test("a key says whose it is, for as long as is wanted, without a word to any service", async () => {
  const here = world();
  const { keys } = createConsentry({ deployment, signer: other, fetch: here.fake.fetch });
  const before = Math.floor(Date.now() / 1000);
  const statement = await keys.statement({ tenant: "hospital", patient: "p-1", nonce: 3n, lifeSeconds: 86_400 });
  assert.deepEqual([statement.subject, statement.nonce, "signer" in statement], [other.address, "3", false]);
  assert.ok(statement.deadline >= before + 86_400 && statement.deadline <= before + 86_460);
  const message = { tenant: "hospital", patientRefHash: patientRefHash("p-1"), subject: other.address, nonce: 3n, deadline: statement.deadline };
  await checkSignature(other.address, digestOf(domain, { action: "Bind", message }), statement.signature as `0x${string}`);
  for (const lifeSeconds of [0, -1, 0.5, Number.NaN]) await assert.rejects(keys.statement({ tenant: "hospital", patient: "p-1", lifeSeconds }), { code: "INVALID_REQUEST" });
  assert.equal(here.fake.seen.length, 0);
});
