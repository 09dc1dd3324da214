// What has to be so on every screen of a portal.
import { violations } from "./axe.mjs";
import { THEMES } from "./patient-screens.mjs";

const SMALL_PHONE = { width: 320, height: 640 };

/** What is wrong with screens in a language: against WCAG in each theme, and what is wider than a small phone. `show` brings a screen up; each is loaded once. */
export async function faultsOf(page, screens, show, language) {
  const found = [];
  const usual = page.viewportSize();
  for (const [name, screen] of Object.entries(screens)) {
    await show(page, screen, language, THEMES[0]);
    for (const theme of THEMES) {
      await page.evaluate((chosen) => {
        document.documentElement.dataset.theme = chosen;
      }, theme);
      found.push(...(await violations(page)).map((each) => `${name}, ${theme}: ${each}`));
    }
    await page.setViewportSize(SMALL_PHONE);
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    if (width > SMALL_PHONE.width) found.push(`${name} is ${width} pixels wide on a phone of ${SMALL_PHONE.width}`);
    await page.setViewportSize(usual);
  }
  return found;
}
