import assert from "node:assert/strict";
import { test } from "node:test";
import { createConsentry, developmentSigner, type WaitStatus } from "../../src/index.js";
import { authOf, client, clinic, deployment, endpoints, patientOf, rpc, system } from "./stack.js";

const asking = clinic();

test("asked, approved, read, revoked: the denial comes before the block", async () => {
  const patient = patientOf(-1);
  const { fhirId, subject } = patient.patient;
  const read = () => asking.gateway.fetchIfPermitted({ patient: fhirId, resource: "Observation", purpose: "TREAT" });
  const before = await read();
  // REVOKED where this ran on the same stack before.
  assert.ok(!before.permitted && ["NO_CONSENT", "REVOKED"].includes(before.reason) && before.decisionId, JSON.stringify(before));

  const policy = asking.policies.build({ resources: ["Observation"] });
  const asked = await (await asking.consents.request({ subject, policy, days: 30 })).waitForRequested();
  assert.equal(asked.status, "REQUESTED");
  assert.equal(asked.id, asking.consents.idOf({ subject, grantee: client("clinic-a").address!, scopeId: policy.hash }));
  const pending = await read();
  assert.ok(!pending.permitted && pending.reason === "PENDING");

  const seen: WaitStatus[] = [];
  const active = await (await patient.consents.approve(asked)).waitForActive({ onStatus: (status) => seen.push(status) });
  assert.equal(active.status, "ACTIVE");
  assert.equal(active.version, asked.version);
  assert.equal(active.validTo, asked.validTo);
  assert.equal(seen.at(-1)?.consent, "ACTIVE");
  const released = await read();
  assert.ok(released.permitted && released.resources.length > 0, JSON.stringify(released).slice(0, 300));
  assert.ok(released.resources.every((each) => each.resourceType === "Observation"));
  const other = await asking.gateway.fetchIfPermitted({ patient: fhirId, resource: "Condition" });
  assert.ok(!other.permitted && other.reason === "OUT_OF_SCOPE");

  await rpc("evm_setAutomine", [false]);
  let stop;
  try {
    stop = await patient.consents.revoke(active);
    let after = await read();
    for (const end = Date.now() + 10_000; after.permitted && Date.now() < end; ) after = await read();
    assert.ok(!after.permitted && after.reason === "REVOKED" && after.rule === "stopped", JSON.stringify(after));
    assert.equal((await patient.consents.get(active.id)).status, "ACTIVE");
    // A wait that runs out says so, leaves nothing behind, and can be taken up again.
    await assert.rejects(stop.waitForRevoked({ timeoutMs: 300 }), { code: "FINALITY_TIMEOUT", retryable: true, kind: "FinalityTimeout" });
  } finally {
    await rpc("evm_setAutomine", [true]);
    await rpc("evm_mine");
  }
  const ended = await patient.consents.resume(JSON.parse(JSON.stringify(stop)) as never).waitForRevoked();
  assert.equal(ended?.status, "REVOKED");
  assert.equal(ended?.version, active.version + 2);
});

test("approve less: the request is denied and the narrower policy active, by one signature", async () => {
  const patient = patientOf(-2);
  const { subject, fhirId } = patient.patient;
  const wide = asking.policies.build({ resources: ["Observation", "Condition"] });
  const asked = await (await asking.consents.request({ subject, policy: wide })).waitForRequested();
  const narrow = asking.policies.build({ resources: ["Observation"], period: { start: "2000-01-01", end: null } });
  const more = asking.policies.build({ resources: ["Observation", "Patient"] });
  await assert.rejects(patient.consents.approveLess(asked, more), { code: "POLICY_NOT_NARROWER" });
  const active = await (await patient.consents.approveLess(asked, narrow, { days: 10 })).waitForActive();
  assert.equal(active.scopeId, narrow.hash);
  const denied = await patient.consents.get(asked.id);
  assert.equal(denied.status, "DENIED");
  const rows = [];
  for await (const consent of asking.consents.list({ subject, status: "ACTIVE" })) rows.push(consent.scopeId);
  assert.deepEqual(rows, [narrow.hash]);
  const conditions = await asking.gateway.fetchIfPermitted({ patient: fhirId, resource: "Condition" });
  assert.ok(!conditions.permitted);
  const everything = await patient.consents.revokeAll();
  await everything.waitForRevoked();
  assert.equal((await patient.consents.get(active.id)).status, "REVOKED");
  // What was taken back can be given again.
  const again = await (await patient.consents.create({ grantee: active.grantee, policy: narrow, days: 1 })).waitForActive();
  assert.ok(again.version > active.version);
  await (await patient.consents.revoke(again)).waitForRevoked();
});

