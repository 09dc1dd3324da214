import type { Consent, Policy } from "@consentry/sdk";
import { useSession } from "@consentry/ui";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { keysOf } from "./bound-keys.js";

/** How often it is looked whether a clinic asked, or a state changed. */
const EVERY_MS = 15_000;
const MOST = 500;

async function collect<T>(items: AsyncIterable<T>, most: number): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) {
    all.push(item);
    if (all.length >= most) break;
  }
  return all;
}

/** All of the person's consents, the latest changed first. Without a key there can be none. */
export function useConsents() {
  const { consentry } = useSession();
  const queries = useQueryClient();
  return useQuery({
    queryKey: ["consents"],
    queryFn: async ({ signal }) => {
      // Each key is a subject of its own.
      const keys = await queries.fetchQuery(keysOf(consentry));
      const lists = await Promise.all(keys.map(({ subject }) => collect(consentry.consents.list({ subject, signal }), MOST)));
      return lists.flat().sort((a, b) => b.revision - a.revision);
    },
    refetchInterval: EVERY_MS,
  });
}

export function useConsent(id: string) {
  const { consentry } = useSession();
  return useQuery({ queryKey: ["consent", id], queryFn: ({ signal }) => consentry.consents.get(id as `0x${string}`, { signal }), refetchInterval: EVERY_MS });
}

/** The document behind a consent. It is named by its hash, so that it never changes. */
export function usePolicy(hash: `0x${string}` | undefined) {
  const { consentry } = useSession();
  return useQuery({
    queryKey: ["policy", hash], enabled: hash !== undefined, staleTime: Number.POSITIVE_INFINITY,
    queryFn: ({ signal }): Promise<Policy> => consentry.policies.get(hash as `0x${string}`, { signal }),
  });
}

/** Who looked, the latest first. */
export function useAccesses() {
  const { consentry, identity } = useSession();
  return useQuery({
    queryKey: ["accesses"],
    queryFn: ({ signal }) => (identity.patient === undefined ? [] : collect(consentry.access.list({ patient: identity.patient, signal }), MOST)),
    refetchInterval: EVERY_MS,
  });
}

/** Whether a consent lets somebody in now or soon. */
export function isOpen({ status }: Pick<Consent, "status">): boolean {
  return status === "ACTIVE" || status === "CONFIRMING" || status === "SCHEDULED";
}
