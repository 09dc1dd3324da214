// Every screen of the clinic console, in every language and theme: no violation of WCAG, nothing wider than a small phone.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch } from "../browser.mjs";
import { busyClinician, clinicScreensOf, showClinic } from "../clinic-screens.mjs";
import { faultsOf } from "../every-screen.mjs";
import { LANGUAGES } from "../patient-screens.mjs";

let browser, someone;
before(async () => {
  browser = await launch();
  someone = await busyClinician(browser);
});
after(() => browser.close());

for (const language of LANGUAGES) {
  test(`axe finds nothing, and nothing is wider than 320 pixels, in ${language}`, async () => {
    assert.deepEqual(await faultsOf(someone.page, clinicScreensOf(someone), showClinic, language), []);
  });
}

test("no page brought the policy or a script down", () => assert.deepEqual(someone.faults, []));
