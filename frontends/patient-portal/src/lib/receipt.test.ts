import type { Consent } from "@consentry/sdk";
import { buildPolicy } from "@consentry/sdk/policy";
import { expect, test } from "vitest";
import { explain } from "./explain.js";
import { receiptOf } from "./receipt.js";

const hex = (byte: string, length: number): `0x${string}` => `0x${byte.repeat(length)}`;
const policy = buildPolicy({ resources: ["Observation"], salt: hex("11", 32) });
const consent: Consent = {
  id: hex("aa", 32), subject: hex("bb", 20), grantee: hex("cc", 20), scopeId: policy.hash, status: "ACTIVE", validFrom: 1_700_000_000, validTo: null,
  respondBy: null, version: 2, subjectEpoch: 0, finality: "latest", transaction: hex("dd", 32), blockNumber: 7, blockHash: hex("ee", 32), revision: 3,
};
const facts = {
  consent, policy, organization: undefined, identity: { patient: "p-1", tenant: "custodian" }, deployment: { chainId: 31337, registry: hex("ff", 20) },
  shown: explain(policy.document, (descriptor) => descriptor.message ?? ""), language: "en", madeAt: 1_700_000_100,
};

test("a receipt keeps what was shown, what was signed and where it stands", () => {
  expect(receiptOf(facts)).toMatchObject({
    record_id: consent.id, pii_principal_id: "Patient/p-1", receipt_made_at: "2023-11-14T22:15:00.000Z",
    pii_processing: { purposes: [{ purpose: "To treat you", valid_until: null, pii_information: [{ pii_type: "Observation", description: "Measurements and test results" }] }] },
    consent_events: [{ state: "given", transaction: consent.transaction, block_number: 7 }],
    evidence: { policy_hash: policy.hash, policy: { salt: hex("11", 32) } },
  });
});

test("who could not be named is not made up", () => {
  expect(receiptOf(facts)).toMatchObject({ pii_processing: { purposes: [{ pii_controllers: [{ party_name: null, party_address: consent.grantee }] }] } });
});
