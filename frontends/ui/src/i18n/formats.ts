import type { Locale } from "./locales.js";
import { pashto } from "./pashto.js";

/** Dari and Pashto readers count in the Solar Hijri calendar. Pashto has a file of its own: browsers do not know it. */
const TAGS = { en: "en-GB", "fa-AF": "fa-AF-u-ca-persian" } as const;

/** A moment: Unix seconds, as the chain and the services count, or an ISO date. */
export type Moment = number | string;

/** Dates, numbers and spans of time for one language. */
export interface Formats {
  date(moment: Moment): string;
  dateTime(moment: Moment): string;
  time(moment: Moment): string;
  /** A UTC day, `YYYY-MM-DD`, as short as it is understood: "3 Mar". */
  shortDay(day: string): string;
  number(value: number): string;
  /** A measured value, with every digit that it has. */
  exact(value: number): string;
  /** "in 3 days", "2 hours ago". */
  relative(moment: Moment, now?: number): string;
  /** "3 days", "2 hours", counted down. */
  span(seconds: number): string;
  list(items: readonly string[]): string;
}

const UNITS = [["day", 86_400], ["hour", 3_600], ["minute", 60], ["second", 1]] as const;

export function formatsOf(locale: Locale): Formats {
  if (locale === "ps") return pashto({ asDate, largest });
  const tag = TAGS[locale];
  const date = new Intl.DateTimeFormat(tag, { dateStyle: "long" });
  const dateTime = new Intl.DateTimeFormat(tag, { dateStyle: "long", timeStyle: "short" });
  const time = new Intl.DateTimeFormat(tag, { timeStyle: "short" });
  const shortDay = new Intl.DateTimeFormat(tag, { day: "numeric", month: "short", timeZone: "UTC" });
  const number = new Intl.NumberFormat(tag);
  const exact = new Intl.NumberFormat(tag, { maximumFractionDigits: 20, useGrouping: false });
  const relative = new Intl.RelativeTimeFormat(tag, { numeric: "auto" });
  const list = new Intl.ListFormat(tag, { type: "conjunction" });
  return {
    date: (moment) => date.format(asDate(moment)),
    dateTime: (moment) => dateTime.format(asDate(moment)),
    time: (moment) => time.format(asDate(moment)),
    shortDay: (day) => shortDay.format(asDate(day)),
    number: (value) => number.format(value),
    exact: (value) => exact.format(value),
    relative(moment, now = Date.now()) {
      const [unit, count] = largest((asDate(moment).getTime() - now) / 1000);
      return relative.format(count, unit);
    },
    span(seconds) {
      const [unit, count] = largest(seconds);
      return new Intl.NumberFormat(tag, { style: "unit", unit, unitDisplay: "long" }).format(Math.abs(count));
    },
    list: (items) => list.format(items),
  };
}

function asDate(moment: Moment): Date {
  return typeof moment === "number" ? new Date(moment * 1000) : new Date(moment);
}

function largest(seconds: number): [Intl.RelativeTimeFormatUnit & ("day" | "hour" | "minute" | "second"), number] {
  const [unit, size] = UNITS.find(([, each]) => Math.abs(seconds) >= each) ?? UNITS[3];
  return [unit, Math.trunc(seconds / size)];
}
