#!/usr/bin/env node
// Pictures of every screen of the clinic console × language × theme, to be looked at: screenshots/ is not committed.
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { launch } from "./browser.mjs";
import { busyClinician, clinicScreensOf, showClinic } from "./clinic-screens.mjs";
import { LANGUAGES, THEMES } from "./patient-screens.mjs";

const folder = fileURLToPath(new URL("screenshots/clinic-console/", import.meta.url));
mkdirSync(folder, { recursive: true });
const wanted = process.argv.slice(2);
const browser = await launch();
const someone = await busyClinician(browser, { viewport: { width: 1100, height: 800 } });
const { page } = someone;
for (const language of LANGUAGES) {
  for (const theme of THEMES) {
    for (const [name, screen] of Object.entries(clinicScreensOf(someone))) {
      if (wanted.length > 0 && !wanted.includes(name) && !wanted.includes(language)) continue;
      await showClinic(page, screen, language, theme);
      await page.screenshot({ path: `${folder}${name}-${language}-${theme}.png`, fullPage: true });
      await page.setViewportSize({ width: 320, height: 640 });
      const wide = await page.evaluate(() => document.documentElement.scrollWidth);
      if (wide > 320) console.log(`${name} is ${wide} px wide at 320, in ${language}`);
      await page.screenshot({ path: `${folder}${name}-${language}-${theme}-320.png`, fullPage: true });
      await page.setViewportSize({ width: 1100, height: 800 });
    }
  }
}
console.log(someone.faults);
await browser.close();
