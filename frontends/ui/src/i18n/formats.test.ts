import { describe, expect, test } from "vitest";
import { formatsOf } from "./formats.js";

const NEW_YEAR_1405 = Date.UTC(2026, 2, 21, 12) / 1000;

describe("dates", () => {
  test("Dari and Pashto readers see the Solar Hijri calendar with the months' names of Afghanistan", () => {
    expect(formatsOf("fa-AF").date(NEW_YEAR_1405)).toMatch(/۱۴۰۵/);
    expect(formatsOf("fa-AF").date(NEW_YEAR_1405)).toMatch(/حمل/);
    expect(formatsOf("ps").date(NEW_YEAR_1405)).toBe("۱ وری ۱۴۰۵");
    expect(formatsOf("en").date(NEW_YEAR_1405)).toBe("21 March 2026");
  });

  test("a day of UTC stays that day wherever it is read", () => {
    expect(formatsOf("en").shortDay("2026-03-21")).toBe("21 Mar");
    expect(formatsOf("fa-AF").shortDay("2026-03-21")).toMatch(/حمل/);
  });

  test("spans of time are named by their largest unit", () => {
    expect(formatsOf("en").span(90)).toBe("1 minute");
    expect(formatsOf("en").span(2 * 86_400 + 5)).toBe("2 days");
    expect(formatsOf("en").relative(1_000, 1_000_000 + 86_400_000)).toBe("yesterday");
  });
});

test("a measured value loses no digit", () => {
  expect(formatsOf("en").exact(0.00025)).toBe("0.00025");
  expect(formatsOf("en").exact(150000.5)).toBe("150000.5");
  expect(formatsOf("fa-AF").exact(4.25)).toBe("۴٫۲۵");
});

test("Pashto says its own words where browsers have none", () => {
  const { span, relative, list, shortDay, number } = formatsOf("ps");
  expect(span(2 * 86_400)).toBe("۲ ورځې");
  expect(relative(1_000, 1_000_000 + 3_600_000)).toBe("۱ ساعت مخکې");
  expect(list(["الف", "ب", "ج"])).toBe("الف، ب او ج");
  expect(shortDay("2026-03-21")).toBe("۱ وری");
  expect(number(7)).toBe("۷");
});
