/** "Stop everything": held by the custodian, needs no key; only a key lifts it. */
import { patientRefHash } from "@consentry/sdk/intents";
import type { Hex, Signer } from "@consentry/sdk";
import { useSession, type SignedIn } from "@consentry/ui";
import { useQuery } from "@tanstack/react-query";
import * as v from "valibot";
import { domainOf } from "@consentry/sdk/intents";
import { call } from "./services.js";

const Stop = v.object({ id: v.pipe(v.string(), v.uuid()), since: v.string() });
const OwnStop = v.object({ stop: v.optional(v.nullable(Stop)) });

/** The stop that holds. */
export type HeldStop = v.InferOutput<typeof Stop>;

/** How long the word that lifts it can be handed in, in seconds. */
const STATEMENT_LIFE = 600;

export function useStop() {
  const who = useSession();
  return useQuery({ queryKey: ["stop"], queryFn: async ({ signal }) => (await call(who, "auth", "/v1/stop", OwnStop, { signal })).stop ?? null, refetchInterval: 30_000 });
}

/** Stops everything at once. */
export function stopEverything(who: SignedIn): Promise<HeldStop> {
  return call(who, "auth", "/v1/stop", Stop, { method: "POST" });
}

/** Lifts the stop, by a key's signature. */
export async function liftStop(who: SignedIn, stop: HeldStop, signer: Signer): Promise<void> {
  const { identity, deployment } = who;
  if (identity.patient === undefined) throw new TypeError("only a patient's own sign-in lifts a stop");
  const deadline = Math.floor(Date.now() / 1000) + STATEMENT_LIFE;
  const message = { tenant: identity.tenant, patientRefHash: patientRefHash(identity.patient), subject: signer.address, stop: `0x${stop.id.replaceAll("-", "")}` as Hex, deadline };
  const proof = await signer.sign(domainOf(deployment), { action: "LiftStop", message });
  const body = { stop: stop.id, subject: signer.address, deadline, signature: proof.signature, ...(proof.signer !== "0x" && { signer: proof.signer }) };
  await call(who, "auth", "/v1/stop/lift", v.unknown(), { method: "POST", body });
}
