import { expect, test } from "vitest";
import { matches, NO_FILTER } from "./accesses.js";
import type { Access } from "./api.js";

const access = { result: "deny", requester: "Clinic-A", actor: "clinic-a-backend", ts: "2026-03-01T23:30:00-02:00" } as Access;

test("nothing chosen shows all; each filter takes away", () => {
  expect(matches(access, NO_FILTER)).toBe(true);
  expect(matches(access, { ...NO_FILTER, result: "permit" })).toBe(false);
  expect(matches(access, { ...NO_FILTER, who: " clinic-a " })).toBe(true);
  expect(matches(access, { ...NO_FILTER, who: "clinic-b" })).toBe(false);
});

test("a day is one of UTC, and the last day is included", () => {
  expect(matches(access, { ...NO_FILTER, from: "2026-03-02", to: "2026-03-02" })).toBe(true);
  expect(matches(access, { ...NO_FILTER, to: "2026-03-01" })).toBe(false);
});
