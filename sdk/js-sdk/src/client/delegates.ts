import { AuthError, ConsentryError, ValidationError } from "../errors.js";
import type { components } from "../generated/consent-indexer.js";
import { sameHex, type Address } from "../hex.js";
import { UNLIMITED } from "../intents/types.js";
import { addressOf, deadline, next, ordinary, type Abortable, type Desk } from "./desk.js";
import type { Pending } from "./pending.js";
import { windowOf, type Window } from "./window.js";

/** Somebody who may decide for a patient, and what their mandate is worth now. */
export type Delegate = components["schemas"]["DelegateRow"];

/** What a delegate may do. */
export type Right = "REVOKE" | "DENY" | "GRANT";

const BITS: Readonly<Record<Right, number>> = { REVOKE: 1, DENY: 2, GRANT: 4 };

/** Whom a decision is about: the signer, unless it controls another. */
export interface AboutSubject extends Abortable {
  readonly subject?: Address;
}

/** Who else may decide for a patient: a parent, somebody with a power of attorney. */
export class Delegates {
  readonly #desk: Desk;

  constructor(desk: Desk) {
    this.#desk = desk;
  }

  /** Everyone who ever was one. */
  list(options: AboutSubject = {}): AsyncGenerator<Delegate, void, undefined> {
    return this.#desk.ledger.delegates(this.#desk.subject(options.subject), options.signal);
  }

  /** Gives somebody rights, or others than before. What they grant ends with their mandate. A frozen subject names nobody. */
  async set(mandate: Window & AboutSubject & { delegate: Address; rights: readonly Right[] }): Promise<Pending> {
    const { signal } = mandate;
    const [subject, delegate] = [this.#desk.subject(mandate.subject), addressOf(mandate.delegate)];
    const rights = bitsOf(mandate.rights);
    const state = await this.#desk.openingSubject(subject, signal);
    const row = await this.#find(subject, delegate, signal);
    this.#desk.mustBeFinal(row);
    const nonce = next(row?.nonce ?? 0, 32);
    await this.#desk.remember("delegate", nonce, subject, delegate);
    const message = { actor: this.#desk.signer.address, subject, delegate, rights, ...windowOf(mandate), nonce, seq: state.seq, deadline: deadline() };
    return this.#desk.decide({ action: "SetDelegate", message }, {}, mandate);
  }

  /**
   * Takes somebody's rights away, with every grant of rights that is signed and not yet sent. With the row at hand, not
   * only the address, it needs no indexer and no token.
   */
  async remove(delegate: Address | Delegate, options: AboutSubject = {}): Promise<Pending> {
    const subject = this.#desk.subject(options.subject);
    const held = typeof delegate === "string" ? undefined : delegate;
    const address = addressOf(typeof delegate === "string" ? delegate : (delegate.delegate as Address));
    const row = await this.#find(subject, address, options.signal).catch((error: unknown) => {
      // What the caller holds may be old, and is better than nothing for what only protects.
      if (held !== undefined && error instanceof ConsentryError && (error.retryable || error instanceof AuthError)) return undefined;
      throw error;
    });
    const seen = Math.max(row?.nonce ?? 0, held?.nonce ?? 0);
    const throughNonce = ordinary(await this.#desk.highest("delegate", seen + 1, subject, address), 32);
    await this.#desk.remember("delegate", throughNonce + 1, subject, address);
    const message = { actor: this.#desk.signer.address, subject, delegate: address, throughNonce, deadline: UNLIMITED };
    return this.#desk.decide({ action: "RemoveDelegate", message }, {}, options);
  }

  async #find(subject: Address, delegate: Address, signal?: AbortSignal): Promise<Delegate | undefined> {
    for await (const row of this.#desk.ledger.delegates(subject, signal)) if (sameHex(row.delegate, delegate)) return row;
    return undefined;
  }
}

function bitsOf(rights: readonly Right[]): number {
  if (rights.length === 0 || !rights.every((right) => Object.hasOwn(BITS, right))) {
    throw new ValidationError("INVALID_REQUEST", "`rights` are some of REVOKE, DENY and GRANT");
  }
  return rights.reduce((bits, right) => bits | BITS[right], 0);
}
