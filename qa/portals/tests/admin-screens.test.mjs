// Every screen of the admin console, in every language and theme: no violation of WCAG, nothing wider than a small phone.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { administrator, decisions, ownAccount, screensOf, show } from "../admin-screens.mjs";
import { violations } from "../axe.mjs";
import { launch } from "../browser.mjs";
import { LANGUAGES, THEMES } from "../patient-screens.mjs";

let browser, admin, screens;
before(async () => {
  browser = await launch();
  admin = await administrator(browser);
  screens = Object.entries(screensOf({ patient: await decisions(admin.page), account: await ownAccount(admin.page, admin.login) }));
});
after(() => browser.close());

for (const language of LANGUAGES) {
  for (const theme of THEMES) {
    test(`axe finds nothing, in ${language} and ${theme}`, async () => {
      const found = [];
      for (const [name, screen] of screens) {
        await show(admin.page, screen, language, theme);
        found.push(...(await violations(admin.page)).map((each) => `${name}: ${each}`));
      }
      assert.deepEqual(found, []);
    });
  }
}

test("nothing is wider than 320 pixels, in any language", async () => {
  const { page } = admin;
  await page.setViewportSize({ width: 320, height: 640 });
  const wide = [];
  for (const language of LANGUAGES) {
    for (const [name, screen] of screens) {
      await show(page, screen, language, "light");
      const width = await page.evaluate(() => document.documentElement.scrollWidth);
      if (width > 320) wide.push(`${name} in ${language}: ${width}`);
    }
  }
  assert.deepEqual(wide, []);
});

test("no page brought the policy or a script down", () => assert.deepEqual(admin.faults, []));
