import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { browserDeployment, browserSession, signInUrl, type BrowserSession } from "../../src/browser.js";
import { createConsentry, developmentSigner } from "../../src/index.js";
import { problem, services, type Seen } from "./fake.js";

const origin = "http://portal.test";
const registry = `0x${"33".repeat(20)}` as const;
const who = { persona: "patient", tenant: "general-hospital", patient: "p-1", scopes: ["patient:consent.read"], acr: "aal2", endsAt: 2_000_000_000, idleEndsAt: 1_999_999_000 };
const api = Object.fromEntries(["auth", "indexer", "relay", "gateway", "audit"].map((name) => [name, `/api/${name}`]));
const deployed = { chainId: 31337, registry, finality: "latest", services: api };

/** The application's own server. `api` answers what is forwarded. */
function server(api: (seen: Seen) => ReturnType<typeof problem> | { json: unknown; status?: number } = () => ({ json: {} })) {
  return services((seen) => {
    if (seen.url.pathname === "/session") return { json: { ...who, csrf: "c-1" } };
    if (seen.url.pathname === "/deployment.json") return { json: deployed };
    if (seen.url.pathname === "/session/end") return { json: { url: "http://issuer.test/oauth2/logout?x=1" } };
    return api(seen);
  });
}

async function signedIn(fake = server()) {
  const session = (await browserSession({ origin, fetch: fake.fetch })) as BrowserSession;
  const client = createConsentry({
    deployment: await session.deployment(), auth: session, signer: developmentSigner(`0x${"01".repeat(32)}`), fetch: fake.fetch, retryDelayMs: 1,
  });
  return { session, client, seen: fake.seen };
}

afterEach(() => void Reflect.deleteProperty(globalThis, "location"));

test("nobody signed in is nothing; somebody is who the server says, without what guards the calls", async () => {
  const nobody = services(() => problem(401, "session-ended"));
  assert.equal(await browserSession({ origin, fetch: nobody.fetch }), undefined);
  assert.equal(nobody.seen.length, 1);
  const { session, seen } = await signedIn();
  assert.deepEqual(session.identity, who);
  assert.equal(JSON.stringify(session).includes("c-1"), false);
  assert.deepEqual(seen.map((each) => [each.url.href, each.credentials]), [[`${origin}/session`, "same-origin"], [`${origin}/deployment.json`, "same-origin"]]);
  await assert.rejects(browserSession({ origin, fetch: services(() => problem(503, "unavailable")).fetch, retryDelayMs: 1 }), { code: "UNAVAILABLE" });
});

test("what the application works on is known without anybody signed in, and is the same as with somebody", async () => {
  const fake = server();
  const deployment = await browserDeployment({ origin, fetch: fake.fetch });
  assert.equal(fake.seen.length, 1);
  assert.deepEqual(deployment, await (await signedIn()).session.deployment());
});

test("calls go to the page's own server with its cookie and the guard against forgery, and with no token", async () => {
  const { client, seen } = await signedIn(server(({ url }) => (url.pathname.endsWith("/bindings") ? { json: { bindings: [] } } : problem(404, "not-found"))));
  await client.keys.list();
  // What elsewhere needs no token goes by way of that server too.
  await assert.rejects(client.consents.resume({ digest: `0x${"aa".repeat(32)}`, consentId: `0x${"cc".repeat(32)}`, subject: registry, version: 1, stop: false }).waitForActive(), { code: "NOT_FOUND" });
  assert.deepEqual(seen.slice(2).map((each) => each.url.href), [`${origin}/api/auth/v1/bindings`, `${origin}/api/relay/v1/intents/0x${"aa".repeat(32)}`]);
  for (const { headers, credentials } of seen.slice(2)) {
    assert.deepEqual([headers.get("x-csrf-token"), headers.get("authorization"), credentials], ["c-1", null, "same-origin"]);
  }
});

test("an ended session is an error of sign-in that is told once, and nothing is asked again", async () => {
  const { session, client, seen } = await signedIn(server(() => problem(401, "session-ended")));
  const told: string[] = [];
  const silent = session.onEnded(() => told.push("never"));
  silent();
  session.onEnded((why) => told.push(why.code));
  await assert.rejects(client.keys.list(), { code: "AUTH_SIGN_IN_REQUIRED", kind: "Auth", message: /Sign in again/ });
  await assert.rejects(client.keys.list(), { code: "AUTH_SIGN_IN_REQUIRED", message: /signInUrl/ });
  assert.deepEqual(told, ["AUTH_SIGN_IN_REQUIRED"]);
  assert.equal(seen.length, 3);
});

test("a service that takes no token is asked once more, and ends no session", async () => {
  const { session, client, seen } = await signedIn(server(() => problem(401, "unauthenticated")));
  session.onEnded(() => assert.fail("the session is not over"));
  await assert.rejects(client.keys.list(), { code: "AUTH_UNAUTHENTICATED" });
  assert.equal(seen.length, 4);
});

test("the guard is given to no other server", async () => {
  const fake = server();
  const { session } = await signedIn(fake);
  for (const indexer of ["http://elsewhere.test", "//elsewhere.test/api"]) {
    const deployment = { ...(await session.deployment()), services: { ...(await session.deployment()).services, auth: indexer } };
    Object.assign(globalThis, { location: { origin } });
    const client = createConsentry({ deployment, auth: session, fetch: fake.fetch });
    await assert.rejects(client.keys.list(), { code: "WRONG_DEPLOYMENT", message: /session\.deployment\(\)/ });
  }
  assert.ok(fake.seen.every((each) => each.url.host === "portal.test"));
});

test("services that are paths are those of the page's own server, and of nothing where there is no page", async () => {
  const { fetch, seen } = server();
  assert.throws(() => createConsentry({ deployment: deployed as never, fetch }), { code: "WRONG_DEPLOYMENT", message: /no URL/ });
  Object.assign(globalThis, { location: { origin: "http://here.test", pathname: "/requests", search: "?open=1" } });
  await createConsentry({ deployment: deployed as never, fetch }).keys.list();
  assert.equal(seen[0]!.url.href, "http://here.test/api/auth/v1/bindings");
});

test("ending a session says where to go, and ends it here", async () => {
  const { session, client, seen } = await signedIn();
  session.onEnded(() => assert.fail("who ends it knows"));
  assert.equal(await session.end(), "http://issuer.test/oauth2/logout?x=1");
  const { method, headers, credentials } = seen.at(-1)!;
  assert.deepEqual([method, headers.get("x-csrf-token"), credentials], ["POST", "c-1", "same-origin"]);
  await assert.rejects(client.keys.list(), { code: "AUTH_SIGN_IN_REQUIRED" });
});

test("a sign-in comes back to a place of this application and to no other", async () => {
  assert.equal(signInUrl(), "/session/start?return=%2F");
  assert.equal(signInUrl({ returnTo: "/keys?new=1", acr: "aal2", maxAge: 300 }), "/session/start?return=%2Fkeys%3Fnew%3D1&acr=aal2&max_age=300");
  Object.assign(globalThis, { location: { origin, pathname: "/requests", search: "?open=1" } });
  assert.equal(signInUrl({ acr: "aal2" }), "/session/start?return=%2Frequests%3Fopen%3D1&acr=aal2");
  for (const returnTo of ["http://evil.test/", "//evil.test", "/\\evil.test", "keys", ""]) assert.throws(() => signInUrl({ returnTo }), { code: "INVALID_REQUEST" });
});
