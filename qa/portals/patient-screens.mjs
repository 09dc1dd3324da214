// Every screen of the patient portal with something on it, in every language and theme.
import { readFileSync } from "node:fs";
import { keyScreens } from "./patient-key-screens.mjs";
import { patientWithKey } from "./people.mjs";
import { clinic, originOf } from "./stack.mjs";

const app = "patient-portal";
export const LANGUAGES = ["en", "fa-AF", "ps"];
export const THEMES = ["light", "dark"];

/** A patient with a request, one of a clinic that is blocked, a consent in force with its receipt, one that was ended, and looks and refusals. */
export async function busyPatient(browser, options) {
  const someone = await patientWithKey(browser, "sima", options);
  const { page, subject, fhirId } = someone;
  const [doctor, other] = [clinic("clinic-a"), clinic("clinic-b")];
  const ask = async (who, policy, days) => (await who.consents.request({ subject, policy: who.policies.build(policy), days })).waitForRequested();
  const ended = await ask(other, { resources: ["Observation"], purpose: ["TREAT"] }, 7);
  const active = await ask(doctor, { resources: ["Observation", "Condition", "MedicationRequest"], purpose: ["TREAT"] }, 30);
  const look = (who, resource) => who.gateway.fetchIfPermitted({ patient: fhirId, resource, purpose: "TREAT" });
  await look(doctor, "Observation");
  for (const { id } of [ended, active]) {
    await page.goto(`${originOf(app)}/requests/${id}`);
    await page.locator("input[value=yes]").check();
    await page.locator("main .actions .button").first().click();
    await page.waitForURL((url) => url.pathname === `/consents/${id}`, { timeout: 60_000 });
  }
  for (const resource of ["Observation", "Condition", "Procedure"]) await look(doctor, resource);
  await look(other, "Observation");
  await page.goto(`${originOf(app)}/consents/${ended.id}`);
  await page.locator(".button.danger").click();
  await page.getByText("You ended this consent").waitFor({ timeout: 60_000 });
  await look(other, "Observation");
  const asked = await ask(other, { resources: ["Observation", "DiagnosticReport", "AllergyIntolerance"], purpose: ["TREAT"], exclude: ["SUD", "GDIS"] }, 90);
  const unwanted = await ask(doctor, { resources: ["Procedure"], purpose: ["HRESCH"] }, 30);
  await page.goto(`${originOf(app)}/requests/${unwanted.id}/block`);
  await page.locator(".button.danger").click();
  await page.locator(".notice.success").waitFor();
  await page.goto(`${originOf(app)}/consents/${active.id}/receipt`);
  const [download] = await Promise.all([page.waitForEvent("download"), page.locator("main .button.quiet").click()]);
  const receipt = JSON.parse(readFileSync(await download.path(), "utf8"));
  // The archive has all six looks before anything is shown.
  await page.goto(`${originOf(app)}/activity`);
  await page.waitForFunction(() => document.querySelectorAll(".timeline > li").length >= 6, undefined, { timeout: 60_000 });
  return { ...someone, asked, active, ended, unwanted, receipt };
}

const choose = async (page, value) => {
  await page.locator(`input[value="${value}"]`).check();
};
const next = async (page) => {
  await page.locator("form .actions .button").click();
};

/** What is on each screen: where it is, what the services answer if not what is so, and what to do there before it is looked at. */
export function screensOf({ asked, active, ended, unwanted, receipt, key }) {
  const gives = async (page, answers) => {
    for (const value of answers) {
      await page.locator("form input").first().waitFor();
      if (value === "first") await page.locator("form input").first().check();
      else await choose(page, value);
      await next(page);
    }
  };
  const at = (path) => ({ path });
  // A receipt's file, with something in it changed.
  const checks = (change) => ({
    path: "/verify",
    act: async (page) => {
      const file = structuredClone(receipt);
      change(file, file.pii_processing.purposes[0]);
      await page.locator("input[type=file]").setInputFiles({ name: "receipt.json", mimeType: "application/json", buffer: Buffer.from(JSON.stringify(file)) });
      await page.locator("main .notice").first().waitFor();
    },
  });
  const code = (policy) => ({ path: `/verify#id=${active.id}&policy=${policy}` });
  return {
    home: at("/"),
    requests: at("/requests"),
    "requests-blocked": { path: "/requests", act: (page) => page.locator("main details summary").click() },
    request: at(`/requests/${asked.id}`),
    "request-yes": { path: `/requests/${asked.id}`, act: (page) => choose(page, "yes") },
    "request-less": { path: `/requests/${asked.id}`, act: (page) => choose(page, "less") },
    "request-block": at(`/requests/${asked.id}/block`),
    "request-blocked": at(`/requests/${unwanted.id}/block`),
    "give-1-who": at("/give/who"),
    "give-1-scan": { path: "/give/who", act: async (page) => { await choose(page, "other"); await page.locator(".scan button").click(); await page.locator(".scanner .notice").waitFor(); } },
    "give-1-missing": { path: "/give/who", act: async (page) => { await page.locator("form input").first().waitFor(); await next(page); } },
    "give-2-why": { path: "/give/who", act: (page) => gives(page, ["first"]), until: "/give/why" },
    "give-3-what": { path: "/give/who", act: (page) => gives(page, ["first", "TREAT"]), until: "/give/what" },
    "give-4-how-long": { path: "/give/who", act: (page) => gives(page, ["first", "TREAT", "medicines"]), until: "/give/how-long" },
    "give-5-check": { path: "/give/who", act: (page) => gives(page, ["first", "TREAT", "medicines", "30"]), until: "/give/check" },
    consents: at("/consents"),
    "consent-active": at(`/consents/${active.id}`),
    "consent-ended": at(`/consents/${ended.id}`),
    receipt: at(`/consents/${active.id}/receipt`),
    verify: at("/verify"),
    "verify-code": code(active.scopeId),
    "verify-code-changed": code(ended.id),
    "verify-genuine": checks(() => undefined),
    "verify-changed": checks((_, purpose) => { [purpose.excluded, purpose.valid_until] = [[], null]; }),
    "verify-other-words": checks((_, purpose) => { purpose.pii_information[0].description = "…"; }),
    "verify-unknown": checks((file, purpose) => { purpose.excluded = []; file.record_id = `0x${"12".repeat(32)}`; }),
    "verify-no-receipt": checks((file) => { file.language = 1; }),
    activity: { path: "/activity", act: (page) => page.locator("details summary").first().click() },
    keys: { path: "/keys", act: (page) => page.locator("details summary").first().click().catch(() => undefined) },
    "my-code": at("/my-code"),
    stop: at("/stop"),
    settings: at("/settings"),
    ...keyScreens({ asked, key }),
  };
}

/** Brings a screen up, in a language and a theme, with nothing left to load. */
export async function show(page, screen, language, theme) {
  await page.evaluate(([chosen, colours]) => {
    localStorage.setItem("consentry.language", chosen);
    localStorage.setItem("consentry.theme", colours);
  }, [language, theme]);
  await page.unrouteAll({ behavior: "ignoreErrors" });
  await screen.given?.(page);
  await page.goto(originOf(app) + screen.path);
  // To another fragment alone a browser goes without loading anything.
  if (screen.path.includes("#")) await page.reload();
  await page.locator("h1").waitFor();
  await settled(page);
  await screen.act?.(page);
  if (screen.until) await page.waitForURL((url) => url.pathname === screen.until);
  await settled(page);
}

async function settled(page) {
  await page.waitForLoadState("networkidle");
  await page.waitForFunction(() => document.querySelector("main .progress") === null);
}
