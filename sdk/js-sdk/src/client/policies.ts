import { ConsentryError, ValidationError } from "../errors.js";
import { isHash, type Hex } from "../hex.js";
import { explainPolicy, type Explanation } from "../policy/explain.js";
import { buildPolicy, covers, parsePolicy, parsePolicyOf, type Policy, type PolicyInput } from "../policy/policy.js";
import type { Context } from "./context.js";

/** Policy documents: made here, kept by the indexer under their hash. */
export class Policies {
  readonly #context: Context;

  constructor(context: Context) {
    this.#context = context;
  }

  /** Makes a document; see {@link buildPolicy}. */
  build(input: PolicyInput): Policy {
    return buildPolicy(input);
  }

  /** Reads a document strictly. */
  parse(source: string | Uint8Array): Policy {
    return parsePolicy(source);
  }

  /** Explains a document in plain words. */
  explain(policy: Policy): Explanation {
    return explainPolicy(policy);
  }

  /** Whether all that `narrow` shares is shared by `wide`. */
  covers(wide: Policy, narrow: Policy): boolean {
    return covers(wide, narrow);
  }

  /** Stores a document under its hash, so that the other side can read what is asked of it. */
  async upload(policy: Policy, options: { signal?: AbortSignal } = {}): Promise<void> {
    await this.#context.send("indexer", {
      path: `/v1/policies/${policy.hash}`, method: "PUT", idempotent: true, body: policy.canonical,
      headers: { "content-type": "application/json" }, signal: options.signal,
    });
  }

  /** Fetches the document of a hash, and makes sure that it is that document. */
  async get(hash: Hex, options: { signal?: AbortSignal } = {}): Promise<Policy> {
    if (!isHash(hash)) throw new ValidationError("INVALID_REQUEST", "a policy is named by 0x and 64 hexadecimal digits");
    const answer = await this.#context.send("indexer", { path: `/v1/policies/${hash}`, signal: options.signal });
    return parsePolicyOf(hash, answer.text);
  }

  /** The document that somebody is about to sign for, from what they hold or from the indexer. Without it nothing is signed. */
  async held(hash: Hex, policy: Policy | undefined, signal?: AbortSignal): Promise<Policy> {
    if (policy !== undefined) return parsePolicyOf(hash, policy.canonical);
    try {
      return await this.get(hash, signal ? { signal } : {});
    } catch (error) {
      if (error instanceof ConsentryError && error.code === "NOT_FOUND") {
        throw new ValidationError("POLICY_NOT_HELD", "the document behind this hash is not there; ask for it, and sign nothing before it was read", { cause: error, requestId: error.requestId });
      }
      throw error;
    }
  }
}
