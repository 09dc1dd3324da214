import type { Consent } from "@consentry/sdk";
import { consentIdOf } from "@consentry/sdk/intents";
import { buildPolicy, type Policy } from "@consentry/sdk/policy";
import { expect, test } from "vitest";
import { explain } from "./explain.js";
import { receiptOf } from "./receipt.js";
import { checkReceipt } from "./receipt-check.js";
import { readReceipt, type Receipt } from "./receipt-file.js";

const hex = (byte: string, length: number): `0x${string}` => `0x${byte.repeat(length)}`;
const say = (descriptor: { message?: string }) => descriptor.message ?? "";
const inWords = ({ document }: Policy) => explain(document, say);
const policy = buildPolicy({ resources: ["Condition", { type: "Observation", category: ["laboratory"] }], salt: hex("11", 32) });
const deployment = { chainId: 31337, registry: hex("ff", 20) };
const identity = { patient: "p-1", tenant: "custodian" };
const organization = { id: "clinic-a", name: "Clinic A", address: hex("cc", 20), verified: true };
const key = { subject: hex("bb", 20), grantee: organization.address, scopeId: policy.hash };
const consent: Consent = {
  ...key, id: consentIdOf({ ...deployment, ...key }), status: "ACTIVE", validFrom: 1_700_000_000, validTo: 1_800_000_000,
  respondBy: null, version: 2, subjectEpoch: 0, finality: "finalized", transaction: hex("dd", 32), blockNumber: 7, blockHash: hex("ee", 32), revision: 3,
};
const made = receiptOf({ consent, policy, organization, identity, deployment, shown: inWords(policy), language: "en", madeAt: 1_700_000_100 });
const against = { consent, policy, organization, identity, deployment, explain: inWords };

/** The receipt with something in it changed by hand. */
function tampered(change: (receipt: Receipt) => void): Receipt {
  const copy = structuredClone(made);
  change(copy);
  return copy;
}
const lines = (receipt: Receipt, beside: Partial<Parameters<typeof checkReceipt>[1]> = {}) => checkReceipt(receipt, { ...against, ...beside }).changed.map(({ line }) => line);
const file = (value: unknown) => new Blob([typeof value === "string" ? value : JSON.stringify(value)]);

test("a receipt is read from its own file, and nothing in it is other than it must be", async () => {
  const read = await readReceipt(file(made));
  expect(read).toEqual(JSON.parse(JSON.stringify(made)));
  expect(checkReceipt(read as Receipt, against)).toEqual({ changed: [], unsure: [], remarks: [], isOlder: false, isElsewhere: false });
});

test("what is no receipt is refused, and the place that is wrong is named", async () => {
  expect(await readReceipt(file("{"))).toEqual({ fault: "json" });
  expect(await readReceipt(file("x".repeat(1_100_000)))).toEqual({ fault: "long" });
  expect(await readReceipt(file({ ...made, record_id: "0x12" }))).toEqual({ fault: "shape", at: "record_id" });
  expect(await readReceipt(file({ ...made, more: 1 }))).toEqual({ fault: "shape", at: "more" });
  expect(await readReceipt(file([]))).toMatchObject({ fault: "shape" });
});

test.each<[string, string, (receipt: Receipt) => void]>([
  ["who", "who", (r) => { r.pii_processing.purposes[0]!.pii_controllers[0].party_address = hex("ab", 20); }],
  ["a kind of record", "what", (r) => { r.pii_processing.purposes[0]!.pii_information[0]!.pii_type = "Procedure"; }],
  ["a kind left out", "what", (r) => { r.pii_processing.purposes[0]!.pii_information.pop(); }],
  ["a category", "what", (r) => { r.pii_processing.purposes[0]!.pii_information[1]!.categories = ["laboratory", "imaging"]; }],
  ["what is kept back", "not", (r) => { r.pii_processing.purposes[0]!.excluded = []; }],
  ["the purpose", "why", (r) => { r.pii_processing.purposes[0]!.purpose_code = r.pii_processing.purposes[0]!.purpose_code.replace("TREAT", "HRESCH"); }],
  ["the end", "until", (r) => { r.pii_processing.purposes[0]!.valid_until = null; }],
  ["the beginning", "from", (r) => { r.pii_processing.purposes[0]!.valid_from = "2020-01-01T00:00:00.000Z"; }],
  ["the state", "state", (r) => { r.consent_events[0].state = "refused"; }],
  ["the number of changes", "state", (r) => { r.consent_events[0].version = 9; }],
  ["the transaction", "written", (r) => { r.consent_events[0].transaction = hex("12", 32); }],
  ["the block", "written", (r) => { r.consent_events[0].block_number = 8; }],
  ["the patient", "patient", (r) => { r.pii_principal_id = "Patient/p-2"; }],
  ["the custodian", "custodian", (r) => { r.pii_processing.custodian = "another"; }],
  ["the registry", "registry", (r) => { r.evidence.registry = hex("ac", 20); }],
  ["the key", "key", (r) => { r.evidence.subject = hex("ba", 20); }],
  ["the fingerprint", "fingerprint", (r) => { r.evidence.policy_hash = hex("1f", 32); }],
  ["the document", "document", (r) => { r.evidence.policy.exclude = []; }],
  ["the document's purpose", "document", (r) => { r.evidence.policy.purpose = ["HRESCH"]; }],
  ["the document, so that it is none", "document", (r) => { r.evidence.policy.more = 1; }],
])("%s changed by hand is named, and nothing else", (_, line, change) => {
  expect(lines(tampered(change))).toEqual([line]);
});

