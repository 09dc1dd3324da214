// A patient's way: key, request, yes, somebody looks, no more.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch } from "../browser.mjs";
import { patientWithKey } from "../people.mjs";
import { clinic, originOf } from "../stack.mjs";

const app = "patient-portal";
let browser;
before(async () => {
  browser = await launch();
});
after(() => browser.close());

test("a patient says yes to a request, sees who looked, ends it, and sees the refusal", async () => {
  const { page, faults, context, subject, fhirId } = await patientWithKey(browser, "jane");
  const doctor = clinic();
  const policy = doctor.policies.build({ resources: ["Observation"], purpose: ["TREAT"] });
  await (await doctor.consents.request({ subject, policy, days: 30 })).waitForRequested();

  await page.goto(`${originOf(app)}/requests`);
  await page.getByRole("main").getByRole("link").first().click();
  await page.getByText("Measurements and test results").waitFor();
  await page.getByText("Yes, to all of this").click();
  await page.getByRole("button", { name: "Say yes and sign" }).click();
  await page.getByText("Done. Your consent is active").waitFor({ timeout: 60_000 });

  const seen = await doctor.gateway.fetchIfPermitted({ patient: fhirId, resource: "Observation", purpose: "TREAT" });
  assert.equal(seen.permitted, true);

  await page.getByRole("button", { name: "End it now" }).click();
  await page.getByText("You ended this consent").waitFor({ timeout: 60_000 });
  const refused = await doctor.gateway.fetchIfPermitted({ patient: fhirId, resource: "Observation", purpose: "TREAT" });
  assert.deepEqual([refused.permitted, refused.reason], [false, "REVOKED"]);

  await page.getByRole("link", { name: "Who looked" }).click();
  await page.getByText("You had ended it.").waitFor({ timeout: 60_000 });
  assert.equal(await page.locator(".timeline .tag.good").count(), 1);
  assert.equal(await page.locator(".timeline .tag.bad").count(), 1);
  assert.deepEqual(faults, []);
  await context.close();
});

test("a patient gives a consent unasked in at most seven screens", async () => {
  const { page, context, faults } = await patientWithKey(browser, "omar");
  await page.goto(originOf(app));
  let screens = 1;
  const next = async (heading) => {
    await page.getByRole("heading", { level: 1, name: heading }).waitFor();
    screens++;
  };
  await page.getByRole("link", { name: "Let a clinic see my record" }).click();
  await next("Who may see your record?");
  await page.locator(".choice").first().click();
  await page.getByRole("button", { name: "Continue" }).click();
  await next("What may they use it for?");
  await page.getByText("To treat you").click();
  await page.getByRole("button", { name: "Continue" }).click();
  await next("What may they see?");
  await page.getByText("Medicines and tests").click();
  await page.getByRole("button", { name: "Continue" }).click();
  await next("For how long?");
  await page.getByText("30 days").click();
  await page.getByRole("button", { name: "Continue" }).click();
  await next("Check your answers");
  await page.getByRole("button", { name: "Sign and let them see it" }).click();
  await page.getByText("Done. Your consent is active").waitFor({ timeout: 60_000 });
  screens++;
  assert.ok(screens <= 7, `${screens} screens`);
  assert.deepEqual(faults, []);
  await context.close();
});

test("everything is stopped without a key, and undone with one", async () => {
  const { page, context, key } = await patientWithKey(browser, "laila");
  await page.goto(`${originOf(app)}/stop`);
  await key.reacts(false);
  await page.getByRole("button", { name: "Stop everything now" }).click();
  await page.getByRole("heading", { name: "Everything is stopped" }).waitFor();
  await key.reacts(true);
  await page.getByRole("button", { name: "Undo it and sign" }).click();
  await page.getByRole("button", { name: "Stop everything now" }).waitFor();
  await context.close();
});
