import { AuthError, ConflictError, ConsentryError, ValidationError } from "../errors.js";
import { isHash, type Address, type Hex } from "../hex.js";
import { UNLIMITED, type Intent, type Op } from "../intents/types.js";
import { covers, type Policy } from "../policy/policy.js";
import type { Consent, ConsentKey } from "./consent.js";
import { addressOf, deadline, next, ordinary, seconds, type Abortable, type Desk } from "./desk.js";
import type { Change, ConsentFilter } from "./ledger.js";
import type { Pending, Resumable } from "./pending.js";
import type { Policies } from "./policies.js";
import { DAY, windowOf, type Window } from "./window.js";

const RESPOND_WITHIN = 30 * DAY;

/** Asking for, giving and taking back consents. Each verb signs and hands in; what it returns is only waited for. */
export class Consents {
  readonly #desk: Desk;
  readonly #policies: Policies;

  constructor(desk: Desk, policies: Policies) {
    this.#desk = desk;
    this.#policies = policies;
  }

  /** Consents one by one, page after page. */
  list(filter: ConsentFilter = {}): AsyncGenerator<Consent, void, undefined> {
    return this.#desk.ledger.list(filter);
  }

  /** A consent by its id. */
  get(id: Hex, options: Abortable = {}): Promise<Consent> {
    if (!isHash(id)) throw new ValidationError("INVALID_REQUEST", "a consent is named by 0x and 64 hexadecimal digits");
    return this.#desk.ledger.get(id, options.signal);
  }

  /** The consent between these two under this policy, if there ever was one. */
  find(key: ConsentKey, options: Abortable = {}): Promise<Consent | undefined> {
    return this.#desk.ledger.find(this.idOf(key), options.signal);
  }

  /** Every change of a consent that is still part of the chain's history as told. For systems' and administrators' tokens. */
  async *history(id: Hex, options: Abortable & { after?: number } = {}): AsyncGenerator<Change, void, undefined> {
    for await (const change of this.#desk.ledger.changes(options.after ?? 0, options.signal)) {
      if (change.consent.id.toLowerCase() === id.toLowerCase()) yield change;
    }
  }

  /** The id of a consent. */
  idOf(key: ConsentKey): Hex {
    return this.#desk.idOf(key);
  }

  /** An organisation asks a patient. The document is stored first, so that the patient can read it. */
  async request(ask: Window & Abortable & { subject: Address; policy: Policy; respondBy?: number }): Promise<Pending> {
    const { subject, policy, signal } = ask;
    const grantee = this.#desk.signer.address;
    await this.#policies.upload(policy, ask);
    const key = { subject: addressOf(subject), grantee, scopeId: policy.hash };
    const version = next((await this.find(key, ask))?.version ?? 0, 32);
    const message = {
      actor: grantee, ...key, ...windowOf(ask), respondBy: ask.respondBy ?? seconds() + RESPOND_WITHIN, version, deadline: deadline(),
    };
    return this.#decide({ action: "Request", message }, key, version, signal);
  }

