/** Where decisions are signed and sent. What is signed is remembered before, so that no crash makes it forgotten. */
import { ConflictError, SignerError, ValidationError } from "../errors.js";
import { isAddress, sameHex, type Address, type Hex } from "../hex.js";
import { consentIdOf, digestOf } from "../intents/digest.js";
import { signedPart, type Decision } from "../intents/types.js";
import type { Acceptance, SignedIntent } from "../intents/wire.js";
import { signIntent, type Signer } from "../signers/signer.js";
import type { Carrier } from "./carrier.js";
import type { ConsentKey } from "./consent.js";
import type { Context } from "./context.js";
import { isFinalEnough, type Finality } from "./deployment.js";
import { Ledger, type Subject } from "./ledger.js";
import { Pending, type Expected, type Resumable } from "./pending.js";
import { Relay } from "./relay.js";

/** How long an opening's signature works, in seconds. The registry takes at most 90 days. */
const SIGNATURE_LIFE = 3_600;

/** What counts upwards with every decision of its kind. */
export type Counter = "version" | "epoch" | "seq" | "delegate" | "recovery";

/** How a call is broken off. */
export interface Abortable {
  readonly signal?: AbortSignal;
}

export class Desk {
  readonly context: Context;
  readonly ledger: Ledger;
  readonly #relay: Carrier;

  constructor(context: Context) {
    this.context = context;
    this.ledger = new Ledger(context);
    this.#relay = new Relay(context);
  }

  get signer(): Signer {
    return this.context.signer;
  }

  /** Whom a decision is about: the signer, unless it decides for another. */
  subject(named: Address | undefined): Address {
    return named === undefined ? this.signer.address : addressOf(named);
  }

  idOf(key: ConsentKey): Hex {
    return consentIdOf({ ...this.context.deployment, ...key });
  }

  /** The highest number of a kind: the one seen, or one that was signed. */
  async highest(counter: Counter, seen: number, ...of: string[]): Promise<number> {
    return Math.max(seen, (await this.context.memory.get(this.#name(counter, of))) ?? 0);
  }

  /** Keeps a number that is about to be signed. */
  async remember(counter: Counter, value: number, ...of: string[]): Promise<void> {
    await this.context.memory.raise(this.#name(counter, of), value);
  }

  /** What a stop names: the version seen and one more, and no less than any that was signed (ADR 0013). */
  async throughVersion(key: ConsentKey, seen: number): Promise<number> {
    return ordinary(await this.highest("version", seen + 1, this.idOf(key)), 32);
  }

  /** A subject's counters, for an opening. */
  async openingSubject(subject: Address, signal?: AbortSignal): Promise<Subject> {
    const state = await this.ledger.subject(subject, signal);
    this.mustBeFinal("finality" in state ? state : undefined);
    return state;
  }

  /** Openings rest on final state, since a reorganisation takes back what is not; unless all that was signed is remembered for good. */
  mustBeFinal(...places: ({ readonly finality: Finality } | undefined)[]): void {
    const must = this.context.deployment.finality ?? "finalized";
    if (!this.context.remembers && !places.every((each) => each === undefined || isFinalEnough(each.finality, must))) {
      throw new ConflictError("CONFLICT", `this rests on a block that is not yet ${must}; wait, or give createConsentry a memory that outlives the process`);
    }
  }

  /** Signs and sends. `acceptance` is a new controller's agreement. */
  async decide(decision: Decision, expected: Partial<Expected> = {}, options: Abortable & { acceptance?: Acceptance } = {}): Promise<Pending> {
    const { signal, acceptance } = options;
    const { domain, deployment } = this.context;
    const { message } = decision;
    if (expected.consentId !== undefined) await this.remember("version", expected.version ?? 0, expected.consentId);
    if ("seq" in message) await this.remember("seq", message.seq, message.subject);
    const carrier = this.context.direct ?? this.#relay;
    const signed: SignedIntent = { ...(await this.#signed(decision, carrier, signal)), ...(acceptance && { acceptance }) };
    const digest = digestOf(domain, signedPart(decision));
    const carried = await carrier.send(signed, digest, deployment, signal);
    return this.#pending(digest, { consentId: undefined, subject: message.subject, version: 0, stop: false, ...expected }, carried);
  }

  /** Takes a wait up again. */
  resume(from: Resumable): Pending {
    const { direct, deployment } = this.context;
    if (from.transaction === undefined) return this.#pending(from.digest, from, this.#relay.resume(from, deployment));
    if (direct === undefined) throw new ValidationError("INVALID_REQUEST", "this decision was sent directly; give createConsentry the same `direct` to wait for it");
    return this.#pending(from.digest, from, direct.resume(from, deployment));
  }

  /** Who sends a decision of their own need not sign it besides. */
  async #signed(decision: Decision, carrier: Carrier, signal?: AbortSignal): Promise<SignedIntent> {
    const { signer } = this;
    if (!sameHex(decision.message.actor, signer.address)) throw new SignerError("SIGNER_WRONG_ACCOUNT", "the signer is not the one who decides");
    if (carrier.sender !== undefined && sameHex(carrier.sender, signer.address)) return { ...decision, proof: { signer: "0x", signature: "0x" } };
    return signIntent(signer, this.context.domain, decision, signal);
  }

  #pending(digest: Hex, { consentId, subject, version, stop }: Expected, carried: ReturnType<Carrier["resume"]>): Pending {
    return new Pending(this.context, this.ledger, digest, { consentId, subject, version, stop }, carried);
  }

  #name(counter: Counter, of: string[]): string {
    const { chainId, registry } = this.context.deployment;
    // A consent's id says already which chain and registry.
    return [counter, ...(counter === "version" ? of : [chainId, registry, ...of])].join(":").toLowerCase();
  }
}

/** Who signs a stop through the largest value closes the counter for good. Nobody is led into that here. */
export function ordinary(through: number, bits: 24 | 32): number {
  if (through >= 2 ** bits - 2) throw new ConflictError("CONFLICT", "this would close the counter for good");
  return through;
}

/** The next value of a counter. */
export function next(value: number, bits: 24 | 32): number {
  if (value >= 2 ** bits - 1) throw new ConflictError("CONFLICT", "this is closed for good: its counter is at its end");
  return value + 1;
}

/** An address, or a refusal of what is none. */
export function addressOf(address: Address): Address {
  if (!isAddress(address)) throw new ValidationError("INVALID_REQUEST", "an address is 0x and 40 hexadecimal digits");
  return address;
}

/** Now, in Unix seconds. */
export function seconds(): number {
  return Math.floor(Date.now() / 1000);
}

/** Of what is no stop. */
export function deadline(): number {
  return seconds() + SIGNATURE_LIFE;
}
