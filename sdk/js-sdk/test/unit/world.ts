import { buildPolicy } from "../../src/policy/index.js";
import { createConsentry, developmentSigner, type Auth, type Carrier, type Consent, type Deployment, type Fetch, type Signer, type SigningMemory } from "../../src/index.js";
import type { Acceptance, Proof } from "../../src/intents/index.js";
import { problem, services, type Seen } from "./fake.js";

export const owner = developmentSigner(`0x${"01".repeat(32)}`);
export const grantee = `0x${"22".repeat(20)}` as const;
export const registry = `0x${"33".repeat(20)}` as const;
export const hash = (byte: string) => `0x${byte.repeat(32)}` as const;
/** Somebody with a token. */
export const signedIn: Auth = { headers: async () => ({ authorization: "Bearer t" }) };
export const policy = buildPolicy({ resources: ["Observation"] });
export const deployment: Deployment = {
  chainId: 31337, registry, finality: "finalized",
  services: { auth: "http://auth.test", indexer: "http://indexer.test", relay: "http://relay.test", gateway: "http://gateway.test", audit: "http://audit.test" },
};

interface HandedIn { action: string; intent: Record<string, never>; proof: Proof; acceptance?: Acceptance }

/** The relay and the indexer, as far as a wait looks at them. */
export class World {
  rows: Record<string, unknown>[] = [];
  subject: Record<string, unknown> | undefined = { epoch: 4, seq: 9, finality: "finalized" };
  asOf = { chainId: 31337, registry: registry as string };
  views: (Record<string, unknown> | undefined)[] = [{ state: "final", transaction: hash("aa"), blockNumber: 7 }];
  indexerDown = false;
  documents = new Map([[policy.hash as string, policy.canonical]]);
  handedIn: (HandedIn & { headers: Headers })[] = [];
  onLook: () => void = () => undefined;
  /** What the relay says that it was given. */
  digest: string | undefined;
  delegates: Record<string, unknown>[] = [];
  chain: Record<string, unknown> = { latest: 9, safe: 8, finalized: 7, indexed: { blockNo: 9, blockHash: hash("bb") } };
  readonly fake = services((seen) => this.#answer(seen));

  client(more: { memory?: SigningMemory; deployment?: Partial<Deployment>; signer?: Signer; auth?: Auth; direct?: Carrier; fetch?: Fetch } = {}) {
    return createConsentry({ signer: owner, auth: signedIn, fetch: this.fake.fetch, retryDelayMs: 1, ...more, deployment: { ...deployment, ...more.deployment } });
  }

  #answer({ url, method, body, headers }: Seen) {
    if (url.hostname === "relay.test") {
      if (method === "POST") {
        this.handedIn.push({ ...(JSON.parse(body) as HandedIn), headers });
        return { status: 202, json: { state: "accepted", digest: this.digest ?? headers.get("idempotency-key") } };
      }
      this.onLook();
      const view = this.views.length > 1 ? this.views.shift() : this.views[0];
      return view ? { json: view } : problem(404, "not-found");
    }
    if (this.indexerDown) return problem(503, "unavailable");
    if (method === "PUT") return { status: 201 };
    if (url.pathname.startsWith("/v1/policies/")) {
      const text = this.documents.get(url.pathname.slice("/v1/policies/".length));
      return text === undefined ? problem(404, "not-found") : { text };
    }
    if (url.pathname === "/v1/chain") return { json: { ...this.asOf, ...this.chain } };
    if (url.pathname.endsWith("/delegates")) return { json: { asOf: this.asOf, delegates: this.delegates } };
    if (url.pathname.startsWith("/v1/subjects/")) return this.subject ? { json: { asOf: this.asOf, subject: this.subject } } : problem(404, "not-found");
    if (url.pathname === "/v1/consents") return { json: { asOf: this.asOf, consents: this.rows, next: null } };
    const row = this.rows.length > 1 ? this.rows.shift() : this.rows[0];
    return row ? { json: { asOf: this.asOf, consent: row } } : problem(404, "not-found");
  }
}

export const row = (more: object = {}) => ({
  consentId: hash("cc"), patientId: owner.address, granteeId: grantee, scopeId: policy.hash, status: "ACTIVE", validFrom: 1, validTo: null,
  version: 3, epoch: 4, subjectEpoch: 4, txHash: hash("aa"), blockNo: 7, blockHash: hash("bb"), logIndex: 0, finality: "finalized", rev: 1, ...more,
});
export const consent: Consent = {
  id: hash("cc"), subject: owner.address, grantee, scopeId: policy.hash, status: "ACTIVE", validFrom: 1, validTo: null, respondBy: null,
  version: 3, subjectEpoch: 4, finality: "finalized", transaction: hash("aa"), blockNumber: 7, blockHash: hash("bb"), revision: 1,
};
