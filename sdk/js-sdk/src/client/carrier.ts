/** The ways by which a signed decision reaches the chain. */
import type { Address, Hex } from "../hex.js";
import type { SignedIntent } from "../intents/wire.js";
import type { Deployment } from "./deployment.js";

/** `accepted`: kept durably; `submitted`: sent; `included`: in a block; `final`: and in a final one. */
export type IntentState = "accepted" | "submitted" | "included" | "final" | "failed";

/** How far a decision has come, as whoever brings it onto the chain sees it. */
export interface IntentProgress {
  readonly state: IntentState;
  /** The registry's error by its name: why it failed, or why it needed no transaction. */
  readonly reason?: string | null | undefined;
  /** The latest transaction with it. */
  readonly transaction?: string | null | undefined;
  /** The block in which it has had its effect. */
  readonly blockNumber?: number | null | undefined;
}

/** A decision on its way. */
export interface Carried {
  /** Where it is. What got lost is sent again, the same bytes. */
  look(signal?: AbortSignal): Promise<IntentProgress>;
  /** What another process needs beside the digest, to look again. Nothing of it is secret. */
  saved(): Pick<SavedDecision, "transaction">;
}

/** A way onto the chain. */
export interface Carrier {
  /** Who sends, where that counts as their signature. */
  readonly sender: Address | undefined;
  /** Sends a decision, named by its digest. */
  send(signed: SignedIntent, digest: Hex, deployment: Deployment, signal?: AbortSignal): Promise<Carried>;
  /** One that was sent before. */
  resume(saved: SavedDecision, deployment: Deployment): Carried;
}

/** A transaction that was sent. */
export interface SentTransaction {
  readonly hash: Hex;
  /** Its bytes, where they were signed here: what is sent again if it gets lost. */
  readonly raw?: Hex;
  readonly sender: Address;
  readonly nonce?: number;
}

/** What names a decision on its way. */
export interface SavedDecision {
  readonly digest: Hex;
  /** Of one that was sent directly. */
  readonly transaction?: SentTransaction;
}
