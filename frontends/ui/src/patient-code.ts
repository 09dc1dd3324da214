/** What a patient shows and a clinic types in: the FHIR id, and the address that requests go to. */
import type { Address } from "@consentry/sdk";
import { keccak256 } from "@consentry/sdk/policy";

/** Whom a code names. */
export interface NamedPatient {
  readonly patient: string;
  readonly subject: Address;
}

/** What is wrong with a code. `checksum`: a character of the address was mistyped. */
export type CodeFault = "empty" | "form" | "id" | "address" | "checksum";

const SCHEME = /^consentry:patient\?/i;
const ID = /^[A-Za-z0-9.-]{1,64}$/;
const ADDRESS = /^0x[0-9a-fA-F]{40}$/;

/** The code of a patient, `consentry:patient?id=…&subject=0x…`, with the address's checksum (EIP-55). */
export function patientCode({ patient, subject }: NamedPatient): string {
  return `consentry:patient?${new URLSearchParams({ id: patient, subject: withChecksum(subject) }).toString()}`;
}

/** Reads a code as it was pasted or typed: the URI, or the id and the address with space between. */
export function readPatientCode(text: string): NamedPatient | CodeFault {
  // What is broken over lines in a message is one code still.
  const plain = text.trim();
  if (plain === "") return "empty";
  const [patient, subject] = partsOf(plain);
  if (patient === undefined || subject === undefined) return "form";
  if (!ID.test(patient)) return "id";
  if (!ADDRESS.test(subject)) return "address";
  // Without capitals there is no checksum, and a mistyped address would be somebody else's or nobody's.
  if (subject !== withChecksum(subject as Address)) return "checksum";
  return { patient, subject: subject as Address };
}

function partsOf(text: string): [string?, string?] {
  if (SCHEME.test(text)) {
    const query = new URLSearchParams(text.replace(SCHEME, "").replace(/\s+/g, ""));
    const names = [...query.keys()].sort().join();
    return names === "id,subject" ? [query.get("id") ?? undefined, query.get("subject") ?? undefined] : [];
  }
  const words = text.split(/\s+/);
  return words.length === 2 ? [words[0], words[1]] : [];
}

/** An address in the capitals that EIP-55 makes its checksum of. */
export function withChecksum(address: Address): Address {
  const digits = address.slice(2).toLowerCase();
  const hash = keccak256(new TextEncoder().encode(digits)).slice(2);
  const cased = Array.from(digits, (digit, at) => (Number.parseInt(hash[at] ?? "0", 16) >= 8 ? digit.toUpperCase() : digit));
  return `0x${cased.join("")}`;
}
