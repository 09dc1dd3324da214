import type { ChainStatus } from "@consentry/sdk";

/** How the ledger is, as the indexer tells it. `unseen` where it has seen no head or has applied nothing yet. */
export type LedgerState = "well" | "behind" | "old" | "halted" | "unreached" | "unseen";

/** Seconds after which a head that was not seen again is called old. Services deny long before; this is for people. */
export const OLD_AFTER = 60;

/** What to say first. The worst goes before the rest. */
export function ledgerState(chain: ChainStatus, now: number): LedgerState {
  if (chain.halted) return "halted";
  if (chain.latest === null || chain.latest === undefined) return "unreached";
  if (!chain.indexed || !chain.observedAt) return "unseen";
  // A chain without new blocks is not old: `observedAt` moves on as long as the node answers.
  if (now - Date.parse(chain.observedAt) / 1000 > OLD_AFTER) return "old";
  return (chain.lagBlocks ?? 0) > 0 ? "behind" : "well";
}
