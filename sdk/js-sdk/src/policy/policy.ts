import { ValidationError } from "../errors.js";
import { canonicalize, keccak256 } from "./canonical.js";
import type { PolicyDocument, Terms } from "./codes.js";
import { parseStrict } from "./json.js";
import { readDocument } from "./read.js";

/** The longest document, in bytes. */
export const MAX_BYTES = 16 * 1024;

const REAL = Symbol("only parse and build make policies");

/** A valid policy document with its hash. Made by {@link parsePolicy} and {@link buildPolicy} only. */
export class Policy {
  /** What the document says. Frozen. */
  readonly document: PolicyDocument;
  /** The RFC 8785 text that is hashed. */
  readonly canonical: string;
  /** Keccak-256 of the canonical text: the scope id on the chain. */
  readonly hash: `0x${string}`;

  /** @internal */
  constructor(proof: typeof REAL, document: PolicyDocument) {
    if (proof !== REAL) throw new TypeError("use parsePolicy or buildPolicy");
    this.document = frozen(document);
    this.canonical = canonicalize(document);
    const bytes = new TextEncoder().encode(this.canonical);
    if (bytes.length > MAX_BYTES) throw tooLong();
    this.hash = keccak256(bytes);
    Object.freeze(this);
  }
}

/** Reads a document. It need not be canonical, it must follow the profile. */
export function parsePolicy(source: string | Uint8Array): Policy {
  return new Policy(REAL, readDocument(parseStrict(text(source))));
}

/** Reads a document and makes sure that it is the one with this hash. */
export function parsePolicyOf(hash: string, source: string | Uint8Array): Policy {
  const policy = parsePolicy(source);
  if (policy.hash !== hash.toLowerCase()) {
    throw new ValidationError("POLICY_HASH_MISMATCH", "this document is not the one that the hash names; sign nothing");
  }
  return policy;
}

/** What a policy is to share. Arrays may be in any order. */
export interface PolicyInput extends Partial<Omit<Terms, "resources">> {
  /** FHIR resource types, or types with categories. */
  resources: readonly (string | Terms["resources"][number])[];
  /** 32 bytes; from the system's random source if absent. Who can guess a document must not recognise its hash. */
  salt?: `0x${string}`;
}

/**
 * Makes a document. Without other words it is for treatment, to read and search, with every sensitivity kept back and no
 * bound on dates.
 */
export function buildPolicy(input: PolicyInput): Policy {
  const { salt = randomSalt(), purpose = ["TREAT"], actions = ["read", "search"], period } = input;
  const exclude = input.exclude ?? ["GDIS", "HIV", "PSY", "SEX", "SUD"];
  const resources = input.resources.map((each) => (typeof each === "string" ? { type: each } : each));
  const draft = {
    v: 1,
    salt,
    purpose: [...purpose].sort(),
    actions: [...actions].sort(),
    resources: resources
      .map(({ type, category, ...surplus }) => ({ type, ...(category && { category: [...category].sort() }), ...surplus }))
      .sort((a, b) => (a.type < b.type ? -1 : a.type > b.type ? 1 : 0)),
    exclude: [...exclude].sort(),
    period: { start: period?.start ?? null, end: period?.end ?? null },
  };
  // What was built is read as strictly as what came from elsewhere.
  return parsePolicy(canonicalize(draft));
}

/**
 * Whether everything that `narrow` shares is shared by `wide` as well. Policies are compared as they are written: for what
 * cannot be told from them, the answer is no.
 */
export function covers(wide: Policy, narrow: Policy): boolean {
  const [w, n] = [wide.document, narrow.document];
  const within = (few: readonly string[], many: readonly string[]) => few.every((item) => many.includes(item));
  const shares = (scope: Terms["resources"][number]) => {
    const found = w.resources.find((each) => each.type === scope.type);
    if (found === undefined) return false;
    return found.category === undefined || (scope.category !== undefined && within(scope.category, found.category));
  };
  return (
    within(n.purpose, w.purpose) &&
    within(n.actions, w.actions) &&
    within(w.exclude, n.exclude) &&
    n.resources.every(shares) &&
    (w.period.start === null || (n.period.start !== null && n.period.start >= w.period.start)) &&
    (w.period.end === null || (n.period.end !== null && n.period.end <= w.period.end))
  );
}

function randomSalt(): `0x${string}` {
  const bytes = crypto.getRandomValues(new Uint8Array(32));
  return `0x${Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

function text(source: string | Uint8Array): string {
  if (typeof source === "string") {
    // Lone surrogates in the text itself cannot be written as UTF-8.
    if (new TextEncoder().encode(source).length > MAX_BYTES) throw tooLong();
    return source;
  }
  if (source.length > MAX_BYTES) throw tooLong();
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(source);
  } catch (cause) {
    throw new ValidationError("POLICY_JSON", "this is not one JSON document in UTF-8", { cause });
  }
}

function tooLong(): ValidationError {
  return new ValidationError("POLICY_TOO_LONG", `a policy document has at most ${MAX_BYTES} bytes`);
}

function frozen<T>(value: T): T {
  if (typeof value === "object" && value !== null) {
    for (const member of Object.values(value)) frozen(member);
    Object.freeze(value);
  }
  return value;
}
