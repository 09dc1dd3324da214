import type { Say } from "@consentry/ui/policy";
import { expect, test } from "vitest";
import { refusal } from "./explain.js";

const say: Say = (descriptor) => descriptor.message ?? "";

test("a refusal says why in the patient's own terms, and an unknown rule says no more than that there was no yes", () => {
  expect(refusal({ rule: "consent-revoked" }, say)).toBe("You had ended it.");
  expect(refusal({ rule: "undecided" }, say)).toBe("It could not be checked, so nothing was given out.");
  expect(refusal({ rule: "brand-new-rule" }, say)).toBe("You had not said yes.");
});
