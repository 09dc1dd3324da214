/** A change of a grantee's verification on chain: written down by one person, checked and sent by another. */
import { concat, encodeFunctionData, keccak256, parseAbi, stringToHex, type Address, type Hex } from "viem";
import * as v from "valibot";
import type { Grantee } from "./api.js";

/** The largest `uint40`: until suspended or removed. */
export const UNLIMITED = 2 ** 40 - 1;
export const ZERO_HASH: Hex = `0x${"0".repeat(64)}`;

const address = v.pipe(v.string(), v.regex(/^0x[0-9a-fA-F]{40}$/), v.transform((text) => text as Address));
const hash = v.pipe(v.string(), v.regex(/^0x[0-9a-fA-F]{64}$/), v.transform((text) => text as Hex));
const uint40 = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(UNLIMITED));

const WHERE = { version: v.literal(1), chainId: v.number(), registry: address, kind: v.picklist(["organization", "practitioner"]), grantee: address };

/** A change as it is handed on. `asOf` is the grantee's last change when it was written: what changed since makes it void. */
const Change = v.variant("action", [
  v.strictObject({ ...WHERE, action: v.literal("verify"), organization: v.optional(address), credential: hash, validTo: uint40, asOf: uint40 }),
  v.strictObject({ ...WHERE, action: v.literal("reinstate"), reason: hash, asOf: uint40 }),
  v.strictObject({ ...WHERE, action: v.literal("suspend"), reason: hash }),
  v.strictObject({ ...WHERE, action: v.literal("remove"), reason: hash }),
]);
export type Change = v.InferOutput<typeof Change>;

/** A change that somebody pasted, or nothing where it is none. */
export function readChange(text: string): Change | undefined {
  try {
    const result = v.safeParse(Change, JSON.parse(text));
    if (!result.success) return undefined;
    const { output } = result;
    const needsOrganization = output.action === "verify" && output.kind === "practitioner";
    return needsOrganization && output.organization === undefined ? undefined : output;
  } catch {
    return undefined;
  }
}

/** The salted hash of what the papers say. Without the salt, a licence number alone could be searched for. */
export function saltedHash(salt: Hex, text: string): Hex {
  return keccak256(concat([salt, stringToHex(text.normalize("NFC").trim())]));
}

/** 32 bytes that nobody guesses. */
export function newSalt(): Hex {
  const bytes = crypto.getRandomValues(new Uint8Array(32));
  return `0x${[...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

const HOSPITALS = parseAbi([
  "function verify(address organization, bytes32 credential, uint40 validTo, uint40 asOf)",
  "function reinstate(address organization, bytes32 reason, uint40 asOf)",
  "function suspend(address organization, bytes32 reason)",
  "function remove(address organization, bytes32 reason)",
]);
const PROVIDERS = parseAbi([
  "function verify(address practitioner, address organization, bytes32 credential, uint40 validTo, uint40 asOf)",
  "function reinstate(address practitioner, bytes32 reason, uint40 asOf)",
  "function suspend(address practitioner, bytes32 reason)",
  "function remove(address practitioner, bytes32 reason)",
]);

/** The call of the registry that a change is. */
export function callOf(change: Change): Hex {
  const isPractitioner = change.kind === "practitioner";
  switch (change.action) {
    case "verify":
      return isPractitioner
        ? encodeFunctionData({ abi: PROVIDERS, functionName: "verify", args: [change.grantee, change.organization as Address, change.credential, change.validTo, change.asOf] })
        : encodeFunctionData({ abi: HOSPITALS, functionName: "verify", args: [change.grantee, change.credential, change.validTo, change.asOf] });
    case "reinstate": return encodeFunctionData({ abi: HOSPITALS, functionName: "reinstate", args: [change.grantee, change.reason, change.asOf] });
    case "suspend": return encodeFunctionData({ abi: HOSPITALS, functionName: "suspend", args: [change.grantee, change.reason] });
    case "remove": return encodeFunctionData({ abi: HOSPITALS, functionName: "remove", args: [change.grantee, change.reason] });
  }
}

/** Why a change cannot be sent now. */
export type Obstacle = "other-chain" | "other-registry" | "changed-since" | "suspended" | "not-suspended" | "not-verified" | "over" | "same-address";

/** Holds a change against what the chain says now, so that nobody signs what the registry would refuse. */
export function obstacleOf(change: Change, here: { chainId: number; registry: string | undefined }, known: Grantee | undefined, now: number): Obstacle | undefined {
  if (change.chainId !== here.chainId) return "other-chain";
  if (change.registry.toLowerCase() !== here.registry?.toLowerCase()) return "other-registry";
  if (change.action === "verify") {
    if (change.organization?.toLowerCase() === change.grantee.toLowerCase()) return "same-address";
    if (change.validTo <= now) return "over";
    if (known?.status === "SUSPENDED") return "suspended";
  }
  if (change.action === "reinstate" && known?.status !== "SUSPENDED") return "not-suspended";
  if (change.action === "suspend" && known?.status !== "VERIFIED" && known?.status !== "EXPIRED") return "not-verified";
  if (change.action === "remove" && (known === undefined || known.status === "REMOVED")) return "not-verified";
  if ("asOf" in change && change.asOf !== (known?.changedAt ?? 0)) return "changed-since";
  return undefined;
}
