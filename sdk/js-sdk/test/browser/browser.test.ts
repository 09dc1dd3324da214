import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, test } from "node:test";
import { p256 } from "@noble/curves/nist.js";
import { build } from "esbuild";
import { chromium, type Browser, type Page } from "playwright-core";
import { decodeAbiParameters, type Hex } from "viem";
import { LOCAL } from "../../src/generated/local.js";
import type { Domain } from "../../src/intents/index.js";
import { root, vectors } from "../unit/vectors.js";

const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";
const domain: Domain = { name: "Consentry", version: "1", chainId: LOCAL.chainId, verifyingContract: LOCAL.registry };
const services = Object.fromEntries(["auth", "indexer", "relay", "gateway", "audit"].map((name) => [name, `/api/${name}`]));

let [browser, server, page]: [Browser?, Server?, Page?] = [];
const asked: { url: string | undefined; csrf: string | string[] | undefined; cookie: string | undefined }[] = [];

before(async () => {
  const { outputFiles } = await build({
    entryPoints: [`${root}sdk/js-sdk/build/test/browser/page.js`], bundle: true, minify: true, format: "iife", platform: "browser", target: "es2022", write: false,
  });
  const answers: Record<string, [type: string, body: string | Uint8Array]> = {
    "/": ["text/html", "<!doctype html><title>SDK</title><script src=/page.js></script>"],
    "/page.js": ["text/javascript", outputFiles[0]!.contents],
    "/session": ["application/json", JSON.stringify({ persona: "patient", tenant: "t", scopes: [], endsAt: 1, idleEndsAt: 1, csrf: "guard" })],
    "/deployment.json": ["application/json", JSON.stringify({ chainId: LOCAL.chainId, registry: LOCAL.registry, finality: "latest", services })],
    "/api/auth/v1/bindings": ["application/json", JSON.stringify({ bindings: [] })],
  };
  server = createServer((request, response) => {
    const [type, body] = answers[request.url ?? ""] ?? ["text/plain", ""];
    asked.push({ url: request.url, csrf: request.headers["x-csrf-token"], cookie: request.headers.cookie });
    // As strict as the portals': the package runs without evaluating text.
    response.writeHead(answers[request.url ?? ""] ? 200 : 404, { "content-type": type, "content-security-policy": "default-src 'self'", "set-cookie": "session=1; HttpOnly" }).end(body);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync"] });
  page = await browser.newPage();
  page.on("pageerror", (error) => assert.fail(error));
  await page.goto(`http://localhost:${(server.address() as AddressInfo).port}/`);
});
after(async () => {
  await browser?.close();
  server?.close();
});

/** Calls what the page offers. */
function inPage<T>(name: string, ...args: unknown[]): Promise<T> {
  return page!.evaluate(([called, given]) => (globalThis as unknown as { sdk: Record<string, (...values: unknown[]) => unknown> }).sdk[called as string]!(...(given as unknown[])), [name, args]) as Promise<T>;
}

test("a browser agrees on every policy vector", async () => {
  const { wrong, looked } = await inPage<{ wrong: string[]; looked: number }>("policies", vectors("policy-hash"));
  assert.deepEqual(wrong, []);
  assert.ok(looked > 100);
});

test("a browser agrees on every digest, signature and consent id", async () => {
  const { wrong, looked } = await inPage<{ wrong: string[]; looked: number }>("intents", domain, vectors("intents"), vectors("consent-id"));
  assert.deepEqual(wrong, []);
  assert.ok(looked > 50);
});

test("a passkey of this browser signs what the registry's verifier takes", async () => {
  const cdp = await page!.context().newCDPSession(page!);
  await cdp.send("WebAuthn.enable");
  await cdp.send("WebAuthn.addVirtualAuthenticator", {
    options: { protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true },
  });
  const { cases } = vectors<{ cases: { action: string; message: object; digest: Hex }[] }>("intents");
  const { action, message, digest } = cases.find((each) => each.action === "Revoke")!;
  const made = await inPage<{ x: Hex; y: Hex; digest: Hex; signer: Hex; signature: Hex; unknownKey: string }>("signs", domain, LOCAL.webAuthnVerifier, { action, message });
  assert.equal(made.digest, digest);
  assert.equal(made.signer, `${LOCAL.webAuthnVerifier}${made.x.slice(2)}${made.y.slice(2)}`.toLowerCase());
  const types = ["bytes32", "bytes32", "uint256", "uint256", "bytes", "string"].map((type) => ({ type }));
  const [r, s, challengeAt, typeAt, authenticatorData, clientData] = decodeAbiParameters(types, made.signature) as [Hex, Hex, bigint, bigint, Hex, string];
  const challenge = Buffer.from(digest.slice(2), "hex").toString("base64url");
  assert.ok(clientData.slice(Number(challengeAt)).startsWith(`"challenge":"${challenge}"`));
  assert.ok(clientData.slice(Number(typeAt)).startsWith('"type":"webauthn.get"'));
  const sha256 = (...parts: Uint8Array[]) => parts.reduce((hash, part) => hash.update(part), createHash("sha256")).digest();
  const data = Buffer.from(authenticatorData.slice(2), "hex");
  assert.equal(data[32]! & 5, 5, "the user was present and verified");
  const signed = sha256(data, sha256(Buffer.from(clientData)));
  const key = Buffer.from(`04${made.x.slice(2)}${made.y.slice(2)}`, "hex");
  assert.ok(p256.verify(Buffer.from(`${r.slice(2)}${s.slice(2)}`, "hex"), signed, key, { prehash: false, lowS: true }));
  assert.notEqual(made.unknownKey, "signed");
});

test("a session of the page's own server: its cookie, its guard, its paths", async () => {
  const { services: found, keys, url } = await inPage<{ services: Record<string, string>; keys: number; url: string }>("session");
  const origin = new URL(page!.url()).origin;
  assert.deepEqual([found.indexer, keys, url], [`${origin}/api/indexer`, 0, "/session/start?return=%2F&acr=aal2"]);
  const call = asked.find((each) => each.url === "/api/auth/v1/bindings");
  assert.deepEqual([call?.csrf, call?.cookie], ["guard", "session=1"]);
});
