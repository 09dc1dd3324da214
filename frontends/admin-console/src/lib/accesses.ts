import type { Access } from "./api.js";

/** What is shown of the accesses that were fetched. Days are those of UTC, as in the counts. */
export interface AccessFilter { result: "" | Access["result"]; who: string; from: string; to: string }

export const NO_FILTER: AccessFilter = { result: "", who: "", from: "", to: "" };

export function matches({ result, requester, actor, ts }: Access, filter: AccessFilter): boolean {
  const day = new Date(ts).toISOString().slice(0, 10);
  const who = filter.who.trim().toLowerCase();
  return (filter.result === "" || result === filter.result)
    && (who === "" || `${requester ?? ""} ${actor}`.toLowerCase().includes(who))
    && (filter.from === "" || day >= filter.from)
    && (filter.to === "" || day <= filter.to);
}
