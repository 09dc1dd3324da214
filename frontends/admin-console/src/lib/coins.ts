import type { RelayAccount } from "./api.js";

const WEI_PER_MILLI = 10n ** 15n;

/** Wei in ETH, to three decimals and never more than there is. */
export function coins(wei: string): number {
  return Number(BigInt(wei) / WEI_PER_MILLI) / 1000;
}

/** Whether the alarm sounds. */
export function isLow({ balance, alarmBelow }: Pick<RelayAccount, "balance" | "alarmBelow">): boolean {
  return typeof balance === "string" && BigInt(balance) < BigInt(alarmBelow);
}
