import { useSession } from "@consentry/ui";
import { useQuery } from "@tanstack/react-query";
import { useApi } from "./api.js";

/** What chain and directory say of organisations and practitioners, asked together. */
export function useRegistries() {
  const api = useApi();
  const { consentry } = useSession();
  return useQuery({
    queryKey: ["registries"],
    queryFn: async ({ signal }) => {
      const [organizations, practitioners, directory, chain] = await Promise.all([
        api.chainOrganizations(signal), api.chainPractitioners(signal), api.directory(signal), consentry.health.chain({ signal }),
      ]);
      return { organizations, practitioners, directory, chain };
    },
  });
}

export type Registries = NonNullable<ReturnType<typeof useRegistries>["data"]>;
