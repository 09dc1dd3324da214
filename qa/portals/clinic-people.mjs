// A clinician at the clinic console, and the patients whom they ask.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { clientCredentials, createConsentry, developmentSigner } from "../../sdk/js-sdk/dist/index.js";
import { privateKeyToAccount } from "../../sdk/js-sdk/node_modules/viem/_esm/accounts/index.js";
import { enrol, newcomer, person, signIn } from "./browser.mjs";
import { deployment, endpoints, originOf } from "./stack.mjs";

export const app = "clinic-console";

const sdk = createRequire(new URL("../../sdk/js-sdk/package.json", import.meta.url));
const { encodeFunctionData, keccak256, stringToHex } = sdk("viem");
const json = (path) => JSON.parse(readFileSync(new URL(`../../contracts/${path}`, import.meta.url), "utf8"));

/** Somebody who works for an organisation, signed in to the console. With a `practitioner`'s FHIR id they can have keys of their own. */
export async function clinician(browser, { client = "clinic-a", practitioner, ...options } = {}) {
  const someone = await person(browser, options);
  const { organization, privateKey, address } = endpoints.clients.find((each) => each.id === client);
  const { login } = newcomer("doctor");
  await enrol(someone.page, { persona: "provider", organization, ...(practitioner && { practitioner }) }, login);
  await signIn(someone.page, app);
  return { ...someone, organization, privateKey, grantee: address };
}

/** A registrar verifies an address on chain as a practitioner's of an organisation. */
export async function verifyPractitioner(practitioner, organization) {
  const { address: registry, abi } = json("deployments/local/ProviderRegistry.json");
  const { registrar } = json("chains/local.json").granteeRegistries;
  const data = encodeFunctionData({ abi, functionName: "verify", args: [practitioner, organization, keccak256(stringToHex("a licence that was seen")), 2 ** 40 - 1, 0] });
  const ask = async (method, params) => {
    const reply = await fetch(endpoints.chain.rpc, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }) });
    const { result, error } = await reply.json();
    if (error) throw new Error(`${method}: ${error.message}`);
    return result;
  };
  await ask("eth_call", [{ from: registrar, to: registry, data }, "latest"]);
  await ask("eth_sendTransaction", [{ from: registrar, to: registry, data }]);
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

/** Fills in the form up to the look at what will be signed. */
export async function toCheck(page, code, preset = "laboratory") {
  await page.goto(`${originOf(app)}/ask`);
  await page.locator("#code").fill(code);
  await page.locator(`input[value="${preset}"]`).check();
  await page.locator('input[name="duration"][value="7"]').check();
  await page.locator("form .actions .button").click();
  await page.locator(".summary").first().waitFor();
}
