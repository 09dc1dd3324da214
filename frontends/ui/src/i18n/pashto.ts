/** Pashto as `Intl` would have it. Browsers ship without it, and would show English in its place. */
import type { Formats, Moment } from "./formats.js";

/** The months of the Solar Hijri calendar. */
const MONTHS = ["وری", "غويی", "غبرګولی", "چنګاښ", "زمری", "وږی", "تله", "لړم", "ليندۍ", "مرغومی", "سلواغه", "کب"];
const UNITS = { day: ["ورځ", "ورځې"], hour: ["ساعت", "ساعته"], minute: ["دقیقه", "دقیقې"], second: ["ثانیه", "ثانیې"] } as const;

type Unit = keyof typeof UNITS;
interface Helpers { asDate: (moment: Moment) => Date; largest: (seconds: number) => [Unit, number] }

/** Calendar, digits and hours are those of Dari, which browsers have; words and order are Pashto's. */
export function pashto({ asDate, largest }: Helpers): Formats {
  const parts = new Intl.DateTimeFormat("fa-AF-u-ca-persian", { year: "numeric", month: "numeric", day: "numeric" });
  const days = new Intl.DateTimeFormat("fa-AF-u-ca-persian", { month: "numeric", day: "numeric", timeZone: "UTC" });
  const monthOf = new Intl.DateTimeFormat("en-u-ca-persian-nu-latn", { month: "numeric" });
  const utcMonthOf = new Intl.DateTimeFormat("en-u-ca-persian-nu-latn", { month: "numeric", timeZone: "UTC" });
  const clock = new Intl.DateTimeFormat("fa-AF", { timeStyle: "short" });
  const number = new Intl.NumberFormat("fa-AF");
  const exact = new Intl.NumberFormat("fa-AF", { maximumFractionDigits: 20, useGrouping: false });
  const part = (format: Intl.DateTimeFormat, at: Date, type: string) => format.formatToParts(at).find((each) => each.type === type)?.value ?? "";
  const month = (format: Intl.DateTimeFormat, at: Date) => MONTHS[Number(part(format, at, "month")) - 1] ?? "";
  const date = (moment: Moment) => {
    const at = asDate(moment);
    return `${part(parts, at, "day")} ${month(monthOf, at)} ${part(parts, at, "year")}`;
  };
  const time = (moment: Moment) => clock.format(asDate(moment));
  const span = (seconds: number) => {
    const [unit, count] = largest(seconds);
    const size = Math.abs(count);
    return `${number.format(size)} ${UNITS[unit][size === 1 ? 0 : 1]}`;
  };
  return {
    date, time, span,
    dateTime: (moment) => `${date(moment)}، ${time(moment)}`,
    shortDay(day) {
      const at = asDate(day);
      return `${part(days, at, "day")} ${month(utcMonthOf, at)}`;
    },
    number: (value) => number.format(value),
    exact: (value) => exact.format(value),
    relative(moment, now = Date.now()) {
      const seconds = (asDate(moment).getTime() - now) / 1000;
      return Math.abs(seconds) < 1 ? "اوس" : seconds < 0 ? `${span(seconds)} مخکې` : `په ${span(seconds)} کې`;
    },
    list: (items) => (items.length < 2 ? items.join("") : `${items.slice(0, -1).join("، ")} او ${items.at(-1)}`),
  };
}
