import type { components } from "../generated/auth-service.js";
import type { Address } from "../hex.js";
import type { Message } from "../intents/types.js";
import type { Context } from "./context.js";
import { STATEMENT_LIFE, stated } from "./statement.js";

/** An address by which a practitioner asks for consent. */
export type GranteeBinding = components["schemas"]["GranteeBindingView"];

/** Whose a key is. */
export interface BindGrantee {
  /** The custodian's id. */
  readonly tenant: string;
  /** The organisation's id in the custodian's directory; a token's `org`. */
  readonly organization: string;
  /** The practitioner's FHIR id on the custodian's server. */
  readonly practitioner: string;
  /** Grows with every binding of this key. */
  readonly nonce?: bigint;
  readonly signal?: AbortSignal;
}

/**
 * A practitioner's own addresses, at the custodian's directory. Tokens name them, and the registry takes requests by them,
 * while the chain says that they are verified practitioners of the organisation.
 */
export class Grantees {
  readonly #context: Context;

  constructor(context: Context) {
    this.#context = context;
  }

  /** The addresses of the practitioner who is signed in. */
  async list(options: { signal?: AbortSignal } = {}): Promise<GranteeBinding[]> {
    return (await this.#context.json<components["schemas"]["OwnGranteeBindings"]>("auth", { path: "/v1/grantee-bindings", signal: options.signal })).bindings;
  }

  /** Binds the signer's key to the practitioner who is signed in, with two factors in the last five minutes. */
  async bind({ tenant, organization, practitioner, nonce = 1n, signal }: BindGrantee): Promise<GranteeBinding[]> {
    const { signer, domain } = this.#context;
    const grantee = signer.address;
    const deadline = Math.floor(Date.now() / 1000) + STATEMENT_LIFE;
    const message: Message<"BindGrantee"> = { tenant, organization, practitioner, grantee, nonce, deadline };
    const body = { grantee, nonce: nonce.toString(), ...(await stated(signer, domain, { action: "BindGrantee", message }, signal)) };
    const answer = await this.#context.json<components["schemas"]["OwnGranteeBindings"]>("auth", {
      path: "/v1/grantee-bindings", method: "POST", body: JSON.stringify(body), headers: { "content-type": "application/json" }, signal,
    });
    return answer.bindings;
  }

  /** Ends one of the practitioner's own addresses, and their tokens, which may name it. */
  async end(grantee: Address, options: { signal?: AbortSignal } = {}): Promise<void> {
    await this.#context.send("auth", { path: `/v1/grantee-bindings/${encodeURIComponent(grantee)}`, method: "DELETE", signal: options.signal });
  }
}
