import { ConsentryError } from "../errors.js";
import type { components } from "../generated/consent-indexer.js";
import { jsonOf } from "../http.js";
import type { Context } from "./context.js";
import type { ServiceName } from "./deployment.js";
import type { Ledger } from "./ledger.js";

/** Whether a service takes work, and what it says of what it needs. */
export interface ServiceHealth {
  readonly ready: boolean;
  readonly checks: Readonly<Record<string, string>>;
}

/** The chain as the indexer knows it. */
export type ChainStatus = components["schemas"]["ChainStatus"];

/** Whether everything is there. */
export class Health {
  readonly #context: Context;
  readonly #ledger: Ledger;

  constructor(context: Context, ledger: Ledger) {
    this.#context = context;
    this.#ledger = ledger;
  }

  /** Asks every service. Never throws for one that is away. */
  async check(options: { signal?: AbortSignal } = {}): Promise<Record<ServiceName, ServiceHealth>> {
    const names = Object.keys(this.#context.deployment.services) as ServiceName[];
    const asked = names.map(async (name) => [name, await this.#ask(name, options.signal)] as const);
    return Object.fromEntries(await Promise.all(asked)) as Record<ServiceName, ServiceHealth>;
  }

  /** The chain and how far it is indexed; throws if it is another one than the deployment says. */
  chain(options: { signal?: AbortSignal } = {}): Promise<ChainStatus> {
    return this.#ledger.chain(options.signal);
  }

  async #ask(name: ServiceName, signal?: AbortSignal): Promise<ServiceHealth> {
    try {
      const answer = await this.#context.send(name, { path: "/health/ready", open: true, accept: [503], idempotent: false, signal });
      const { status, checks = {} } = jsonOf<{ status: string; checks?: Record<string, string> }>(answer);
      return { ready: status === "ready", checks };
    } catch (error) {
      if (!(error instanceof ConsentryError)) throw error;
      return { ready: false, checks: { [name]: error.message } };
    }
  }
}
