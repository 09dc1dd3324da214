/** Clinics whose requests a person does not want to see. A clinic is not told, and what it was allowed before stays until it is ended. */
import type { Consent } from "@consentry/sdk";
import { useSession, type Asked } from "@consentry/ui";
import { useQuery } from "@tanstack/react-query";
import * as v from "valibot";
import { useConsents } from "./consents.js";
import { call } from "./services.js";

const Block = v.object({ address: v.pipe(v.string(), v.toLowerCase()), createdAt: v.string() });
const Blocks = v.object({ blocks: v.array(Block) });

/** A blocked clinic, by its address in lower case. */
export type Block = v.InferOutput<typeof Block>;

export function useBlocks() {
  const who = useSession();
  return useQuery({ queryKey: ["blocks"], queryFn: async ({ signal }) => (await call(who, "auth", "/v1/blocks", Blocks, { signal })).blocks, staleTime: 60_000 });
}

/** Requests to be answered, and those of blocked clinics. */
export interface Requests { readonly open: readonly Consent[]; readonly blocked: readonly Consent[] }

export function requestsOf(consents: readonly Consent[], blocks: readonly Pick<Block, "address">[]): Requests {
  const addresses = new Set(blocks.map(({ address }) => address));
  const asked = consents.filter(({ status }) => status === "REQUESTED");
  const isBlocked = ({ grantee }: Consent) => addresses.has(grantee.toLowerCase());
  return { open: asked.filter((each) => !isBlocked(each)), blocked: asked.filter(isBlocked) };
}

/** Where it cannot be told who is blocked, no request is hidden. */
export function useRequests(): Asked<Requests> {
  const { data: consents, isError, error, refetch, dataUpdatedAt } = useConsents();
  const blocks = useBlocks();
  // Nothing is shown that is taken away a moment later.
  const data = consents === undefined || blocks.isPending ? undefined : requestsOf(consents, blocks.data ?? []);
  return { data, isError, error, refetch, dataUpdatedAt } as Asked<Requests>;
}
