import { expect, test } from "vitest";
import { practitionersOrganization, type Organization } from "./directory.js";

const HOUSE = "0x2222222222222222222222222222222222222222";
const PERSON = "0x1111111111111111111111111111111111111111";
const directory: Organization[] = [{ id: "clinic-a", name: "Clinic A", address: HOUSE, verified: true }];

test("a practitioner's address is told by the name of their organisation, as one person's of it", () => {
  expect(practitionersOrganization(PERSON, { organization: HOUSE.toUpperCase().replace("0X", "0x"), verified: true }, directory))
    .toEqual({ id: "clinic-a", name: "Clinic A", address: PERSON, verified: true, ofPractitioner: true });
});

test("one whose verification ended is not called checked, though their organisation is", () => {
  expect(practitionersOrganization(PERSON, { organization: HOUSE, verified: false }, directory)?.verified).toBe(false);
});

test("who was never verified, or belongs to nobody in the directory, gets nobody's name", () => {
  expect(practitionersOrganization(PERSON, null, directory)).toBeUndefined();
  expect(practitionersOrganization(PERSON, { organization: PERSON, verified: true }, directory)).toBeUndefined();
  expect(practitionersOrganization(PERSON, { organization: null, verified: true }, directory)).toBeUndefined();
});
