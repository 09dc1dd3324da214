// A patient whose line is slow, whose fingers are quick, whose chain steps back: the screen says what is going on, and one decision is one signature.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch } from "../browser.mjs";
import { withoutBlocks } from "../chain.mjs";
import { patientWithKey } from "../people.mjs";
import { clinic, originOf } from "../stack.mjs";

const at = originOf("patient-portal");
let browser, wali;
before(async () => {
  browser = await launch();
  wali = await patientWithKey(browser, "wali");
});
after(() => browser.close());

/** A patient with a request to answer, and counts of what was signed and handed in. */
async function asked(name, resources = ["Observation"]) {
  const someone = await patientWithKey(browser, name);
  const { page, context, subject } = someone;
  const doctor = clinic();
  const request = await (await doctor.consents.request({ subject, policy: doctor.policies.build({ resources }), days: 7 })).waitForRequested();
  const counts = { signed: 0, handedIn: 0 };
  await context.exposeFunction("signs", () => counts.signed++);
  await context.addInitScript(() => {
    const get = navigator.credentials.get.bind(navigator.credentials);
    navigator.credentials.get = (options) => {
      window.signs();
      return get(options);
    };
  });
  page.on("request", (each) => each.method() === "POST" && each.url().includes("/api/relay/v1/intents") && counts.handedIn++);
  return { ...someone, request, counts, step: page.locator(".steps [aria-current=step]") };
}

test("on a slow line the screens say that they wait, and pressing twice signs once", async () => {
  const { page, context, request, counts } = await asked("rahim");
  const session = await context.newCDPSession(page);
  await session.send("Network.enable");
  await session.send("Network.setCacheDisabled", { cacheDisabled: true });
  await session.send("Network.emulateNetworkConditions", { offline: false, latency: 400, downloadThroughput: 80_000, uploadThroughput: 20_000 });
  await page.goto(`${at}/requests/${request.id}`, { waitUntil: "commit" });
  await page.locator(".starting").waitFor();
  await page.getByText("Loading the request…").waitFor();
  await page.getByText("Yes, to all of this").click();
  // Both presses are there before the page can draw anything.
  await page.getByRole("button", { name: "Say yes and sign" }).evaluate((button) => {
    button.click();
    button.click();
  });
  await page.getByRole("button", { name: "Say yes and sign" }).and(page.locator("[data-pending]")).click({ timeout: 2_000 }).catch(() => undefined);
  await page.getByText("It is being saved").waitFor();
  await page.getByText("Done. Your consent is active").waitFor({ timeout: 60_000 });
  assert.deepEqual(counts, { signed: 1, handedIn: 1 });
  await context.close();
});

// The local chain is final at once, so that a decision of the relay's cannot be taken back there: the relay's answers are made up until the last.
test("when the chain steps back, the patient is told so, need not sign again, and the consent comes to be active", async () => {
  const { page, context, request, counts, step } = await asked("nasim");
  const made = { included: { state: "included", blockNumber: 7 }, back: { state: "accepted", blockNumber: null, transaction: null } };
  let answer = made.included;
  await page.route("**/api/relay/v1/intents/0x*", async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, json: { ...(await response.json()), ...answer } });
  });
  await page.goto(`${at}/requests/${request.id}`);
  await page.getByText("Yes, to all of this").click();
  await page.getByRole("button", { name: "Say yes and sign" }).click();
  await step.getByText("It is saved and being confirmed").waitFor();
  answer = made.back;
  await page.getByText("The network took a step back, so we wait for it to be confirmed again. You need do nothing.").waitFor();
  await step.getByText("It is being saved").waitFor();
  answer = {};
  await page.getByText("Done. Your consent is active").waitFor({ timeout: 60_000 });
  assert.deepEqual(counts, { signed: 1, handedIn: 1 });
  await context.close();
});

test("what takes longer than a patient waits is called so, and is waited for again without a second signature", async () => {
  const { page, context, request, counts } = await asked("tahir");
  await page.clock.install();
  await page.goto(`${at}/requests/${request.id}`);
  await page.getByText("Yes, to all of this").click();
  await withoutBlocks(async () => {
    await page.getByRole("button", { name: "Say yes and sign" }).click();
    await page.getByText("It is being saved").waitFor();
    await page.clock.fastForward(125_000);
    await page.getByText("This takes longer than usual").waitFor();
    await page.getByText("It is not lost, and you need not sign again.").waitFor();
  });
  await page.getByRole("button", { name: "Try again" }).click();
  await page.getByText("Done. Your consent is active").waitFor({ timeout: 60_000 });
  assert.deepEqual(counts, { signed: 1, handedIn: 1 });
  await context.close();
});

for (const [service, path, words] of [["indexer", "/requests", "Requests"], ["auth", "/keys", "Keys"], ["audit", "/activity", "Who looked"], ["auth", "/stop", "Stop everything"]]) {
  test(`${service} is away: ${path} says so and what to do, and comes back by a press`, async () => {
    const { page } = wali;
    await page.route(`**/api/${service}/**`, (route) => route.fulfill({ status: 503, contentType: "application/problem+json", body: '{"type":"unavailable"}' }));
    await page.goto(at + path);
    const main = page.getByRole("main");
    await main.getByText("The service does not answer").first().waitFor();
    await main.getByText("Check your connection, wait a moment, and try again.").first().waitFor();
    await page.unroute(`**/api/${service}/**`);
    await main.getByRole("button", { name: "Try again" }).first().click();
    await main.getByRole("heading", { level: 1, name: words }).waitFor();
    await page.waitForFunction(() => document.querySelector("main .notice.error") === null);
  });
}

test("the relay is away: nothing was saved, it is said, and the same screen can be used when it is back", async () => {
  const { page, context, request } = await asked("basir");
  await page.route("**/api/relay/**", (route) => route.abort());
  await page.goto(`${at}/requests/${request.id}`);
  await page.getByText("Yes, to all of this").click();
  await page.getByRole("button", { name: "Say yes and sign" }).click();
  await page.getByText("The service does not answer").waitFor({ timeout: 30_000 });
  await page.unroute("**/api/relay/**");
  await page.getByRole("button", { name: "Say yes and sign" }).click();
  await page.getByText("Done. Your consent is active").waitFor({ timeout: 60_000 });

  // Whoever looks at a consent can end it while nobody can sign in.
  await page.getByRole("button", { name: "End it now" }).waitFor();
  await page.route("**/api/auth/**", (route) => route.abort());
  await page.getByRole("button", { name: "End it now" }).click();
  await page.getByText("You ended this consent").waitFor({ timeout: 60_000 });
  await context.close();
});
