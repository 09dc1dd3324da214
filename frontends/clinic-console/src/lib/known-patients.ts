/**
 * Which FHIR id an address on the chain belongs to, as patients' codes said. The chain does not know, and a clinic may not
 * read the directory. Kept with all that was read, in memory, and gone with it when the session ends.
 */
import type { NamedPatient } from "@consentry/ui/patient-code";
import { skipToken, useQuery, useQueryClient } from "@tanstack/react-query";

const keyOf = (subject: string) => ["patient-of", subject.toLowerCase()];

/** The FHIR id of an address, if a code named it in this session. */
export function useKnownPatient(subject: string | undefined): string | undefined {
  return useQuery<string>({ queryKey: keyOf(subject ?? ""), queryFn: skipToken, staleTime: Number.POSITIVE_INFINITY, gcTime: Number.POSITIVE_INFINITY }).data;
}

/** Remembers whom a code named. */
export function useRemember(): (named: NamedPatient) => void {
  const queries = useQueryClient();
  return ({ patient, subject }) => {
    queries.setQueryDefaults(keyOf(subject), { gcTime: Number.POSITIVE_INFINITY });
    queries.setQueryData(keyOf(subject), patient);
  };
}
