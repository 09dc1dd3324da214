/** The organisation's consents as a list that can be counted, filtered, sorted and paged. */
import type { Consent, ConsentStatus } from "@consentry/sdk";

/** What the list can be narrowed to. `STARTING` is granted, and not yet in force. */
export const FILTERS = ["ALL", "REQUESTED", "STARTING", "ACTIVE", "DENIED", "EXPIRED", "REVOKED"] as const;
export type Filter = (typeof FILTERS)[number];
export const SORTS = ["newest", "ending", "patient"] as const;
export type Sort = (typeof SORTS)[number];

/** Rows on one page. */
export const PAGE_SIZE = 20;

const STATUSES: Readonly<Record<Exclude<Filter, "ALL">, readonly ConsentStatus[]>> = {
  REQUESTED: ["REQUESTED"], STARTING: ["CONFIRMING", "SCHEDULED"], ACTIVE: ["ACTIVE"], DENIED: ["DENIED"], EXPIRED: ["EXPIRED"], REVOKED: ["REVOKED"],
};

export function isIn(filter: Filter, { status }: Pick<Consent, "status">): boolean {
  return filter === "ALL" || STATUSES[filter].includes(status);
}

/** How many there are of each kind. */
export function counts(consents: readonly Pick<Consent, "status">[]): Record<Filter, number> {
  return Object.fromEntries(FILTERS.map((filter) => [filter, consents.filter((each) => isIn(filter, each)).length])) as Record<Filter, number>;
}

/** The moment at which something ends by itself: an unanswered request, or an open consent. */
export function endOf({ status, respondBy, validTo }: Pick<Consent, "status" | "respondBy" | "validTo">): number | undefined {
  switch (status) {
    case "REQUESTED": return respondBy ?? undefined;
    case "CONFIRMING": case "SCHEDULED": case "ACTIVE": return validTo ?? undefined;
    default: return undefined;
  }
}

const LATER = Number.POSITIVE_INFINITY;
const ORDERS: Readonly<Record<Sort, (a: Consent, b: Consent) => number>> = {
  newest: (a, b) => b.revision - a.revision,
  ending: (a, b) => byNumber(endOf(a) ?? LATER, endOf(b) ?? LATER) || b.revision - a.revision,
  patient: (a, b) => a.subject.toLowerCase().localeCompare(b.subject.toLowerCase()) || b.revision - a.revision,
};

function byNumber(a: number, b: number): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

/** One page of the list, and where it stands. A page beyond the last is the last. */
export interface WorklistPage { readonly rows: readonly Consent[]; readonly page: number; readonly pages: number; readonly total: number }

export function pageOf(consents: readonly Consent[], { filter, sort, page }: { filter: Filter; sort: Sort; page: number }): WorklistPage {
  const found = consents.filter((each) => isIn(filter, each)).sort(ORDERS[sort]);
  const pages = Math.max(1, Math.ceil(found.length / PAGE_SIZE));
  const at = Math.min(Math.max(1, page), pages);
  return { rows: found.slice((at - 1) * PAGE_SIZE, at * PAGE_SIZE), page: at, pages, total: found.length };
}

/** An expired row that was never answered: the time to answer ran out, not the consent. */
export function wasNeverAnswered({ status, respondBy, validTo }: Pick<Consent, "status" | "respondBy" | "validTo">, now: number): boolean {
  return status === "EXPIRED" && respondBy !== null && respondBy <= now && (validTo === null || validTo > now);
}
