/** What a person can pick, and the policy document that it makes. */
import type { PolicyInput, Purpose, ResourceScope, Sensitivity } from "@consentry/sdk";

/** Ready-made answers to "what may they see?". */
export type Preset = "visit" | "medicines" | "everything";
/** How long a consent lasts, in days; `open` until it is ended. */
export type Duration = "1" | "7" | "30" | "90" | "365" | "open";

export const PRESETS: readonly Preset[] = ["visit", "medicines", "everything"];
export const DURATIONS: readonly Duration[] = ["1", "7", "30", "90", "365", "open"];
/** Purposes that a person can choose. Emergencies have their own rules, and running the house is not asked here. */
export const OFFERED: readonly Purpose[] = ["TREAT", "HPAYMT", "HRESCH"];
export const SENSITIVE: readonly Sensitivity[] = ["PSY", "HIV", "SEX", "SUD", "GDIS"];

const EVERYTHING: readonly (string | ResourceScope)[] = [
  "AllergyIntolerance", "Condition", "DiagnosticReport", "DocumentReference", "Encounter", "Immunization",
  "MedicationRequest", "Observation", "Patient", "Procedure",
];
const VISIT: readonly (string | ResourceScope)[] = [
  "AllergyIntolerance", "Condition", "DiagnosticReport", "Encounter", "MedicationRequest", "Observation", "Procedure",
];
const MEDICINES: readonly (string | ResourceScope)[] = [
  "AllergyIntolerance", "DiagnosticReport", "MedicationRequest", { type: "Observation", category: ["laboratory"] },
];

/** A person's answers. */
export interface Answers {
  readonly preset: Preset;
  readonly purpose: Purpose;
  /** Sensitive kinds that got a yes of their own. */
  readonly sensitive: readonly Sensitivity[];
}

/** The document of the answers. `today` is the calendar day on which a visit begins. */
export function policyInput({ preset, purpose, sensitive }: Answers, today: string): PolicyInput {
  return {
    purpose: [purpose],
    actions: ["read", "search"],
    resources: preset === "visit" ? VISIT : preset === "medicines" ? MEDICINES : EVERYTHING,
    // Off unless said otherwise, one by one.
    exclude: SENSITIVE.filter((each) => !sensitive.includes(each)),
    // A visit shares what is written down from its day on; nothing older.
    period: { start: preset === "visit" ? today : null, end: null },
  };
}

/** The window of an answer. */
export function windowOf(duration: Duration): { days?: number } {
  return duration === "open" ? {} : { days: Number(duration) };
}

/** A calendar day as documents write it. */
export function calendarDay(at: Date): string {
  return [at.getFullYear(), String(at.getMonth() + 1).padStart(2, "0"), String(at.getDate()).padStart(2, "0")].join("-");
}

/** What a clinic asked for, less what the person leaves out. */
export function narrowed(asked: { purpose: readonly Purpose[]; actions: PolicyInput["actions"]; resources: readonly ResourceScope[]; exclude: readonly Sensitivity[]; period: PolicyInput["period"] }, keep: { types: readonly string[]; sensitive: readonly Sensitivity[] }): PolicyInput {
  return {
    purpose: asked.purpose,
    actions: asked.actions,
    resources: asked.resources.filter((each) => keep.types.includes(each.type)),
    exclude: SENSITIVE.filter((each) => asked.exclude.includes(each) || !keep.sensitive.includes(each)),
    period: asked.period,
  };
}
