import { ChainError } from "../errors.js";
import { LOCAL } from "../generated/local.js";
import { isAddress, type Address } from "../hex.js";

/** How final a block is. */
export type Finality = "latest" | "safe" | "finalized";

/** Names of the services. */
export type ServiceName = "auth" | "indexer" | "relay" | "gateway" | "audit";

/** Where everything of one deployment is. */
export interface Deployment {
  readonly chainId: number;
  /** The ConsentRegistry. */
  readonly registry: Address;
  /** The ERC7913WebAuthnVerifier, for passkeys. */
  readonly webAuthnVerifier?: Address;
  /** Base URLs; in a page, also paths of its own server. They are also the audiences of tokens, see `audiences`. */
  readonly services: Readonly<Record<ServiceName, string>>;
  /** What services are called in tokens, where that is not their URL. */
  readonly audiences?: Partial<Readonly<Record<ServiceName, string>>>;
  /** How final a block must be before a consent counts as confirmed. `finalized` if absent. */
  readonly finality?: Finality;
}

const RANK: Record<Finality, number> = { latest: 0, safe: 1, finalized: 2 };

/** Whether a block is as final as it must be. */
export function isFinalEnough(is: Finality, must: Finality): boolean {
  return RANK[is] >= RANK[must];
}

/** The deployment that `endpoints.json` of a local stack describes. */
export function localDeployment(endpoints: { chain: { id: number; registry: string } } & Record<ServiceName, string>): Deployment {
  const { chain, auth, indexer, relay, gateway, audit } = endpoints;
  return {
    chainId: chain.id, registry: chain.registry as Address, webAuthnVerifier: LOCAL.webAuthnVerifier,
    services: { auth, indexer, relay, gateway, audit }, finality: "latest",
  };
}

/** The deployment with whole addresses, or a refusal of what cannot be one. Paths are those of the page's own server. */
export function resolveDeployment(deployment: Deployment, origin: string | undefined = globalThis.location?.origin): Deployment {
  if (!Number.isSafeInteger(deployment.chainId) || !isAddress(deployment.registry)) {
    throw new ChainError("WRONG_DEPLOYMENT", "a deployment needs a chain id and the registry's address");
  }
  const services = Object.entries(deployment.services).map(([name, url]) => {
    if (!URL.canParse(url, origin)) throw new ChainError("WRONG_DEPLOYMENT", `the address of ${name} is no URL`);
    return [name, URL.canParse(url) ? url : new URL(url, origin).href] as const;
  });
  return { ...deployment, services: Object.fromEntries(services) as Deployment["services"] };
}
