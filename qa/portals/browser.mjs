// People at their browsers.
import { chromium } from "playwright-core";
import { endpoints, enrolmentCode, originOf } from "./stack.mjs";

const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";

/** A browser; end it with `close`. */
export const launch = (args = []) => chromium.launch({ executablePath, args: [...args, "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync"] });

/** Gives a page a virtual authenticator that its owner unlocks, like a phone's. */
export async function authenticator(page) {
  const session = await page.context().newCDPSession(page);
  await session.send("WebAuthn.enable");
  return device(session, "internal");
}

async function device(session, transport) {
  const { authenticatorId } = await session.send("WebAuthn.addVirtualAuthenticator", {
    options: { protocol: "ctap2", transport, hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true },
  });
  return {
    reacts: (enabled) => session.send("WebAuthn.setAutomaticPresenceSimulation", { authenticatorId, enabled }),
    /** Forgets the passkeys that it has: as when they are on another device. */
    forgets: () => session.send("WebAuthn.clearCredentials", { authenticatorId }),
    unlocks: (isUserVerified) => session.send("WebAuthn.setUserVerified", { authenticatorId, isUserVerified }),
    /** The passkeys that it has. */
    passkeys: async () => (await session.send("WebAuthn.getCredentials", { authenticatorId })).credentials,
    /** Has these passkeys as well. */
    async takes(passkeys) {
      for (const credential of passkeys) await session.send("WebAuthn.addCredential", { authenticatorId, credential });
    },
    /** A security key beside it. */
    beside: () => device(session, "usb"),
  };
}

/** A person with two devices: makes passkeys on the second, and signs with whichever has the one that is asked for; else with the first. */
export async function holds(page, first, second) {
  await page.exposeFunction("reachFor", async (kind, wanted) => {
    const isSecond = kind === "create" || (await second.passkeys()).some(({ credentialId }) => credentialId === wanted);
    await first.reacts(!isSecond);
    await second.reacts(isSecond);
  });
  await page.addInitScript(() => {
    for (const kind of ["create", "get"]) {
      const ask = navigator.credentials[kind].bind(navigator.credentials);
      navigator.credentials[kind] = async (options) => {
        const id = options.publicKey.allowCredentials?.[0]?.id;
        await window.reachFor(kind, id ? btoa(String.fromCharCode(...new Uint8Array(id))) : "");
        return ask(options);
      };
    }
  });
}

/** A new person's window. Whatever the page's policy blocks, and whatever it throws, is collected. */
export async function person(browser, options = {}) {
  const context = await browser.newContext({ locale: "en-GB", ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  const faults = [];
  page.on("console", (message) => message.type() === "error" && /Content Security Policy|Uncaught/.test(message.text()) && faults.push(message.text()));
  page.on("pageerror", (error) => faults.push(error.stack ?? String(error)));
  return { context, page, faults, key: await authenticator(page) };
}

/** Makes an account by a one-time code, with a passkey to sign in by. */
export async function enrol(page, who, login) {
  await page.goto(`${endpoints.auth}/enrol`);
  await page.getByLabel("Enrolment code").fill(await enrolmentCode(who));
  await page.getByRole("button", { name: "Continue" }).click();
  await page.getByLabel("Sign-in name").fill(login);
  await page.getByRole("button", { name: "Continue" }).click();
  await page.getByRole("button", { name: "Create a passkey" }).click();
  await page.waitForURL((url) => url.pathname === "/account");
}

/** Goes to a portal and signs in by its link. Whoever signed in at the issuer before is not asked again. */
export async function signIn(page, app) {
  await page.goto(originOf(app));
  await page.getByRole("link", { name: "Sign in" }).click();
  await page.waitForURL((url) => url.origin === originOf(app) && url.pathname !== "/callback");
}

/** A name and a FHIR id that nobody had before, so that tests do not meet. */
export const newcomer = (name) => {
  const suffix = Math.random().toString(36).slice(2, 10);
  return { login: `${name}-${suffix}`, fhirId: `p-${suffix}` };
};
