import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { buildPolicy } from "@consentry/sdk/policy";
import { describe, expect, test } from "vitest";
import { calendarDay, DURATIONS, policyInput, PRESETS, RECORD_TYPES, SENSITIVE, windowOf } from "./presets.js";

const TODAY = "2026-03-21";
const of = (answers: Partial<Parameters<typeof policyInput>[0]>) => buildPolicy(policyInput({ preset: "everything", purpose: "TREAT", sensitive: [], ...answers }, TODAY)).document;

/** The types that the gateway has a row for; it releases no other. */
function released(): string[] {
  const table = readFileSync(resolve(dirname(fileURLToPath(import.meta.url)), "../../../../crates/consent-core/src/resource.rs"), "utf8");
  return [...table.matchAll(/TypeRow \{\s+name: "(\w+)"/g)].map((match) => match[1] ?? "");
}

describe("presets", () => {
  test("name what the gateway releases and nothing else, so that nobody says yes to what cannot be read", () => {
    expect([...RECORD_TYPES].sort()).toEqual(released());
    for (const preset of PRESETS) expect(released()).toEqual(expect.arrayContaining(of({ preset }).resources.map(({ type }) => type)));
    // Letters may hold anything, in any words: the gateway cannot tell what private topic they touch.
    expect(of({ preset: "everything" }).resources.map(({ type }) => type)).not.toContain("DocumentReference");
  });

  test("say whose records they are", () => {
    for (const preset of PRESETS) expect(of({ preset }).resources).toContainEqual({ type: "Patient" });
  });

  test("keep back every sensitive kind, whatever else is picked", () => {
    for (const preset of PRESETS) expect(of({ preset }).exclude).toEqual(["GDIS", "HIV", "PSY", "SEX", "SUD"]);
  });

  test("a sensitive kind is named by itself, and no other with it", () => {
    for (const each of SENSITIVE) expect(of({ sensitive: [each] }).exclude).toEqual(["GDIS", "HIV", "PSY", "SEX", "SUD"].filter((other) => other !== each));
  });

  test("a visit holds nothing that is older than its day", () => {
    expect(of({ preset: "visit" }).period).toEqual({ start: TODAY, end: null });
    for (const preset of PRESETS.filter((each) => each !== "visit")) expect(of({ preset }).period).toEqual({ start: null, end: null });
  });

  test("laboratory and medicines hold no measurements but those of a laboratory", () => {
    for (const preset of ["laboratory", "medicines"] as const) {
      expect(of({ preset }).resources.filter(({ type }) => type === "Observation")).toEqual([{ type: "Observation", category: ["laboratory"] }]);
    }
  });

  test("only the purpose that was picked is in the document", () => {
    expect(of({ purpose: "HRESCH" }).purpose).toEqual(["HRESCH"]);
  });
});

test("durations are days, and none until it is ended", () => {
  expect(DURATIONS.map((each) => windowOf(each).days)).toEqual([1, 7, 30, 90, 365, undefined]);
});

test("a calendar day is that of the clock on the wall", () => {
  expect(calendarDay(new Date(2026, 2, 5, 23, 59))).toBe("2026-03-05");
});
