/** What a clinic shows and a patient scans or types: the clinic's address. Whose it is, the directory says, and nobody else. */
import type { Address } from "@consentry/sdk";
import { withChecksum } from "./patient-code.js";

const SCHEME = /^consentry:clinic\?/i;

/** The code of a clinic, `consentry:clinic?address=0x…`. */
export function clinicCode(address: Address): string {
  return `consentry:clinic?${new URLSearchParams({ address: withChecksum(address) }).toString()}`;
}

/**
 * What to look up in the directory for a code as it was scanned, pasted or typed: an address, or an organisation's id. An
 * address needs no checksum here: a mistyped one is nobody's, and the directory does not know it.
 */
export function readClinicCode(text: string): string | undefined {
  const plain = text.replace(/\s+/g, "");
  if (!SCHEME.test(plain)) return plain === "" || plain.includes(":") ? undefined : plain;
  const query = new URLSearchParams(plain.replace(SCHEME, ""));
  return [...query.keys()].join() === "address" ? query.get("address") || undefined : undefined;
}
