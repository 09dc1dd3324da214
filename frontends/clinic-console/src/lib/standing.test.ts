import { expect, test } from "vitest";
import { LONGEST_UNSURE, standingOf } from "./standing.js";

const open = { status: "ACTIVE", validFrom: 100, validTo: 1_000 } as const;

test("records are shown while the consent is active, within its window, and was looked at a moment ago", () => {
  expect(standingOf(open, 500, 500)).toBe("open");
  expect(standingOf({ ...open, validTo: null }, 500, 500)).toBe("open");
});

test("the end by the clock needs no new look", () => {
  expect(standingOf(open, 999, 999)).toBe("open");
  expect(standingOf(open, 999, 1_000)).toBe("over");
  expect(standingOf(open, 99, 99)).toBe("over");
});

test("nothing but an active consent shows records", () => {
  for (const status of ["REQUESTED", "CONFIRMING", "SCHEDULED", "DENIED", "EXPIRED", "REVOKED", "ABSENT"] as const) expect(standingOf({ ...open, status }, 500, 500)).toBe("over");
});

test("what could not be looked at for too long is covered; what is over stays over", () => {
  expect(standingOf(open, 500, 500 + LONGEST_UNSURE)).toBe("open");
  expect(standingOf(open, 500, 501 + LONGEST_UNSURE)).toBe("unsure");
  expect(standingOf({ ...open, status: "REVOKED" }, 500, 900)).toBe("over");
});
