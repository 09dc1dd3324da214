import assert from "node:assert/strict";
import { test } from "node:test";
import { createConsentry, passkeySigner } from "../../src/index.js";
import { checkSignature, digestOf, domainOf, type Hex } from "../../src/intents/index.js";
import { problem, services } from "./fake.js";
import { deployment, owner, signedIn } from "./world.js";

const about = { tenant: "general-hospital", organization: "clinic-a", practitioner: "dr-7" };
const said = { grantee: owner.address, nonce: "1", deadline: 9, signature: "0x01", boundAt: "2026-01-01T00:00:00Z" };
const directory = () => services(({ method }) => (method === "DELETE" ? { status: 204 } : { status: 201, json: { ...about, bindings: [said] } }));
const clientOf = (fetch: ReturnType<typeof services>["fetch"], signer = owner) => createConsentry({ deployment, auth: signedIn, signer, fetch, retryDelayMs: 1 });

interface Body { grantee: Hex; nonce: string; deadline: number; signature: Hex; signer?: Hex }

test("a practitioner's key signs whose it is, and nothing else is handed in", async () => {
  const { fetch, seen } = directory();
  assert.deepEqual(await clientOf(fetch).grantees.bind({ ...about, nonce: 3n }), [said]);
  const [{ url, method, body }] = seen as [typeof seen[0]];
  assert.deepEqual([method, url.href], ["POST", "http://auth.test/v1/grantee-bindings"]);
  const { deadline, signature, ...rest } = JSON.parse(body) as Body;
  assert.deepEqual(rest, { grantee: owner.address, nonce: "3" });
  const digest = digestOf(domainOf(deployment), { action: "BindGrantee", message: { ...about, grantee: owner.address, nonce: 3n, deadline } });
  await checkSignature(owner.address, digest, signature);
});

test("a passkey's statement goes with the key that it is verified by", async () => {
  const { fetch, seen } = directory();
  const passkey = { credentialId: new Uint8Array([1]), x: `0x${"01".repeat(32)}`, y: `0x${"02".repeat(32)}`, rpId: "localhost" } as const;
  const verifier = `0x${"44".repeat(20)}` as const;
  const der = Uint8Array.from([0x30, 6, 2, 1, 1, 2, 1, 1]);
  const signer = passkeySigner(passkey, verifier, async ({ challenge }) => ({
    authenticatorData: new Uint8Array(37), signature: der,
    clientDataJSON: new TextEncoder().encode(`{"type":"webauthn.get","challenge":"${Buffer.from(challenge as ArrayBuffer).toString("base64url")}"}`),
  }));
  await clientOf(fetch, signer).grantees.bind(about);
  const body = JSON.parse(seen[0]!.body) as Body;
  assert.equal(body.grantee, signer.address);
  assert.equal(body.signer, `${verifier}${"01".repeat(32)}${"02".repeat(32)}`);
});

test("own addresses are listed and ended; what belongs to somebody else is a conflict", async () => {
  const { fetch, seen } = directory();
  const client = clientOf(fetch);
  assert.deepEqual(await client.grantees.list(), [said]);
  await client.grantees.end(owner.address);
  assert.deepEqual(seen.map(({ method, url }) => `${method} ${url.pathname}`), ["GET /v1/grantee-bindings", `DELETE /v1/grantee-bindings/${owner.address}`]);
  const taken = clientOf(services(() => problem(409, "address-taken")).fetch);
  await assert.rejects(taken.grantees.bind(about), { code: "CONFLICT" });
});
