import { buildPolicy, covers } from "@consentry/sdk/policy";
import { describe, expect, test } from "vitest";
import { calendarDay, DURATIONS, narrowed, policyInput, PRESETS, SENSITIVE, windowOf } from "./presets.js";

const TODAY = "2026-03-21";
const of = (answers: Partial<Parameters<typeof policyInput>[0]>) => buildPolicy(policyInput({ preset: "everything", purpose: "TREAT", sensitive: [], ...answers }, TODAY)).document;

describe("presets", () => {
  test("keep back every sensitive kind, whatever else is picked", () => {
    for (const preset of PRESETS) expect(of({ preset }).exclude).toEqual(["GDIS", "HIV", "PSY", "SEX", "SUD"]);
  });

  test("a yes opens its own kind and no other", () => {
    for (const yes of SENSITIVE) expect(of({ sensitive: [yes] }).exclude).toEqual(["GDIS", "HIV", "PSY", "SEX", "SUD"].filter((each) => each !== yes));
  });

  test("a visit shares nothing that is older than its day", () => {
    expect(of({ preset: "visit" }).period).toEqual({ start: TODAY, end: null });
    expect(of({ preset: "everything" }).period).toEqual({ start: null, end: null });
  });

  test("medicines and tests hold no measurements but those of a laboratory", () => {
    expect(of({ preset: "medicines" }).resources).toContainEqual({ type: "Observation", category: ["laboratory"] });
  });

  test("only the purpose that was picked is in the document", () => {
    expect(of({ purpose: "HRESCH" }).purpose).toEqual(["HRESCH"]);
  });
});

test("durations are days, and none until it is ended", () => {
  expect(DURATIONS.map((each) => windowOf(each).days)).toEqual([1, 7, 30, 90, 365, undefined]);
});

test("a calendar day is that of the person's clock", () => {
  expect(calendarDay(new Date(2026, 2, 5, 23, 59))).toBe("2026-03-05");
});

test("approving less never shares what was not asked for", () => {
  const asked = buildPolicy({ resources: ["Observation", "Condition"], purpose: ["TREAT"], exclude: ["HIV", "PSY"] });
  const less = buildPolicy(narrowed(asked.document, { types: ["Observation", "Procedure"], sensitive: ["HIV", "SUD"] }));
  expect(less.document.resources).toEqual([{ type: "Observation" }]);
  expect(less.document.exclude).toEqual(["GDIS", "HIV", "PSY", "SEX"]);
  expect(covers(asked, less)).toBe(true);
});
