/** Whether a receipt says what the registry says: the receipt that would be made now is laid beside the one at hand. */
import type { Consent, Deployment, Policy } from "@consentry/sdk";
import type { Identity } from "@consentry/sdk/browser";
import { consentIdOf } from "@consentry/sdk/intents";
import { parsePolicy } from "@consentry/sdk/policy";
import type { Lines } from "@consentry/ui/policy";
import type { Organization } from "./directory.js";
import { EVENTS, receiptOf } from "./receipt.js";
import type { Receipt } from "./receipt-file.js";

/** A line of a receipt, as people know it. */
export type LineName = "id" | "patient" | "custodian" | "who" | "what" | "not" | "why" | "how" | "period" | "from" | "until" | "state" | "written" | "registry" | "key" | "fingerprint" | "document" | "words" | "name";

/** A line that is other than it must be. */
export interface Difference {
  readonly line: LineName;
  /** What the receipt says; absent where it cannot be read. */
  readonly said: string | undefined;
  /** What it must say; absent where we do not know. */
  readonly is: string | undefined;
}

export interface Outcome {
  /** What was changed after the receipt was made. */
  readonly changed: readonly Difference[];
  /** What reads otherwise than we would write it now, and can do so without anybody's doing: it is no part of what was signed. */
  readonly remarks: readonly Difference[];
  /** What differs from the registry and may have been so when the receipt was made: the consent changed since. */
  readonly unsure: readonly Difference[];
  /** The consent changed since: the receipt's own state and block can no longer be compared. */
  readonly isOlder: boolean;
  /** It was made for another registry than this portal's. */
  readonly isElsewhere: boolean;
}

/** What to lay beside it. */
interface Against {
  /** As the registry has it; absent where it has no such consent for this reader. */
  consent: Consent | undefined;
  /** The document that the registry's hash names; absent where nobody holds it. */
  policy: Policy | undefined;
  organization: Organization | undefined;
  identity: Pick<Identity, "patient" | "tenant">;
  deployment: Pick<Deployment, "chainId" | "registry">;
  /** A policy in the receipt's language; absent where we do not speak it. */
  explain: ((policy: Policy) => Lines) | undefined;
}

/** The document in a receipt; absent where it is none. */
export function policyIn({ evidence }: Receipt): Policy | undefined {
  try {
    return parsePolicy(JSON.stringify(evidence.policy));
  } catch {
    return undefined;
  }
}

export function checkReceipt(receipt: Receipt, { consent, policy, organization, identity, deployment, explain }: Against): Outcome {
  const { evidence } = receipt;
  const own = policyIn(receipt);
  const isElsewhere = evidence.chain_id !== deployment.chainId || evidence.registry.toLowerCase() !== deployment.registry.toLowerCase();
  const event = receipt.consent_events[0];
  const isOlder = consent !== undefined && event.version < consent.version;

  // Where the registry says nothing, the receipt can only be compared with itself.
  const facts = consent === undefined ? claimsOf(receipt) : { consent, organization, identity, deployment };
  const document = consent === undefined || own?.hash === consent.scopeId ? own : policy;
  const lines = document === undefined ? undefined : explain?.(document);
  const found = document === undefined ? [] : differences(receipt, receiptOf({ ...facts, policy: document, shown: lines ?? wordsIn(receipt), language: receipt.language, madeAt: Date.parse(receipt.receipt_made_at) / 1000 }));

  const relevant = found.filter(({ line }) => {
    if (line === "state") return consent !== undefined && !isOlder && !couldBecome(event.state, EVENTS[consent.status]);
    return !(isOlder && line === "written");
  });
  // While a block is not final, the network can put the same transaction into another one.
  const canMove = event.finality !== "finalized" && event.transaction.toLowerCase() === facts.consent.transaction.toLowerCase();
  const isRemark = ({ line }: Difference) => line === "words" || line === "name" || (line === "written" && canMove);
  const isUnsure = ({ line }: Difference) => isOlder && (line === "from" || line === "until");
  const changed = relevant.filter((each) => !isRemark(each) && !isUnsure(each));
  if (consent !== undefined && event.version > consent.version) changed.push({ line: "state", said: String(event.version), is: String(consent.version) });
  if (own === undefined) put(changed, { line: "document", said: undefined, is: undefined });
  // Compared line by line above, where somebody holds the right one.
  else if (document === undefined && own.hash !== evidence.policy_hash.toLowerCase()) changed.push({ line: "fingerprint", said: evidence.policy_hash, is: own.hash });
  // The id is the hash of who, whom and what. What it was made of is named above where that is known.
  const id = consentIdOf({ chainId: evidence.chain_id, registry: evidence.registry, subject: evidence.subject, grantee: receipt.pii_processing.purposes[0]!.pii_controllers[0].party_address, scopeId: own?.hash ?? evidence.policy_hash });
  if (changed.length === 0 && id !== receipt.record_id.toLowerCase()) changed.push({ line: "id", said: receipt.record_id, is: id });
  return { changed, unsure: relevant.filter(isUnsure), remarks: relevant.filter(isRemark), isOlder, isElsewhere };
}

