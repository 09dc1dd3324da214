import type { Consent } from "@consentry/sdk";

/** How long records stay on the screen while nobody can tell whether the consent still stands. Seconds. */
export const LONGEST_UNSURE = 60;

/** Whether records may be on the screen: while a consent is open, and was known to be a moment ago. */
export type Standing = "open" | "over" | "unsure";

export function standingOf({ status, validFrom, validTo }: Pick<Consent, "status" | "validFrom" | "validTo">, checkedAt: number, now: number): Standing {
  // By the clock as well: the end of a consent need not wait for the next look.
  if (status !== "ACTIVE" || now < validFrom || (validTo !== null && now >= validTo)) return "over";
  return now - checkedAt > LONGEST_UNSURE ? "unsure" : "open";
}
