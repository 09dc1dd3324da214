/** The usual way onto the chain: the relay takes signed decisions in, and pays. */
import { ChainError, ConsentryError } from "../errors.js";
import type { components } from "../generated/consent-relay.js";
import { sameHex, type Hex } from "../hex.js";
import { toWire, type SignedIntent } from "../intents/wire.js";
import type { Carried, Carrier, IntentProgress, SavedDecision } from "./carrier.js";
import type { Context } from "./context.js";
import type { Deployment } from "./deployment.js";

/** What the relay tells of an intent. */
type IntentView = components["schemas"]["IntentView"];

/** Hands decisions to the relay, which has them durably when `send` returns. */
export class Relay implements Carrier {
  readonly #context: Context;
  readonly sender = undefined;

  constructor(context: Context) {
    this.#context = context;
  }

  async send(signed: SignedIntent, digest: Hex, _: Deployment, signal?: AbortSignal): Promise<Carried> {
    const relayed = new Relayed(this.#context, digest, signed);
    await relayed.handIn(signal);
    return relayed;
  }

  resume({ digest }: SavedDecision): Carried {
    return new Relayed(this.#context, digest);
  }
}

class Relayed implements Carried {
  readonly #context: Context;
  readonly #digest: Hex;
  readonly #signed: SignedIntent | undefined;

  constructor(context: Context, digest: Hex, signed?: SignedIntent) {
    this.#context = context;
    this.#digest = digest;
    this.#signed = signed;
  }

  /** Hands it in. The digest names it, so that doing so twice is doing so once. */
  async handIn(signal?: AbortSignal): Promise<IntentProgress> {
    const signed = this.#signed;
    if (signed === undefined) throw new TypeError("what was not signed here cannot be handed in");
    // A grantee's decisions need its organisation's token; of all others the signature is enough.
    const open = signed.action !== "Request" && signed.action !== "Relinquish";
    const view = await this.#context.json<IntentView>("relay", {
      path: "/v1/intents", method: "POST", idempotent: true, open, body: JSON.stringify(toWire(signed)),
      headers: { "content-type": "application/json", "idempotency-key": this.#digest }, signal,
    });
    if (!sameHex(view.digest, this.#digest)) {
      throw new ChainError("WRONG_DEPLOYMENT", "the relay names another digest than the one signed here: it serves another chain or registry; correct the deployment");
    }
    return view;
  }

  async look(signal?: AbortSignal): Promise<IntentProgress> {
    try {
      return await this.#context.json<IntentView>("relay", { path: `/v1/intents/${this.#digest}`, open: true, signal });
    } catch (error) {
      const isUnknown = error instanceof ConsentryError && error.code === "NOT_FOUND";
      if (!isUnknown || this.#signed === undefined) throw error;
      return this.handIn(signal);
    }
  }

  saved() {
    return {};
  }
}
