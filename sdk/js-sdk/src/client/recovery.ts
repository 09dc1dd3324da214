import { ConflictError, ValidationError } from "../errors.js";
import type { Address } from "../hex.js";
import { UNLIMITED } from "../intents/types.js";
import type { AboutSubject } from "./delegates.js";
import { addressOf, deadline, next, type Abortable, type Desk } from "./desk.js";
import type { Subject } from "./ledger.js";
import type { Pending } from "./pending.js";

const HOUR = 3_600;
const NOBODY: Address = `0x${"00".repeat(20)}`;

/** For a patient whose key is lost: somebody named before proposes a new one, time passes, and the patient can refuse. */
export class Recovery {
  readonly #desk: Desk;

  constructor(desk: Desk) {
    this.#desk = desk;
  }

  /**
   * Names who may recover, and how long everybody then waits: 48 hours to 90 days. With null nobody may. A recovery under
   * way ends.
   */
  async set(named: AboutSubject & ({ recoverer: Address; delayHours: number } | { recoverer: null })): Promise<Pending> {
    const subject = this.#desk.subject(named.subject);
    const by = { actor: this.#desk.signer.address, subject };
    if (named.recoverer === null) {
      const state = await this.#desk.ledger.subject(subject, named.signal);
      // Above what the chain has, and above what is signed and not yet sent.
      const nonce = next(await this.#desk.highest("recovery", state.recoveryNonce + 1, subject), 32);
      await this.#desk.remember("recovery", nonce, subject);
      return this.#desk.decide({ action: "SetRecovery", message: { ...by, recoverer: NOBODY, delay: 0, nonce, seq: state.seq, deadline: UNLIMITED } }, {}, named);
    }
    const delay = Math.round(named.delayHours * HOUR);
    if (!(delay >= 0)) throw new ValidationError("INVALID_REQUEST", "`delayHours` is a number of hours, 48 or more");
    const state = await this.#desk.openingSubject(subject, named.signal);
    const nonce = next(state.recoveryNonce, 32);
    await this.#desk.remember("recovery", nonce, subject);
    return this.#desk.decide({ action: "SetRecovery", message: { ...by, recoverer: addressOf(named.recoverer), delay, nonce, seq: state.seq, deadline: deadline() } }, {}, named);
  }

  /** As the one who may recover: proposes another key, in place of any earlier proposal. */
  async propose(proposed: Abortable & { subject: Address; newController: Address }): Promise<Pending> {
    const state = await this.#desk.openingSubject(addressOf(proposed.subject), proposed.signal);
    const message = {
      ...this.#by(proposed.subject), newController: addressOf(proposed.newController), proposalId: next(state.lastProposalId, 32), deadline: deadline(),
    };
    return this.#desk.decide({ action: "ProposeRecovery", message }, {}, proposed);
  }

  /** As the patient: refuses the recovery that is under way. */
  async veto(options: AboutSubject = {}): Promise<Pending> {
    const subject = this.#desk.subject(options.subject);
    const { id: proposalId } = underWay(await this.#desk.ledger.subject(subject, options.signal));
    return this.#desk.decide({ action: "Veto", message: { ...this.#by(subject), proposalId, deadline: UNLIMITED } }, {}, options);
  }

  /** As the proposed key: takes control, once the delay is over. */
  async recover(options: Abortable & { subject: Address }): Promise<Pending> {
    const state = await this.#desk.openingSubject(addressOf(options.subject), options.signal);
    const message = { ...this.#by(options.subject), proposalId: underWay(state).id, seq: state.seq, deadline: deadline() };
    return this.#desk.decide({ action: "Recover", message }, {}, options);
  }

  /** As the one who may recover: stops new grants for as long as the delay, and never a stop. */
  async freeze(options: Abortable & { subject: Address }): Promise<Pending> {
    const { seq } = await this.#desk.openingSubject(addressOf(options.subject), options.signal);
    return this.#desk.decide({ action: "Freeze", message: { ...this.#by(options.subject), seq, deadline: deadline() } }, {}, options);
  }

  /** As the patient: ends a freeze. */
  async unfreeze(options: AboutSubject = {}): Promise<Pending> {
    const subject = this.#desk.subject(options.subject);
    const { seq } = await this.#desk.openingSubject(subject, options.signal);
    return this.#desk.decide({ action: "Unfreeze", message: { ...this.#by(subject), seq, deadline: deadline() } }, {}, options);
  }

  #by(subject: Address): { actor: Address; subject: Address } {
    return { actor: this.#desk.signer.address, subject };
  }
}

function underWay(state: Subject) {
  if (state.proposal == null) throw new ConflictError("CONFLICT", "no recovery is under way");
  return state.proposal;
}
