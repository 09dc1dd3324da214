import { expect, test } from "vitest";
import { ownKey, passkeysAmong, practitionerOf, standingOf } from "./own-keys.js";

const OWN = "0x1111111111111111111111111111111111111111";
const HOUSE = "0x2222222222222222222222222222222222222222";
const OTHER = "0x3333333333333333333333333333333333333333";
const verified = { status: "VERIFIED", verified: true, organization: HOUSE.toUpperCase().replace("0X", "0x") } as const;

test("a key may ask once the chain has verified it for this organisation and the sign-in names it", () => {
  expect(standingOf(OWN, undefined, [HOUSE], [HOUSE])).toBe("unverified");
  expect(standingOf(OWN, verified, [HOUSE], [HOUSE])).toBe("sign-in-again");
  expect(standingOf(OWN, verified, [HOUSE, OWN], [HOUSE])).toBe("asks");
});

test("a verification that ended, or was for another organisation, lets nobody ask, whatever an older sign-in names", () => {
  expect(standingOf(OWN, { ...verified, status: "SUSPENDED", verified: false }, [HOUSE, OWN], [HOUSE])).toBe("ended");
  expect(standingOf(OWN, { ...verified, organization: OTHER }, [HOUSE, OWN], [HOUSE])).toBe("elsewhere");
  expect(standingOf(OWN, { ...verified, organization: null }, [HOUSE], [HOUSE])).toBe("elsewhere");
});

test("a passkey is known by the signer in its statement; what may not ask is not offered", () => {
  const boundAt = "2026-01-01T00:00:00Z";
  const passkey = ownKey({ grantee: OWN, boundAt, signer: `0x${"44".repeat(20)}${"01".repeat(32)}${"02".repeat(32)}` });
  const wallet = ownKey({ grantee: OTHER, boundAt });
  expect(passkey.passkey).toEqual({ x: `0x${"01".repeat(32)}`, y: `0x${"02".repeat(32)}` });
  expect(passkeysAmong([wallet, passkey], [HOUSE, OTHER, OWN])).toEqual([passkey]);
  expect(passkeysAmong([wallet, passkey], [HOUSE])).toEqual([]);
});

test("an account that names no practitioner has none", () => {
  expect(practitionerOf({ practitioner: "Practitioner/dr-7" })).toBe("dr-7");
  expect(practitionerOf({})).toBeUndefined();
});
