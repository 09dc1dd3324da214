/** A decision under way: it is signed and handed in; what is left is to wait, which can be broken off and taken up again. */
import { ChainError, ConflictError, ConsentryError, FinalityTimeoutError, ValidationError } from "../errors.js";
import { sameHex, type Address, type Hex } from "../hex.js";
import { pause } from "../http.js";
import type { Carried, IntentProgress, IntentState, SavedDecision } from "./carrier.js";
import type { Consent, ConsentStatus } from "./consent.js";
import type { Context } from "./context.js";
import { isFinalEnough, type Finality } from "./deployment.js";
import type { Ledger } from "./ledger.js";

/** What is told while waiting. */
export interface WaitStatus {
  /** How far the relay is, or the transaction that was sent directly. */
  readonly intent: IntentState;
  /** The consent's status, once the indexer has it. */
  readonly consent: ConsentStatus | undefined;
  readonly finality: Finality | undefined;
  /** Whether a block that had it is no longer part of the chain. */
  readonly reorganised: boolean;
}

/** How to wait. */
export interface WaitOptions {
  readonly signal?: AbortSignal;
  /** 60,000 if absent. */
  readonly timeoutMs?: number;
  /** How final; the deployment's own if absent. */
  readonly finality?: Finality;
  /** Told of every change. */
  readonly onStatus?: (status: WaitStatus) => void;
}

/** What a decision leads to, so that a wait knows its end. */
export interface Expected {
  readonly consentId: Hex | undefined;
  readonly subject: Address;
  /** The version that the consent has then; of a stop, the least. */
  readonly version: number;
  readonly stop: boolean;
}

/** Enough to wait again in another process. Holds no key and no personal data beside addresses. */
export interface Resumable extends Expected, SavedDecision {}

/** What an opening does not become by itself. */
const OVER: readonly ConsentStatus[] = ["DENIED", "REVOKED", "EXPIRED"];
const FIRST_LOOK_MS = 50;
const LONGEST_LOOK_MS = 1_000;

/** A decision that was sent. To wait for it is up to the caller. */
export class Pending {
  readonly #context: Context;
  readonly #ledger: Ledger;
  readonly #carried: Carried;
  readonly #expected: Expected;
  /** What was signed; it names the intent. */
  readonly digest: Hex;
  /** How far it was at the last look. */
  progress: IntentProgress | undefined;

  constructor(context: Context, ledger: Ledger, digest: Hex, expected: Expected, carried: Carried) {
    this.#context = context;
    this.#ledger = ledger;
    this.#carried = carried;
    this.#expected = expected;
    this.digest = digest;
  }

  /** The consent that this is about; nothing where it is about all of a subject's. */
  get consentId(): Hex | undefined {
    return this.#expected.consentId;
  }

  /** What `consents.resume` takes, in another process too. */
  toJSON(): Resumable {
    return { digest: this.digest, ...this.#expected, ...this.#carried.saved() };
  }

  /** Waits until a request stands. */
  waitForRequested(options?: WaitOptions): Promise<Consent> {
    // It may have been answered before anybody looked.
    return this.#waitForConsent(["REQUESTED", "CONFIRMING", "SCHEDULED", "ACTIVE"], options);
  }

  /** Waits until the consent is active, or will be by itself (SCHEDULED), in a block as final as the deployment demands. */
  waitForActive(options?: WaitOptions): Promise<Consent> {
    return this.#waitForConsent(["ACTIVE", "SCHEDULED"], options);
  }

  /** Waits until a request is denied. */
  waitForDenied(options?: WaitOptions): Promise<Consent> {
    return this.#waitForConsent(["DENIED", "REVOKED"], options);
  }

  /** Waits until what was stopped is stopped on the chain. Gateways deny as soon as the relay has it, which is before. */
  async waitForRevoked(options: WaitOptions = {}): Promise<Consent | undefined> {
    // A stop needs no token, and waiting for it neither: the relay's word is what there is then.
    if (!this.#context.isSignedIn) return void (await this.waitForApplied(options));
    if (this.#expected.consentId !== undefined) return this.#waitForConsent(["REVOKED", "DENIED", "EXPIRED", "ABSENT"], options);
    if (!this.#expected.stop) throw new ValidationError("INVALID_REQUEST", "this decision stops nothing; use waitForApplied");
    await this.#wait(options, async (view, signal) => {
      const subject = await this.#ledger.subject(this.#expected.subject, signal);
      const finality = "finality" in subject ? subject.finality : undefined;
      const isThere = subject.epoch >= this.#expected.version && finality !== undefined && isFinalEnough(finality, this.#must(options));
      return { status: { consent: undefined, finality }, ...(isThere && isIn(view) && { reached: true }) };
    });
    return undefined;
  }

  /** Waits until the decision, whatever it is, is in a block as final as the deployment demands, and the indexer has that block. */
  async waitForApplied(options: WaitOptions = {}): Promise<void> {
    await this.#wait(options, async (view, signal) => {
      // Without a token there is the relay's word alone, or the node's.
      if (!this.#context.isSignedIn || !isIn(view) || view.blockNumber == null) {
        return { status: nothing, ...(view.state === "final" && { reached: true }) };
      }
      const { latest, safe, finalized, indexed } = await this.#ledger.chain(signal);
      const heights = { latest, safe, finalized };
      const block = view.blockNumber;
      const finality = (["finalized", "safe", "latest"] as const).find((each) => (heights[each] ?? -1) >= block);
      const isThere = (indexed?.blockNo ?? -1) >= block && finality !== undefined && isFinalEnough(finality, this.#must(options));
      return { status: { consent: undefined, finality }, ...(isThere && { reached: true }) };
    });
  }

  #must(options: WaitOptions): Finality {
    return options.finality ?? this.#context.deployment.finality ?? "finalized";
  }

