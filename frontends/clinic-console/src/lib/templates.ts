/** What a clinic can ask for with one choice, and the policy document that it makes. */
import type { PolicyInput, Purpose, ResourceScope, Sensitivity } from "@consentry/sdk";

/** Ready-made answers to "what do you need?". */
export const TEMPLATES = ["visit", "medicines", "laboratory", "everything"] as const;
export type Template = (typeof TEMPLATES)[number];
/** How long, in days; `open` until the patient ends it. */
export const DURATIONS = ["1", "7", "30", "90", "365", "open"] as const;
export type Duration = (typeof DURATIONS)[number];
/** Purposes that a clinic can ask for. Emergencies have rules of their own. */
export const PURPOSES_OFFERED: readonly Purpose[] = ["TREAT", "HPAYMT", "HRESCH"];
export const SENSITIVE: readonly Sensitivity[] = ["PSY", "HIV", "SEX", "SUD", "GDIS"];

/** Types that the gateway releases, in the order in which they are shown. */
export const RECORD_TYPES = ["Observation", "DiagnosticReport", "Condition", "MedicationRequest", "AllergyIntolerance", "Immunization", "Encounter", "Procedure", "Patient"] as const;
export type RecordType = (typeof RECORD_TYPES)[number];

const RESOURCES: Readonly<Record<Template, readonly (RecordType | ResourceScope)[]>> = {
  visit: ["AllergyIntolerance", "Condition", "DiagnosticReport", "Encounter", "MedicationRequest", "Observation", "Patient", "Procedure"],
  medicines: ["AllergyIntolerance", "DiagnosticReport", "MedicationRequest", "Patient", { type: "Observation", category: ["laboratory"] }],
  laboratory: ["DiagnosticReport", "Patient", { type: "Observation", category: ["laboratory"] }],
  everything: RECORD_TYPES,
};

/** What the clinician chose. */
export interface Ask {
  readonly template: Template;
  readonly purpose: Purpose;
  readonly duration: Duration;
  /** Sensitive kinds that are asked for by name. */
  readonly sensitive: readonly Sensitivity[];
}

/** The document of a choice. `today` is the calendar day on which a visit begins. */
export function policyInput({ template, purpose, sensitive }: Omit<Ask, "duration">, today: string): PolicyInput {
  return {
    purpose: [purpose],
    actions: ["read", "search"],
    resources: RESOURCES[template],
    // Kept back unless asked for one by one.
    exclude: SENSITIVE.filter((each) => !sensitive.includes(each)),
    // A visit's records are those from its day on.
    period: { start: template === "visit" ? today : null, end: null },
  };
}

/** The window of a choice. */
export function windowOf(duration: Duration): { days?: number } {
  return duration === "open" ? {} : { days: Number(duration) };
}

/** A calendar day as documents write it. */
export function calendarDay(at: Date): string {
  return [at.getFullYear(), String(at.getMonth() + 1).padStart(2, "0"), String(at.getDate()).padStart(2, "0")].join("-");
}