test("a receipt made up from end to end does not have the consent's number, even where nobody holds the document", () => {
  const other = buildPolicy({ resources: ["Procedure"], salt: hex("22", 32) });
  const forged = receiptOf({ consent: { ...consent, scopeId: other.hash }, policy: other, organization, identity, deployment, shown: inWords(other), language: "en", madeAt: 1_700_000_100 });
  expect(lines(forged, { policy: undefined })).toEqual(["id"]);
  expect(lines(forged)).toContain("document");
});

test("a document that does not have its fingerprint is found out where nobody holds the right one", () => {
  expect(lines(tampered((r) => { r.evidence.policy.exclude = []; }), { policy: undefined })).toEqual(["fingerprint"]);
});

test("of a consent that the registry does not know, only the receipt itself can be checked", () => {
  const foreign = { consent: undefined, policy: undefined, organization: undefined };
  expect(lines(made, { ...foreign, identity: { patient: "p-9", tenant: "custodian" } })).toEqual([]);
  expect(lines(tampered((r) => { r.pii_processing.purposes[0]!.excluded = []; }), foreign)).toEqual(["not"]);
  expect(lines(tampered((r) => { r.evidence.policy.exclude = []; }), foreign)).toEqual(["not", "fingerprint"]);
  expect(lines(tampered((r) => { r.evidence.subject = hex("ba", 20); }), foreign)).toEqual(["id"]);
  expect(checkReceipt(made, { ...against, ...foreign, deployment: { chainId: 1, registry: hex("ff", 20) } })).toMatchObject({ changed: [], isElsewhere: true });
});

test("what became of the consent afterwards is no change of the receipt", () => {
  expect(checkReceipt(made, { ...against, consent: { ...consent, status: "EXPIRED" } })).toMatchObject({ changed: [], isOlder: false });
  const ended = { ...consent, status: "REVOKED" as const, version: 3, transaction: hex("de", 32), blockNumber: 9 };
  expect(checkReceipt(made, { ...against, consent: ended })).toMatchObject({ changed: [], unsure: [], isOlder: true });
  // All taken back at once: the consent itself has no new event.
  expect(checkReceipt(made, { ...against, consent: { ...consent, status: "REVOKED" } })).toMatchObject({ changed: [], isOlder: false });
});

test("that a receipt calls itself older does not make its times true: they are named as not to be told", () => {
  const older = tampered((r) => { r.consent_events[0].version = 1; r.pii_processing.purposes[0]!.valid_until = null; });
  expect(checkReceipt(older, against)).toMatchObject({ changed: [], unsure: [{ line: "until", said: "–" }], isOlder: true });
});

test("words and names that read otherwise are remarked on, and do not make it false", () => {
  const reworded = tampered((r) => { r.pii_processing.purposes[0]!.pii_information[0]!.description = "Your birthday"; r.pii_processing.purposes[0]!.pii_controllers[0].party_name = "Clinic Z"; });
  const { changed, remarks } = checkReceipt(reworded, against);
  expect(changed).toEqual([]);
  expect(remarks).toEqual([{ line: "words", said: "Your birthday", is: "Health problems" }, { line: "name", said: "Clinic Z", is: "Clinic A" }]);
});

test("a transaction that was not final may have moved to another block", () => {
  const early = tampered((r) => { r.consent_events[0].finality = "latest"; r.consent_events[0].block_number = 6; });
  expect(checkReceipt(early, against)).toMatchObject({ changed: [], remarks: [{ line: "written", said: "6", is: "7" }] });
});
