/** Daily totals: what the chart shows, and how journal and archive compare. */
import type { Count } from "./api.js";

/** What one day holds. */
export interface Day { date: string; permit: number; deny: number; indeterminate: number; total: number }

/** A kind of decision of which journal and archive say different things. */
export interface Difference { action: Count["action"]; result: Count["result"]; journal: number; archive: number }

/** One day in both. `isOpen` for the last day: what is on its way to the archive is missing there for now. */
export interface Reconciled { date: string; journal: number; archive: number; differences: Difference[]; isOpen: boolean }

const DAY_MS = 86_400_000;

/** The UTC day of a moment. */
export function utcDay(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}

/** All days from one to another, both included. */
export function daysBetween(from: string, to: string): string[] {
  const days: string[] = [];
  for (let at = Date.parse(`${from}T00:00:00Z`); at <= Date.parse(`${to}T00:00:00Z`); at += DAY_MS) days.push(utcDay(at));
  return days;
}

/** Each day's totals; a day without decisions is there with zeros. */
export function perDay(counts: readonly Count[], days: readonly string[]): Day[] {
  return days.map((date) => {
    const day: Day = { date, permit: 0, deny: 0, indeterminate: 0, total: 0 };
    for (const { date: on, result, count } of counts) {
      if (on !== date) continue;
      day[result] += count;
      day.total += count;
    }
    return day;
  });
}

/** Journal beside archive, day by day, with each kind of decision that differs. */
export function reconcile(journal: readonly Count[], archive: readonly Count[], days: readonly string[], today: string): Reconciled[] {
  return days.map((date) => {
    const kinds = new Map<string, Difference>();
    const note = (counts: readonly Count[], side: "journal" | "archive") => {
      for (const { date: on, action, result, count } of counts) {
        if (on !== date) continue;
        const key = `${action} ${result}`;
        const kind = kinds.get(key) ?? { action, result, journal: 0, archive: 0 };
        kind[side] += count;
        kinds.set(key, kind);
      }
    };
    note(journal, "journal");
    note(archive, "archive");
    const all = [...kinds.values()];
    const sum = (side: "journal" | "archive") => all.reduce((total, kind) => total + kind[side], 0);
    return { date, journal: sum("journal"), archive: sum("archive"), differences: all.filter((kind) => kind.journal !== kind.archive), isOpen: date >= today };
  });
}

/** A round number at or above the largest value, for the chart's scale. */
export function topOfScale(most: number): number {
  if (most <= 4) return 4;
  const power = 10 ** Math.floor(Math.log10(most));
  return [1, 2, 4, 5, 10].map((step) => step * power).find((each) => each >= most) as number;
}
