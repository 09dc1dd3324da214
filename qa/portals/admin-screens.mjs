// Every screen of the admin console with something on it, in every language and theme.
import { enrol, newcomer, person, signIn } from "./browser.mjs";
import { clinic, endpoints, originOf } from "./stack.mjs";

export const APP = "admin-console";

/** An administrator who is signed in to the console. */
export async function administrator(browser, name = "ada", options) {
  const someone = await person(browser, options);
  const { login } = newcomer(name);
  await enrol(someone.page, { persona: "admin" }, login);
  await signIn(someone.page, APP);
  return { ...someone, login };
}

/** Decisions that are in the archive: refusals of a clinic that no patient let in. Returns the patient. */
export async function decisions(page) {
  const [{ fhirId }] = endpoints.patients;
  for (const resource of ["Observation", "Condition"]) await clinic("clinic-a").gateway.fetchIfPermitted({ patient: fhirId, resource, purpose: "TREAT" });
  for (;;) {
    await page.goto(`${originOf(APP)}/accesses`);
    await page.locator("#patient-id").fill(fhirId);
    await page.locator("form .button").click();
    await page.locator("main table, main .empty").first().waitFor();
    if ((await page.locator("main tbody tr").count()) >= 2) return fhirId;
  }
}

const fill = (selector, text) => (page) => page.locator(selector).fill(text);
const openDetails = (page) => page.locator("main details summary").first().click();

/** What is on each screen: where it is, and what to do there before it is looked at. */
export function screensOf({ patient, account }) {
  const at = (path) => ({ path });
  const submit = async (page) => page.locator("main form .button[type=submit]").last().click();
  const writeChange = async (page) => {
    await page.locator("#change-address").fill(`0x${"5a".repeat(20)}`);
    await page.locator("#change-papers").fill("Licence 12-345, seen on paper");
    await submit(page);
  };
  return {
    health: { path: "/", act: openDetails },
    decisions: { path: "/decisions", act: (page) => page.locator("main details summary").first().click() },
    accesses: at("/accesses"),
    "accesses-missing": { path: "/accesses", act: submit },
    "accesses-found": { path: "/accesses", act: async (page) => { await fill("#patient-id", patient)(page); await submit(page); await page.locator("main tbody tr").first().waitFor(); await openDetails(page); } },
    organizations: at("/organizations"),
    "change-write": at("/organizations/change"),
    "change-written": { path: "/organizations/change", act: writeChange },
    "change-check": {
      path: "/organizations/change",
      act: async (page) => {
        await writeChange(page);
        const text = await page.locator(".copy-text .code").first().innerText();
        await page.locator("input[value=check]").check();
        await page.locator("main textarea").fill(text);
        await page.locator("main input[type=checkbox]").check();
        await page.locator("main .actions .button").last().click();
        await page.locator("main .notice.warning").waitFor();
      },
    },
    accounts: at("/accounts"),
    account: at(`/accounts/${account}`),
    "account-close": { path: `/accounts/${account}`, act: (page) => page.locator(".button.danger").click() },
    code: at("/accounts/code"),
    "code-missing": { path: "/accounts/code", act: submit },
    "code-made": { path: "/accounts/code", act: async (page) => { await page.locator("input[value=admin]").check(); await submit(page); await page.locator(".copy-text").waitFor(); } },
    "lost-keys": { path: "/lost-keys", act: async (page) => { await page.locator("#look-patient").fill(patient); await submit(page); await page.locator("main .summary").waitFor(); } },
    "lost-keys-wrong": { path: "/lost-keys", act: async (page) => { await page.locator("#propose-patient").fill(patient); await page.locator("main form .button[type=submit]").first().click(); await page.locator("main .error-summary").waitFor(); } },
    clients: at("/clients"),
    client: at("/clients/admin-console"),
    "client-new": at("/clients/new"),
    "client-missing": { path: "/clients/new", act: submit },
    keys: at("/keys"),
    "key-compromise": { path: "/keys", act: (page) => page.locator("td .button.danger").first().click() },
  };
}

/** Brings a screen up, in a language and a theme, with nothing left to load. */
export async function show(page, { path, act }, language, theme) {
  await page.goto(originOf(APP));
  await page.evaluate(([chosen, colours]) => {
    localStorage.setItem("consentry.language", chosen);
    localStorage.setItem("consentry.theme", colours);
  }, [language, theme]);
  await page.goto(`${originOf(APP)}${path}`);
  const loaded = async () => {
    await page.locator("main h1").waitFor();
    await page.locator("main .progress").first().waitFor({ state: "detached" });
  };
  await loaded();
  if (act) {
    await act(page);
    await loaded();
  }
}

/** An account to look at: the administrator's own. */
export async function ownAccount(page, login) {
  await page.goto(`${originOf(APP)}/accounts`);
  await page.locator("main select").first().selectOption("admin");
  await page.getByRole("link", { name: login }).click();
  await page.waitForURL((url) => url.pathname.startsWith("/accounts/"));
  return new URL(page.url()).pathname.split("/").at(-1);
}
