/** The receipt of a consent as data, in the shape of ISO/IEC TS 27560. Only what services said, and what was shown. */
import type { Consent, Deployment, Policy } from "@consentry/sdk";
import type { Identity } from "@consentry/sdk/browser";
import type { Lines } from "@consentry/ui/policy";
import type { Organization } from "./directory.js";
import type { Receipt } from "./receipt-file.js";

interface Facts {
  consent: Consent;
  policy: Policy;
  organization: Organization | undefined;
  identity: Pick<Identity, "patient" | "tenant">;
  deployment: Pick<Deployment, "chainId" | "registry">;
  /** What the person was shown, in their language. */
  shown: Pick<Lines, "why" | "what">;
  language: string;
  /** Unix seconds. */
  madeAt: number;
}

const iso = (seconds: number) => new Date(seconds * 1000).toISOString();

/** What the life of a consent came to, in the standard's words. */
export const EVENTS: Record<Consent["status"], Receipt["consent_events"][0]["state"]> = {
  REQUESTED: "requested", CONFIRMING: "given", SCHEDULED: "given", ACTIVE: "given", DENIED: "refused", REVOKED: "withdrawn", EXPIRED: "terminated", ABSENT: "invalidated",
};

/** The receipt's JSON. */
export function receiptOf({ consent, policy, organization, identity, deployment, shown, language, madeAt }: Facts): Receipt {
  return {
    schema_version: "ISO/IEC TS 27560:2023",
    record_id: consent.id,
    receipt_made_at: iso(madeAt),
    pii_principal_id: identity.patient === undefined ? consent.subject : `Patient/${identity.patient}`,
    language,
    pii_processing: {
      purposes: policy.document.purpose.map((code, at) => ({
        purpose: shown.why[at] ?? code,
        purpose_code: `http://terminology.hl7.org/CodeSystem/v3-ActReason|${code}`,
        lawful_basis: "consent",
        pii_information: policy.document.resources.map(({ type, category }, index) => ({
          pii_type: type, ...(category !== undefined && { categories: [...category] }), description: shown.what[index] ?? type,
        })),
        excluded: [...policy.document.exclude],
        pii_controllers: [{ party_name: organization?.name ?? null, party_id: organization?.id ?? null, party_address: consent.grantee }],
        processing_methods: [...policy.document.actions],
        record_period: policy.document.period,
        valid_from: iso(consent.validFrom),
        valid_until: consent.validTo === null ? null : iso(consent.validTo),
      })),
      custodian: identity.tenant,
    },
    consent_events: [{ state: EVENTS[consent.status], version: consent.version, transaction: consent.transaction, block_number: consent.blockNumber, block_hash: consent.blockHash, finality: consent.finality }],
    evidence: { chain_id: deployment.chainId, registry: deployment.registry, subject: consent.subject, policy_hash: policy.hash, policy: { ...policy.document } },
  };
}

/** Hands the receipt to the person as a file. It goes nowhere else. */
export function download(receipt: Receipt, name: string): void {
  const url = URL.createObjectURL(new Blob([JSON.stringify(receipt, null, 2)], { type: "application/json" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}
