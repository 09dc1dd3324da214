import type { components } from "../generated/auth-service.js";
import { patientRefHash } from "../intents/digest.js";
import type { Message } from "../intents/types.js";
import type { Signer } from "../signers/signer.js";
import type { Context } from "./context.js";
import { STATEMENT_LIFE, stated } from "./statement.js";

/** An address that stands for the patient. */
export type Binding = components["schemas"]["BindingView"];

/** Whom a key stands for. */
export interface Bind {
  /** The custodian's id. */
  readonly tenant: string;
  /** The patient's id on the custodian's FHIR server; a token's `patient`. */
  readonly patient: string;
  /** Grows with every binding of this key. */
  readonly nonce?: bigint;
  /** A key that stands for the patient already; needed for every further one. */
  readonly endorsedBy?: Signer;
  readonly signal?: AbortSignal;
}

/** Which keys stand for a patient, at the custodian's directory. */
export class Keys {
  readonly #context: Context;

  constructor(context: Context) {
    this.#context = context;
  }

  /** The addresses that stand for the patient who is signed in. */
  async list(options: { signal?: AbortSignal } = {}): Promise<Binding[]> {
    return (await this.#context.json<components["schemas"]["OwnBindings"]>("auth", { path: "/v1/bindings", signal: options.signal })).bindings;
  }

  /** Binds the signer's key to the patient who is signed in, with two factors in the last five minutes. */
  async bind({ tenant, patient, nonce = 1n, endorsedBy, signal }: Bind): Promise<Binding[]> {
    const { signer, domain } = this.#context;
    const deadline = Math.floor(Date.now() / 1000) + STATEMENT_LIFE;
    const about = { tenant, patientRefHash: patientRefHash(patient) };
    const message: Message<"Bind"> = { ...about, subject: signer.address, nonce, deadline };
    const binding = { subject: signer.address, nonce: nonce.toString(), ...(await stated(signer, domain, { action: "Bind", message }, signal)) };
    const endorsed = async (by: Signer) => {
      const endorse: Message<"Endorse"> = { ...about, subject: by.address, newSubject: signer.address, nonce, deadline };
      return { subject: by.address, ...(await stated(by, domain, { action: "Endorse", message: endorse }, signal)) };
    };
    const body = { binding, ...(endorsedBy && { endorsement: await endorsed(endorsedBy) }) };
    const answer = await this.#context.json<components["schemas"]["OwnBindings"]>("auth", {
      path: "/v1/bindings", method: "POST", body: JSON.stringify(body), headers: { "content-type": "application/json" }, signal,
    });
    return answer.bindings;
  }
}