function put(all: Difference[], one: Difference): void {
  if (!all.some(({ line }) => line === one.line)) all.push(one);
}

/** Whether time alone, or taking everything back at once, leads from what was written to what is: neither counts as a change of the consent's own. */
function couldBecome(said: string, is: string): boolean {
  return said === is || ((said === "requested" || said === "given") && (is === "terminated" || is === "withdrawn"));
}

/** What a receipt says of itself, in the form of the registry's word. */
function claimsOf({ record_id, pii_principal_id, pii_processing, consent_events: [event], evidence }: Receipt) {
  const [first] = pii_processing.purposes;
  const [controller] = first!.pii_controllers;
  const seconds = (moment: string) => Date.parse(moment) / 1000;
  const consent: Consent = {
    id: record_id, subject: evidence.subject, grantee: controller.party_address, scopeId: evidence.policy_hash, status: "ACTIVE",
    validFrom: seconds(first!.valid_from), validTo: first!.valid_until === null ? null : seconds(first!.valid_until), respondBy: null,
    version: event.version, subjectEpoch: 0, finality: event.finality, transaction: event.transaction, blockNumber: event.block_number, blockHash: event.block_hash, revision: 0,
  };
  const organization = controller.party_name === null ? undefined : { id: controller.party_id ?? "", name: controller.party_name, address: controller.party_address, verified: false };
  const patient = pii_principal_id.startsWith("Patient/") ? pii_principal_id.slice("Patient/".length) : undefined;
  return {
    consent, organization, identity: { tenant: pii_processing.custodian, ...(patient !== undefined && { patient }) },
    deployment: { chainId: evidence.chain_id, registry: evidence.registry },
  };
}

/** The receipt's own words, where there are none of ours to compare them with. */
function wordsIn({ pii_processing: { purposes } }: Receipt): Pick<Lines, "why" | "what"> {
  return { why: purposes.map(({ purpose }) => purpose), what: purposes[0]!.pii_information.map(({ description }) => description) };
}

/** Which line a place in the file is. The first that fits. */
const PLACES: readonly (readonly [RegExp, LineName | undefined])[] = [
  [/^(schema_version|receipt_made_at|language)$/, undefined],
  [/\.finality$/, undefined],
  [/^evidence\.policy\./, "document"],
  [/^record_id$/, "id"],
  [/^pii_principal_id$/, "patient"],
  [/\.custodian$/, "custodian"],
  [/\.(purpose|description)$/, "words"],
  [/\.party_(name|id)$/, "name"],
  [/\.party_address$/, "who"],
  [/\.purpose_code$/, "why"],
  [/\.pii_information\./, "what"],
  [/\.excluded$/, "not"],
  [/\.processing_methods$/, "how"],
  [/\.record_period\./, "period"],
  [/\.valid_from$/, "from"],
  [/\.valid_until$/, "until"],
  [/^consent_events\.0\.(transaction|block_number|block_hash)$/, "written"],
  [/^consent_events\.0\.state$/, "state"],
  // Compared as numbers: a later version is no change of the receipt.
  [/^consent_events\.0\.version$/, undefined],
  [/^evidence\.(chain_id|registry)$/, "registry"],
  [/^evidence\.subject$/, "key"],
  [/^evidence\.policy_hash$/, "fingerprint"],
  [/^/, "document"],
];

/** One difference a line of the receipt, the first one in it. */
function differences(said: Receipt, is: object): Difference[] {
  const [had, must] = [leaves(said), leaves(is)];
  const all: Difference[] = [];
  for (const place of new Set([...had.keys(), ...must.keys()])) {
    const line = PLACES.find(([pattern]) => pattern.test(place))?.[1];
    const [one, other] = [had.get(place) ?? "", must.get(place) ?? ""];
    if (line !== undefined && one !== other) put(all, { line, said: one, is: other });
  }
  return all;
}

/** What stands for no value in texts that are compared. */
export const NONE = "–";

/** Every value in a document by its place, as text. Lists of plain values are one value; digits of hashes have no case. */
function leaves(value: unknown, place = "", all = new Map<string, string>()): Map<string, string> {
  const isList = Array.isArray(value) && value.every((each) => typeof each !== "object");
  if (typeof value !== "object" || value === null || isList) {
    const plain = isList ? (value as unknown[]).join(", ") : value === null || value === undefined ? NONE : String(value);
    all.set(place, /^0x[0-9a-f]+$/i.test(plain) ? plain.toLowerCase() : plain);
    return all;
  }
  for (const [name, each] of Object.entries(value)) leaves(each, place === "" ? name : `${place}.${name}`, all);
  return all;
}
