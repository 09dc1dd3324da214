/** The codes of policy documents, version 1, with the words they are explained in. */

/** Purposes of use (HL7 v3 ActReason). */
export const PURPOSES = {
  BTG: "in an emergency, by breaking the glass",
  HOPERAT: "to run the organisation",
  HPAYMT: "for payment",
  HRESCH: "for research",
  PATRQT: "because you asked for it",
  TREAT: "to treat you",
} as const;

/** What may be done with a record. */
export const ACTIONS = { read: "read single records", search: "search for records" } as const;

/** Sensitivities that can be kept back (HL7 v3 ActCode). */
export const SENSITIVITIES = {
  GDIS: "genetics",
  HIV: "HIV and AIDS",
  PSY: "mental health",
  SEX: "sexual and reproductive health",
  SUD: "substance use",
} as const;

/** Purpose of use. */
export type Purpose = keyof typeof PURPOSES;
/** What may be done. */
export type Action = keyof typeof ACTIONS;
/** A sensitivity. */
export type Sensitivity = keyof typeof SENSITIVITIES;

/** A shared FHIR resource type, narrowed to categories if any are named. */
export interface ResourceScope {
  readonly type: string;
  readonly category?: readonly string[];
}

/** Calendar days, both ends included; null is unbounded. */
export interface Period {
  readonly start: string | null;
  readonly end: string | null;
}

/** What a policy shares, without its salt. */
export interface Terms {
  readonly purpose: readonly Purpose[];
  readonly actions: readonly Action[];
  readonly resources: readonly ResourceScope[];
  readonly exclude: readonly Sensitivity[];
  readonly period: Period;
}

/** The document as it is hashed. */
export interface PolicyDocument extends Terms {
  readonly v: 1;
  readonly salt: `0x${string}`;
}
