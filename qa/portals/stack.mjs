// The running stack that CONSENTRY_ENDPOINTS (its endpoints.json) describes, as an administrator's tool and a clinic's backend see it.
import { readFileSync } from "node:fs";
import { clientCredentials, createConsentry, developmentSigner, localDeployment } from "../../sdk/js-sdk/dist/index.js";

const file = process.env.CONSENTRY_ENDPOINTS;
if (!file) throw new Error("CONSENTRY_ENDPOINTS is not set; run this under `local-stack exec`");
export const endpoints = JSON.parse(readFileSync(file, "utf8"));
export const deployment = localDeployment(endpoints);

/** Where a portal is. */
export const originOf = (id) => endpoints.apps.find((each) => each.id === id).url;

const client = (id) => endpoints.clients.find((each) => each.id === id);
const authOf = (id, scope) => clientCredentials({ issuer: endpoints.auth, clientId: id, privateKey: client(id).privateJwk, scope });

/** A one-time code, made by an administrator. `who` is the body of `POST /v1/enrolments`. */
export async function enrolmentCode(who) {
  const auth = authOf("admin-tool", "admin:accounts.write");
  const url = `${endpoints.auth}/v1/enrolments`;
  const reply = await fetch(url, {
    method: "POST", body: JSON.stringify(who),
    headers: { "content-type": "application/json", ...(await auth.headers({ audience: endpoints.auth }, "POST", url)) },
  });
  const answer = await reply.json();
  if (!reply.ok) throw new Error(`no code: ${JSON.stringify(answer)}`);
  return answer.code;
}

/** An organisation's backend, which asks and reads. */
export function clinic(id = "clinic-a") {
  const { address, privateKey } = client(id);
  const auth = authOf(id, "provider:consent.request provider:records.read system/*.rs");
  return { ...createConsentry({ deployment, auth, signer: developmentSigner(privateKey) }), address };
}
