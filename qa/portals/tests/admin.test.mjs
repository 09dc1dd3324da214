// What administrators do in their console, on the running stack.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { administrator, APP, decisions } from "../admin-screens.mjs";
import { launch, newcomer, person, signIn } from "../browser.mjs";
import { deployment, endpoints, originOf } from "../stack.mjs";

const sdk = createRequire(new URL("../../../sdk/js-sdk/package.json", import.meta.url));
const { keccak256, stringToHex } = sdk("viem");
const { generatePrivateKey, privateKeyToAccount } = sdk("viem/accounts");
const { granteeRegistries } = JSON.parse(readFileSync(new URL("../../../contracts/chains/local.json", import.meta.url), "utf8"));

let browser, ada;
before(async () => {
  browser = await launch();
  ada = await administrator(browser);
});
after(() => browser.close());
const open = (page, path) => page.goto(originOf(APP) + path);
const press = (page, name) => page.getByRole("button", { name, exact: true }).click();

test("the console says how far the chain is read and that every service works, as the services say", async () => {
  const { page } = ada;
  await open(page, "/");
  await page.getByText("The chain is read to its newest block").waitFor();
  await page.getByText("Relay to the chain").waitFor();
  await page.getByText(/^[\d,.]+ ETH$/).first().waitFor();
  assert.equal(await page.locator("tbody .tag.good").count(), 5);
  assert.equal(await page.getByText(deployment.registry.toLowerCase()).count(), 1);
});

test("a service that is away is said to be away, and what is old is called old", async () => {
  const { page } = ada;
  await page.route("**/api/relay/health/ready", (route) => route.fulfill({ status: 503, json: { status: "unready", checks: { postgres: "unreachable" } } }));
  await page.route("**/api/indexer/v1/chain", (route) => route.abort());
  await open(page, "/");
  await page.getByText("Not every service takes work").waitFor();
  await page.getByText("postgres: unreachable").waitFor();
  await page.getByText("The service does not answer").waitFor();
  await page.unroute("**/api/relay/health/ready");
  await page.unroute("**/api/indexer/v1/chain");
});

test("refusals are counted alike by journal and archive, and found by patient", async () => {
  const { page } = ada;
  await decisions(page);
  assert.ok((await page.locator("tbody .tag.bad").count()) >= 2);
  await page.getByLabel("Decision").selectOption("permit");
  await page.getByText(/^0 of \d+ that were fetched/).waitFor();
  await open(page, "/decisions");
  await page.getByText("Journal and archive agree on every day").waitFor();
  await page.getByText("Every journal arrived without a break").waitFor();
});

test("where the archive lacks something the day and the kind are named", async () => {
  const { page } = ada;
  const day = new Date(Date.now() - 86_400_000).toISOString().slice(0, 10);
  const counts = (count) => ({ json: { counts: [{ date: day, action: "read", result: "permit", count }] } });
  await page.route("**/api/audit/v1/counts*", (route) => route.fulfill(counts(4)));
  await page.route("**/api/gateway/v1/counts*", (route) => route.fulfill(counts(5)));
  await open(page, "/decisions");
  await page.getByText("Days that differ: 1").waitFor();
  await page.getByText("5 in the journal, 4 in the archive").waitFor();
  await page.unroute("**/api/audit/v1/counts*");
  await page.unroute("**/api/gateway/v1/counts*");
});

test("a code is shown once; who enters it gets in, and is out as soon as the account is closed", async () => {
  const { page } = ada;
  await open(page, "/accounts/code");
  await page.getByText("An administrator", { exact: true }).click();
  await press(page, "Make the code");
  const code = await page.locator(".copy-text .code").innerText();
  await page.reload();
  assert.equal(await page.getByText(code).count(), 0);

  const { page: theirs, context } = await person(browser);
  const { login } = newcomer("ben");
  await theirs.goto(`${endpoints.auth}/enrol`);
  await theirs.getByLabel("Enrolment code").fill(code);
  await press(theirs, "Continue");
  await theirs.getByLabel("Sign-in name").fill(login);
  await press(theirs, "Continue");
  await press(theirs, "Create a passkey");
  await theirs.waitForURL((url) => url.pathname === "/account");
  await signIn(theirs, APP);
  await theirs.getByRole("heading", { name: "Health" }).waitFor();

  await open(page, "/accounts");
  await page.getByLabel("Name, organisation or id").fill(login);
  await page.getByRole("link", { name: login }).click();
  await press(page, "Close the account");
  await press(page, "Close it");
  await page.locator(".summary").getByText("Closed", { exact: true }).waitFor();
  await theirs.getByRole("link", { name: "Signing keys" }).click();
  await theirs.getByText("Your time signed in is over").waitFor({ timeout: 30_000 });
  assert.equal(await theirs.locator("tbody").count(), 0);

  await press(page, "Make a recovery code");
  await page.getByText("I have checked who asks for it").click();
  await press(page, "Make the code");
  await page.getByText("The code is made").waitFor();
  assert.notEqual(await page.locator(".copy-text .code").innerText(), code);
  await context.close();
});

/** What a key signs about whose it is, as a patient hands it to an administrator. */
async function statementOf(fhirId) {
  const account = privateKeyToAccount(generatePrivateKey());
  const message = { tenant: endpoints.tenant, patientRefHash: keccak256(stringToHex(`Patient/${fhirId}`)), subject: account.address, nonce: 1n, deadline: BigInt(Math.floor(Date.now() / 1000) + 3_600) };
  const types = { Bind: [["string", "tenant"], ["bytes32", "patientRefHash"], ["address", "subject"], ["uint256", "nonce"], ["uint64", "deadline"]].map(([type, name]) => ({ type, name })) };
  const signature = await account.signTypedData({ domain: { name: "Consentry", version: "1", chainId: deployment.chainId, verifyingContract: deployment.registry }, types, primaryType: "Bind", message });
  return JSON.stringify({ subject: account.address, nonce: "1", deadline: Number(message.deadline), signature });
}

