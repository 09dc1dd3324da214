const DAY = 86_400;

/** A long wait in the two largest parts that say how long it is: whole days, and what is left of the last. */
export function partsOf(seconds: number): number[] {
  const left = Math.max(0, Math.floor(seconds));
  const days = Math.floor(left / DAY) * DAY;
  if (days === 0) return [left];
  // Less than an hour beside whole days only makes the eye jump.
  return left - days < 3_600 ? [days] : [days, left - days];
}
