/** What can be picked with one choice, and the policy document that it makes: one rule for those who ask and those who decide. */
import type { PolicyInput, Purpose, ResourceScope, Sensitivity } from "@consentry/sdk";

/** Ready-made answers to "what may be seen?". */
export const PRESETS = ["visit", "medicines", "laboratory", "everything"] as const;
export type Preset = (typeof PRESETS)[number];
/** How long, in days; `open` until the patient ends it. */
export const DURATIONS = ["1", "7", "30", "90", "365", "open"] as const;
export type Duration = (typeof DURATIONS)[number];
/** Purposes that can be chosen. Emergencies have rules of their own, and running the house is not asked here. */
export const PURPOSES_OFFERED: readonly Purpose[] = ["TREAT", "HPAYMT", "HRESCH"];
export const SENSITIVE: readonly Sensitivity[] = ["PSY", "HIV", "SEX", "SUD", "GDIS"];

/** Types that the gateway releases, in the order in which they are shown. A consent must not promise what no one can get. */
export const RECORD_TYPES = ["Observation", "DiagnosticReport", "Condition", "MedicationRequest", "AllergyIntolerance", "Immunization", "Encounter", "Procedure", "Patient"] as const;
export type RecordType = (typeof RECORD_TYPES)[number];

const LABORATORY: ResourceScope = { type: "Observation", category: ["laboratory"] };

/** `Patient` is in each: who reads a record has to see whose it is. */
const RESOURCES: Readonly<Record<Preset, readonly (RecordType | ResourceScope)[]>> = {
  visit: ["AllergyIntolerance", "Condition", "DiagnosticReport", "Encounter", "MedicationRequest", "Observation", "Patient", "Procedure"],
  medicines: ["AllergyIntolerance", "DiagnosticReport", "MedicationRequest", "Patient", LABORATORY],
  laboratory: ["DiagnosticReport", "Patient", LABORATORY],
  everything: RECORD_TYPES,
};

/** What was picked. */
export interface Answers {
  readonly preset: Preset;
  readonly purpose: Purpose;
  /** Sensitive kinds that were named one by one. */
  readonly sensitive: readonly Sensitivity[];
}

/** The document of what was picked. `today` is the calendar day on which a visit begins. */
export function policyInput({ preset, purpose, sensitive }: Answers, today: string): PolicyInput {
  return {
    purpose: [purpose],
    actions: ["read", "search"],
    resources: RESOURCES[preset],
    // Kept back unless named one by one.
    exclude: SENSITIVE.filter((each) => !sensitive.includes(each)),
    // A visit's records are those from its day on; nothing older.
    period: { start: preset === "visit" ? today : null, end: null },
  };
}

/** The window of a duration. */
export function windowOf(duration: Duration): { days?: number } {
  return duration === "open" ? {} : { days: Number(duration) };
}

/** A calendar day as documents write it. */
export function calendarDay(at: Date): string {
  return [at.getFullYear(), String(at.getMonth() + 1).padStart(2, "0"), String(at.getDate()).padStart(2, "0")].join("-");
}
