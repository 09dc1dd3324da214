import { buildPolicy, covers } from "@consentry/sdk/policy";
import { expect, test } from "vitest";
import { narrowed } from "./narrowed.js";

test("approving less never shares what was not asked for", () => {
  const asked = buildPolicy({ resources: ["Observation", "Condition"], purpose: ["TREAT"], exclude: ["HIV", "PSY"] });
  const less = buildPolicy(narrowed(asked.document, { types: ["Observation", "Procedure"], sensitive: ["HIV", "SUD"] }));
  expect(less.document.resources).toEqual([{ type: "Observation" }]);
  expect(less.document.exclude).toEqual(["GDIS", "HIV", "PSY", "SEX"]);
  expect(covers(asked, less)).toBe(true);
});
