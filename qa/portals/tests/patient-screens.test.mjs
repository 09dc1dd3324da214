// Every screen of the patient portal, in every language and theme: no violation of WCAG, nothing wider than a small phone.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { violations } from "../axe.mjs";
import { launch } from "../browser.mjs";
import { busyPatient, LANGUAGES, screensOf, show, THEMES } from "../patient-screens.mjs";

let browser, patient;
before(async () => {
  browser = await launch();
  patient = await busyPatient(browser);
});
after(() => browser.close());

for (const language of LANGUAGES) {
  for (const theme of THEMES) {
    test(`axe finds nothing, in ${language} and ${theme}`, async () => {
      const { page } = patient;
      const found = [];
      for (const [name, screen] of Object.entries(screensOf(patient))) {
        await show(page, screen, language, theme);
        found.push(...(await violations(page)).map((each) => `${name}: ${each}`));
      }
      assert.deepEqual(found, []);
    });
  }
}

test("nothing is wider than 320 pixels, in any language", async () => {
  const { page } = patient;
  await page.setViewportSize({ width: 320, height: 640 });
  const wide = [];
  for (const language of LANGUAGES) {
    for (const [name, screen] of Object.entries(screensOf(patient))) {
      await show(page, screen, language, "light");
      const width = await page.evaluate(() => document.documentElement.scrollWidth);
      if (width > 320) wide.push(`${name} in ${language}: ${width}`);
    }
  }
  assert.deepEqual(wide, []);
});

test("no page brought the policy or a script down", () => assert.deepEqual(patient.faults, []));
