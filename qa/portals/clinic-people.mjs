// A clinician at the clinic console, and the patients whom they ask.
import { clientCredentials, createConsentry, developmentSigner } from "../../sdk/js-sdk/dist/index.js";
import { privateKeyToAccount } from "../../sdk/js-sdk/node_modules/viem/_esm/accounts/index.js";
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

/** Gives a page a wallet (EIP-1193) whose owner signs whatever it shows. It is told what was shown. */
export async function wallet(page, privateKey) {
  const account = privateKeyToAccount(privateKey);
  const shown = [];
  await page.exposeFunction("walletSigns", (text) => {
    const typed = JSON.parse(text);
    shown.push(typed);
    return account.signTypedData(typed);
  });
  await page.addInitScript(([address, chainId]) => {
    window.ethereum = {
      async request({ method, params }) {
        if (method === "eth_requestAccounts" || method === "eth_accounts") return [address];
        if (method === "eth_chainId") return chainId;
        if (method === "eth_signTypedData_v4") return window.walletSigns(params[1]);
        throw Object.assign(new Error("not supported"), { code: 4200 });
      },
    };
  }, [account.address, `0x${deployment.chainId.toString(16)}`]);
  return shown;
}

/** Fills in the form and signs with the organisation's development key. What comes back is the consent's id. */
export async function ask(page, { code, privateKey, preset = "everything", duration = "30" }) {
  await page.goto(`${originOf(app)}/ask`);
  await page.locator("#code").fill(code);
  await page.locator(`input[value="${preset}"]`).check();
  await page.locator(`input[name="duration"][value="${duration}"]`).check();
  await page.locator("form .actions .button").click();
  await page.locator("input[value=development]").check();
  await page.locator("input[type=password]").fill(privateKey);
  await page.locator("form .actions .button").click();
  await page.waitForURL((url) => url.pathname.startsWith("/consents/0x"), { timeout: 60_000 });
  return new URL(page.url()).pathname.split("/")[2];
}
