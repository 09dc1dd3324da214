import type { ChainStatus } from "@consentry/sdk";
import { expect, test } from "vitest";
import { ledgerState } from "./ledger.js";

const NOW = Date.parse("2026-03-01T12:00:00Z") / 1000;
const chain = (over: Partial<ChainStatus>): ChainStatus => ({
  chainId: 31337, registry: "0x01", rev: 1, reorgEpoch: 0, latest: 10, safe: 8, finalized: 6, lagBlocks: 0,
  indexed: { blockNo: 10, blockHash: "0xaa" }, observedAt: "2026-03-01T11:59:50Z", ...over,
} as ChainStatus);

test("the worst is said first", () => {
  expect(ledgerState(chain({}), NOW)).toBe("well");
  expect(ledgerState(chain({ lagBlocks: 3 }), NOW)).toBe("behind");
  expect(ledgerState(chain({ lagBlocks: 3, observedAt: "2026-03-01T11:58:00Z" }), NOW)).toBe("old");
  expect(ledgerState(chain({ latest: null }), NOW)).toBe("unreached");
  expect(ledgerState(chain({ indexed: null, observedAt: null }), NOW)).toBe("unseen");
  expect(ledgerState(chain({ halted: "another chain", latest: null }), NOW)).toBe("halted");
});
