// Ways of patients beside the usual one: a wallet, a yes to less, a receipt on paper, a page that nobody looks at any more.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch } from "../browser.mjs";
import { ask, clinician, wallet } from "../clinic-people.mjs";
import { admit } from "../hospital.mjs";
import { inMemory } from "../memory.mjs";
import { patient, patientCode, patientWithKey } from "../people.mjs";
import { clinic, originOf } from "../stack.mjs";

const at = originOf("patient-portal");
let browser;
before(async () => {
  browser = await launch();
});
after(() => browser.close());

const request = async (doctor, subject, resources) => (await doctor.consents.request({ subject, policy: doctor.policies.build({ resources }), days: 30 })).waitForRequested();

/** Says yes on a request's screen, and waits until it is in force. */
async function sayYes(page, { id }) {
  await page.goto(`${at}/requests/${id}`);
  await page.getByText("Yes, to all of this").click();
  await page.getByRole("button", { name: "Say yes and sign" }).click();
  await page.getByText("Done. Your consent is active").waitFor({ timeout: 60_000 });
}

test("a wallet becomes the patient's key, signs what it shows, and its no changes nothing", async () => {
  const someone = await patient(browser, "farid");
  const { page, context, faults } = someone;
  const shown = await wallet(page, `0x${Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString("hex")}`);
  await page.goto(`${at}/keys`);
  await page.getByText("Other kinds of keys").click();
  await page.getByRole("button", { name: "Use my wallet" }).click();
  await page.getByText("Your key is ready").waitFor();
  assert.deepEqual(shown.map(({ primaryType }) => primaryType), ["Bind"]);

  const { subject } = await patientCode(someone);
  const { id } = await request(clinic(), subject, ["Observation"]);
  await page.goto(`${at}/requests/${id}`);
  await page.getByText("Yes, to all of this").click();
  await page.getByText("Your wallet will show what you sign.").waitFor();
  await page.evaluate(() => {
    window.asking = window.ethereum.request;
    window.ethereum.request = async () => { throw Object.assign(new Error("User rejected the request."), { code: 4001 }); };
  });
  await page.getByRole("button", { name: "Say yes and sign" }).click();
  await page.getByText("It was not signed").waitFor();
  assert.equal(shown.length, 1);
  await page.evaluate(() => {
    window.ethereum.request = window.asking;
  });
  await page.getByRole("button", { name: "Say yes and sign" }).click();
  await page.getByText("Done. Your consent is active").waitFor({ timeout: 60_000 });
  assert.equal(shown.length, 2);
  assert.equal(shown[1].message.subject.toLowerCase(), subject.toLowerCase());
  assert.deepEqual(faults, []);
  await context.close();
});

test("a yes to less lets the clinic read what was left in, and nothing else", async () => {
  const { page, context, subject, fhirId, faults } = await patientWithKey(browser, "shirin");
  await admit(fhirId);
  const doctor = clinic("clinic-b");
  const { id } = await request(doctor, subject, ["Observation", "DiagnosticReport"]);
  await page.goto(`${at}/requests/${id}`);
  await page.getByText("Yes, but to less").click();
  await page.getByRole("button", { name: "Check my answer" }).click();
  await page.getByRole("alert").getByText("Leave something out, or say yes to all.").waitFor();
  await page.getByLabel("Test reports").uncheck();
  await page.getByRole("button", { name: "Check my answer" }).click();
  await page.getByRole("heading", { name: "Check your answer" }).waitFor();
  assert.equal(await page.locator(".summary").last().getByText("Test reports").count(), 0);
  await page.getByRole("button", { name: "Say yes to this and sign" }).click();
  await page.getByText("Done. Your consent is active").waitFor({ timeout: 60_000 });

  const read = (resource) => doctor.gateway.fetchIfPermitted({ patient: fhirId, resource, purpose: "TREAT" });
  const observations = await read("Observation");
  assert.ok(observations.permitted && observations.resources.some(({ valueQuantity }) => valueQuantity?.unit === "mg/dL"));
  const reports = await read("DiagnosticReport");
  assert.deepEqual([reports.permitted, reports.reason], [false, "OUT_OF_SCOPE"]);

  // What was asked for stays refused, and the patient sees both the look and the try.
  await page.goto(`${at}/consents/${id}`);
  await page.getByText("Refused", { exact: true }).first().waitFor();
  await page.goto(`${at}/activity`);
  await page.getByText("It was more than you allow.").waitFor({ timeout: 60_000 });
  assert.equal(await page.locator(".timeline .tag.good").count(), 1);
  assert.deepEqual(faults, []);
  await context.close();
});

