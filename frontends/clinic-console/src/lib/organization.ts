/** The organisation that the person works for, as the custodian's directory has it. */
import type { Address } from "@consentry/sdk";
import { callChecked, useSession } from "@consentry/ui";
import { useQuery } from "@tanstack/react-query";
import * as v from "valibot";

const Organization = v.object({ id: v.string(), name: v.string(), bindings: v.array(v.object({ grantee: v.string() })) });

/** Its name, and its own addresses on chain. A name changes rarely: it is asked once a session. */
export function useOrganization() {
  const who = useSession();
  const id = who.identity.organization;
  return useQuery({
    queryKey: ["organization", id], enabled: id !== undefined, staleTime: Number.POSITIVE_INFINITY, gcTime: Number.POSITIVE_INFINITY,
    queryFn: async ({ signal }) => {
      const { name, bindings } = await callChecked(who, "auth", `/v1/organizations/${encodeURIComponent(id ?? "")}`, Organization, { signal });
      return { name, addresses: bindings.map(({ grantee }) => grantee as Address) };
    },
  });
}

/** What to call it: its name, or its id where the directory does not tell. Nothing while it is asked. */
export function useOrganizationName(): string | undefined {
  const { identity } = useSession();
  const { data, isError } = useOrganization();
  return data?.name ?? (isError ? identity.organization : undefined);
}
