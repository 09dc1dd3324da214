import assert from "node:assert/strict";
import { createHash, createPublicKey, verify, type JsonWebKey } from "node:crypto";
import { test } from "node:test";
import { beginSignIn, clientCredentials, PersonSession, type App } from "../../src/index.js";
import { loopbackSignIn } from "../../src/node.js";
import { services, type Seen } from "./fake.js";

const issuer = "http://issuer.test";
const audience = "http://indexer.test";
const app = (fetch: App["fetch"]): App => ({ issuer, clientId: "portal", redirectUri: "http://localhost:7010/callback", ...(fetch && { fetch }), retryDelayMs: 1 });
const token = (value: string, more: object = {}) => ({ json: { access_token: value, token_type: "Bearer", expires_in: 300, scope: "s", ...more } });
const form = (seen: Seen) => Object.fromEntries(new URLSearchParams(seen.body));

async function keyPair() {
  const pair = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign", "verify"]);
  const jwk = await crypto.subtle.exportKey("jwk", pair.privateKey);
  return { privateKey: { ...jwk, kid: "k1" }, publicKey: await crypto.subtle.exportKey("jwk", pair.publicKey) };
}

function readJwt(jwt: string, publicKey: unknown) {
  const [header = "", claims = "", signature = ""] = jwt.split(".");
  const key = createPublicKey({ key: publicKey as JsonWebKey, format: "jwk" });
  assert.ok(verify("sha256", Buffer.from(`${header}.${claims}`), { key, dsaEncoding: "ieee-p1363" }, Buffer.from(signature, "base64url")));
  const read = (part: string) => JSON.parse(Buffer.from(part, "base64url").toString()) as Record<string, unknown>;
  return { header: read(header), claims: read(claims) };
}

test("a backend proves its key, each assertion once, and keeps one token for each audience", async () => {
  const { privateKey, publicKey } = await keyPair();
  const { fetch, seen } = services((_, count) => token(`t${count}`));
  const auth = clientCredentials({ issuer, clientId: "clinic-a", privateKey, scope: "a b", fetch });
  const get = (wanted: string, purpose?: string) => auth.headers({ audience: wanted, purpose }, "GET", wanted);
  const [first, second] = await Promise.all([get(audience), get(audience)]);
  assert.deepEqual([first, second], [{ authorization: "Bearer t1" }, { authorization: "Bearer t1" }]);
  assert.deepEqual(await get("http://gateway.test", "TREAT"), { authorization: "Bearer t2" });
  assert.deepEqual(await auth.headers({ audience }, "GET", audience, true), { authorization: "Bearer t3" });
  assert.equal(seen.length, 3);
  const { client_assertion, ...rest } = form(seen[1]!);
  assert.deepEqual(rest, {
    grant_type: "client_credentials", client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    scope: "a b", resource: "http://gateway.test", purpose_of_use: "TREAT",
  });
  const { header, claims } = readJwt(client_assertion!, publicKey);
  assert.deepEqual(header, { alg: "ES256", typ: "JWT", kid: "k1" });
  assert.deepEqual([claims.iss, claims.sub, claims.aud], ["clinic-a", "clinic-a", issuer]);
  assert.equal((claims.exp as number) - (claims.iat as number), 60);
  const ids = seen.map((each) => readJwt(form(each).client_assertion!, publicKey).claims.jti);
  assert.equal(new Set(ids).size, 3);
});

test("a token that is nearly over is renewed before it is used", async () => {
  const { privateKey } = await keyPair();
  const { fetch, seen } = services((_, count) => token(`t${count}`, { expires_in: 0.002 }));
  const auth = clientCredentials({ issuer, clientId: "c", privateKey, scope: "a", fetch });
  await auth.headers({ audience }, "GET", audience);
  await new Promise((resolve) => setTimeout(resolve, 5));
  assert.deepEqual(await auth.headers({ audience }, "GET", audience), { authorization: "Bearer t2" });
  assert.equal(seen.length, 2);
});

