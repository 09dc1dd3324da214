// A practitioner's own passkey: made, bound, verified on chain, and asked with.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, newcomer } from "../browser.mjs";
import { app, clinician, seededPatient, toCheck, verifyPractitioner } from "../clinic-people.mjs";
import { patientWithKey } from "../people.mjs";
import { originOf } from "../stack.mjs";

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser.close());

/** A practitioner with a passkey of their own that nobody has verified yet. */
async function withPasskey() {
  const someone = await clinician(browser, { practitioner: newcomer("dr").fhirId });
  const { page, key } = someone;
  // The passkey to sign in by is on another device; a virtual one cannot be asked which of two to use.
  await key.forgets();
  await page.getByRole("link", { name: "Keys" }).click();
  await page.getByText("You have no key yet").waitFor();
  await page.getByRole("button", { name: "Make a passkey" }).click();
  await page.getByRole("heading", { name: "This key cannot ask yet" }).waitFor();
  const address = await page.locator(".copy-text .code").innerText();
  return { ...someone, address };
}

/** Has it verified, and signs in anew so that tokens name it. */
async function verified(someone) {
  const { page, address, grantee } = someone;
  await verifyPractitioner(address, grantee);
  // Nobody touches the page: it finds out by itself.
  await page.getByRole("heading", { name: "This key is verified" }).waitFor({ timeout: 40_000 });
  await page.getByRole("link", { name: "Start using it" }).click();
  await page.locator("article .tag.good").waitFor();
}

/** Asks with the passkey, which is offered first; what comes back is the consent's id. */
async function askByPasskey(page, code) {
  await toCheck(page, code, "everything");
  assert.ok(await page.getByLabel("Your passkey").isChecked());
  await page.getByRole("button", { name: "Sign and ask" }).click();
  await page.waitForURL((url) => url.pathname.startsWith("/consents/0x"), { timeout: 60_000 });
  return new URL(page.url()).pathname.split("/")[2];
}

test("a passkey that is bound and not verified is not offered for signing; the organisation is called by its name", async () => {
  const { page, faults, organization } = await withPasskey();
  await toCheck(page, seededPatient(2).code);
  await page.getByLabel("The wallet in this browser").waitFor();
  assert.equal(await page.getByLabel("Your passkey").count(), 0);
  const name = await page.locator(".tagline, header bdi").first().innerText();
  assert.notEqual(name, organization);
  assert.deepEqual(faults, []);
});

test("a practitioner asks with a passkey once it is verified, the patient says yes, and the records open to them alone", async () => {
  const someone = await withPasskey();
  const { page, address, faults } = someone;
  await verified(someone);
  const patient = seededPatient(0);
  const id = await askByPasskey(page, patient.code);
  const asked = await patient.consents.get(id);
  assert.equal(asked.grantee.toLowerCase(), address.toLowerCase());
  await (await patient.consents.approve(asked)).waitForActive();
  await page.getByRole("link", { name: "Open the records" }).click();
  await page.getByRole("button", { name: "Measurements and test results" }).click();
  await page.getByRole("heading", { name: "Vital signs" }).waitFor();
  assert.deepEqual(faults, []);

  // A colleague of the same organisation reads nothing by it: they do not even have it in their list.
  const colleague = await clinician(browser);
  await colleague.page.goto(`${originOf(app)}/consents/${id}`);
  await colleague.page.getByRole("heading", { name: "It is not there" }).waitFor();
});

test("a patient reads who asks: the organisation's name, and that it is one person of it", async () => {
  const someone = await withPasskey();
  await verified(someone);
  const { page: theirs, fhirId, subject, faults } = await patientWithKey(browser, "laila");
  const id = await askByPasskey(someone.page, `consentry:patient?id=${fhirId}&subject=${subject}`);
  await theirs.goto(`${originOf("patient-portal")}/requests/${id}`);
  await theirs.getByText("For one person who works there").waitFor();
  assert.equal(await theirs.getByText("whose name we could not find").count(), 0);
  assert.equal(await theirs.getByText("We could not check this clinic").count(), 0);
  await theirs.locator("input[value=yes]").check();
  await theirs.getByRole("button", { name: "Say yes and sign" }).click();
  await theirs.waitForURL((url) => url.pathname === `/consents/${id}`, { timeout: 60_000 });
  await someone.page.getByRole("heading", { name: "The patient said yes" }).waitFor({ timeout: 60_000 });
  assert.deepEqual(faults, []);
});

test("a passkey that was picked wrongly, or not used, signs nothing; the words say what to do", async () => {
  const someone = await withPasskey();
  const { page, key } = someone;
  await verified(someone);
  await toCheck(page, seededPatient(2).code);
  // It is on another device.
  await key.forgets();
  await key.unlocks(false);
  await page.getByRole("button", { name: "Sign and ask" }).click();
  await page.getByRole("heading", { name: "It was not signed" }).waitFor({ timeout: 90_000 });
  assert.equal(new URL(page.url()).pathname, "/ask");
});

test("a key that is removed is gone, and the next sign-in does not ask by it", async () => {
  const someone = await withPasskey();
  const { page } = someone;
  await verified(someone);
  await page.getByRole("button", { name: "Remove this key" }).click();
  await page.getByRole("button", { name: "Remove it" }).click();
  await page.getByText("You have no key yet").waitFor();
  await toCheck(page, seededPatient(2).code);
  await page.getByLabel("The wallet in this browser").waitFor();
  assert.equal(await page.getByLabel("Your passkey").count(), 0);
});

test("an account that names no practitioner says so, and its organisation's keys are shown", async () => {
  const { page, grantee } = await clinician(browser);
  await page.goto(`${originOf(app)}/keys`);
  await page.getByRole("heading", { name: "Your account names no practitioner" }).waitFor();
  await page.getByText(grantee).waitFor();
  assert.equal(await page.getByRole("button", { name: "Make a passkey" }).count(), 0);
});
