import { ConflictError, ConsentryError, ValidationError } from "../errors.js";
import { isAddress, isHash, type Address, type Hex } from "../hex.js";
import { consentIdOf, digestOf } from "../intents/digest.js";
import { isStop, UNLIMITED, type Intent, type Op } from "../intents/types.js";
import { covers, type Policy } from "../policy/policy.js";
import { signIntent } from "../signers/signer.js";
import type { Consent, ConsentKey } from "./consent.js";
import type { Context } from "./context.js";
import { isFinalEnough } from "./deployment.js";
import { Ledger, type Change, type ConsentFilter, type Subject } from "./ledger.js";
import { handIn, Pending, type Expected, type Resumable } from "./pending.js";
import type { Policies } from "./policies.js";

const DAY = 86_400;
/** How long an opening's signature works, in seconds. The registry takes at most 90 days. */
const SIGNATURE_LIFE = 3_600;
/** The registry's clock is that of the last block, which can be behind. */
const CLOCK_MARGIN = 60;
const RESPOND_WITHIN = 30 * DAY;
const MAX32 = 2 ** 32 - 1;
const MAX24 = 2 ** 24 - 1;

/** The time in which a consent counts. Until revoked where neither `days` nor `validTo` is given. */
export interface Window {
  /** Unix seconds; now if absent. */
  readonly validFrom?: number;
  /** Unix seconds, the first at which it is over. */
  readonly validTo?: number;
  /** From its beginning. */
  readonly days?: number;
}

interface Abortable {
  readonly signal?: AbortSignal;
}

/** Asking for, giving and taking back consents. Each verb signs and hands in; what it returns is only waited for. */
export class Consents {
  readonly #context: Context;
  readonly #policies: Policies;
  readonly #ledger: Ledger;

  constructor(context: Context, policies: Policies) {
    this.#context = context;
    this.#policies = policies;
    this.#ledger = new Ledger(context);
  }

  /** Consents one by one, page after page. */
  list(filter: ConsentFilter = {}): AsyncGenerator<Consent, void, undefined> {
    return this.#ledger.list(filter);
  }

  get(id: Hex, options: Abortable = {}): Promise<Consent> {
    if (!isHash(id)) throw new ValidationError("INVALID_REQUEST", "a consent is named by 0x and 64 hexadecimal digits");
    return this.#ledger.get(id, options.signal);
  }

  /** The consent between these two under this policy, if there ever was one. */
  find(key: ConsentKey, options: Abortable = {}): Promise<Consent | undefined> {
    return this.#ledger.find(this.idOf(key), options.signal);
  }

  /** Every change of a consent that is still part of the chain's history as told. For systems' and administrators' tokens. */
  async *history(id: Hex, options: Abortable & { after?: number } = {}): AsyncGenerator<Change, void, undefined> {
    for await (const change of this.#ledger.changes(options.after ?? 0, options.signal)) {
      if (change.consent.id.toLowerCase() === id.toLowerCase()) yield change;
    }
  }

