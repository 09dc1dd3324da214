/** Undoing a stop, with a key. */
import type { Hex, Signer } from "@consentry/sdk";
import { domainOf, patientRefHash } from "@consentry/sdk/intents";
import type { SignedIn } from "@consentry/ui";
import * as v from "valibot";
import { call } from "./services.js";
import type { HeldStop } from "./stop.js";

/** How long the word that lifts it can be handed in, in seconds. */
const STATEMENT_LIFE = 600;

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
