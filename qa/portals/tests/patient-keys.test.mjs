// A patient with two keys on two devices, and one with none: what each key may do, and who may replace it.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { administrator } from "../admin-screens.mjs";
import { authenticator, holds, launch } from "../browser.mjs";
import { patientWithKey } from "../people.mjs";
import { clinic, originOf } from "../stack.mjs";

const SOON = { timeout: 60_000 };
let browser;
before(async () => {
  browser = await launch();
});
after(() => browser.close());
const open = (page, path) => page.goto(originOf("patient-portal") + path);
const press = (page, name) => page.getByRole("button", { name, exact: true }).click();

/** A patient whose second key is on another device, with a window there that has only that key. */
async function patientWithTwoKeys(name) {
  const someone = await patientWithKey(browser, name);
  const { page, key, context } = someone;
  const other = await key.beside();
  await holds(page, key, other);
  await open(page, "/keys");
  await press(page, "Make a passkey");
  await page.getByText("Your key is ready").waitFor(SOON);
  const there = await context.newPage();
  there.setDefaultTimeout(20_000);
  await (await authenticator(there)).takes(await other.passkeys());
  // From here on the first window has only the first key.
  await other.forgets();
  return { ...someone, there };
}

/** A request that waits for an answer. */
async function asks(doctor, subject, resource) {
  const policy = doctor.policies.build({ resources: [resource], purpose: ["TREAT"] });
  return (await doctor.consents.request({ subject, policy, days: 30 })).waitForRequested();
}

async function says(page, consent, choice, button) {
  await open(page, `/requests/${consent.id}`);
  await page.getByText(choice).click();
  await press(page, button);
}

test("after the first key a second is offered, and can wait", async () => {
  const { page, context } = await patientWithKey(browser, "parwin");
  await open(page, "/keys?added=1");
  await page.getByText("Would you like a second key?").waitFor();
  await page.getByRole("link", { name: "Later" }).click();
  await page.getByRole("heading", { level: 1, name: "Your health record, your decision" }).waitFor();
  assert.equal(await page.getByRole("link", { name: "Add a second key" }).count(), 1);
  await context.close();
});

test("a second key ends what the first gave, approves a request, and decides nothing once its right is taken away", async () => {
  const { page, there, subject, fhirId, faults, context } = await patientWithTwoKeys("zarina");
  await page.getByText("It decides as well as the main key.").waitFor();
  assert.equal(await page.getByText("Main key", { exact: true }).count(), 1);
  const doctor = clinic();
  const read = async (resource) => (await doctor.gateway.fetchIfPermitted({ patient: fhirId, resource, purpose: "TREAT" })).permitted;
  const [first, second, third] = [await asks(doctor, subject, "Observation"), await asks(doctor, subject, "Condition"), await asks(doctor, subject, "Procedure")];
  await says(page, first, "Yes, to all of this", "Say yes and sign");
  await page.getByText("Done. Your consent is active").waitFor(SOON);
  assert.equal(await read("Observation"), true);

  // The page does not know yet which key is here: it asks for the main one, learns, and offers the other.
  await open(there, `/consents/${first.id}`);
  await press(there, "End it now");
  await there.getByText("You used Passkey 2").waitFor();
  await press(there, "End it now");
  await there.getByText("You ended this consent").waitFor(SOON);
  assert.equal(await read("Observation"), false);

  await says(there, second, "Yes, to all of this", "Say yes and sign");
  await there.getByText("You used Passkey 2").waitFor();
  await press(there, "Say yes and sign");
  await there.getByText("Done. Your consent is active").waitFor(SOON);
  assert.equal(await read("Condition"), true);

  await open(page, "/keys");
  await page.getByText("I lost this key").click();
  await press(page, "Take its right away");
  await page.getByText("It cannot decide yet on what the first key gave.").waitFor(SOON);
  await says(there, third, "Yes, to all of this", "Say yes and sign");
  await there.getByText("That was another key").waitFor();
  await there.getByText("Not all of your keys may decide this.").waitFor();
  assert.equal(await there.getByText("You used Passkey 2").count(), 0);

  await press(page, "Let it decide as well");
  await page.getByText("It decides as well as the main key.").waitFor(SOON);
  assert.deepEqual(faults, []);
  await context.close();
});

