import { readFileSync } from "node:fs";
import { clientCredentials, createConsentry, developmentSigner, localDeployment, type Consentry, type Hex } from "../../src/index.js";

interface Client { id: string; privateJwk: JsonWebKey & { kid: string }; organization?: string; address?: Hex; privateKey?: Hex }
interface Patient { fhirId: string; subject: Hex; privateKey: Hex }
export interface Endpoints {
  tenant: string; auth: string; indexer: string; relay: string; gateway: string; audit: string;
  chain: { rpc: string; id: number; registry: string }; clients: Client[]; patients: Patient[]; newcomer: string;
  apps: { id: string; persona: string; redirectUri: string }[];
}

/** The running stack that `CONSENTRY_ENDPOINTS` (its endpoints.json) describes. */
export const endpoints = JSON.parse(readFileSync(process.env.CONSENTRY_ENDPOINTS ?? "", "utf8")) as Endpoints;
export const deployment = localDeployment(endpoints);

export function client(id: string): Client {
  const found = endpoints.clients.find((each) => each.id === id);
  if (found === undefined) throw new Error(`the stack has no client ${id}`);
  return found;
}

export function authOf(id: string, scope: string, dpop = false) {
  return clientCredentials({ issuer: endpoints.auth, clientId: id, privateKey: client(id).privateJwk, scope, dpop });
}

/** An organisation's backend. */
export function clinic(id = "clinic-a", dpop = false): Consentry {
  const scope = "provider:consent.request provider:records.read system/*.rs";
  return createConsentry({ deployment, auth: authOf(id, scope, dpop), signer: developmentSigner(client(id).privateKey!) });
}

/** A patient's key. Nobody signs in here, so the custodian's system reads for the patient. */
export function patientOf(index: number): Consentry & { patient: Patient } {
  const patient = endpoints.patients.at(index)!;
  const scope = "system:consent.read system:policy.write";
  return { ...createConsentry({ deployment, auth: authOf("ops-system", scope), signer: developmentSigner(patient.privateKey) }), patient };
}

export function system(): Consentry {
  return createConsentry({ deployment, auth: authOf("ops-system", "system:consent.read system:audit.read system:decision.evaluate") });
}

export async function rpc(method: string, params: unknown[] = []): Promise<unknown> {
  const response = await fetch(endpoints.chain.rpc, {
    method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }),
  });
  const { result, error } = (await response.json()) as { result?: unknown; error?: { message: string } };
  if (error) throw new Error(`${method}: ${error.message}`);
  return result;
}
