import type { components } from "../generated/consent-indexer.js";
import type { Address, Hex } from "../hex.js";
import type { Finality } from "./deployment.js";

type Row = components["schemas"]["ConsentRow"];

/** The status of a consent, as people are shown it. */
export type ConsentStatus = components["schemas"]["Status"];

/** Which consent: one subject, one grantee, one policy. */
export interface ConsentKey {
  /** The address that stands for the patient. */
  readonly subject: Address;
  /** The organisation's address. */
  readonly grantee: Address;
  /** The hash of the policy document. */
  readonly scopeId: Hex;
}

/** One consent as the indexer knows it. Times are Unix seconds; the window is `[validFrom, validTo)`. */
export interface Consent extends ConsentKey {
  readonly id: Hex;
  readonly status: ConsentStatus;
  readonly validFrom: number;
  /** Null until revoked. */
  readonly validTo: number | null;
  /** When an unanswered request lapses. */
  readonly respondBy: number | null;
  /** Counts changes. */
  readonly version: number;
  readonly subjectEpoch: number;
  readonly finality: Finality;
  readonly transaction: Hex;
  readonly blockNumber: number;
  readonly blockHash: Hex;
  readonly revision: number;
}

export function consentOf(row: Row): Consent {
  return {
    id: row.consentId as Hex, subject: row.patientId as Address, grantee: row.granteeId as Address, scopeId: row.scopeId as Hex,
    status: row.status, validFrom: row.validFrom, validTo: row.validTo ?? null, respondBy: row.respondBy ?? null,
    version: row.version, subjectEpoch: row.subjectEpoch, finality: row.finality, transaction: row.txHash as Hex,
    blockNumber: row.blockNo, blockHash: row.blockHash as Hex, revision: row.rev,
  };
}
