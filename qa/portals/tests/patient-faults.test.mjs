// What a patient is told when something is wrong: a sentence that says what happened and what to do, and nothing left behind.
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

const kept = (page) => page.evaluate(() => [...Object.keys(localStorage), ...Object.keys(sessionStorage)].filter((key) => !["consentry.language", "consentry.theme"].includes(key)));

test("a service that is away is named, and its page comes back by a press", async () => {
  const { page, context } = await patientWithKey(browser, "nadia");
  await page.route("**/api/audit/**", (route) => route.abort());
  await page.goto(`${at}/activity`);
  await page.getByText("The service does not answer").waitFor({ timeout: 30_000 });
  await page.getByText("Check your connection, wait a moment, and try again.").waitFor();
  await page.unroute("**/api/audit/**");
  await page.getByRole("button", { name: "Try again" }).click();
  await page.getByText("Nobody has looked yet").waitFor();
  await context.close();
});

test("a session that ended elsewhere clears the screen and says so", async () => {
  const { page, context } = await patientWithKey(browser, "karim");
  await page.goto(`${at}/keys`);
  await page.getByText("Your keys").waitFor();
  await context.clearCookies();
  // By then the page may have found out by itself, and the menu be gone.
  await page.evaluate(() => document.querySelector("nav a[href='/activity']")?.click());
  await page.getByText("Your time signed in is over").waitFor();
  await page.getByRole("link", { name: "Sign in" }).waitFor();
  assert.equal(await page.getByText("Your keys").count(), 0);
  assert.deepEqual(await kept(page), []);
  await context.close();
});

test("a key that is not used changes nothing, and can be used afterwards", async () => {
  const { page, context, key, subject } = await patientWithKey(browser, "yusuf");
  const doctor = clinic();
  const asked = await (await doctor.consents.request({ subject, policy: doctor.policies.build({ resources: ["Observation"] }), days: 7 })).waitForRequested();
  await page.goto(`${at}/requests/${asked.id}`);
  await page.getByText("Yes, to all of this").click();
  await key.unlocks(false);
  await page.getByRole("button", { name: "Say yes and sign" }).click();
  await page.getByText("It was not signed").waitFor();
  await key.unlocks(true);
  await page.getByRole("button", { name: "Say yes and sign" }).click();
  await page.getByText("Done. Your consent is active").waitFor({ timeout: 60_000 });
  await context.close();
});

test("by keyboard alone: past the menu, through a request, to a no", async () => {
  const { page, context, subject } = await patientWithKey(browser, "zahra");
  const doctor = clinic("clinic-b");
  const asked = await (await doctor.consents.request({ subject, policy: doctor.policies.build({ resources: ["Condition"] }), days: 7 })).waitForRequested();
  await page.goto(`${at}/requests/${asked.id}`);
  await page.getByText("What do you say?").first().waitFor();
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.textContent), "Skip to the main part");
  await page.keyboard.press("Enter");
  const tabTo = async (what) => {
    for (let presses = 0; presses < 30; presses++) {
      await page.keyboard.press("Tab");
      if (await page.evaluate((wanted) => document.activeElement.matches(wanted), what)) return;
    }
    throw new Error(`${what} cannot be reached by Tab`);
  };
  await tabTo("main input[type=radio]");
  await page.keyboard.press("ArrowUp");
  await page.getByRole("button", { name: "Say no and sign" }).waitFor();
  await tabTo("main .button.danger");
  await page.keyboard.press("Enter");
  await page.getByText("Refused", { exact: true }).first().waitFor({ timeout: 60_000 });
  await context.close();
});

test("signing out leaves nothing of the person", async () => {
  const { page, context } = await patientWithKey(browser, "hamid");
  await page.goto(at);
  const left = page.waitForEvent("framenavigated");
  await page.getByRole("button", { name: "Sign out" }).click();
  await left;
  await page.waitForLoadState("networkidle");
  await page.goto(at);
  await page.getByRole("link", { name: "Sign in" }).waitFor();
  assert.deepEqual(await kept(page), []);
  assert.equal((await context.cookies()).some(({ name }) => name === "__Host-patient-portal"), false);
  await context.close();
});
