import type { Consent, Policy } from "@consentry/sdk";
import { useSession } from "@consentry/ui";
import { useQuery } from "@tanstack/react-query";

/** How often it is looked whether a patient answered. */
const EVERY_MS = 10_000;
/** So many consents at most are held in a browser. */
export const MOST = 2_000;

/** The organisation's consents, and whether there are more than are held here. */
export interface Worklist { readonly consents: readonly Consent[]; readonly isCut: boolean }

/** All consents of the addresses by which the person asks. */
export function useWorklist() {
  const { consentry, identity } = useSession();
  const grantees = identity.grantees ?? [];
  return useQuery({
    queryKey: ["worklist", ...grantees], refetchInterval: EVERY_MS,
    queryFn: async ({ signal }): Promise<Worklist> => {
      const consents: Consent[] = [];
      for (const grantee of grantees) {
        for await (const consent of consentry.consents.list({ grantee, signal })) {
          if (consents.length === MOST) return { consents, isCut: true };
          consents.push(consent);
        }
      }
      return { consents, isCut: false };
    },
  });
}

/** One consent, looked at again and again: also in the background, so that what was taken back leaves a screen nobody looks at. */
export function useConsent(id: string, everyMs = EVERY_MS) {
  const { consentry } = useSession();
  return useQuery({
    queryKey: ["consent", id], queryFn: ({ signal }) => consentry.consents.get(id as `0x${string}`, { signal }), refetchInterval: everyMs, refetchIntervalInBackground: true,
  });
}

/** The document behind a consent. It is named by its hash, so that it never changes. */
export function usePolicy(hash: `0x${string}` | undefined) {
  const { consentry } = useSession();
  return useQuery({
    queryKey: ["policy", hash], enabled: hash !== undefined, staleTime: Number.POSITIVE_INFINITY,
    queryFn: ({ signal }): Promise<Policy> => consentry.policies.get(hash as `0x${string}`, { signal }),
  });
}