test("on paper a receipt has every line and nothing to press", async () => {
  const { page, context, subject } = await patientWithKey(browser, "parwin");
  const asked = await request(clinic(), subject, ["Observation", "MedicationRequest"]);
  await sayYes(page, asked);
  await page.getByRole("link", { name: "Receipt" }).click();
  await page.getByRole("button", { name: "Print" }).waitFor();
  await page.emulateMedia({ media: "print" });
  for (const control of await page.locator("button, nav, nav a, select, input, .back, header, footer").all()) assert.equal(await control.isVisible(), false, await control.evaluate((each) => each.outerHTML.slice(0, 200)));
  const lines = page.locator("main dt, main dd");
  assert.ok((await lines.count()) >= 22, "eleven lines with what each is about");
  for (const line of await lines.all()) assert.ok((await line.isVisible()) && (await line.innerText()).trim() !== "");
  for (const text of [asked.id, "Medicines", "Mental health"]) await page.getByText(text).first().waitFor();
  await context.close();
});

const AWAY_MS = 601_000;

test("a page that nobody touches asks, then locks: the clinic's name is gone, and only a fresh sign-in opens it", async () => {
  const { page, context, subject } = await patientWithKey(browser, "sohrab");
  const asked = await request(clinic(), subject, ["Observation"]);
  await context.clock.install();
  await page.goto(`${at}/requests/${asked.id}`);
  await page.getByRole("heading", { name: "Clinic A asks to see your record" }).waitFor();
  await page.clock.fastForward(520_000);
  await page.getByRole("alertdialog", { name: "Are you still there?" }).waitFor();
  // A nudge of the table is no answer.
  await page.keyboard.press("Shift");
  await page.clock.fastForward(AWAY_MS - 520_000);
  await page.getByText("You were away, so we locked the page").waitFor();
  assert.ok(!(await page.content()).includes("Clinic A"));
  await page.keyboard.press("Escape");
  await page.keyboard.press("Enter");
  assert.equal(await page.locator("main .summary").count(), 0);
  await page.getByRole("link", { name: "Sign in" }).click();
  await page.waitForURL((url) => url.origin !== at);
  await page.getByRole("button", { name: /passkey/i }).first().waitFor();
  await context.close();
});

test("who works in one window is there for the other; after a lock neither lets anybody in without asking", async () => {
  const { page, context } = await patientWithKey(browser, "yama");
  await context.clock.install();
  await page.goto(at);
  const other = await context.newPage();
  await other.goto(at);
  for (const each of [page, other]) await each.getByRole("button", { name: "Sign out" }).waitFor();
  const isThere = async (each) => (await each.getByRole("alertdialog").count()) === 0 && (await each.getByText("so we locked the page").count()) === 0;
  await context.clock.fastForward(400_000);
  const told = other.evaluate(() => new Promise((resolve) => {
    new BroadcastChannel("consentry.alive").onmessage = () => resolve(true);
    window.listens = true;
  }));
  await other.waitForFunction(() => window.listens === true);
  await page.keyboard.press("Shift");
  await told;
  await context.clock.fastForward(400_000);
  assert.deepEqual([await isThere(page), await isThere(other)], [true, true]);
  await context.clock.fastForward(AWAY_MS);
  for (const each of [page, other]) {
    await each.getByText("You were away, so we locked the page").waitFor();
    assert.match(await each.getByRole("link", { name: "Sign in" }).getAttribute("href"), /max_age=0/);
  }
  await context.close();
});

test("records that a clinician leaves open go from the screen and from memory", async () => {
  const ill = await patientWithKey(browser, "gulnar");
  const { name, family } = await admit(ill.fhirId);
  const { page, context, privateKey } = await clinician(browser);
  await context.clock.install();
  const id = await ask(page, { code: ill.code, privateKey });
  await sayYes(ill.page, { id });
  await page.getByRole("link", { name: "Open the records" }).click();
  await page.getByText(name).waitFor();
  await page.getByRole("button", { name: "Measurements and results" }).click();
  await page.locator("main table").first().waitFor();
  assert.equal(await inMemory(page, family), true);
  await page.clock.fastForward(AWAY_MS);
  await page.getByText("You were away, so we locked the page").waitFor();
  assert.ok(!(await page.content()).includes(family));
  assert.equal(await inMemory(page, family), false);
  await page.getByRole("link", { name: "Sign in" }).click();
  await page.waitForURL((url) => url.origin !== originOf("clinic-console"));
  await Promise.all([context.close(), ill.context.close()]);
});
