import { beforeEach, expect, test } from "vitest";
import { preferredLocale } from "./locales.js";

beforeEach(() => localStorage.clear());

test("the browser's first language that is there is taken, Dari under either of its codes", () => {
  expect(preferredLocale(["de", "prs-AF", "en"])).toBe("fa-AF");
  expect(preferredLocale(["fa"])).toBe("fa-AF");
  expect(preferredLocale(["ps-AF"])).toBe("ps");
  expect(preferredLocale(["de"])).toBe("en");
});

test("a language chosen before goes first, and nothing else is taken for one", () => {
  localStorage.setItem("consentry.language", "ps");
  expect(preferredLocale(["en"])).toBe("ps");
  localStorage.setItem("consentry.language", "constructor");
  expect(preferredLocale(["en"])).toBe("en");
});
