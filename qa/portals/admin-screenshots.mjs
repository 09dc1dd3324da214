#!/usr/bin/env node
// Pictures of every screen of the admin console × language × theme, to be looked at: screenshots/ is not committed.
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { administrator, decisions, ownAccount, screensOf, show } from "./admin-screens.mjs";
import { launch } from "./browser.mjs";
import { LANGUAGES, THEMES } from "./patient-screens.mjs";

const folder = fileURLToPath(new URL("screenshots/admin-console/", import.meta.url));
mkdirSync(folder, { recursive: true });
const [languages = LANGUAGES.join(), themes = THEMES.join(), ...wanted] = process.argv.slice(2);
const browser = await launch();
const { page, login } = await administrator(browser, "ada", { viewport: { width: 1100, height: 800 } });
const shown = { patient: await decisions(page), account: await ownAccount(page, login) };
for (const language of languages.split(",")) {
  for (const theme of themes.split(",")) {
    for (const [name, screen] of Object.entries(screensOf(shown))) {
      if (wanted.length > 0 && !wanted.includes(name)) continue;
      await show(page, screen, language, theme).catch((error) => console.log(`${name} ${language}: ${error.message.split("\n")[0]}`));
      await page.screenshot({ path: `${folder}${name}-${language}-${theme}.png`, fullPage: true });
      await page.setViewportSize({ width: 320, height: 640 });
      await page.screenshot({ path: `${folder}${name}-${language}-${theme}-320.png`, fullPage: true });
      await page.setViewportSize({ width: 1100, height: 800 });
    }
  }
}
await browser.close();
