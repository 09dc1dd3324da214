/** RFC 8785: the one text of a JSON value that is hashed. */
import { keccak_256 } from "@noble/hashes/sha3";
import { bytesToHex } from "@noble/hashes/utils";

/** The canonical text of what policy documents hold: objects, arrays, strings, null and the integer 1. */
export function canonicalize(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalize).join(",")}]`;
  if (typeof value === "object" && value !== null) {
    // Sorting without a function is by UTF-16 code units, as RFC 8785 has it.
    const keys = Object.keys(value).sort();
    const member = (key: string) => `${JSON.stringify(key)}:${canonicalize((value as Record<string, unknown>)[key])}`;
    return `{${keys.map(member).join(",")}}`;
  }
  // RFC 8785 writes strings and integers as ECMAScript does.
  return JSON.stringify(value);
}

/** The Keccak-256 of bytes, as the chain computes it. */
export function keccak256(bytes: Uint8Array): `0x${string}` {
  return `0x${bytesToHex(keccak_256(bytes))}`;
}
