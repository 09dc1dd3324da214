import { decodeFunctionData, parseAbi } from "viem";
import { expect, test } from "vitest";
import type { Grantee } from "./api.js";
import { callOf, newSalt, obstacleOf, readChange, saltedHash, UNLIMITED, ZERO_HASH, type Change } from "./change.js";

const A = `0x${"aa".repeat(20)}` as const;
const R = `0x${"11".repeat(20)}` as const;
const HERE = { chainId: 31337, registry: R };
const NOW = 1_000;
const verify = { version: 1, chainId: 31337, registry: R, kind: "organization", grantee: A, action: "verify", credential: `0x${"cd".repeat(32)}`, validTo: UNLIMITED, asOf: 0 } as Change;
const known = (over: Partial<Grantee>) => ({ address: A, status: "VERIFIED", verified: true, changedAt: 500, credential: ZERO_HASH, ...over }) as Grantee;

test("a change survives being handed on, and nothing else is taken for one", () => {
  expect(readChange(JSON.stringify(verify))).toEqual(verify);
  expect(readChange("no json")).toBeUndefined();
  expect(readChange(JSON.stringify({ ...verify, action: "grantRole" }))).toBeUndefined();
  expect(readChange(JSON.stringify({ ...verify, extra: 1 }))).toBeUndefined();
  expect(readChange(JSON.stringify({ ...verify, grantee: "0x12" }))).toBeUndefined();
  expect(readChange(JSON.stringify({ ...verify, validTo: UNLIMITED + 1 }))).toBeUndefined();
  // A practitioner belongs to an organisation.
  expect(readChange(JSON.stringify({ ...verify, kind: "practitioner" }))).toBeUndefined();
});

test("the call says what the change says", () => {
  const abi = parseAbi(["function verify(address practitioner, address organization, bytes32 credential, uint40 validTo, uint40 asOf)", "function suspend(address, bytes32)"]);
  const practitioner = { ...verify, kind: "practitioner", organization: R } as Change;
  expect(decodeFunctionData({ abi, data: callOf(practitioner) })).toMatchObject({ functionName: "verify", args: [expect.stringMatching(/^0xa{40}$/i), R, `0x${"cd".repeat(32)}`, UNLIMITED, 0] });
  expect(callOf({ version: 1, chainId: 1, registry: R, kind: "organization", grantee: A, action: "suspend", reason: ZERO_HASH })).toMatch(/^0x680c3580/);
});

test("what the registry would refuse is told before anybody signs", () => {
  expect(obstacleOf(verify, HERE, undefined, NOW)).toBeUndefined();
  expect(obstacleOf(verify, { ...HERE, chainId: 1 }, undefined, NOW)).toBe("other-chain");
  expect(obstacleOf(verify, { ...HERE, registry: A }, undefined, NOW)).toBe("other-registry");
  expect(obstacleOf(verify, HERE, known({}), NOW)).toBe("changed-since");
  expect(obstacleOf({ ...verify, asOf: 500 } as Change, HERE, known({ status: "SUSPENDED" }), NOW)).toBe("suspended");
  expect(obstacleOf({ ...verify, validTo: NOW } as Change, HERE, undefined, NOW)).toBe("over");
  const where = { version: 1, chainId: 31337, registry: R, kind: "organization", grantee: A } as const;
  const suspend: Change = { ...where, action: "suspend", reason: ZERO_HASH };
  expect(obstacleOf(suspend, HERE, undefined, NOW)).toBe("not-verified");
  expect(obstacleOf(suspend, HERE, known({}), NOW)).toBeUndefined();
  const reinstate: Change = { ...where, action: "reinstate", reason: ZERO_HASH, asOf: 400 };
  expect(obstacleOf(reinstate, HERE, known({ status: "SUSPENDED" }), NOW)).toBe("changed-since");
  expect(obstacleOf(reinstate, HERE, known({}), NOW)).toBe("not-suspended");
});

test("the same papers under another salt are another hash", () => {
  const salt = newSalt();
  expect(salt).toMatch(/^0x[0-9a-f]{64}$/);
  expect(saltedHash(salt, "Licence 12 ")).toBe(saltedHash(salt, "Licence 12"));
  expect(saltedHash(newSalt(), "Licence 12")).not.toBe(saltedHash(salt, "Licence 12"));
});
