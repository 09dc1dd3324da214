// A clinician asks, reads, and loses what the patient takes back.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { launch } from "../browser.mjs";
import { ask, app, clinician, seededPatient, wallet } from "../clinic-people.mjs";
import { originOf } from "../stack.mjs";

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser.close());

const WITHHELD = "Records that the patient's consent does not cover are not shown.";

/** A clinician at the open records of a seeded patient. */
async function reading(at) {
  const someone = await clinician(browser);
  const { page, privateKey } = someone;
  const patient = seededPatient(at);
  const id = await ask(page, { code: patient.code, privateKey });
  await page.getByText("The patient has not answered yet").waitFor();
  const consent = await patient.consents.get(id);
  await (await patient.consents.approve(consent)).waitForActive();
  // Nobody touches the page: it shows the answer by itself.
  await page.getByRole("link", { name: "Open the records" }).click();
  await page.getByRole("button", { name: "Measurements and test results" }).click();
  await page.getByRole("heading", { name: "Vital signs" }).waitFor();
  return { ...someone, patient, consent };
}

describe("asking and reading", () => {
  test("what a patient takes back leaves the screen and memory, and the denial is in words", async () => {
    const { page, patient, consent, faults } = await reading(3);
    await page.getByText(WITHHELD).waitFor();
    const table = await page.locator("main table").first().innerText();
    assert.match(table, /\d (?:mg\/dL|g\/dL|mmol\/L)/);
    await page.getByRole("button", { name: "Test reports" }).click();
    await page.locator("article").first().waitFor();

    await (await patient.consents.revoke(await patient.consents.get(consent.id))).waitForRevoked();
    await page.getByRole("heading", { name: "The patient has ended this consent" }).waitFor();
    assert.equal(await page.locator("main table, main article, .who").count(), 0);
    await page.goto(`${originOf(app)}/?status=REVOKED`);
    await page.locator(`a[href="/consents/${consent.id}"]`).waitFor();
    assert.deepEqual(faults, []);
  });

  test("what was refused is refused in words, without a trace of what there may be", async () => {
    const { page, patient, consent } = await reading(4);
    await page.route("**/api/indexer/v1/consents/**", (route) => route.abort());
    await (await patient.consents.revoke(await patient.consents.get(consent.id))).waitForRevoked();
    // The ledger cannot be asked; the gateway says no.
    await page.getByRole("button", { name: "Visits" }).click();
    await page.getByRole("heading", { name: "The patient has ended the consent" }).waitFor();
    await page.getByText(WITHHELD).waitFor();
  });

  test("nothing is left of the records when the clinician signs out", async () => {
    const { page } = await reading(0);
    const [at, name] = [page.url(), await page.locator(".who .name").innerText()];
    const left = page.waitForEvent("framenavigated");
    await page.getByRole("button", { name: "Sign out" }).click();
    await left;
    await page.waitForLoadState("networkidle");
    await page.goto(at);
    await page.getByRole("link", { name: "Sign in" }).waitFor();
    assert.ok(!(await page.content()).includes(name));
    const kept = await page.evaluate(() => [...Object.keys(localStorage), ...Object.keys(sessionStorage)]);
    assert.deepEqual(kept.filter((each) => each !== "consentry.language" && each !== "consentry.theme"), []);
  });
});

test("a wallet signs what it shows, and the organisation takes its request back", async () => {
  const { page, privateKey } = await clinician(browser);
  const patient = seededPatient(2);
  const shown = await wallet(page, privateKey);
  await page.goto(`${originOf(app)}/ask`);
  await page.locator("#code").fill(patient.code);
  await page.locator('input[value="laboratory"]').check();
  await page.locator('input[name="duration"][value="7"]').check();
  await page.locator("form .actions .button").click();
  await page.getByRole("button", { name: "Sign and ask" }).click();
  await page.waitForURL((url) => url.pathname.startsWith("/consents/0x"), { timeout: 60_000 });
  assert.equal(shown.length, 1);
  assert.equal(shown[0].primaryType, "Request");
  assert.equal(shown[0].message.subject.toLowerCase(), patient.subject.toLowerCase());
  await page.getByRole("button", { name: "Take the request back" }).click();
  await page.getByRole("button", { name: "Sign and give back" }).click();
  await page.getByRole("heading", { name: /The patient said no|The patient has ended this consent|This is over/ }).waitFor({ timeout: 60_000 });
  assert.equal(shown[1].primaryType, "Relinquish");
});

