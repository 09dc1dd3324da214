/** Blocking a clinic and the way back. Apart from `blocks.ts`, which every page needs. */
import { useSession } from "@consentry/ui";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import * as v from "valibot";
import { call } from "./services.js";

/** Blocks a clinic, or lets it ask again. */
export function useBlocking() {
  const who = useSession();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ address, block }: { address: string; block: boolean }) =>
      call(who, "auth", `/v1/blocks/${address.toLowerCase()}`, v.undefined(), { method: block ? "PUT" : "DELETE" }),
    onSuccess: () => queries.invalidateQueries({ queryKey: ["blocks"] }),
  });
}
