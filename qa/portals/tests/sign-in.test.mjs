// The pages people sign in on, as a portal sends them there: in the portal's language, and as open to everybody.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { violations } from "../axe.mjs";
import { enrol, launch, newcomer, person } from "../browser.mjs";
import { endpoints, originOf } from "../stack.mjs";

const LANGUAGES = { en: "ltr", "fa-AF": "rtl", ps: "rtl" };

let browser, someone;
before(async () => {
  browser = await launch();
  someone = await person(browser);
  const { login, fhirId } = newcomer("reads");
  await enrol(someone.page, { persona: "patient", fhirId }, login);
  // The sign-in page offers the passkey by itself; one that reacts at once would lead away from it.
  await someone.key.reacts(false);
});
after(() => browser.close());

for (const [language, direction] of Object.entries(LANGUAGES)) {
  test(`a portal read in ${language} leads to a sign-in in ${language}`, async () => {
    const { page, context, faults } = await person(browser);
    await page.goto(originOf("patient-portal"));
    await page.locator("select").first().selectOption(language);
    await page.locator(`html[lang=${language}]`).waitFor();
    await page.locator("main a.button").click();
    await page.waitForURL((url) => url.href.startsWith(`${endpoints.auth}/sign-in?`));
    assert.deepEqual(await page.evaluate(() => [document.documentElement.lang, document.documentElement.dir]), [language, direction]);
    assert.deepEqual(faults, []);
    await context.close();
  });

  test(`axe finds nothing on the pages in ${language}, and none is wider than 320 pixels`, async () => {
    const { page } = someone;
    await page.setViewportSize({ width: 320, height: 640 });
    await page.goto(`${endpoints.auth}/account`);
    await page.locator(`button[name=language][value=${language}]`).click();
    await page.locator(`html[lang=${language}]`).waitFor();
    const found = [];
    for (const path of ["/sign-in?max_age=0", "/enrol", "/enrol/name", "/account", "/account/passkey", "/account/password", "/account/apps", "/sign-out"]) {
      await page.goto(endpoints.auth + path);
      found.push(...(await violations(page)).map((each) => `${path}: ${each}`));
      const width = await page.evaluate(() => document.documentElement.scrollWidth);
      if (width > 320) found.push(`${path} is ${width} wide`);
    }
    assert.deepEqual(found, []);
  });
}

test("no page brought the policy or a script down", () => assert.deepEqual(someone.faults, []));
