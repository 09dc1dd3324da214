/** "Stop everything": held by the custodian, needs no key; only a key lifts it. */
import { useSession, type SignedIn } from "@consentry/ui";
import { useQuery } from "@tanstack/react-query";
import * as v from "valibot";
import { call } from "./services.js";

const Stop = v.object({ id: v.pipe(v.string(), v.uuid()), since: v.string() });
const OwnStop = v.object({ stop: v.optional(v.nullable(Stop)) });

/** The stop that holds. */
export type HeldStop = v.InferOutput<typeof Stop>;

export function useStop() {
  const who = useSession();
  return useQuery({ queryKey: ["stop"], queryFn: async ({ signal }) => (await call(who, "auth", "/v1/stop", OwnStop, { signal })).stop ?? null, refetchInterval: 30_000 });
}

/** Stops everything at once. */
export function stopEverything(who: SignedIn): Promise<HeldStop> {
  return call(who, "auth", "/v1/stop", Stop, { method: "POST" });
}
