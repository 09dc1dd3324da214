/**
 * Who of the person's keys decides. Each key is a subject of its own; what the person gives is kept under the oldest, and
 * the other keys have that one's mandate (ADR 0032).
 */
import type { Address, Delegate, Right, Subject } from "@consentry/sdk";
import { sameAddress, useSession } from "@consentry/ui";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { keysOf, type BoundKey } from "./bound-keys.js";

/** What a further key of the person is given. */
export const ALL_RIGHTS: readonly Right[] = ["REVOKE", "DENY", "GRANT"];

/** How often it is looked whether somebody proposed another key. */
const EVERY_MS = 30_000;

/** Who decides for a subject, as the indexer has it. */
export interface Authority {
  readonly state: Pick<Subject, "subject" | "controller" | "frozenUntil" | "recovery" | "proposal">;
  readonly delegates: readonly Pick<Delegate, "delegate" | "status" | "rights" | "validTo">[];
}

/** What a decision takes. */
export interface Need {
  readonly rights: readonly Right[];
  /** Of a yes: until when it counts; null until it is ended. A delegate's mandate has to last as long. */
  readonly until?: number | null;
}

/** Whether a key decides everything for the subject. */
export function controls({ state }: Authority, key: Address): boolean {
  return sameAddress(state.controller, key);
}

/** Whether a key may decide this for the subject now. */
export function mayDecide(authority: Authority, key: Address, { rights, until }: Need): boolean {
  if (controls(authority, key)) return true;
  const mandate = authority.delegates.find(({ delegate }) => sameAddress(delegate, key));
  if (mandate === undefined || mandate.status !== "ACTIVE" || !rights.every((right) => mandate.rights.includes(right))) return false;
  const end = mandate.validTo ?? null;
  return until === undefined || end === null || (until !== null && until <= end);
}

/**
 * The keys that may decide it, the one that decides everything first. As long as the indexer does not answer, the
 * subject's own key: a stop must not wait for it.
 */
export function signersFor(keys: readonly BoundKey[], subject: Address, authority: Authority | undefined, need: Need): BoundKey[] {
  if (authority === undefined) return keys.filter((key) => sameAddress(key.subject, subject));
  const [own, others] = [keys.filter((key) => controls(authority, key.subject)), keys.filter((key) => !controls(authority, key.subject))];
  return [...own, ...others.filter((key) => mayDecide(authority, key.subject, need))];
}

/** The authority over a subject, among others'. */
export function authorityOf(all: readonly Authority[] | undefined, subject: Address | undefined): Authority | undefined {
  return subject === undefined ? undefined : all?.find(({ state }) => sameAddress(state.subject, subject));
}

/** Which of the person's keys this address is. */
export function keyAt(keys: readonly BoundKey[], address: string | undefined): BoundKey | undefined {
  return address === undefined ? undefined : keys.find(({ subject }) => sameAddress(subject, address));
}

/** Who decides for each of the person's subjects, oldest key first. */
export function useAuthorities() {
  const { consentry } = useSession();
  const queries = useQueryClient();
  return useQuery({
    queryKey: ["authorities"],
    queryFn: async ({ signal }): Promise<Authority[]> => {
      const keys = await queries.fetchQuery(keysOf(consentry));
      return Promise.all(keys.map(async ({ subject }) => {
        const delegates: Delegate[] = [];
        const state = await consentry.control.get({ subject, signal });
        for await (const each of consentry.delegates.list({ subject, signal })) delegates.push(each);
        return { state, delegates };
      }));
    },
    refetchInterval: EVERY_MS,
  });
}
