import { expect, test } from "vitest";
import type { Grantee, Organization } from "./api.js";
import { organizationRows, practitionerRows, shortAddress } from "./grantees.js";

const A = `0x${"Aa".repeat(20)}`;
const B = `0x${"bB".repeat(20)}`;
const C = `0x${"cc".repeat(20)}`;
const on = (address: string, over: Partial<Grantee> = {}) => ({ address, status: "VERIFIED", verified: true, changedAt: 1, credential: "0x", ...over }) as Grantee;
const listed = (id: string, ...addresses: string[]) => ({ tenant: "t", id, name: `Clinic ${id}`, bindings: addresses.map((grantee) => ({ grantee })) }) as unknown as Organization;

test("an address is one whatever its case, and what needs a look comes first", () => {
  const rows = organizationRows([on(A.toLowerCase()), on(C)], [listed("a", A, B)]);
  expect(rows.map(({ address, standing }) => [address, standing])).toEqual([[C, "not-in-directory"], [B, "not-on-chain"], [A, "standing"]]);
  expect(rows[2]).toMatchObject({ id: "a", name: "Clinic a" });
});

test("a suspended organisation does not stand, in the directory or not", () => {
  const rows = organizationRows([on(A, { status: "SUSPENDED", verified: false }), on(B, { status: "REMOVED", verified: false })], [listed("a", A)]);
  expect(rows.every(({ standing }) => standing === "not-verified")).toBe(true);
});

test("a practitioner's organisation is named where the directory knows its address", () => {
  const [known, unknown] = practitionerRows([on(C, { organization: A.toLowerCase() }), on(B, { organization: C })], [listed("a", A)]);
  expect(known?.organizationName).toBe("Clinic a");
  expect(unknown?.organizationName).toBeUndefined();
  expect(shortAddress(A)).toBe("0xAaAaAa…AaAaAa");
});