test("what the issuer refuses is an error that says why, and is not remembered", async () => {
  const { privateKey } = await keyPair();
  const { fetch } = services((_, count) => (count === 1 ? { status: 400, json: { error: "invalid_scope", error_description: "nothing can be granted" } } : token("t")));
  const auth = clientCredentials({ issuer, clientId: "c", privateKey, scope: "a", fetch });
  await assert.rejects(auth.headers({ audience }, "GET", audience), { code: "AUTH_REFUSED", kind: "Auth", message: /invalid_scope.*nothing can be granted/ });
  assert.deepEqual(await auth.headers({ audience }, "GET", audience), { authorization: "Bearer t" });
});

test("tokens can be bound to a key, and each request proves it", async () => {
  const { privateKey } = await keyPair();
  const { fetch, seen } = services(() => token("bound", { token_type: "DPoP" }));
  const auth = clientCredentials({ issuer, clientId: "c", privateKey, scope: "a", dpop: true, fetch });
  const headers = await auth.headers({ audience }, "POST", "http://indexer.test/v1/x?y=1#z");
  assert.equal(headers.authorization, "DPoP bound");
  const raw = JSON.parse(Buffer.from(headers.dpop!.split(".")[0]!, "base64url").toString()) as { jwk: object };
  const { header, claims } = readJwt(headers.dpop!, raw.jwk);
  assert.deepEqual(Object.keys(header).sort(), ["alg", "jwk", "typ"]);
  assert.deepEqual(Object.keys(header.jwk as object).sort(), ["crv", "kty", "x", "y"]);
  assert.deepEqual([claims.htm, claims.htu, claims.ath], ["POST", "http://indexer.test/v1/x", createHash("sha256").update("bound").digest("base64url")]);
  assert.ok(seen[0]!.headers.get("dpop"));
  const unbound = clientCredentials({ issuer, clientId: "c", privateKey, scope: "a", dpop: true, fetch: services(() => token("t")).fetch });
  await assert.rejects(unbound.headers({ audience }, "GET", audience), { code: "AUTH_RESPONSE" });
});

async function signedIn(answer: Parameters<typeof services>[0]) {
  const { fetch, seen } = services(answer);
  const session = await PersonSession.open(app(fetch));
  const signIn = await beginSignIn(app(fetch), { audience, scope: "patient:consent.read" });
  const back = (more: Record<string, string>) => `${app(fetch).redirectUri}?${new URLSearchParams({ state: signIn.state, iss: issuer, ...more })}`;
  return { session, signIn, back, seen };
}

test("a person's sign-in is asked with PKCE and redeemed with its verifier", async () => {
  const { session, signIn, back, seen } = await signedIn(() => token("t1", { refresh_token: "r1", patient: "p-1" }));
  const asked = new URL(signIn.url).searchParams;
  assert.equal(asked.get("code_challenge"), createHash("sha256").update(signIn.verifier).digest("base64url"));
  assert.deepEqual([asked.get("code_challenge_method"), asked.get("resource"), asked.get("response_type")], ["S256", audience, "code"]);
  await session.complete(signIn, back({ code: "c1" }));
  assert.deepEqual(form(seen[0]!), { grant_type: "authorization_code", redirect_uri: "http://localhost:7010/callback", code: "c1", code_verifier: signIn.verifier, client_id: "portal" });
  assert.deepEqual(await session.headers({ audience }, "GET", audience), { authorization: "Bearer t1" });
  assert.equal(session.patient, "p-1");
  await assert.rejects(session.headers({ audience: "http://other.test" }, "GET", ""), { code: "AUTH_SIGN_IN_REQUIRED" });
  session.forget();
  await assert.rejects(session.headers({ audience }, "GET", audience), { code: "AUTH_SIGN_IN_REQUIRED" });
});

