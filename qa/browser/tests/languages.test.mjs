// The pages as readers of Dari and Pashto meet them.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { authenticator, enrolAs, launch, origin } from "../service.mjs";

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser.close());

const READERS = [
  { language: "fa-AF", name: "دری", signIn: "داخل شدن", added: /^[۰-۹]+ \S+ [۰-۹]+/ },
  { language: "ps", name: "پښتو", signIn: "ننوتل", added: /^[۰-۹]+ \S+ [۰-۹]{4}، [۰-۹]+:[۰-۹]+/ },
];

for (const { language, name, signIn, added } of READERS) {
  test(`a reader of ${language} gets it from the browser's word, and dates in their own calendar`, async () => {
    const context = await browser.newContext({ locale: language });
    const page = await context.newPage();
    const blocked = [];
    page.on("console", (message) => message.text().includes("Content Security Policy") && blocked.push(message.text()));
    await authenticator(page);
    await page.goto(`${origin}/sign-in`);
    assert.equal(await page.evaluate(() => getComputedStyle(document.body).direction), "rtl");
    await page.getByRole("heading", { name: signIn, exact: true }).waitFor();

    // Enrolled by an English hand, read by the person: the switch works where they are.
    await page.getByRole("button", { name: "English" }).click();
    await enrolAs(page, { persona: "patient", fhirId: `reads-${language}` }, `reads.${language.toLowerCase()}`);
    await page.getByRole("button", { name: "Create a passkey" }).click();
    await page.waitForURL((url) => url.pathname === "/account");
    await page.getByRole("button", { name }).click();
    await page.locator(`html[lang=${language}]`).waitFor();
    assert.match(await page.locator("time").first().textContent(), added);
    assert.deepEqual(blocked, []);
    await context.close();
  });

  test(`nothing is wider than 320 pixels in ${language}`, async () => {
    const context = await browser.newContext({ locale: language, viewport: { width: 320, height: 800 } });
    const page = await context.newPage();
    for (const path of ["/sign-in?acr=aal2", "/enrol", "/enrol/name", "/oauth2/logout"]) {
      await page.goto(origin + path);
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 320, path);
    }
    await context.close();
  });
}

test("without scripts the switch works, and leads back to where it was used", async () => {
  const context = await browser.newContext({ javaScriptEnabled: false });
  const page = await context.newPage();
  await page.goto(`${origin}/sign-in?acr=aal2`);
  await page.getByRole("button", { name: "پښتو" }).click();
  await page.getByRole("heading", { name: "ننوتل", exact: true }).waitFor();
  assert.equal(page.url(), `${origin}/sign-in?acr=aal2`);
  const kept = (await context.cookies()).find(({ name }) => name === "__Host-language");
  assert.deepEqual([kept.value, kept.httpOnly, kept.secure, kept.sameSite], ["ps", true, true, "Lax"]);
  await context.close();
});
