import type { Address } from "../hex.js";
import { signedPart, type Decision, type Domain, type Signable } from "../intents/types.js";
import type { Proof, SignedIntent } from "../intents/wire.js";

/** A key that decides. It signs what it is shown, and nothing it cannot show. */
export interface Signer {
  /** The address that stands for the key. */
  readonly address: Address;
  /** Signs typed data for a deployment. */
  sign(domain: Domain, what: Signable, signal?: AbortSignal): Promise<Proof>;
}

/** Signs a decision, in the form that the relay takes. */
export async function signIntent(signer: Signer, domain: Domain, decision: Decision, signal?: AbortSignal): Promise<SignedIntent> {
  return { ...decision, proof: await signer.sign(domain, signedPart(decision), signal) };
}
