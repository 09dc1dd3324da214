// Every screen of the admin console, in every language and theme: no violation of WCAG, nothing wider than a small phone.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { administrator, decisions, ownAccount, screensOf, show } from "../admin-screens.mjs";
import { launch } from "../browser.mjs";
import { faultsOf } from "../every-screen.mjs";
import { LANGUAGES } from "../patient-screens.mjs";

let browser, someone;
before(async () => {
  browser = await launch();
  const admin = await administrator(browser);
  someone = { ...admin, screens: screensOf({ patient: await decisions(admin.page), account: await ownAccount(admin.page, admin.login) }) };
});
after(() => browser.close());

for (const language of LANGUAGES) {
  test(`axe finds nothing, and nothing is wider than 320 pixels, in ${language}`, async () => {
    assert.deepEqual(await faultsOf(someone.page, someone.screens, show, language), []);
  });
}

test("no page brought the policy or a script down", () => assert.deepEqual(someone.faults, []));
