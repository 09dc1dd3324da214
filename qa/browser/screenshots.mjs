// Takes a picture of every page, light and dark, narrow and wide, for people to look at.
// usage: node screenshots.mjs FOLDER
import { mkdirSync } from "node:fs";
import { authenticator, enrolAs, enrolmentCode, launch, origin } from "./service.mjs";

const folder = process.argv[2] ?? "screenshots";
mkdirSync(folder, { recursive: true });
const browser = await launch();
const unique = Date.now().toString(36);
const forms = [
  ["light", 320],
  ["light", 1280],
  ["dark", 320],
  ["dark", 1280],
];

async function picture(page, name) {
  for (const [colorScheme, width] of forms) {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize({ width, height: 800 });
    const wide = await page.evaluate(() => document.documentElement.scrollWidth);
    if (wide > width) console.log(`${name} is ${wide} px wide at ${width}`);
    await page.screenshot({ path: `${folder}/${name}-${colorScheme}-${width}.png`, fullPage: true });
  }
  console.log(name);
}
const context = await browser.newContext();
const page = await context.newPage();
const phone = await authenticator(page);

await page.goto(`${origin}/sign-in`);
await picture(page, "sign-in");
await page.getByLabel("Sign-in name").fill("nobody");
await page.getByLabel("Password").fill("not the password");
await page.getByRole("button", { name: "Sign in", exact: true }).click();
await picture(page, "sign-in-wrong");
await page.goto(`${origin}/sign-in?return_to=https://elsewhere.example`);
await picture(page, "bad-link");
await page.goto(`${origin}/enrol`);
await picture(page, "enrol");
await page.getByLabel("Enrolment code").fill("0000-0000-0000-0000");
await page.getByRole("button", { name: "Continue" }).click();
await picture(page, "enrol-wrong");
await page.getByLabel("Enrolment code").fill(await enrolmentCode({ persona: "patient", fhirId: "p1" }));
await page.getByRole("button", { name: "Continue" }).click();
await picture(page, "enrol-name");
await page.getByLabel("Sign-in name").fill(`jane.doe.${unique}@example.org`);
await page.getByRole("button", { name: "Continue" }).click();
await picture(page, "enrol-proof");
await page.getByRole("link", { name: "Use a password instead" }).click();
await picture(page, "enrol-password");
await page.getByLabel("New password").fill("password2024");
await page.getByLabel("The same password again").fill("password2024");
await page.getByRole("button", { name: "Save the password" }).click();
await picture(page, "enrol-password-common");
await page.getByLabel("New password").fill("blue kettle on tuesday");
await page.getByLabel("The same password again").fill("blue kettle on tuesday");
await page.getByRole("button", { name: "Save the password" }).click();
await picture(page, "account-new");
await page.goto(`${origin}/sign-in?acr=aal2&return_to=/account`);
await picture(page, "second-step");
await page.goto(`${origin}/account/passkey`);
await picture(page, "add-passkey");
await page.getByLabel("Name of this passkey").fill("My phone");
await page.getByRole("button", { name: "Create a passkey" }).click();
await page.waitForURL("**/account?done=passkey");
// Where a browser offers passkeys by itself, an authenticator that reacts at once would be in before the picture.
await phone.reacts(false);
await page.goto(`${origin}/sign-in?max_age=0&return_to=/account/app`);
await picture(page, "confirm");
await phone.reacts(true);
await page.getByRole("button", { name: "Sign in with a passkey" }).click();
await page.waitForURL((url) => url.pathname === "/account/app");
await picture(page, "app");
await page.goto(`${origin}/account`);
await picture(page, "account");
await page.goto(`${origin}/sign-out`);
await picture(page, "sign-out");
await page.getByRole("button", { name: "Sign out" }).click();
await picture(page, "signed-out");
await enrolAs(page, { persona: "admin" }, `admin.${unique}`);
await picture(page, "enrol-admin");
await page.getByRole("button", { name: "Create a passkey" }).click();
await page.waitForURL("**/account?done=enrolled");
for (const [language, name] of [["fa-AF", "دری"], ["ps", "پښتو"]]) {
  const foreign = await browser.newContext({ locale: language });
  const reader = await foreign.newPage();
  for (const path of ["sign-in", "enrol", "enrol/name"]) {
    await reader.goto(`${origin}/${path}`);
    await picture(reader, `${path.replace("/", "-")}-${language}`);
  }
  await foreign.close();
  await page.goto(`${origin}/account`);
  await page.getByRole("button", { name }).click();
  for (const path of ["account", "account/passkey", "account/apps", "sign-out"]) {
    await page.goto(`${origin}/${path}`);
    await picture(page, `${path.replace("/", "-")}-${language}`);
  }
}
await browser.close();
