import { formatsOf } from "@consentry/ui";
import { expect, test } from "vitest";
import { fhirDate } from "./values.js";

test("a date is shown as precisely as it was written, and no day is made up", () => {
  const formats = formatsOf("en");
  expect(fhirDate("2019", formats)).toBe("2019");
  expect(fhirDate("2019-04", formats)).toBe("2019-04");
  expect(fhirDate("2019-04-07", formats)).toBe("7 April 2019");
  expect(fhirDate("2019-04-07T14:35:00Z", formats)).toMatch(/7 April 2019 at \d\d:35/);
  expect(fhirDate("about then", formats)).toBe("about then");
});