test("an answer to another sign-in, by another issuer or with an error redeems nothing", async () => {
  const { session, signIn, back, seen } = await signedIn(() => token("t"));
  for (const [more, code] of [
    [{ code: "c", state: "other" }, "AUTH_RESPONSE"], [{ code: "c", iss: "http://evil.test" }, "AUTH_RESPONSE"], [{}, "AUTH_RESPONSE"],
    [{ error: "access_denied" }, "AUTH_REFUSED"], [{ error: "login_required" }, "AUTH_SIGN_IN_REQUIRED"],
  ] as const) await assert.rejects(session.complete(signIn, back(more)), { code });
  await assert.rejects(session.complete(signIn, `${back({ code: "c" })}&code=d`), { code: "AUTH_RESPONSE" });
  assert.equal(seen.length, 0);
});

test("a code whose answer was lost is not redeemed twice", async () => {
  const { session, signIn, back, seen } = await signedIn(() => new TypeError("reset"));
  await assert.rejects(session.complete(signIn, back({ code: "c" })), { code: "UNAVAILABLE" });
  assert.equal(seen.length, 1);
});

test("a refresh happens once however many wait, takes the new refresh token, and survives a lost answer", async () => {
  const replies = [token("t1", { refresh_token: "r1" }), new TypeError("reset"), token("t2", { refresh_token: "r2" }), { status: 400, json: { error: "invalid_grant" } }];
  const { session, signIn, back, seen } = await signedIn((_, count) => replies[count - 1] as never);
  await session.complete(signIn, back({ code: "c" }));
  const renewed = await Promise.all([1, 2, 3].map(() => session.headers({ audience }, "GET", audience, true)));
  assert.deepEqual(renewed, Array(3).fill({ authorization: "Bearer t2" }));
  assert.deepEqual(seen.map((each) => form(each).refresh_token), [undefined, "r1", "r1"]);
  await assert.rejects(session.headers({ audience }, "GET", audience, true), { code: "AUTH_SIGN_IN_REQUIRED" });
  assert.equal(form(seen[3]!).refresh_token, "r2");
  await assert.rejects(session.headers({ audience }, "GET", audience), { code: "AUTH_SIGN_IN_REQUIRED" });
});

test("tokens are in memory only", async () => {
  const touched: string[] = [];
  const trap = (name: string) => new Proxy({}, { get: (_, key) => (touched.push(`${name}.${String(key)}`), () => null) });
  Object.assign(globalThis, { localStorage: trap("localStorage"), sessionStorage: trap("sessionStorage"), document: trap("document") });
  const { session, signIn, back } = await signedIn(() => token("t1", { refresh_token: "r1" }));
  await session.complete(signIn, back({ code: "c" }));
  await session.headers({ audience }, "GET", audience, true);
  assert.deepEqual(touched, []);
  for (const name of ["localStorage", "sessionStorage", "document"]) Reflect.deleteProperty(globalThis, name);
});

test("a command line is signed in by way of a port of this machine, which is closed again", async () => {
  const { fetch } = services(() => token("cli"));
  let port = "";
  const session = await loopbackSignIn({ issuer, clientId: "cli", fetch }, { audience, scope: "s" }, async (url) => {
    const asked = new URL(url).searchParams;
    const back = new URL(asked.get("redirect_uri")!);
    port = back.port;
    assert.equal((await globalThis.fetch(`${back.origin}/callback?state=wrong&code=x`)).status, 404);
    back.search = new URLSearchParams({ state: asked.get("state")!, iss: issuer, code: "c" }).toString();
    assert.equal((await globalThis.fetch(back)).status, 200);
  });
  assert.deepEqual(await session.headers({ audience }, "GET", audience), { authorization: "Bearer cli" });
  await assert.rejects(globalThis.fetch(`http://127.0.0.1:${port}/callback`));
  const controller = new AbortController();
  const waiting = loopbackSignIn({ issuer, clientId: "cli", fetch }, { audience, scope: "s" }, () => controller.abort(new Error("enough")), { signal: controller.signal });
  await assert.rejects(waiting, { message: "enough" });
});
