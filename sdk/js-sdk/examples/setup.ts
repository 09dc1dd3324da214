// Where the examples find a running stack and its development keys. In your program these are your own.
import { readFileSync } from "node:fs";
import { clientCredentials, createConsentry, developmentSigner, localDeployment, type Hex } from "@consentry/sdk";

const path = process.env.CONSENTRY_ENDPOINTS ?? "../../.local/endpoints.json";
const endpoints = JSON.parse(readFileSync(path, "utf8"));

function party(clientId: string, scope: string, key?: Hex) {
  const { privateJwk } = endpoints.clients.find((each: { id: string }) => each.id === clientId);
  const auth = clientCredentials({ issuer: endpoints.auth, clientId, privateKey: privateJwk, scope });
  return createConsentry({ deployment: localDeployment(endpoints), auth, ...(key && { signer: developmentSigner(key) }) });
}

/** The patient of the examples: FHIR id, and the address that stands for them. */
export const patient: { fhirId: string; subject: Hex; privateKey: Hex } = endpoints.patients[0];
/** The organisation's address. */
export const clinicAddress: Hex = endpoints.clients.find((each: { id: string }) => each.id === "clinic-a").address;
/** The organisation's backend. */
export const clinic = party("clinic-a", "provider:consent.request provider:records.read system/*.rs",
  endpoints.clients.find((each: { id: string }) => each.id === "clinic-a").privateKey);
/** The patient's key. A development stack has nobody at a browser, so the custodian's system reads for them. */
export const me = party("ops-system", "system:consent.read system:policy.write", patient.privateKey);
/** The custodian's system: sees who consented to what, and who looked. */
export const custodian = party("ops-system", "system:consent.read system:audit.read");
/** The patients whom the custodian knows. */
export const patients: { fhirId: string; subject: Hex }[] = endpoints.patients;
