// A patient blocks a clinic: its requests stand apart and do not count; nothing else changes, and there is a way back.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch } from "../browser.mjs";
import { patientWithKey } from "../people.mjs";
import { clinic, originOf } from "../stack.mjs";

const at = originOf("patient-portal");
let browser;
before(async () => {
  browser = await launch();
});
after(() => browser.close());

const ask = async (who, subject, resource) =>
  (await who.consents.request({ subject, policy: who.policies.build({ resources: [resource], purpose: ["TREAT"] }), days: 30 })).waitForRequested();
const badge = (page) => page.locator("nav a[href='/requests'] .count");
const cards = (page) => page.locator("main ul.cards > li");

test("a blocked clinic's requests stand apart and do not count; another clinic's stay; it can be allowed again", async () => {
  const { page, context, subject, faults } = await patientWithKey(browser, "mina");
  const [doctor, other] = [clinic("clinic-a"), clinic("clinic-b")];
  const unwanted = await ask(doctor, subject, "Condition");
  await ask(other, subject, "Observation");
  await page.goto(`${at}/requests/${unwanted.id}`);
  await page.getByRole("link", { name: "Do not let this clinic ask me again" }).click();
  await page.getByRole("heading", { level: 1, name: "Block this clinic" }).waitFor();
  assert.equal(await badge(page).innerText(), "2");
  await page.getByRole("button", { name: "Block this clinic" }).click();
  await page.getByRole("heading", { name: "is blocked" }).waitFor();
  await page.waitForFunction(() => document.querySelector("nav a[href='/requests'] .count")?.textContent === "1");

  // The request is left as it is: nobody answered.
  await page.getByRole("button", { name: "All requests" }).click();
  const summary = page.getByText("1 request from clinics that you blocked");
  await summary.waitFor();
  assert.equal(await page.locator(`main a[href='/requests/${unwanted.id}']`).isVisible(), false);
  await summary.click();
  await page.locator(`main a[href='/requests/${unwanted.id}']`).click();
  await page.getByText("You blocked this clinic").waitFor();
  assert.equal((await doctor.consents.get(unwanted.id)).status, "REQUESTED");

  // What it asks afterwards stands apart as well, after the page was loaded anew.
  await ask(doctor, subject, "Procedure");
  await page.goto(at);
  await page.getByRole("heading", { name: "1 clinic asks you" }).waitFor();
  await page.goto(`${at}/requests`);
  await page.getByText("2 requests from clinics that you blocked").waitFor();
  assert.equal(await badge(page).innerText(), "1");

  await page.goto(`${at}/settings`);
  await page.getByText("Blocked since").waitFor();
  await page.getByRole("button", { name: "Allow again" }).click();
  await page.getByText("This clinic may ask you again.").waitFor();
  await page.getByText("None. You can block a clinic when it asks you.").waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.textContent), "Blocked clinics");
  await page.waitForFunction(() => document.querySelector("nav a[href='/requests'] .count")?.textContent === "3");
  await page.goto(`${at}/requests`);
  await page.waitForFunction(() => document.querySelectorAll("main ul.cards > li").length === 3);
  assert.deepEqual(faults, []);
  await context.close();
});

test("with the block a patient says no as well, if they want, and ends what they had allowed", async () => {
  const { page, context, subject, fhirId } = await patientWithKey(browser, "reza");
  const doctor = clinic();
  const allowed = await ask(doctor, subject, "Observation");
  await page.goto(`${at}/requests/${allowed.id}`);
  await page.getByText("Yes, to all of this").click();
  await page.getByRole("button", { name: "Say yes and sign" }).click();
  await page.getByText("Done. Your consent is active").waitFor({ timeout: 60_000 });
  const asked = await ask(doctor, subject, "Condition");

  await page.goto(`${at}/requests/${asked.id}/block`);
  await page.getByRole("button", { name: "Block this clinic" }).click();
  await page.getByText("It may still see what you allowed before").waitFor();
  // A block ends nothing by itself.
  assert.equal((await doctor.gateway.fetchIfPermitted({ patient: fhirId, resource: "Observation", purpose: "TREAT" })).permitted, true);
  await page.getByRole("button", { name: "Say no and sign" }).click();
  await page.getByRole("heading", { name: "You said no to this request" }).waitFor({ timeout: 60_000 });
  assert.equal((await doctor.consents.get(asked.id)).status, "DENIED");
  await page.getByRole("link", { name: "Look at this consent, and end it if you like" }).click();
  await page.getByRole("button", { name: "End it now" }).waitFor();
  await context.close();
});

test("where it cannot be told who is blocked, every request is shown, and the page says why", async () => {
  const { page, context, subject } = await patientWithKey(browser, "tara");
  await ask(clinic(), subject, "Condition");
  await page.route("**/api/auth/v1/blocks", (route) => route.abort());
  await page.goto(`${at}/requests`);
  await page.getByText("We could not load which clinics you blocked.").waitFor({ timeout: 30_000 });
  assert.equal(await cards(page).count(), 1);
  await context.close();
});
