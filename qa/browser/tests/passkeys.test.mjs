// Passkeys as people use them.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { api, authenticator, enrolAs, enrolmentCode, launch, origin } from "../service.mjs";

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser.close());

/** A new person's browser; whatever the page's policy blocks is collected. */
async function person() {
  const context = await browser.newContext();
  const page = await context.newPage();
  const blocked = [];
  page.on("console", (message) => message.text().includes("Content Security Policy") && blocked.push(message.text()));
  return { context, page, blocked, key: await authenticator(page) };
}
const at = (path) => (url) => url.pathname === path;

test("a passkey made at enrolment signs in without a name, and nothing of the pages is blocked", async () => {
  const { context, page, blocked, key } = await person();
  await enrolAs(page, { persona: "admin" }, "ada");
  await page.getByRole("button", { name: "Create a passkey" }).click();
  await page.waitForURL(at("/account"));
  assert.equal((await key.credentials()).length, 1);
  await page.goto(`${origin}/sign-out`);
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByText("You are signed out").waitFor();
  assert.equal((await context.cookies()).some(({ name }) => name === "__Host-session"), false);

  // The browser would offer it by itself; here its owner asks for it.
  await key.reacts(false);
  await page.goto(`${origin}/sign-in`);
  // Asked for first, unlocked then: the other way round the browser would offer it before the click.
  await page.getByRole("button", { name: "Sign in with a passkey" }).click();
  await key.reacts(true);
  await page.waitForURL(at("/account"));
  await page.getByText("ada").first().waitFor();
  const session = (await context.cookies()).find(({ name }) => name === "__Host-session");
  assert.deepEqual([session.httpOnly, session.secure, session.sameSite, session.path], [true, true, "Lax", "/"]);
  assert.deepEqual(blocked, []);
  await context.close();
});

test("a browser offers the passkey by itself where the name is typed", async () => {
  const { context, page } = await person();
  await enrolAs(page, { persona: "patient", fhirId: "p1" }, "jane");
  await page.getByRole("button", { name: "Create a passkey" }).click();
  await page.waitForURL(at("/account"));
  await context.clearCookies();
  await page.goto(`${origin}/sign-in`);
  await page.waitForURL(at("/account"));
  await context.close();
});

test("a passkey that is not unlocked lets nobody in, and the page says so", async () => {
  const { context, page, key } = await person();
  await enrolAs(page, { persona: "patient", fhirId: "p2" }, "june");
  await page.getByRole("button", { name: "Create a passkey" }).click();
  await page.waitForURL(at("/account"));
  await context.clearCookies();
  await key.unlocks(false);
  await page.goto(`${origin}/sign-in`);
  await page.getByRole("button", { name: "Sign in with a passkey" }).click();
  await page.getByText("No passkey was used").waitFor();
  await page.goto(`${origin}/account`);
  await page.waitForURL(at("/sign-in"));
  await context.close();
});

test("a device does not make a second passkey for the same account", async () => {
  const { context, page } = await person();
  await enrolAs(page, { persona: "patient", fhirId: "p3" }, "joan");
  await page.getByRole("button", { name: "Create a passkey" }).click();
  await page.waitForURL(at("/account"));
  await page.goto(`${origin}/account/passkey`);
  await page.getByRole("button", { name: "Create a passkey" }).click();
  await page.getByText("has a passkey for your account already").waitFor();
  await context.close();
});

test("without scripts people enrol, sign in, and come back to where they came from", async () => {
  const context = await browser.newContext({ javaScriptEnabled: false });
  const page = await context.newPage();
  await enrolAs(page, { persona: "patient", fhirId: "p4" }, "john");
  await page.getByRole("link", { name: "Use a password instead" }).click();
  await page.getByLabel("New password").fill("blue kettle on tuesday");
  await page.getByLabel("The same password again").fill("blue kettle on tuesday");
  await page.getByRole("button", { name: "Save the password" }).click();
  await page.waitForURL(at("/account"));
  await context.clearCookies();
  await page.goto(`${origin}/account/password`);
  await page.getByLabel("Sign-in name").fill("john");
  await page.getByLabel("Password").fill("blue kettle on tuesday");
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await page.waitForURL(at("/account/password"));
  await context.close();
});

test("the way on from our form to a client is not blocked by the form's policy", async () => {
  const { context, page, blocked } = await person();
  await enrolAs(page, { persona: "patient", fhirId: "p5" }, "jack");
  await page.getByRole("link", { name: "Use a password instead" }).click();
  await page.getByLabel("New password").fill("blue kettle on tuesday");
  await page.getByLabel("The same password again").fill("blue kettle on tuesday");
  await page.getByRole("button", { name: "Save the password" }).click();
  await page.waitForURL(at("/account"));
  await context.clearCookies();
  // The authorization endpoint sends people on to the client's own site.
  await context.route("**/oauth2/authorize?**", (route) =>
    route.fulfill({ status: 302, headers: { location: "https://client.example/callback" } }),
  );
  await context.route("https://client.example/**", (route) => route.fulfill({ body: "back at the client" }));
  await page.goto(`${origin}/sign-in?return_to=${encodeURIComponent("/oauth2/authorize?client_id=app")}`);
  await page.getByLabel("Sign-in name").fill("jack");
  await page.getByLabel("Password").fill("blue kettle on tuesday");
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await page.getByText("back at the client").waitFor();
  assert.deepEqual(blocked, []);
  await context.close();
});

test("an administrator who closes an account signs its owner out", async () => {
  const { context, page } = await person();
  await enrolAs(page, { persona: "patient", fhirId: "p6" }, "jill");
  await page.getByRole("button", { name: "Create a passkey" }).click();
  await page.waitForURL(at("/account"));
  const { accounts } = await api("GET", "/v1/accounts?persona=patient&limit=200");
  const { id } = accounts.find(({ login }) => login === "jill");
  await api("POST", `/v1/accounts/${id}/disable`);
  await page.reload();
  await page.waitForURL(at("/sign-in"));
  // A new code for it does not open it either.
  const code = await enrolmentCode({ account: id });
  await page.goto(`${origin}/enrol`);
  await page.getByLabel("Enrolment code").fill(code);
  await page.getByRole("button", { name: "Continue" }).click();
  await page.getByRole("button", { name: "Create a passkey" }).click();
  await page.getByText("This account is closed").waitFor();
  await context.close();
});
