#!/usr/bin/env node
// Pictures of every screen × language × theme, to be looked at: screenshots/ is not committed.
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { launch } from "./browser.mjs";
import { busyPatient, LANGUAGES, screensOf, show, THEMES } from "./patient-screens.mjs";

const folder = fileURLToPath(new URL("screenshots/patient-portal/", import.meta.url));
mkdirSync(folder, { recursive: true });
const wanted = process.argv.slice(2);
const browser = await launch();
const patient = await busyPatient(browser, { viewport: { width: 1100, height: 800 } });
const { page } = patient;
for (const language of LANGUAGES) {
  for (const theme of THEMES) {
    for (const [name, screen] of Object.entries(screensOf(patient))) {
      if (wanted.length > 0 && !wanted.includes(name)) continue;
      await show(page, screen, language, theme);
      await page.screenshot({ path: `${folder}${name}-${language}-${theme}.png`, fullPage: true });
      await page.setViewportSize({ width: 320, height: 640 });
      await page.screenshot({ path: `${folder}${name}-${language}-${theme}-320.png`, fullPage: true });
      await page.setViewportSize({ width: 1100, height: 800 });
      if (name === "receipt" && theme === THEMES[0]) await page.pdf({ path: `${folder}${name}-${language}.pdf`, format: "A4" });
    }
  }
}
await browser.close();
