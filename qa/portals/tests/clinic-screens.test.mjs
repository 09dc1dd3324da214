// Every screen of the clinic console, in every language and theme: no violation of WCAG, nothing wider than a small phone.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { violations } from "../axe.mjs";
import { launch } from "../browser.mjs";
import { busyClinician, clinicScreensOf, showClinic } from "../clinic-screens.mjs";
import { LANGUAGES, THEMES } from "../patient-screens.mjs";

let browser, someone;
before(async () => {
  browser = await launch();
  someone = await busyClinician(browser);
});
after(() => browser.close());

for (const language of LANGUAGES) {
  for (const theme of THEMES) {
    test(`axe finds nothing, in ${language} and ${theme}`, async () => {
      const found = [];
      for (const [name, screen] of Object.entries(clinicScreensOf(someone))) {
        await showClinic(someone.page, screen, language, theme);
        found.push(...(await violations(someone.page)).map((each) => `${name}: ${each}`));
      }
      assert.deepEqual(found, []);
    });
  }
}

test("nothing is wider than 320 pixels, in any language", async () => {
  const { page } = someone;
  await page.setViewportSize({ width: 320, height: 640 });
  const wide = [];
  for (const language of LANGUAGES) {
    for (const [name, screen] of Object.entries(clinicScreensOf(someone))) {
      await showClinic(page, screen, language, "light");
      const width = await page.evaluate(() => document.documentElement.scrollWidth);
      if (width > 320) wide.push(`${name} in ${language}: ${width}`);
    }
  }
  assert.deepEqual(wide, []);
});

test("no page threw, and none asked for what its policy forbids", () => assert.deepEqual(someone.faults, []));
