import { buildPolicy } from "@consentry/sdk/policy";
import { describe, expect, test } from "vitest";
import { calendarDay, DURATIONS, policyInput, SENSITIVE, TEMPLATES, windowOf } from "./templates.js";

const TODAY = "2026-03-21";
const of = (ask: Partial<Parameters<typeof policyInput>[0]>) => buildPolicy(policyInput({ template: "everything", purpose: "TREAT", sensitive: [], ...ask }, TODAY)).document;

describe("templates", () => {
  test("ask for no sensitive kind by themselves", () => {
    for (const template of TEMPLATES) expect(of({ template }).exclude).toEqual(["GDIS", "HIV", "PSY", "SEX", "SUD"]);
  });

  test("a sensitive kind is asked for by name, and no other with it", () => {
    for (const each of SENSITIVE) expect(of({ sensitive: [each] }).exclude).toEqual(["GDIS", "HIV", "PSY", "SEX", "SUD"].filter((other) => other !== each));
  });

  test("a visit asks for nothing that is older than its day", () => {
    expect(of({ template: "visit" }).period).toEqual({ start: TODAY, end: null });
    for (const template of TEMPLATES.filter((each) => each !== "visit")) expect(of({ template }).period.start).toBeNull();
  });

  test("laboratory and medicines ask for no measurements but those of a laboratory", () => {
    for (const template of ["laboratory", "medicines"] as const) expect(of({ template }).resources).toContainEqual({ type: "Observation", category: ["laboratory"] });
  });

  test("the purpose is the one that was chosen", () => {
    expect(of({ purpose: "HRESCH" }).purpose).toEqual(["HRESCH"]);
  });
});

test("durations are days, and none until it is ended", () => {
  expect(DURATIONS.map((each) => windowOf(each).days)).toEqual([1, 7, 30, 90, 365, undefined]);
});

test("a calendar day is that of the clock on the wall", () => {
  expect(calendarDay(new Date(2026, 2, 5, 23, 59))).toBe("2026-03-05");
});
