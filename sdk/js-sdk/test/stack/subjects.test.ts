import assert from "node:assert/strict";
import { test } from "node:test";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { sendDirectly } from "../../src/direct/index.js";
import { createConsentry, developmentSigner, type Consentry, type Hex, type Signer } from "../../src/index.js";
import { authOf, client, clinic, deployment, endpoints, patientOf, rpc } from "./stack.js";

const someone = () => developmentSigner(generatePrivateKey());
const scope = "system:consent.read system:policy.write";
const of = (signer: Signer, more: object = {}): Consentry => createConsentry({ deployment, auth: authOf("ops-system", scope), signer, ...more });
/** The relay takes openings for patients whose custodian has enrolled them. */
const enrolled = (index: number): Signer => developmentSigner(patientOf(index).patient.privateKey);
/** An account of its own that pays. */
async function payer(key: Hex = generatePrivateKey()) {
  const account = privateKeyToAccount(key);
  await rpc("anvil_setBalance", [account.address, "0x8ac7230489e80000"]);
  return sendDirectly({ node: endpoints.chain.rpc, payer: account });
}
const grantee = client("clinic-a").address!;

test("a delegate grants within its mandate, and no more once it is removed", async () => {
  const [patient, parent] = [enrolled(-2), someone()];
  const [me, them] = [of(patient), of(parent)];
  const policy = me.policies.build({ resources: ["Observation"] });
  const give = () => them.consents.create({ subject: patient.address, grantee, policy, days: 1 });
  await assert.rejects(give(), { code: "REFUSED_BY_REGISTRY", message: /NotAuthorized/ });
  await (await me.delegates.set({ delegate: parent.address, rights: ["GRANT", "REVOKE"], days: 30 })).waitForApplied();
  const active = await (await give()).waitForActive();
  assert.equal(active.subject.toLowerCase(), patient.address.toLowerCase());
  const row = (await all(me.delegates.list())).find((each) => sameHex(each.delegate, parent.address));
  assert.deepEqual([row?.delegate.toLowerCase(), row?.status, row?.rights], [parent.address.toLowerCase(), "ACTIVE", ["REVOKE", "GRANT"]]);
  await (await me.delegates.remove(row!)).waitForApplied();
  assert.equal((await all(me.delegates.list())).find((each) => sameHex(each.delegate, parent.address))?.status, "REMOVED");
  await assert.rejects(them.consents.revoke(active), { code: "REFUSED_BY_REGISTRY" });
  await (await me.consents.revoke(active)).waitForRevoked();
});

test("control goes to another key, which agrees, and what was signed before is void", async () => {
  const [patient, successor] = [enrolled(-3), someone()];
  const [me, next] = [of(patient), of(successor)];
  const start = await me.control.get();
  await (await me.control.invalidate()).waitForApplied();
  const before = await me.control.get();
  await (await me.control.rotate({ newController: successor })).waitForApplied();
  const after = await next.control.get({ subject: patient.address });
  assert.equal(after.controller.toLowerCase(), successor.address.toLowerCase());
  assert.ok(after.seq > before.seq && before.seq === start.seq + 1);
  await assert.rejects(me.control.invalidate(), { code: "REFUSED_BY_REGISTRY", message: /NotAuthorized/ });
  await (await next.consents.revokeAll({ subject: patient.address })).waitForRevoked();
  await (await next.control.rotate({ subject: patient.address, newController: patient })).waitForApplied();
  assert.equal((await me.control.get()).controller.toLowerCase(), patient.address.toLowerCase());
});

