/** Records that a consent lets the clinic read. They are held while they are looked at, and not a moment longer. */
import { UnavailableError, type Consent, type Denied, type FhirResource, type Released } from "@consentry/sdk";
import { useSession } from "@consentry/ui";
import type { RecordType } from "@consentry/ui/policy";
import { useQuery, useQueryClient, type QueryClient } from "@tanstack/react-query";
import { useEffect } from "react";

/** So many records of a kind at most. */
export const MOST_RECORDS = 500;

/** An answer for the screen. */
export type Answer = Pick<Released, "permitted" | "resources" | "decisionId"> | Denied;

const keyOf = (consentId: string, ...more: string[]) => ["records", consentId, ...more];

/** Records of one type. Each look is on record with the patient, so that none is made unasked. */
export function useRecords(consent: Consent, patient: string, type: RecordType, enabled = true) {
  const { consentry } = useSession();
  const queries = useQueryClient();
  const query = useQuery({
    queryKey: keyOf(consent.id, patient, type), enabled, staleTime: Number.POSITIVE_INFINITY, gcTime: Number.POSITIVE_INFINITY, refetchOnWindowFocus: false, refetchOnReconnect: false,
    queryFn: async ({ signal }): Promise<Answer> => {
      const answer = await consentry.gateway.fetchIfPermitted({ patient, resource: type, search: type === "Patient" ? {} : { _count: MOST_RECORDS }, signal });
      if (!answer.permitted) return answer;
      const { permitted, resources, decisionId } = answer;
      return { permitted, resources: resources.map((each) => ofType(type, each)), decisionId };
    },
  });
  const isOver = query.data?.permitted === false && (query.data.reason === "REVOKED" || query.data.reason === "EXPIRED");
  useEffect(() => {
    // Gateways know of a stop before the chain has it; what was read before goes at once, and the refusal stays.
    if (isOver) forgetRecords(queries, consent.id, { keepRefusals: true });
  }, [isOver, queries, consent.id]);
  return query;
}

/** Drops what was released under a consent, and what is on its way. */
export function forgetRecords(queries: QueryClient, consentId: string, { keepRefusals = false } = {}): void {
  const predicate = ({ state }: { state: { data: unknown } }) => !(keepRefusals && (state.data as Answer | undefined)?.permitted === false);
  void queries.cancelQueries({ queryKey: keyOf(consentId), predicate });
  queries.removeQueries({ queryKey: keyOf(consentId), predicate });
}

/** Drops it when the screen that shows it goes. */
export function useForgetOnLeave(consentId: string): void {
  const queries = useQueryClient();
  useEffect(() => () => forgetRecords(queries, consentId), [queries, consentId]);
}

function ofType(type: RecordType, resource: FhirResource): FhirResource {
  if (resource.resourceType !== type) throw new UnavailableError("UNEXPECTED_ANSWER", `the gateway answered with ${resource.resourceType} for ${type}`);
  return resource;
}