  /** The id of a consent. */
  idOf(key: ConsentKey): Hex {
    return consentIdOf({ ...this.#context.deployment, ...key });
  }

  /** An organisation asks a patient. The document is stored first, so that the patient can read it. */
  async request(ask: Window & Abortable & { subject: Address; policy: Policy; respondBy?: number }): Promise<Pending> {
    const { subject, policy, signal } = ask;
    const grantee = this.#context.signer.address;
    await this.#policies.upload(policy, ask);
    const key = { subject: addressOf(subject), grantee, scopeId: policy.hash };
    const version = next((await this.find(key, ask))?.version ?? 0, MAX32);
    const now = seconds();
    const message = {
      actor: grantee, ...key, ...windowOf(ask), respondBy: ask.respondBy ?? now + RESPOND_WITHIN, version, deadline: now + SIGNATURE_LIFE,
    };
    return this.#decide({ action: "Request", message }, { version, key, stop: false }, signal);
  }

  /** A patient gives consent unasked. */
  async create(give: Window & Abortable & { grantee: Address; policy: Policy; subject?: Address }): Promise<Pending> {
    const { grantee, policy, signal } = give;
    await this.#policies.upload(policy, give);
    const key = { subject: give.subject ?? this.#context.signer.address, grantee: addressOf(grantee), scopeId: policy.hash };
    return this.#grant(key, await this.find(key, give), give, signal);
  }

  /** A patient agrees to a request, or renews a consent. The document must be at hand: the one given, or the indexer's. */
  async approve(consent: Consent, options: Window & Abortable & { policy?: Policy } = {}): Promise<Pending> {
    await this.#policies.held(consent.scopeId, options.policy, options.signal);
    const asked = options.validTo === undefined && options.days === undefined && options.validFrom === undefined;
    const latest = await this.#latest(consent, options.signal);
    // The window that was asked for, unless another is given.
    const window = asked && latest.status === "REQUESTED" ? { validFrom: latest.validFrom, validTo: latest.validTo ?? UNLIMITED } : options;
    return this.#grant(consent, latest, window, options.signal);
  }

  /** A patient agrees to less than was asked: one signature denies the request and grants the narrower policy. */
  async approveLess(consent: Consent, policy: Policy, options: Window & Abortable & { asked?: Policy } = {}): Promise<Pending> {
    const { signal } = options;
    const asked = await this.#policies.held(consent.scopeId, options.asked, signal);
    if (policy.hash === asked.hash || !covers(asked, policy)) {
      throw new ValidationError("POLICY_NOT_NARROWER", "this shares something that was not asked for, or all that was; use create, or approve");
    }
    await this.#policies.upload(policy, options);
    const { subject, grantee } = consent;
    const key = { subject, grantee, scopeId: policy.hash };
    const [latest, before, state] = [await this.#latest(consent, signal), await this.find(key, options), await this.#subject(subject, signal)];
    this.#mustBeFinal(state, latest, before);
    const through = await this.#throughVersion(consent, latest.version);
    const version = grantVersion(before);
    const stop: Op = { kind: 1, grantee, scopeId: consent.scopeId, validFrom: 0, validTo: 0, version: through };
    const opening: Op = { kind: 0, grantee, scopeId: policy.hash, ...windowOf(options), version };
    // The registry wants items in ascending order, so that no consent occurs twice.
    const ops = [stop, opening].sort((a, b) => (a.scopeId.toLowerCase() < b.scopeId.toLowerCase() ? -1 : 1));
    const message = { actor: this.#context.signer.address, subject, mode: 0, seq: state.seq, ops, deadline: seconds() + SIGNATURE_LIFE };
    await this.#remember(consent, through + 1, state.seq);
    return this.#decide({ action: "Batch", message }, { version, key, stop: false }, signal, state.seq);
  }

  /** A patient refuses a request. */
  deny(consent: Consent, options: Abortable = {}): Promise<Pending> {
    return this.#stop("Deny", consent, options.signal);
  }

  /** A patient takes a consent back. Gateways deny as soon as this returns, before there is a block. */
  revoke(consent: Consent, options: Abortable = {}): Promise<Pending> {
    return this.#stop("Revoke", consent, options.signal);
  }

  /** A patient takes everything back, and voids every grant that is signed and not yet sent. */
  async revokeAll(options: Abortable & { subject?: Address; dropDelegates?: boolean } = {}): Promise<Pending> {
    const subject = options.subject ?? this.#context.signer.address;
    const state = await this.#ledger.subject(subject, options.signal);
    const throughEpoch = Math.max(state.epoch, (await this.#context.memory.get(`epoch:${name(this.#context, subject)}`)) ?? 0);
    const throughSeq = Math.max(state.seq, (await this.#context.memory.get(`seq:${name(this.#context, subject)}`)) ?? 0);
    mustBeOrdinary(throughEpoch, MAX24);
    mustBeOrdinary(throughSeq, MAX24);
    const message = { actor: this.#context.signer.address, subject, throughEpoch, throughSeq, dropDelegates: options.dropDelegates ?? false, deadline: UNLIMITED };
    await this.#context.memory.raise(`epoch:${name(this.#context, subject)}`, throughEpoch + 1);
    return this.#decide({ action: "RevokeAll", message }, { version: throughEpoch + 1, subject, stop: true }, options.signal);
  }

  /** Takes a wait up again, in another process if need be. */
  resume(from: Resumable): Pending {
    return new Pending(this.#context, this.#ledger, from.digest, from);
  }

  async #grant(key: ConsentKey, latest: Consent | undefined, window: Window, signal?: AbortSignal): Promise<Pending> {
    const { subject, grantee, scopeId } = key;
    const state = await this.#subject(subject, signal);
    this.#mustBeFinal(state, latest);
    const version = grantVersion(latest);
    const message = {
      actor: this.#context.signer.address, subject, grantee, scopeId, seq: state.seq, ...windowOf(window), version, deadline: seconds() + SIGNATURE_LIFE,
    };
    return this.#decide({ action: "Grant", message }, { version, key: { subject, grantee, scopeId }, stop: false }, signal, state.seq);
  }

  async #stop(action: "Deny" | "Revoke", consent: Consent, signal?: AbortSignal): Promise<Pending> {
    const { subject, grantee, scopeId } = consent;
    // A stop waits for nobody: without the indexer it rests on what the caller holds and what was signed before.
    const latest = await this.find(consent, signal ? { signal } : {}).catch((error: unknown) => {
      if (error instanceof ConsentryError && error.retryable) return consent;
      throw error;
    });
    const throughVersion = await this.#throughVersion(consent, Math.max(consent.version, latest?.version ?? 0));
    const message = { actor: this.#context.signer.address, subject, grantee, scopeId, throughVersion, deadline: UNLIMITED };
    const key = { subject, grantee, scopeId };
    return this.#decide({ action, message }, { version: throughVersion + 1, key, stop: true }, signal);
  }

  /** The version seen and one more, and no less than any that was signed (ADR 0013). */
  async #throughVersion(key: ConsentKey, seen: number): Promise<number> {
    const signed = (await this.#context.memory.get(`version:${this.idOf(key)}`)) ?? 0;
    const through = Math.max(seen + 1, signed);
    mustBeOrdinary(through, MAX32);
    return through;
  }

  /** The consent as it is now; what a caller holds may be old. */
  async #latest(consent: Consent, signal?: AbortSignal): Promise<Consent> {
    const latest = await this.find(consent, signal ? { signal } : {});
    if (latest === undefined) throw new ConflictError("CONFLICT", "this consent is no longer there; a reorganisation may have taken it back");
    return latest;
  }

  #subject(subject: Address, signal?: AbortSignal): Promise<Subject> {
    return this.#ledger.subject(subject, signal);
  }

  /** Openings rest on final state, unless what was signed is remembered for good. */
  #mustBeFinal(state: Subject, ...consents: (Consent | undefined)[]): void {
    const must = this.#context.deployment.finality ?? "finalized";
    const places = [...consents, "finality" in state ? state : undefined].filter((each) => each !== undefined);
    if (!this.#context.remembers && !places.every((each) => isFinalEnough(each.finality, must))) {
      throw new ConflictError("CONFLICT", `this rests on a block that is not yet ${must}; wait, or give createConsentry a memory that outlives the process`);
    }
  }

  async #remember(key: ConsentKey, version: number, seq?: number): Promise<void> {
    await this.#context.memory.raise(`version:${this.idOf(key)}`, version);
    if (seq !== undefined) await this.#context.memory.raise(`seq:${name(this.#context, key.subject)}`, seq);
  }

  /** Signs and hands in. What is signed is remembered before, so that no crash makes it forgotten. */
  async #decide(intent: Intent, about: { version: number; key?: ConsentKey; subject?: Address; stop: boolean }, signal?: AbortSignal, seq?: number): Promise<Pending> {
    const { signer, domain } = this.#context;
    const { version, key, stop } = about;
    if (key !== undefined) await this.#remember(key, version, seq);
    const signed = await signIntent(signer, domain, intent, signal);
    const digest = digestOf(domain, intent);
    const expected: Expected = { consentId: key && this.idOf(key), subject: intent.message.subject, version, stop: stop || isStop(intent) };
    const view = await handIn(this.#context, digest, signed, signal);
    return new Pending(this.#context, this.#ledger, digest, expected, signed, view);
  }
}

function name({ deployment }: Context, subject: Address): string {
  return `${deployment.chainId}:${deployment.registry.toLowerCase()}:${subject.toLowerCase()}`;
}

/** A grant approves the request that is open, or makes the next version. */
function grantVersion(latest: Consent | undefined): number {
  if (latest?.status === "REQUESTED") return latest.version;
  return next(latest?.version ?? 0, MAX32);
}

function next(version: number, largest: number): number {
  if (version >= largest) throw new ConflictError("CONFLICT", "this consent is closed for good: its counter is at its end");
  return version + 1;
}

/** Who signs a stop through the largest value closes the consent, or the subject, for good. Nobody is led into that here. */
function mustBeOrdinary(through: number, largest: number): void {
  if (through >= largest - 1) throw new ConflictError("CONFLICT", "this would close the counter for good");
}

function windowOf({ validFrom, validTo, days }: Window): { validFrom: number; validTo: number } {
  const from = validFrom ?? seconds() - CLOCK_MARGIN;
  const to = validTo ?? (days === undefined ? UNLIMITED : from + Math.round(days * DAY));
  if (!(to > from)) throw new ValidationError("INVALID_REQUEST", "a consent must end after it begins");
  return { validFrom: from, validTo: to };
}

function addressOf(address: Address): Address {
  if (!isAddress(address)) throw new ValidationError("INVALID_REQUEST", "an address is 0x and 40 hexadecimal digits");
  return address;
}

function seconds(): number {
  return Math.floor(Date.now() / 1000);
}
