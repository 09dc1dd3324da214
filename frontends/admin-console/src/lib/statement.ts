import * as v from "valibot";

/** What a key signed about whose it is: EIP-712 `Bind`, as docs/api/auth-service.json has it. */
const Statement = v.strictObject({
  subject: v.pipe(v.string(), v.regex(/^0x[0-9a-fA-F]{40}$/)),
  nonce: v.pipe(v.string(), v.regex(/^\d{1,78}$/)),
  deadline: v.pipe(v.number(), v.integer(), v.minValue(0)),
  signature: v.pipe(v.string(), v.regex(/^0x([0-9a-fA-F]{2})+$/)),
  signer: v.optional(v.nullable(v.pipe(v.string(), v.regex(/^0x([0-9a-fA-F]{2})*$/)))),
});
export type Statement = v.InferOutput<typeof Statement>;

/** A statement that somebody pasted, or nothing where it is none. */
export function readStatement(text: string): Statement | undefined {
  try {
    const result = v.safeParse(Statement, JSON.parse(text));
    return result.success ? result.output : undefined;
  } catch {
    return undefined;
  }
}