test("two administrators put a new key in the place of lost ones; one alone cannot", async () => {
  const { page } = ada;
  await open(page, "/lost-keys");
  const rowOf = (their, fhirId) => their.locator("tbody tr", { hasText: fhirId });
  // On a stack that was tested before, the first patients wait out their three days.
  let patient;
  for (const { fhirId } of endpoints.patients) {
    await page.locator("#propose-patient").fill(fhirId);
    await page.locator("#propose-statement").fill(await statementOf(fhirId));
    const answered = page.waitForResponse((response) => response.url().endsWith("/v1/rebindings") && response.request().method() === "POST");
    await press(page, "Propose it");
    patient = fhirId;
    if ((await answered).status() === 201) break;
    await page.getByText("A new key is already under way").waitFor();
  }
  await rowOf(page, patient).getByText("You proposed it: another administrator has to confirm it").waitFor();
  assert.equal(await rowOf(page, patient).getByRole("button").count(), 0);

  const { page: other, context } = await administrator(browser, "cai");
  await open(other, "/lost-keys");
  await rowOf(other, patient).getByRole("button", { name: "Confirm it" }).click();
  await other.getByText("I spoke to the patient myself").click();
  await other.getByRole("dialog").getByRole("button", { name: "Confirm it" }).click();
  await rowOf(other, patient).getByText("unless the patient refuses it before").waitFor();
  await context.close();
});

test("one person writes a verification down, another sends it with the registrar's wallet; what changed since is void", async () => {
  const { page, context } = await administrator(browser, "dee");
  await page.exposeFunction("askNode", async (call) => {
    if (call.method === "eth_requestAccounts") return { result: [granteeRegistries.registrar] };
    const reply = await fetch(endpoints.chain.rpc, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ jsonrpc: "2.0", id: 1, params: [], ...call }) });
    return reply.json();
  });
  await page.addInitScript(() => {
    window.ethereum = {
      async request(call) {
        const { result, error } = await window.askNode(call);
        if (error) throw Object.assign(new Error(error.message), { code: error.code });
        return result;
      },
    };
  });
  const address = privateKeyToAccount(generatePrivateKey()).address;
  await open(page, `/organizations/change?kind=organization&address=${address}`);
  await page.getByLabel("Papers that you saw").fill("Licence 12-345");
  await press(page, "Write it down");
  const text = await page.locator(".copy-text .code").first().innerText();
  assert.ok(!text.includes("Licence"));
  const check = async () => {
    await page.getByText("Check a change and send it", { exact: true }).click();
    await page.getByLabel("The change that the other person wrote").fill(text);
  };
  await check();
  await page.getByText("I compared this with the papers, and somebody else wrote it").click();
  await press(page, "Connect the registrar's wallet");
  await page.getByText("This wallet may do it at once").waitFor();
  await press(page, "Send it to the chain");
  await page.getByText("The change is in a block").waitFor();
  await open(page, "/organizations");
  for (;;) {
    await page.locator("main table").first().waitFor();
    if ((await page.locator(`[title="${address}" i]`).count()) > 0) break;
    await page.reload();
  }
  await page.getByText("Verified on the chain, but the directory has no such address").first().waitFor();
  await open(page, "/organizations/change");
  await check();
  await page.getByText("Something changed for this address since it was written").waitFor();
  await context.close();
});

test("a client is registered field by field, disabled and enabled again; a private key is not taken", async () => {
  const { page } = ada;
  const id = newcomer("lab").login;
  const { publicKey, privateKey } = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign"]);
  const jwkOf = async (key) => {
    const { kty, crv, x, y, d } = await crypto.subtle.exportKey("jwk", key);
    return JSON.stringify({ kty, crv, x, y, ...(d && { d }) });
  };
  await open(page, "/clients/new");
  await page.getByLabel("Client id").fill(id);
  await page.locator("#client-scopes").fill("system:consent.read");
  await page.locator("#client-audiences").fill(endpoints.indexer);
  await page.locator("#client-jwks").fill(await jwkOf(privateKey));
  await press(page, "Register it");
  await page.locator("#client-jwks-error").waitFor();
  await page.locator("#client-jwks").fill(await jwkOf(publicKey));
  await press(page, "Register it");
  await page.getByRole("link", { name: "Show it" }).click();
  await press(page, "Disable the client");
  await page.getByText("I know what stops working").click();
  await press(page, "Disable it");
  await page.getByText("Disabled", { exact: true }).waitFor();
  await press(page, "Enable the client");
  await press(page, "Enable it");
  await page.getByText("In use", { exact: true }).waitFor();
});

test("the signing key is changed by keyboard alone, after a question", async () => {
  const { page } = ada;
  await open(page, "/keys");
  await page.locator("tbody tr").first().waitFor();
  await page.getByRole("button", { name: "Change the key now" }).focus();
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").waitFor();
  const chosen = page.getByRole("button", { name: "Change it", exact: true });
  await chosen.waitFor();
  for (let steps = 0; steps < 4 && !(await chosen.evaluate((button) => button === document.activeElement)); steps++) await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await page.getByText("A new key is on its way").waitFor();
  await page.getByText("Shown, signs soon").first().waitFor();
});

test("no page brought the policy or a script down", () => assert.deepEqual(ada.faults, []));
