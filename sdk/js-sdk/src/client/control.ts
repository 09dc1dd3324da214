import { UNLIMITED } from "../intents/types.js";
import type { Signer } from "../signers/signer.js";
import type { AboutSubject } from "./delegates.js";
import { deadline, ordinary, type Desk } from "./desk.js";
import type { Subject } from "./ledger.js";
import type { Pending } from "./pending.js";

/** Which key decides for a subject. */
export class Control {
  readonly #desk: Desk;

  constructor(desk: Desk) {
    this.#desk = desk;
  }

  /** Who decides, who may recover, whether it is frozen, and the counters. */
  get(options: AboutSubject = {}): Promise<Subject> {
    return this.#desk.ledger.subject(this.#desk.subject(options.subject), options.signal);
  }

  /** Hands a subject to another key, which has to sign too. Voids all delegates, and all grants that are not yet sent. */
  async rotate(to: AboutSubject & { newController: Signer }): Promise<Pending> {
    const { newController, signal } = to;
    const subject = this.#desk.subject(to.subject);
    const { seq } = await this.#desk.openingSubject(subject, signal);
    const until = deadline();
    const accepting = { action: "AcceptControl", message: { actor: newController.address, subject, seq, deadline: until } } as const;
    const acceptance = { deadline: until, proof: await newController.sign(this.#desk.context.domain, accepting, signal) };
    const message = { actor: this.#desk.signer.address, subject, newController: newController.address, seq, deadline: until };
    return this.#desk.decide({ action: "Rotate", message }, {}, { acceptance, ...(signal && { signal }) });
  }

  /** Voids every grant, and whatever else opens something, that is signed and not yet sent. Consents stay. */
  async invalidate(options: AboutSubject = {}): Promise<Pending> {
    const subject = this.#desk.subject(options.subject);
    const state = await this.#desk.ledger.subject(subject, options.signal);
    const throughSeq = ordinary(await this.#desk.highest("seq", state.seq, subject), 24);
    return this.#desk.decide({ action: "Invalidate", message: { actor: this.#desk.signer.address, subject, throughSeq, deadline: UNLIMITED } }, {}, options);
  }
}