test("a lost key: a freeze, a proposal, a veto, and a recovery that is too early", async () => {
  const [patient, friend, fresh] = [someone(), someone(), someone()];
  const direct = await payer();
  const [mine, helper, later] = [of(patient, { direct }), of(friend, { direct }), of(fresh, { direct })];
  // What only protects, the relay takes from anyone.
  const me = of(patient);
  const subject = patient.address;
  await (await mine.recovery.set({ recoverer: friend.address, delayHours: 48 })).waitForApplied();
  await (await helper.recovery.freeze({ subject })).waitForApplied();
  const policy = me.policies.build({ resources: ["Observation"] });
  await assert.rejects(mine.consents.create({ grantee, policy }), { code: "REFUSED_BY_REGISTRY", message: /Frozen/ });
  await (await me.recovery.unfreeze()).waitForApplied();
  await (await helper.recovery.propose({ subject, newController: fresh.address })).waitForApplied();
  const { proposal } = await me.control.get();
  assert.equal(proposal?.newController.toLowerCase(), fresh.address.toLowerCase());
  await assert.rejects(later.recovery.recover({ subject }), { code: "REFUSED_BY_REGISTRY", message: /NotReady/ });
  await (await me.recovery.veto()).waitForApplied();
  assert.equal((await me.control.get()).proposal ?? null, null);
  await (await me.recovery.set({ recoverer: null })).waitForApplied();
  assert.equal((await me.control.get()).recovery ?? null, null);
  await assert.rejects(helper.recovery.propose({ subject, newController: fresh.address }), { code: "REFUSED_BY_REGISTRY", message: /NotRecoverer/ });
});

test("an organisation gives a consent back", async () => {
  const me = of(enrolled(-4));
  const active = await (await me.consents.create({ grantee, policy: me.policies.build({ resources: ["Observation"] }), days: 1 })).waitForActive();
  const ended = await (await clinic().consents.relinquish(active)).waitForRevoked();
  assert.deepEqual([ended?.status, ended?.version], ["REVOKED", active.version + 1]);
});

test("decisions are sent directly, by the patient's own transaction or at another's cost", async () => {
  const key = generatePrivateKey();
  const unpaid = of(developmentSigner(key), { direct: sendDirectly({ node: endpoints.chain.rpc, payer: privateKeyToAccount(key) }) });
  const policy = unpaid.policies.build({ resources: ["Observation"] });
  await assert.rejects(unpaid.consents.create({ grantee, policy }), { code: "SIGNER_UNAVAILABLE", message: /coins/ });
  const own = of(developmentSigner(key), { direct: await payer(key) });
  const active = await (await own.consents.create({ grantee, policy, days: 1 })).waitForActive();
  const stop = await own.consents.revoke(active);
  const ended = await own.consents.resume(JSON.parse(JSON.stringify(stop)) as never).waitForRevoked();
  assert.equal(ended?.version, active.version + 2);
  // Somebody without coins, who signs what another sends.
  const direct = await payer();
  const poor = of(someone(), { direct });
  const given = await (await poor.consents.create({ grantee, policy, days: 1 })).waitForActive();
  await (await poor.consents.revokeAll()).waitForRevoked();
  assert.equal((await poor.consents.get(given.id)).status, "REVOKED");
  await (await poor.delegates.set({ delegate: grantee, rights: ["DENY"] })).waitForApplied();
  await assert.rejects(of(someone(), { direct }).recovery.freeze({ subject: given.subject }), { code: "REFUSED_BY_REGISTRY", message: /NotRecoverer/ });
});

test("a transaction that a reorganisation dropped is sent again, the same bytes", async () => {
  const key = generatePrivateKey();
  const me = of(developmentSigner(key), { direct: await payer(key) });
  const policy = me.policies.build({ resources: ["Observation"] });
  const snapshot = await rpc("evm_snapshot");
  const pending = await me.consents.create({ grantee, policy, days: 1 });
  const first = await pending.waitForActive();
  await rpc("evm_revert", [snapshot]);
  await rpc("anvil_mine", ["0x3"]);
  const again = await pending.waitForActive({ timeoutMs: 60_000 });
  assert.equal(again.transaction, first.transaction);
  assert.notEqual(again.blockHash, first.blockHash);
  await (await me.consents.revoke(again)).waitForRevoked();
});

const sameHex = (a: string, b: string) => a.toLowerCase() === b.toLowerCase();

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}
