import type { Domain, Statement } from "../intents/types.js";
import type { Signer } from "../signers/signer.js";

/** How long a statement to the directory can be handed in, in seconds. */
export const STATEMENT_LIFE = 600;

/** What the directory takes of a statement beside whom it is about. */
export async function stated(by: Signer, domain: Domain, what: Statement, signal?: AbortSignal) {
  const { signature, signer } = await by.sign(domain, what, signal);
  return { deadline: what.message.deadline, signature, ...(signer !== "0x" && { signer }) };
}
