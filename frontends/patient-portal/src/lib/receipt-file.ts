/** The shape of a receipt's file, as `receipt.ts` makes it and the verify page takes it. */
import * as v from "valibot";

const hex = (bytes: number) => v.custom<`0x${string}`>((value) => typeof value === "string" && value.length === 2 + 2 * bytes && /^0x[0-9a-f]*$/i.test(value));
/** A policy's codes alone can be that long, and words list them. */
const text = v.pipe(v.string(), v.maxLength(20_000));
const moment = v.pipe(v.string(), v.isoTimestamp());
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const codes = v.pipe(v.array(text), v.maxLength(1_000));
const period = v.strictObject({ start: v.nullable(text), end: v.nullable(text) });

/** What a file says about a consent's life at the moment when it was made. */
export const STATES = ["requested", "given", "refused", "withdrawn", "terminated", "invalidated"] as const;

const Purpose = v.strictObject({
  purpose: text,
  purpose_code: text,
  lawful_basis: v.literal("consent"),
  pii_information: v.pipe(v.array(v.strictObject({ pii_type: text, categories: v.optional(codes), description: text })), v.minLength(1), v.maxLength(1_000)),
  excluded: codes,
  pii_controllers: v.strictTuple([v.strictObject({ party_name: v.nullable(text), party_id: v.nullable(text), party_address: hex(20) })]),
  processing_methods: codes,
  record_period: period,
  valid_from: moment,
  valid_until: v.nullable(moment),
});

export const ReceiptFile = v.strictObject({
  schema_version: v.literal("ISO/IEC TS 27560:2023"),
  record_id: hex(32),
  receipt_made_at: moment,
  pii_principal_id: text,
  language: text,
  pii_processing: v.strictObject({ purposes: v.pipe(v.array(Purpose), v.minLength(1), v.maxLength(20)), custodian: text }),
  consent_events: v.strictTuple([v.strictObject({
    state: v.picklist(STATES), version: count, transaction: hex(32), block_number: count, block_hash: hex(32), finality: v.picklist(["latest", "safe", "finalized"]),
  })]),
  evidence: v.strictObject({
    chain_id: count, registry: hex(20), subject: hex(20), policy_hash: hex(32),
    // What is in it, the policy profile says, which is stricter than any schema here.
    policy: v.record(v.string(), v.unknown()),
  }),
});

/** A receipt as data. */
export type Receipt = v.InferOutput<typeof ReceiptFile>;

/** Why a file is no receipt: too long, not JSON, or the place in it that is not as it must be. */
export type FileFault = { readonly fault: "long" | "json" } | { readonly fault: "shape"; readonly at: string };

/** A receipt is a page or two, and the longest policy many times that; what is longer is something else. */
const MOST_BYTES = 1024 * 1024;

export async function readReceipt(file: Blob): Promise<Receipt | FileFault> {
  if (file.size > MOST_BYTES) return { fault: "long" };
  let value: unknown;
  try {
    value = JSON.parse(await file.text());
  } catch {
    return { fault: "json" };
  }
  const read = v.safeParse(ReceiptFile, value);
  return read.success ? read.output : { fault: "shape", at: v.getDotPath(read.issues[0]) ?? "" };
}
