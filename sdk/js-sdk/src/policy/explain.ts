/** A policy in plain words, for the person who is to agree to it. */
import { ACTIONS, PURPOSES, SENSITIVITIES, type ResourceScope, type Sensitivity } from "./codes.js";
import type { Policy } from "./policy.js";

const NAMES: Record<string, string> = {
  AllergyIntolerance: "allergies",
  Condition: "diagnoses and problems",
  DiagnosticReport: "test reports",
  DocumentReference: "documents",
  Encounter: "visits",
  Immunization: "vaccinations",
  MedicationRequest: "prescriptions",
  Observation: "measurements and test results",
  Patient: "name, address and date of birth",
  Procedure: "procedures",
};

/** One line each: what is shared, what is not, why, how, and from when. */
export interface Explanation {
  readonly what: string;
  readonly notWhat: string;
  readonly why: string;
  readonly how: string;
  readonly when: string;
}

/** Explains a policy in plain English. */
export function explainPolicy({ document }: Policy): Explanation {
  const kept = Object.keys(SENSITIVITIES).filter((code) => document.exclude.includes(code as Sensitivity));
  const open = Object.keys(SENSITIVITIES).filter((code) => !document.exclude.includes(code as Sensitivity));
  const words = (codes: string[]) => list(codes.map((code) => SENSITIVITIES[code as Sensitivity]));
  const notWhat = [
    kept.length > 0 ? `Not shared: anything about ${words(kept)}.` : "Nothing is kept back.",
    open.length > 0 && kept.length > 0 ? `Not kept back: ${words(open)}.` : "",
  ];
  const { start, end } = document.period;
  const days =
    start !== null && end !== null ? (start === end ? `Only records of ${start}.` : `Only records from ${start} to ${end}, both days included.`)
    : start !== null ? `Only records from ${start} on.`
    : end !== null ? `Only records up to ${end}, that day included.`
    : "Records of any date, future ones too.";
  return {
    what: `Shared: ${list(document.resources.map(named))}.`,
    notWhat: notWhat.filter(Boolean).join(" "),
    why: `Why: ${list(document.purpose.map((code) => PURPOSES[code]))}.`,
    how: `They may ${list(document.actions.map((code) => ACTIONS[code]))}.`,
    when: days,
  };
}

function named(scope: ResourceScope): string {
  const name = NAMES[scope.type] ?? `${scope.type} records`;
  return scope.category === undefined ? name : `${name} of the kinds ${list([...scope.category])}`;
}

function list(items: string[]): string {
  if (items.length < 2) return items.join("");
  return `${items.slice(0, -1).join(", ")} and ${items.at(-1)}`;
}
