// Every screen of the clinic console with something on it.
import { newcomer } from "./browser.mjs";
import { ask, app, clinician, seededPatient, toCheck } from "./clinic-people.mjs";
import { clinic, originOf } from "./stack.mjs";

/** A clinician with a consent in each state, and one patient's records within reach. */
export async function busyClinician(browser, options) {
  const someone = await clinician(browser, { practitioner: newcomer("dr").fhirId, ...options });
  const { page, privateKey } = someone;
  const backend = clinic("clinic-a");
  const asked = async (patient, days = 30, resources = ["Observation", "DiagnosticReport", "Encounter", "Patient", "Condition"]) => (await backend.consents.request({ subject: patient.subject, policy: backend.policies.build({ resources, purpose: ["TREAT"] }), days })).waitForRequested();
  const [first, second, third] = [0, 1, 2].map(seededPatient);
  const denied = await asked(second);
  await (await second.consents.deny(denied)).waitForDenied();
  const revoked = await asked(second);
  await (await second.consents.approve(revoked)).waitForActive();
  await (await second.consents.revoke(revoked)).waitForRevoked();
  const requested = await asked(third);
  const id = await ask(page, { code: first.code, privateKey });
  const active = await first.consents.get(id);
  await (await first.consents.approve(active)).waitForActive();
  await page.getByText("The patient said yes", { exact: true }).waitFor();
  return { ...someone, first, active, denied, revoked, requested };
}

const kind = (at) => async (page) => {
  await page.locator(".kind").nth(at).click();
  await page.waitForFunction(() => document.querySelector("main .progress") === null && document.querySelector(".empty, table, article, .notice") !== null);
};

const addressOf = (at) => `0x${String(at).repeat(40)}`;
const verified = { status: "VERIFIED", verified: true };

/** A practitioner's keys as the services would tell of them: what the chain says of each, in order. */
const withKeys = (...onChain) => async (page) => {
  const bindings = onChain.map((_, at) => ({ grantee: addressOf(at + 1), nonce: "1", deadline: 1, signer: `0x${"4".repeat(168)}`, signature: "0x01", boundAt: "2026-03-21T08:00:00Z" }));
  await page.route("**/api/auth/v1/grantee-bindings", (route) => route.fulfill({ json: { organization: "clinic-a", practitioner: "dr", bindings } }));
  for (const [at, practitioner] of onChain.entries()) {
    await page.route(`**/api/indexer/v1/practitioners/${addressOf(at + 1)}`, (route) => (practitioner === undefined ? route.fulfill({ status: 404, json: {} }) : route.fulfill({ json: { practitioner } })));
  }
};

/** The session as the portal's server would tell of it. */
const withSession = (page, change) => page.route("**/session", async (route) => {
  const response = await route.fetch();
  return route.fulfill({ response, json: change(await response.json()) });
});

/** What is on each screen: where it is, what services say that they would not otherwise, and what to do there before it is looked at. */
export function clinicScreensOf({ first, active, denied, revoked, requested, privateKey, grantee }) {
  const fillIn = async (page) => {
    await page.locator("#code").fill(first.code);
    await page.locator('input[value="medicines"]').check();
    await page.locator('input[name="duration"][value="90"]').check();
  };
  const records = async (page) => {
    if (await page.locator("#code").count()) {
      await page.locator("#code").fill(first.code);
      await page.locator("form button[type=submit]").click();
    }
    await page.locator(".kind").first().waitFor();
  };
  const open = (at, more) => ({ path: `/consents/${active.id}/records`, act: async (page) => {
    await records(page);
    await kind(at)(page);
    await more?.(page);
  } });
  return {
    worklist: { path: "/" },
    "worklist-revoked": { path: "/?status=REVOKED" },
    "worklist-none": { path: "/?status=EXPIRED" },
    ask: { path: "/ask" },
    "ask-faults": { path: "/ask", act: async (page) => {
      await page.locator("#code").fill(first.code.replace(/.$/, (last) => (last === "1" ? "2" : "1")));
      await page.locator("form .actions .button").click();
    } },
    "ask-scan": { path: "/ask", act: async (page) => { await page.locator(".scan button").click(); await page.locator(".scanner .notice").waitFor(); } },
    "our-code": { path: "/our-code" },
    "ask-check": { path: "/ask", act: async (page) => {
      await fillIn(page);
      await page.locator("form .actions .button").click();
      await page.locator(".summary").first().waitFor();
    } },
    "ask-key": { path: "/ask", act: async (page) => {
      await fillIn(page);
      await page.locator("form .actions .button").click();
      await page.locator("input[value=development]").check();
      await page.locator("input[type=password]").fill(`${privateKey.slice(0, -1)}`);
      await page.locator("form .actions .button").click();
    } },
    "consent-requested": { path: `/consents/${requested.id}` },
    "consent-active": { path: `/consents/${active.id}` },
    "consent-denied": { path: `/consents/${denied.id}` },
    "consent-revoked": { path: `/consents/${revoked.id}` },
    "records-code": { path: `/consents/${active.id}/records` },
    "records-closed": { path: `/consents/${revoked.id}/records` },
    "records-kinds": { path: `/consents/${active.id}/records`, act: records },
    "records-observations": open(0, (page) => page.locator("details summary").first().click()),
    "records-reports": open(1),
    "records-visits": open(6),
    "records-none": open(2),
    "keys-none": { path: "/keys" },
    "keys-nobody": { path: "/keys", prepare: (page) => withSession(page, ({ practitioner: _, ...others }) => others) },
    "keys-unverified": { path: "/keys", prepare: withKeys(undefined) },
    "keys-each-standing": { path: "/keys", prepare: withKeys({ ...verified, organization: grantee }, { ...verified, organization: addressOf(9) }, { ...verified, verified: false, status: "SUSPENDED", organization: grantee }, undefined) },
    "keys-remove": { path: "/keys", prepare: withKeys(undefined), act: (page) => page.locator("article .button.plain").click() },
    "ask-passkey": {
      path: "/ask",
      prepare: async (page) => {
        await withKeys({ ...verified, organization: grantee })(page);
        await withSession(page, (session) => ({ ...session, grantees: [...session.grantees, addressOf(1)] }));
      },
      act: (page) => toCheck(page, first.code, "medicines"),
    },
  };
}

/** Brings a screen up, in a language and a theme, with nothing left to load. */
export async function showClinic(page, screen, language, theme) {
  await page.evaluate(([chosen, colours]) => {
    localStorage.setItem("consentry.language", chosen);
    localStorage.setItem("consentry.theme", colours);
  }, [language, theme]);
  await page.unrouteAll();
  await screen.prepare?.(page);
  await page.goto(originOf(app) + screen.path);
  await page.locator("h1").waitFor();
  await settled(page);
  await screen.act?.(page);
  await settled(page);
}

async function settled(page) {
  await page.waitForFunction(() => document.querySelector("main .progress") === null && document.querySelector("main h1") !== null);
}