test("deny, and the history of a consent", async () => {
  const patient = patientOf(-3);
  const policy = asking.policies.build({ resources: ["Observation"] });
  const asked = await (await asking.consents.request({ subject: patient.patient.subject, policy })).waitForRequested();
  // Another patient's key signs well and decides nothing here.
  await assert.rejects(patientOf(-2).consents.approve(asked), { code: "REFUSED_BY_REGISTRY", kind: "Conflict" });
  const denied = await (await patient.consents.deny(asked)).waitForDenied();
  assert.equal(denied.status, "DENIED");
  const kinds = [];
  for await (const change of system().consents.history(asked.id)) kinds.push(change.kind);
  assert.deepEqual(kinds, ["requested", "denied"]);
  await assert.rejects(patient.consents.approve(asked), { code: "CONFLICT", message: /the consent is DENIED/ });
});

test("nothing is signed whose document is not held", async () => {
  const patient = patientOf(-4);
  const policy = asking.policies.build({ resources: ["Observation"] });
  const asked = await (await asking.consents.request({ subject: patient.patient.subject, policy })).waitForRequested();
  const unknown = { ...asked, scopeId: `0x${"11".repeat(32)}` as const };
  await assert.rejects(patient.consents.approve(unknown), { code: "POLICY_NOT_HELD" });
  const other = asking.policies.build({ resources: ["Patient"] });
  await assert.rejects(patient.consents.approve(asked, { policy: other }), { code: "POLICY_HASH_MISMATCH" });
  assert.equal((await patient.policies.get(policy.hash)).canonical, policy.canonical);
  await (await patient.consents.deny(asked)).waitForDenied();
});

test("a reorganisation during a wait opens it again", async () => {
  const patient = patientOf(-5);
  const policy = asking.policies.build({ resources: ["Observation"] });
  const snapshot = await rpc("evm_snapshot");
  const pending = await patient.consents.create({ grantee: client("clinic-a").address!, policy, days: 1 });
  await pending.waitForActive();
  await rpc("evm_revert", [snapshot]);
  await rpc("anvil_mine", ["0x3"]);
  const active = await pending.waitForActive({ timeoutMs: 60_000 });
  assert.equal(active.status, "ACTIVE");
  await (await patient.consents.revoke(active)).waitForRevoked();
});

test("tokens bound to a key are taken everywhere", async () => {
  const bound = clinic("clinic-b", true);
  const answer = await bound.gateway.fetchIfPermitted({ patient: endpoints.patients.at(-1)!.fhirId, resource: "Observation" });
  assert.ok(!answer.permitted);
  const { address: grantee } = client("clinic-b");
  for await (const consent of bound.consents.list({ grantee: grantee! })) assert.equal(consent.grantee.toLowerCase(), client("clinic-b").address!.toLowerCase());
});

test("who looked, what would be let in, and health", async () => {
  const { fhirId } = endpoints.patients.at(-1)!;
  const ops = system();
  const evaluation = await ops.gateway.evaluate({ organization: "clinic-a", patient: fhirId, resource: "Observation", purpose: "TREAT" });
  assert.equal(evaluation.permitted, false);
  const health = await ops.health.check();
  assert.deepEqual(Object.values(health).map((each) => each.ready), [true, true, true, true, true], JSON.stringify(health));
  assert.equal((await ops.health.chain()).halted ?? null, null);
  for (const end = Date.now() + 60_000; ; ) {
    const accesses = [];
    for await (const access of ops.access.list({ patient: fhirId })) accesses.push(access.eventId);
    if (accesses.includes(evaluation.decisionId ?? "")) break;
    assert.ok(Date.now() < end, `${accesses.length} accesses and not this one`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
});

test("another registry or chain in the deployment is noticed before anything is signed", async () => {
  const patient = patientOf(-1);
  const auth = authOf("ops-system", "system:consent.read system:policy.write");
  for (const wrong of [{ chainId: 1 }, { registry: `0x${"12".repeat(20)}` as const }]) {
    let signatures = 0;
    const signer = { address: patient.patient.subject, sign: () => Promise.reject(new Error(`signed ${++signatures}`)) };
    const lost = createConsentry({ deployment: { ...deployment, ...wrong }, auth, signer });
    await assert.rejects(lost.consents.create({ grantee: client("clinic-a").address!, policy: lost.policies.build({ resources: ["Observation"] }) }), (error: { code?: string }) => error.code === "WRONG_DEPLOYMENT" || error.code === "NOT_FOUND");
    await assert.rejects(lost.health.chain(), { code: "WRONG_DEPLOYMENT", kind: "Chain" });
    assert.equal(signatures, 0);
  }
});

test("another's key is not taken", async () => {
  const stranger = developmentSigner(`0x${"77".repeat(32)}`);
  const impostor = createConsentry({ deployment, auth: authOf("clinic-a", "provider:consent.request"), signer: stranger });
  const policy = impostor.policies.build({ resources: ["Observation"] });
  await assert.rejects(impostor.consents.request({ subject: endpoints.patients.at(-1)!.subject, policy }), { code: "AUTH_FORBIDDEN", kind: "Auth" });
});
