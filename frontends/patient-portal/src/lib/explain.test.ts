import { buildPolicy } from "@consentry/sdk/policy";
import { expect, test } from "vitest";
import { explain, refusal, type Say } from "./explain.js";

const say: Say = (descriptor) => descriptor.message ?? "";

test("every line of a document is in the words, and what is kept back is named", () => {
  const { document } = buildPolicy({ resources: [{ type: "Observation", category: ["laboratory"] }, "Condition", "Basic"], exclude: ["HIV", "PSY"], purpose: ["TREAT"] });
  const lines = explain(document, say);
  expect(lines.what).toEqual(["Basic", "Health problems", "Measurements and test results (lab tests)"]);
  expect(lines.notWhat).toEqual(["Mental health", "HIV"]);
  expect(lines.sensitiveShared).toEqual(["Sexual health", "Alcohol and drugs", "Genes and inherited illness"]);
  expect(lines.why).toEqual(["To treat you"]);
});

test("a refusal says why in the patient's own terms, and an unknown rule says no more than that there was no yes", () => {
  expect(refusal({ rule: "consent-revoked" }, say)).toBe("You had ended it.");
  expect(refusal({ rule: "undecided" }, say)).toBe("It could not be checked, so nothing was given out.");
  expect(refusal({ rule: "brand-new-rule" }, say)).toBe("You had not said yes.");
});
