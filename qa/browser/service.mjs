// The running service, as an administrator's tool and as a browser see it.
import { createHash, createPrivateKey, randomUUID, sign } from "node:crypto";
import { readFileSync } from "node:fs";
import { chromium } from "playwright-core";

const needed = (name) => {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set; run this through scripts/test or the Rust test real_browser`);
  return value;
};

/** Where the service is. */
export const origin = needed("AUTH_URL");
const clientId = needed("ADMIN_CLIENT_ID");
const jwk = JSON.parse(readFileSync(needed("ADMIN_KEY_FILE"), "utf8"));
const key = createPrivateKey({ key: jwk, format: "jwk" });
// The key's name is its thumbprint (RFC 7638).
const kid = createHash("sha256")
  .update(JSON.stringify({ crv: jwk.crv, kty: jwk.kty, x: jwk.x, y: jwk.y }))
  .digest("base64url");
const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";

const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");

/** An access token of the administrator's tool (RFC 7523). */
async function token() {
  const now = Math.floor(Date.now() / 1000);
  const audience = `${origin}/oauth2/token`;
  const claims = { iss: clientId, sub: clientId, aud: audience, iat: now, exp: now + 60, jti: randomUUID() };
  const signed = `${part({ alg: "ES256", typ: "JWT", kid })}.${part(claims)}`;
  const signature = sign("sha256", Buffer.from(signed), { key, dsaEncoding: "ieee-p1363" }).toString("base64url");
  const reply = await fetch(audience, {
    method: "POST",
    body: new URLSearchParams({
      grant_type: "client_credentials",
      scope: "admin:*",
      resource: origin,
      client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
      client_assertion: `${signed}.${signature}`,
    }),
  });
  const body = await reply.json();
  if (!reply.ok) throw new Error(`no token: ${JSON.stringify(body)}`);
  return body.access_token;
}

/** Asks the service's API as the administrator's tool. */
export async function api(method, path, body) {
  const reply = await fetch(origin + path, {
    method,
    headers: { authorization: `Bearer ${await token()}`, "content-type": "application/json" },
    body: body && JSON.stringify(body),
  });
  const answer = await reply.json();
  if (!reply.ok) throw new Error(`${method} ${path}: ${JSON.stringify(answer)}`);
  return answer;
}

/** A new enrolment code. */
export const enrolmentCode = async (who) => (await api("POST", "/v1/enrolments", who)).code;

/** A browser; end it with `close`. */
export const launch = () => chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });

/** Gives a page a virtual authenticator that its owner unlocks, like a phone's. */
export async function authenticator(page) {
  const session = await page.context().newCDPSession(page);
  await session.send("WebAuthn.enable");
  const { authenticatorId } = await session.send("WebAuthn.addVirtualAuthenticator", {
    options: {
      protocol: "ctap2",
      transport: "internal",
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  const unlocks = (isUserVerified) => session.send("WebAuthn.setUserVerified", { authenticatorId, isUserVerified });
  const reacts = (enabled) => session.send("WebAuthn.setAutomaticPresenceSimulation", { authenticatorId, enabled });
  const credentials = async () => (await session.send("WebAuthn.getCredentials", { authenticatorId })).credentials;
  return { unlocks, reacts, credentials };
}

/** Goes from a code to the choice of how to sign in. */
export async function enrolAs(page, who, login) {
  await page.goto(`${origin}/enrol`);
  await page.getByLabel("Enrolment code").fill(await enrolmentCode(who));
  await page.getByRole("button", { name: "Continue" }).click();
  await page.getByLabel("Sign-in name").fill(login);
  await page.getByRole("button", { name: "Continue" }).click();
}
