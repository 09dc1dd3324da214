// A clinician at the clinic console, and the patients whom they ask.
import { clientCredentials, createConsentry, developmentSigner } from "../../sdk/js-sdk/dist/index.js";
import { enrol, newcomer, person, signIn } from "./browser.mjs";
import { deployment, endpoints, originOf } from "./stack.mjs";

export const app = "clinic-console";

/** Somebody who works for an organisation, signed in to the console. */
export async function clinician(browser, { client = "clinic-a", ...options } = {}) {
  const someone = await person(browser, options);
  const { organization, privateKey, address } = endpoints.clients.find((each) => each.id === client);
  const { login } = newcomer("doctor");
  await enrol(someone.page, { persona: "provider", organization }, login);
  await signIn(someone.page, app);
  return { ...someone, organization, privateKey, grantee: address };
}

/** One of the seeded patients, who have records and a key. A development stack has nobody at a browser for them, so the custodian's system reads. */
export function seededPatient(at) {
  const { fhirId, subject, privateKey } = endpoints.patients[at];
  const system = endpoints.clients.find((each) => each.id === "ops-system");
  const auth = clientCredentials({ issuer: endpoints.auth, clientId: system.id, privateKey: system.privateJwk, scope: "system:consent.read system:policy.write" });
  const me = createConsentry({ deployment, auth, signer: developmentSigner(privateKey) });
  return { fhirId, subject, code: `consentry:patient?id=${fhirId}&subject=${subject}`, consents: me.consents };
}

/** Fills in the form and signs with the organisation's development key. What comes back is the consent's id. */
export async function ask(page, { code, privateKey, template = "everything", duration = "30" }) {
  await page.goto(`${originOf(app)}/ask`);
  await page.locator("#code").fill(code);
  await page.locator(`input[value="${template}"]`).check();
  await page.locator(`input[name="duration"][value="${duration}"]`).check();
  await page.locator("form .actions .button").click();
  await page.locator("input[value=development]").check();
  await page.locator("input[type=password]").fill(privateKey);
  await page.locator("form .actions .button").click();
  await page.waitForURL((url) => url.pathname.startsWith("/consents/0x"), { timeout: 60_000 });
  return new URL(page.url()).pathname.split("/")[2];
}
