import { ValidationError } from "../errors.js";
import { UNLIMITED } from "../intents/types.js";
import { seconds } from "./desk.js";

/** Seconds of a day. */
export const DAY = 86_400;
/** The registry's clock is that of the last block, which can be behind. */
const CLOCK_MARGIN = 60;

/** The time in which something counts. Until it is taken back where neither `days` nor `validTo` is given. */
export interface Window {
  /** Unix seconds; now if absent. */
  readonly validFrom?: number;
  /** Unix seconds, the first at which it is over. */
  readonly validTo?: number;
  /** From its beginning. */
  readonly days?: number;
}

/** The window as it is signed. */
export function windowOf({ validFrom, validTo, days }: Window): { validFrom: number; validTo: number } {
  const from = validFrom ?? seconds() - CLOCK_MARGIN;
  const to = validTo ?? (days === undefined ? UNLIMITED : from + Math.round(days * DAY));
  if (!(to > from)) throw new ValidationError("INVALID_REQUEST", "a window must end after it begins");
  return { validFrom: from, validTo: to };
}
