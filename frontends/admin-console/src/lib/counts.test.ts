import { expect, test } from "vitest";
import type { Count } from "./api.js";
import { daysBetween, perDay, reconcile, topOfScale } from "./counts.js";

const count = (date: string, action: Count["action"], result: Count["result"], n: number): Count => ({ date, action, result, count: n });

test("every day of the span is there, also over the end of a month and where nothing happened", () => {
  const days = daysBetween("2026-02-27", "2026-03-01");
  expect(days).toEqual(["2026-02-27", "2026-02-28", "2026-03-01"]);
  const perDays = perDay([count("2026-02-28", "read", "permit", 3), count("2026-02-28", "search", "permit", 2), count("2026-02-28", "read", "deny", 1)], days);
  expect(perDays[1]).toEqual({ date: "2026-02-28", permit: 5, deny: 1, indeterminate: 0, total: 6 });
  expect(perDays[0]).toMatchObject({ total: 0 });
});

test("journal and archive are compared by kind: equal sums do not hide two differences", () => {
  const journal = [count("2026-03-01", "read", "permit", 4), count("2026-03-01", "read", "deny", 1)];
  const archive = [count("2026-03-01", "read", "permit", 3), count("2026-03-01", "read", "deny", 2)];
  const [day] = reconcile(journal, archive, ["2026-03-01"], "2026-03-02");
  expect(day).toMatchObject({ journal: 5, archive: 5, isOpen: false });
  expect(day?.differences).toEqual([{ action: "read", result: "permit", journal: 4, archive: 3 }, { action: "read", result: "deny", journal: 1, archive: 2 }]);
});

test("what is in one of them only is a difference, and the running day is marked", () => {
  const days = ["2026-03-01", "2026-03-02"];
  const [first, second] = reconcile([count("2026-03-02", "search", "deny", 2)], [count("2026-03-01", "read", "permit", 1)], days, "2026-03-02");
  expect(first).toMatchObject({ journal: 0, archive: 1, isOpen: false, differences: [{ journal: 0, archive: 1 }] });
  expect(second).toMatchObject({ journal: 2, archive: 0, isOpen: true, differences: [{ action: "search", journal: 2, archive: 0 }] });
});

test("the scale ends at a round number", () => {
  expect([0, 3, 5, 11, 37, 99, 100, 401].map(topOfScale)).toEqual([4, 4, 5, 20, 40, 100, 100, 500]);
});