test("keyboard only: a request from the code to the check", async () => {
  const { page, faults } = await clinician(browser);
  const { code } = seededPatient(2);
  await page.goto(`${originOf(app)}/ask`);
  const tabTo = async (selector) => {
    for (let presses = 0; presses < 40; presses++) {
      await page.keyboard.press("Tab");
      if (await page.evaluate((wanted) => document.activeElement?.matches(wanted), selector)) return;
    }
    assert.fail(`no way to ${selector}`);
  };
  await page.locator("#code").waitFor();
  await tabTo("#code");
  await page.keyboard.type(code);
  await tabTo("input[name=preset]");
  await page.keyboard.press("ArrowDown");
  await tabTo("input[name=duration]");
  await page.keyboard.press("Space");
  await tabTo("form .actions .button");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Check what you ask for" }).waitFor();
  assert.deepEqual(faults, []);
});

test("an answer that the gateway could not trust is told as such, and not as the patient's choice", async () => {
  const { page, privateKey } = await clinician(browser);
  // One of this patient's records is another's, on purpose.
  const patient = seededPatient(1);
  const id = await ask(page, { code: patient.code, privateKey });
  await (await patient.consents.approve(await patient.consents.get(id))).waitForActive();
  await page.getByRole("link", { name: "Open the records" }).click();
  await page.getByRole("button", { name: "Measurements and test results" }).click();
  await page.getByRole("heading", { name: "These records could not be released safely" }).waitFor();
});

describe("faults are told in words", () => {
  const atCheck = async (page, preset = "laboratory") => {
    await page.goto(`${originOf(app)}/ask`);
    await page.locator("#code").fill(seededPatient(2).code);
    await page.locator(`input[value="${preset}"]`).check();
    await page.locator('input[name="duration"][value="7"]').check();
    await page.locator("form .actions .button").click();
    await page.locator(".summary").first().waitFor();
  };

  test("no wallet, a wallet that says no, a key of somebody else", async () => {
    const { page } = await clinician(browser);
    await atCheck(page);
    await page.getByRole("button", { name: "Sign and ask" }).click();
    await page.getByText("The key does not answer").waitFor();
    await page.evaluate(() => {
      window.ethereum = { request: async () => { throw Object.assign(new Error("no"), { code: 4001 }); } };
    });
    await page.getByRole("button", { name: "Sign and ask" }).click();
    await page.getByText("It was not signed").waitFor();
    await page.locator("input[value=development]").check();
    await page.locator("input[type=password]").fill(`0x${"11".repeat(32)}`);
    await page.getByRole("button", { name: "Sign and ask" }).click();
    await page.getByText("This key is not one of those that may ask for your organisation.").waitFor();
  });

  test("a mistyped code names the address, and the focus goes to the fault", async () => {
    const { page } = await clinician(browser);
    await page.goto(`${originOf(app)}/ask`);
    await page.locator("#code").fill(seededPatient(2).code.toLowerCase());
    await page.locator("form .actions .button").click();
    await page.getByRole("alert").getByText("A letter or digit of the address is wrong.").waitFor();
    assert.ok(await page.evaluate(() => document.activeElement?.matches(".error-summary")));
  });

  test("a service that is down, a session that is over", async () => {
    const { page, context } = await clinician(browser);
    await page.route("**/api/indexer/**", (route) => route.fulfill({ status: 503, contentType: "application/problem+json", body: '{"type":"unavailable"}' }));
    await page.goto(originOf(app));
    await page.getByText("The service does not answer").waitFor();
    await page.unroute("**/api/indexer/**");
    await page.getByRole("button", { name: "Try again" }).click();
    await page.getByRole("link", { name: "Ask a patient" }).first().waitFor();
    await context.clearCookies({ name: "__Host-clinic-console" });
    await page.getByText("Your time signed in is over").waitFor({ timeout: 30_000 });
  });
});