  async #waitForConsent(wanted: readonly ConsentStatus[], options: WaitOptions = {}): Promise<Consent> {
    const { consentId, version, stop } = this.#expected;
    if (consentId === undefined) throw new ValidationError("INVALID_REQUEST", `this decision is about no single consent; use ${stop ? "waitForRevoked" : "waitForApplied"}`);
    return this.#wait(options, async (view, signal) => {
      const consent = await this.#ledger.find(consentId, signal);
      const status = { consent: consent?.status, finality: consent?.finality };
      if (consent === undefined || !isIn(view) || consent.version < version) return { status };
      const isWanted = wanted.includes(consent.status);
      const isOver = stop ? consent.version > version : consent.version !== version || OVER.includes(consent.status);
      if (isOver && !isWanted) {
        throw new ConflictError("CONFLICT", `the consent was changed again meanwhile: it is ${consent.status} at version ${consent.version}`);
      }
      // The relay and the indexer must speak of the same block, else one of them is on a fork.
      const isSame = stop || view.transaction == null || (sameHex(view.transaction, consent.transaction) && view.blockNumber === consent.blockNumber);
      if (!isSame || !isWanted || !isFinalEnough(consent.finality, this.#must(options))) return { status };
      return { status, reached: consent };
    });
  }

  async #wait<T>(options: WaitOptions, look: (view: IntentProgress, signal: AbortSignal) => Promise<{ status: Pick<WaitStatus, "consent" | "finality">; reached?: T }>): Promise<T> {
    const { timeoutMs = 60_000, onStatus } = options;
    const limit = AbortSignal.timeout(timeoutMs);
    const signal = options.signal ? AbortSignal.any([options.signal, limit]) : limit;
    let told = "", cause: unknown, block: number | undefined, looks = 0;
    try {
      for (;;) {
        try {
          const view = await this.#carried.look(signal);
          this.progress = view;
          if (view.state === "failed") throw new ChainError("INTENT_FAILED", `the registry refused it: ${view.reason ?? "no reason given"}; read the consent and decide again`);
          const { status, reached } = await look(view, signal);
          const reorganised = block !== undefined && view.blockNumber !== block;
          block = view.blockNumber ?? undefined;
          const now: WaitStatus = { intent: view.state, ...status, reorganised };
          const text = JSON.stringify(now);
          if (text !== told) onStatus?.(now);
          told = text;
          if (reached !== undefined) return reached;
        } catch (error) {
          // What may pass is waited out; it is named if the time runs out over it.
          if (!(error instanceof ConsentryError && error.retryable)) throw error;
          cause = error;
        }
        await pause(Math.min(FIRST_LOOK_MS * 1.5 ** looks++, LONGEST_LOOK_MS), signal);
      }
    } catch (error) {
      options.signal?.throwIfAborted();
      if (!limit.aborted || error instanceof ConsentryError) throw error;
      const far = this.progress?.state ?? "handed in";
      throw new FinalityTimeoutError("FINALITY_TIMEOUT", `after ${timeoutMs} ms the decision is ${far}, and not yet where it was waited for. It is not lost: wait again, or later with consents.resume`, { cause });
    }
  }
}

const nothing = { consent: undefined, finality: undefined };

function isIn(view: IntentProgress): boolean {
  return view.state === "included" || view.state === "final";
}
