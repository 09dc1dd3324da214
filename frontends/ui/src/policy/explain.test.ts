import { buildPolicy } from "@consentry/sdk/policy";
import { expect, test } from "vitest";
import { DURATION_LABELS } from "./choices.js";
import { explain, nameOf, type Say } from "./explain.js";
import { DURATIONS } from "./presets.js";
import { PURPOSES, TYPES } from "./words.js";

const say: Say = (descriptor) => descriptor.message ?? "";
const { document } = buildPolicy({ resources: [{ type: "Observation", category: ["laboratory"] }, "Condition", "Basic"], exclude: ["HIV", "PSY"], purpose: ["TREAT"] });

test("every line of a document is in the words, and what is kept back is named", () => {
  const lines = explain(document, "patient", say);
  expect(lines.what).toEqual(["Basic", "Health problems", "Measurements and test results (lab tests)"]);
  expect(lines.notWhat).toEqual(["Mental health", "HIV"]);
  expect(lines.sensitiveShared).toEqual(["Sexual health", "Alcohol and drugs", "Genes and inherited illness"]);
});

test("patient and clinician read the same lines; only whom the purpose is about is told differently", () => {
  const [patient, clinician] = [explain(document, "patient", say), explain(document, "clinician", say)];
  expect(patient.why).toEqual(["To treat you"]);
  expect(clinician).toEqual({ ...patient, why: ["To treat the patient"] });
});

test("what reads the same is one word for both, so that it is translated once", () => {
  for (const code of ["HRESCH", "HOPERAT", "BTG"] as const) expect(PURPOSES.patient[code]).toBe(PURPOSES.clinician[code]);
  for (const each of DURATIONS.filter((duration) => duration !== "open")) expect(DURATION_LABELS.patient[each]).toBe(DURATION_LABELS.clinician[each]);
});

test("a code without words is shown as it is, also one that every object has", () => {
  expect(nameOf(TYPES, "Basic", say)).toBe("Basic");
  expect(nameOf(TYPES, "constructor", say)).toBe("constructor");
});