  /** A patient gives consent unasked. */
  async create(give: Window & Abortable & { grantee: Address; policy: Policy; subject?: Address }): Promise<Pending> {
    const { grantee, policy, signal } = give;
    await this.#policies.upload(policy, give);
    const key = { subject: give.subject ?? this.#desk.signer.address, grantee: addressOf(grantee), scopeId: policy.hash };
    return this.#grant(key, await this.find(key, give), give, signal);
  }

  /** A patient agrees to a request, for the time that was asked for unless told otherwise. The document must be at hand: the one given, or the indexer's. */
  async approve(consent: Consent, options: Window & Abortable & { policy?: Policy } = {}): Promise<Pending> {
    await this.#policies.held(consent.scopeId, options.policy, options.signal);
    const latest = await this.#requested(consent, options.signal);
    return this.#grant(consent, latest, answeredWindow(latest, options), options.signal);
  }

  /** A patient agrees to less than was asked: one signature denies the request and grants the narrower policy, for the time that was asked for unless told otherwise. */
  async approveLess(consent: Consent, policy: Policy, options: Window & Abortable & { asked?: Policy } = {}): Promise<Pending> {
    const { signal } = options;
    const asked = await this.#policies.held(consent.scopeId, options.asked, signal);
    if (policy.hash === asked.hash || !covers(asked, policy)) {
      throw new ValidationError("POLICY_NOT_NARROWER", "this shares something that was not asked for, or all that was; use create, or approve");
    }
    await this.#policies.upload(policy, options);
    const { subject, grantee } = consent;
    const key = { subject, grantee, scopeId: policy.hash };
    const [latest, before, state] = [await this.#requested(consent, signal), await this.find(key, options), await this.#desk.openingSubject(subject, signal)];
    this.#desk.mustBeFinal(latest, before);
    const through = await this.#desk.throughVersion(consent, latest.version);
    const version = grantVersion(before);
    const stop: Op = { kind: 1, grantee, scopeId: consent.scopeId, validFrom: 0, validTo: 0, version: through };
    const opening: Op = { kind: 0, grantee, scopeId: policy.hash, ...windowOf(answeredWindow(latest, options)), version };
    // The registry wants items in ascending order, so that no consent occurs twice.
    const ops = [stop, opening].sort((a, b) => (a.scopeId.toLowerCase() < b.scopeId.toLowerCase() ? -1 : 1));
    const message = { actor: this.#desk.signer.address, subject, mode: 0, seq: state.seq, ops, deadline: deadline() };
    await this.#desk.remember("version", through + 1, this.idOf(consent));
    return this.#decide({ action: "Batch", message }, key, version, signal);
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
    const { signal, dropDelegates = false } = options;
    const subject = this.#desk.subject(options.subject);
    const state = await this.#desk.ledger.subject(subject, signal);
    const throughEpoch = ordinary(await this.#desk.highest("epoch", state.epoch, subject), 24);
    const throughSeq = ordinary(await this.#desk.highest("seq", state.seq, subject), 24);
    const message = { actor: this.#desk.signer.address, subject, throughEpoch, throughSeq, dropDelegates, deadline: UNLIMITED };
    await this.#desk.remember("epoch", throughEpoch + 1, subject);
    return this.#desk.decide({ action: "RevokeAll", message }, { version: throughEpoch + 1, stop: true }, options);
  }

  /** An organisation gives a consent, or its request for one, back. */
  async relinquish(consent: Consent, options: Abortable = {}): Promise<Pending> {
    const latest = await this.#latest(consent, options.signal);
    const { subject, grantee, scopeId } = consent;
    // It names the version that it starts from.
    const { version } = latest;
    const message = { actor: this.#desk.signer.address, subject, grantee, scopeId, version, deadline: UNLIMITED };
    return this.#decide({ action: "Relinquish", message }, consent, version + 1, options.signal, true);
  }

  /** Takes a wait up again, in another process if need be. */
  resume(from: Resumable): Pending {
    return this.#desk.resume(from);
  }

  async #grant(key: ConsentKey, latest: Consent | undefined, window: Window, signal?: AbortSignal): Promise<Pending> {
    const { subject, grantee, scopeId } = key;
    const { seq } = await this.#desk.openingSubject(subject, signal);
    this.#desk.mustBeFinal(latest);
    const version = grantVersion(latest);
    const message = { actor: this.#desk.signer.address, subject, grantee, scopeId, seq, ...windowOf(window), version, deadline: deadline() };
    return this.#decide({ action: "Grant", message }, key, version, signal);
  }

  async #stop(action: "Deny" | "Revoke", consent: Consent, signal?: AbortSignal): Promise<Pending> {
    const { subject, grantee, scopeId } = consent;
    // A stop waits for nobody: without the indexer, or a sign-in, it rests on what the caller holds and signed before.
    const latest = await this.find(consent, signal ? { signal } : {}).catch((error: unknown) => {
      if (error instanceof ConsentryError && (error.retryable || error instanceof AuthError)) return consent;
      throw error;
    });
    const throughVersion = await this.#desk.throughVersion(consent, Math.max(consent.version, latest?.version ?? 0));
    const message = { actor: this.#desk.signer.address, subject, grantee, scopeId, throughVersion, deadline: UNLIMITED };
    return this.#decide({ action, message }, consent, throughVersion + 1, signal, true);
  }

  /** The consent as it is now; what a caller holds may be old. */
  async #latest(consent: Consent, signal?: AbortSignal): Promise<Consent> {
    const latest = await this.find(consent, signal ? { signal } : {});
    if (latest === undefined) throw new ConflictError("CONFLICT", "this consent is no longer there; a reorganisation may have taken it back");
    return latest;
  }

  /** The request as it is now. */
  async #requested(consent: Consent, signal?: AbortSignal): Promise<Consent> {
    const latest = await this.#latest(consent, signal);
    if (latest.status !== "REQUESTED") {
      throw new ConflictError("CONFLICT", `there is no request to answer: the consent is ${latest.status}; to give it anyway, create it`);
    }
    return latest;
  }

  #decide(intent: Intent, key: ConsentKey, version: number, signal?: AbortSignal, stop = false): Promise<Pending> {
    return this.#desk.decide(intent, { consentId: this.idOf(key), version, stop }, signal ? { signal } : {});
  }
}

/** What was asked for, where nothing else is said. */
function answeredWindow(request: Consent, { validFrom = request.validFrom, validTo, days }: Window): Window {
  const until = validTo === undefined && days === undefined ? (request.validTo ?? UNLIMITED) : validTo;
  return { validFrom, ...(until !== undefined && { validTo: until }), ...(days !== undefined && { days }) };
}

/** A grant approves the request that is open, or makes the next version. */
function grantVersion(latest: Consent | undefined): number {
  if (latest?.status === "REQUESTED") return latest.version;
  return next(latest?.version ?? 0, 32);
}
