#!/usr/bin/env node
// From a clinic's question to the patient's last word, all of it through the screens of three people.
// `npm run click-through -- --runs 20` does it so many times on one stack and says how each went.
import { parseArgs } from "node:util";
import { pathToFileURL } from "node:url";
import { administrator } from "./admin-screens.mjs";
import { launch } from "./browser.mjs";
import { ask, clinician } from "./clinic-people.mjs";
import { admit } from "./hospital.mjs";
import { patientWithKey } from "./people.mjs";
import { machine, median, table, writeBetween } from "./report.mjs";
import { originOf } from "./stack.mjs";
import { leaks, traces, watch } from "./traces.mjs";

const LONG = { timeout: 60_000 };
const [portal, console_, admin] = ["patient-portal", "clinic-console", "admin-console"].map(originOf);

/** A patient with a passkey and records, a clinician, an administrator; each in a browser of their own. */
export async function cast(browser) {
  const people = { patient: await patientWithKey(browser, "mina"), doctor: await clinician(browser, { client: "clinic-b" }), ada: await administrator(browser) };
  const record = await admit(people.patient.fhirId);
  const seen = Object.values(people).map(({ context }) => [context, watch(context)]);
  return { ...people, record, seen };
}

/** Loads a page until it shows what was waited for. */
async function until(page, url, isThere) {
  for (const end = Date.now() + LONG.timeout; ; ) {
    await page.goto(url);
    await page.locator("main .progress").first().waitFor({ state: "detached" });
    const there = await isThere();
    if (there) return there;
    if (Date.now() > end) throw new Error(`${new URL(url).pathname} does not come to show it`);
  }
}

/** What the admin console counts for today. */
async function countsOfToday({ page }) {
  await page.locator("main .progress").first().waitFor({ state: "detached" });
  const table = page.locator("main details").first();
  if ((await table.count()) === 0 || (await page.locator("main .empty").count()) > 0) return { allowed: 0, refused: 0 };
  await table.locator("summary").click();
  const [, allowed, refused] = await table.locator("tbody tr").last().locator("th, td").allInnerTexts();
  return { allowed: Number(allowed.replaceAll(",", "")), refused: Number(refused.replaceAll(",", "")) };
}

/** The steps, in their order. Each throws if a screen does not come to say what it should. */
const STEPS = {
  async "the clinician asks"(stage) {
    const { ada, doctor, patient } = stage;
    await ada.page.goto(`${admin}/decisions`);
    stage.before = await countsOfToday(ada);
    stage.id = await ask(doctor.page, { code: patient.code, privateKey: doctor.privateKey, preset: "laboratory", duration: "7" });
    await doctor.page.getByText("The patient has not answered yet").waitFor();
  },
  async "the patient says yes"({ patient: { page } }) {
    await page.goto(`${portal}/requests`);
    await page.getByRole("main").getByRole("link").first().click();
    await page.getByText("Yes, to all of this").click();
    await page.getByRole("button", { name: "Say yes and sign" }).click();
    await page.getByText("Done. Your consent is active").waitFor(LONG);
  },
  async "the clinician reads"({ doctor: { page }, record }) {
    await page.getByRole("link", { name: "Open the records" }).click();
    await page.getByText(record.name).waitFor();
    await page.getByRole("button", { name: /^Measurements and / }).click();
    await page.locator("main table").getByText(/\d (?:mg\/dL|g\/dL)/).first().waitFor();
  },
  async "the patient ends it"(stage) {
    const { doctor, patient: { page, code }, id } = stage;
    // A second window of the clinician's, which then cannot ask the ledger and so learns of the end from the gateway alone.
    stage.second = await doctor.context.newPage();
    await stage.second.goto(`${console_}/consents/${id}/records`);
    await stage.second.locator("#code").fill(code);
    await stage.second.getByRole("button", { name: "Open the records" }).click();
    await stage.second.getByRole("button", { name: /reports$/i }).waitFor();
    await stage.second.route("**/api/indexer/v1/consents/**", (route) => route.abort());
    await page.getByRole("button", { name: "End it now" }).click();
    await page.getByText("You ended this consent").waitFor(LONG);
  },
  async "the clinician's screen is cleared"({ doctor: { page }, record }) {
    await page.getByRole("heading", { name: "The patient has ended this consent" }).waitFor();
    if ((await page.locator("main table, main article, .who").count()) > 0 || (await page.content()).includes(record.family)) throw new Error("something of the record is left on the screen");
  },
  async "a further read is refused"({ second }) {
    await second.getByRole("button", { name: /reports$/i }).click();
    await second.getByRole("heading", { name: "The patient has ended the consent" }).waitFor();
  },
  async "the patient sees both"({ patient: { page } }) {
    const line = (tag, text) => page.locator(".timeline > li").filter({ has: page.locator(`.tag.${tag}`), hasText: text });
    await until(page, `${portal}/activity`, async () => (await line("good", "Measurements and test results").count()) === 1 && (await line("bad", "Test reports").getByText("You had ended it.").count()) === 1);
  },
  async "the administrator sees the counts move"({ ada, before }) {
    await until(ada.page, `${admin}/decisions`, async () => {
      const now = await countsOfToday(ada);
      return now.allowed > before.allowed && now.refused > before.refused;
    });
  },
};

