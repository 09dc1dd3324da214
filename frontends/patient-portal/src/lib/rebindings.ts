/** What administrators want to do to the person's keys, where all were said to be lost. */
import { useSession, type SignedIn } from "@consentry/ui";
import { useQuery } from "@tanstack/react-query";
import * as v from "valibot";
import { call } from "./services.js";

const Rebinding = v.object({ id: v.pipe(v.string(), v.uuid()), subject: v.string(), state: v.string(), proposedAt: v.string(), readyAt: v.optional(v.nullable(v.string())) });
const OwnRebindings = v.object({ rebindings: v.array(Rebinding) });

export type Rebinding = v.InferOutput<typeof Rebinding>;

/** What can still be refused. At most one is under way at a time. */
export function underWay(all: readonly Rebinding[]): Rebinding | undefined {
  return all.find(({ state }) => state === "proposed" || state === "confirmed");
}

export function useRebinding() {
  const who = useSession();
  return useQuery({
    queryKey: ["rebinding"], refetchInterval: 30_000,
    queryFn: async ({ signal }) => underWay((await call(who, "auth", "/v1/rebindings", OwnRebindings, { signal })).rebindings) ?? null,
  });
}

/** Refuses it. No key is needed: whoever lost all of them must be able to. */
export async function refuse(who: SignedIn, { id }: Pick<Rebinding, "id">): Promise<void> {
  await call(who, "auth", `/v1/rebindings/${encodeURIComponent(id)}/veto`, v.unknown(), { method: "POST" });
}