test("a key that could not be given its right is bound all the same, and finished later", async () => {
  const { page, key, context } = await patientWithKey(browser, "mina");
  const other = await key.beside();
  await holds(page, key, other);
  await page.route("**/api/relay/v1/intents", (route) => route.fulfill({ status: 503, json: { type: "about:blank", title: "away", status: 503 } }));
  await open(page, "/keys");
  await press(page, "Make a passkey");
  await page.getByText("Your new key is yours, but not ready").waitFor(SOON);
  await page.unroute("**/api/relay/v1/intents");
  await press(page, "Let it decide as well");
  await page.getByText("It decides as well as the main key.").waitFor(SOON);
  await context.close();
});

test("the second key asks to take the main one's place; the main one is told on every screen, and stops it", async () => {
  const { page, there, faults, context } = await patientWithTwoKeys("shirin");
  await open(page, "/keys/recovery");
  await press(page, "Name it and sign with the main key");
  await page.getByText("You are ready").waitFor(SOON);

  await open(there, "/keys/recovery");
  await press(there, "Begin, and sign with the other key");
  await there.getByText("The time is running").waitFor(SOON);
  // 48 hours, less the moment that passed since.
  await there.getByText("1 day and 23 hours left").waitFor();
  assert.equal(await there.getByRole("button", { name: "Make it my main key" }).count(), 0);

  for (const path of ["/", "/settings", "/consents"]) {
    await open(page, path);
    await page.getByText("Somebody wants to replace your key. Was it you?").waitFor(SOON);
  }
  await press(page, "Stop this");
  await page.getByText("Somebody wants to replace your key. Was it you?").waitFor({ state: "detached", ...SOON });
  await open(there, "/keys/recovery");
  await there.getByText("You are ready").waitFor(SOON);
  assert.equal(await there.getByText("Somebody wants to replace your key").count(), 0);
  assert.deepEqual(faults, []);
  await context.close();
});

test("who lost all keys makes a new one that administrators take, is told from when it counts, and refuses it without a key", async () => {
  const { page, key, fhirId, faults, context } = await patientWithKey(browser, "gulalai");
  await key.forgets();
  await open(page, "/keys/lost");
  await press(page, "Make a new key");
  await page.getByText("Your new key is made, and has signed").waitFor();
  const [id, statement] = await page.locator(".copy-text .code").allInnerTexts();
  assert.equal(id, fhirId);

  const [ada, cai] = [await administrator(browser, "ada"), await administrator(browser, "cai")];
  await ada.page.goto(`${originOf("admin-console")}/lost-keys`);
  await ada.page.locator("#propose-patient").fill(id);
  await ada.page.locator("#propose-statement").fill(statement);
  await press(ada.page, "Propose it");
  await ada.page.getByText("It is proposed").waitFor();

  await open(page, "/settings");
  await page.getByText("A second person has to agree").waitFor();
  await cai.page.goto(`${originOf("admin-console")}/lost-keys`);
  const row = cai.page.locator("tbody tr", { hasText: fhirId });
  await row.getByRole("button", { name: "Confirm it" }).click();
  await cai.page.getByText("I spoke to the patient myself").click();
  await press(cai.page.getByRole("dialog"), "Confirm it");
  const [, promised] = /^Counts from (.*), unless/.exec(await row.getByText("Counts from").innerText());

  await open(page, "/");
  // Both are told the same moment.
  await page.getByText(promised).waitFor();
  await key.reacts(false);
  await press(page, "Refuse the new key");
  await page.getByText("A new key is to take the place of all your keys").waitFor({ state: "detached" });
  await page.reload();
  await page.getByRole("heading", { name: "Who may look now" }).waitFor();
  assert.equal(await page.getByText("A new key is to take the place of all your keys").count(), 0);
  assert.deepEqual(faults, []);
  for (const each of [ada, cai]) await each.context.close();
  await context.close();
});
