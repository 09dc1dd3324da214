import type { Auth } from "../auth/tokens.js";
import { AuthError, ChainError, SignerError } from "../errors.js";
import { sameHex } from "../hex.js";
import { Http, jsonOf, type Answer, type Call, type HttpOptions } from "../http.js";
import { domainOf, type Domain } from "../intents/types.js";
import type { Signer } from "../signers/signer.js";
import type { Carrier } from "./carrier.js";
import { resolveDeployment, type Deployment, type ServiceName } from "./deployment.js";
import { MemoryInProcess, type SigningMemory } from "./memory.js";

/** What a client is made of. */
export interface Options extends HttpOptions {
  readonly deployment: Deployment;
  readonly auth?: Auth;
  readonly signer?: Signer;
  /** What was signed before, where it is to outlive this process. With one, openings need not wait for finality. */
  readonly memory?: SigningMemory;
  /** Sends decisions as transactions of one's own, in place of the relay; see `@consentry/sdk/direct`. */
  readonly direct?: Carrier;
}

/** A call of one of the services. */
export interface ServiceCall extends Omit<Call, "url" | "authorize"> {
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  /** Without a token. */
  readonly open?: boolean;
  readonly purpose?: string | undefined;
}

/** What all parts of a client share. */
export class Context {
  readonly deployment: Deployment;
  readonly domain: Domain;
  readonly memory: SigningMemory;
  /** Whether the memory outlives this process. */
  readonly remembers: boolean;
  readonly direct: Carrier | undefined;
  /** Whether it has tokens, so that the indexer answers it. */
  readonly isSignedIn: boolean;
  readonly #http: Http;
  readonly #auth: Auth | undefined;
  readonly #signer: Signer | undefined;

  constructor(options: Options) {
    this.deployment = resolveDeployment(options.deployment);
    this.domain = domainOf(this.deployment);
    this.memory = options.memory ?? new MemoryInProcess();
    this.remembers = options.memory !== undefined;
    this.direct = options.direct;
    this.isSignedIn = options.auth !== undefined;
    this.#http = new Http(options);
    this.#auth = options.auth;
    this.#signer = options.signer;
  }

  get signer(): Signer {
    if (this.#signer === undefined) throw new SignerError("SIGNER_UNAVAILABLE", "this needs a signer; give one to createConsentry");
    return this.#signer;
  }

  async send(service: ServiceName, call: ServiceCall): Promise<Answer> {
    const { path, query = {}, open = false, purpose, ...rest } = call;
    const given = Object.entries(query).filter((entry): entry is [string, string | number] => entry[1] !== undefined);
    const search = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
    const url = `${this.deployment.services[service].replace(/\/$/, "")}${path}${search && `?${search}`}`;
    const auth = open && !this.#auth?.viaOwnServer ? undefined : this.#auth;
    const audience = this.deployment.audiences?.[service] ?? this.deployment.services[service];
    const method = call.method ?? "GET";
    const authorize = auth && ((isRenewed: boolean) => auth.headers({ audience, purpose, signal: call.signal }, method, url, isRenewed));
    try {
      return await this.#http.send({ ...rest, url, ...(authorize && { authorize }), ...(auth?.viaOwnServer && { credentials: "same-origin" }) });
    } catch (error) {
      if (error instanceof AuthError) auth?.refused?.(error);
      throw error;
    }
  }

  async json<T>(service: ServiceName, call: ServiceCall): Promise<T> {
    return jsonOf<T>(await this.send(service, call));
  }

  /** JSON of the indexer, once it is sure that it is about this deployment's registry. */
  async indexed<T extends { asOf: { chainId: number; registry: string } }>(call: ServiceCall): Promise<T> {
    const answer = await this.json<T>("indexer", call);
    this.mustBeHere(answer.asOf);
    return answer;
  }

  /** Throws unless a service works on this deployment's registry. */
  mustBeHere(there: { chainId: number; registry: string }): void {
    const { chainId, registry } = this.deployment;
    if (there.chainId !== chainId || !sameHex(there.registry, registry)) {
      throw new ChainError("WRONG_DEPLOYMENT", `the indexer follows ${there.registry} on chain ${there.chainId}, the deployment says ${registry} on chain ${chainId}; correct the deployment, sign nothing`);
    }
  }
}