/** Goes all the way once. Returns how long each step took, in milliseconds. */
export async function clickThrough(people) {
  const stage = { ...people };
  const took = {};
  for (const [name, step] of Object.entries(STEPS)) {
    const start = performance.now();
    await step(stage).catch((cause) => {
      throw new Error(`${name}: ${cause.message}`, { cause });
    });
    took[name] = performance.now() - start;
  }
  return took;
}

/** Where the way left a secret, a token or something of the record behind; and what the pages threw. */
export async function leftBehind({ patient, doctor, ada, record, seen }) {
  const secrets = { id: patient.fhirId, "the patient's name": record.family, "the clinic's key": doctor.privateKey.slice(2), "a value of the record": "mg/dL" };
  const found = [];
  for (const [context, each] of seen) found.push(...leaks(await traces(context, each), secrets));
  return [...found, ...patient.faults, ...doctor.faults, ...ada.faults];
}

const seconds = (ms) => `${(ms / 1000).toFixed(1)} s`;

async function main() {
  const { values } = parseArgs({ options: { runs: { type: "string", default: "1" }, write: { type: "string" } } });
  const runs = Number(values.runs);
  if (!Number.isInteger(runs) || runs < 1) throw new Error("--runs takes a number from 1 on");
  const passed = [];
  for (let run = 1; run <= runs; run++) {
    const browser = await launch();
    try {
      const people = await cast(browser);
      const took = await clickThrough(people);
      const left = await leftBehind(people);
      if (left.length > 0) throw new Error(left.join("\n"));
      passed.push(took);
      console.log(`run ${run}: passed in ${seconds(Object.values(took).reduce((sum, each) => sum + each, 0))}`);
    } catch (error) {
      console.log(`run ${run}: FAILED, ${error.message}`);
    } finally {
      await browser.close();
    }
  }
  const wholes = passed.map((took) => Object.values(took).reduce((sum, each) => sum + each, 0));
  const row = (name, all) => [name, seconds(median(all)), seconds(Math.max(...all))];
  const rows = passed.length === 0 ? [] : [...Object.keys(STEPS).map((name) => row(name, passed.map((took) => took[name]))), row("**all of it**", wholes)];
  const text = `${passed.length} of ${runs} passed, ${runs - passed.length} failed; ${machine()}, services and browser on the same.\n\n${table(["step", "median", "worst"], rows)}`;
  console.log(`\n${text}`);
  if (values.write) writeBetween(values.write, "click-through", text);
  if (passed.length < runs) process.exitCode = 1;
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) await main();
