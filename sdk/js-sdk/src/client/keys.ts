import { ValidationError } from "../errors.js";
import type { components } from "../generated/auth-service.js";
import { patientRefHash } from "../intents/digest.js";
import type { Message } from "../intents/types.js";
import type { Signer } from "../signers/signer.js";
import type { Context } from "./context.js";
import { seconds } from "./desk.js";
import { STATEMENT_LIFE, stated } from "./statement.js";

/** An address that stands for the patient. */
export type Binding = components["schemas"]["BindingView"];

/** What a key signed about whose it is, as the directory takes it. */
export type Statement = components["schemas"]["BindRequest"];

/** Whom a key stands for. */
export interface Standing {
  /** The custodian's id. */
  readonly tenant: string;
  /** The patient's id on the custodian's FHIR server; a token's `patient`. */
  readonly patient: string;
  /** Grows with every binding of this key. */
  readonly nonce?: bigint;
  readonly signal?: AbortSignal;
}

/** What a key is bound by. */
export interface Bind extends Standing {
  /** A key that stands for the patient already; needed for every further one. */
  readonly endorsedBy?: Signer;
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

  /**
   * What the signer's key says about whose it is, for others to hand in: where all keys are lost, two administrators put
   * it in their place. Sends nothing, and needs no sign-in.
   */
  async statement({ lifeSeconds = STATEMENT_LIFE, ...about }: Standing & { /** How long it can be handed in; 600 if absent. */ lifeSeconds?: number }): Promise<Statement> {
    if (!Number.isSafeInteger(lifeSeconds) || lifeSeconds <= 0) throw new ValidationError("INVALID_REQUEST", "`lifeSeconds` is a whole number of seconds, at least 1");
    return this.#says(about, seconds() + lifeSeconds);
  }

  /** Binds the signer's key to the patient who is signed in, with two factors in the last five minutes. */
  async bind({ endorsedBy, ...about }: Bind): Promise<Binding[]> {
    const { signer, domain } = this.#context;
    const { tenant, patient, nonce = 1n, signal } = about;
    const deadline = seconds() + STATEMENT_LIFE;
    const binding = await this.#says(about, deadline);
    const endorsed = async (by: Signer) => {
      const message: Message<"Endorse"> = { tenant, patientRefHash: patientRefHash(patient), subject: by.address, newSubject: signer.address, nonce, deadline };
      return { subject: by.address, ...(await stated(by, domain, { action: "Endorse", message }, signal)) };
    };
    const body = { binding, ...(endorsedBy && { endorsement: await endorsed(endorsedBy) }) };
    const answer = await this.#context.json<components["schemas"]["OwnBindings"]>("auth", {
      path: "/v1/bindings", method: "POST", body: JSON.stringify(body), headers: { "content-type": "application/json" }, signal,
    });
    return answer.bindings;
  }

  async #says({ tenant, patient, nonce = 1n, signal }: Standing, deadline: number): Promise<Statement> {
    const { signer, domain } = this.#context;
    const message: Message<"Bind"> = { tenant, patientRefHash: patientRefHash(patient), subject: signer.address, nonce, deadline };
    return { subject: signer.address, nonce: nonce.toString(), ...(await stated(signer, domain, { action: "Bind", message }, signal)) };
  }
}
