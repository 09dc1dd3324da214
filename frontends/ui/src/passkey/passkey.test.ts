import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Deployment } from "@consentry/sdk";
import { forgetCredentials, publicKeyOf } from "./known.js";
import { foundPasskey, makePasskey } from "./passkey.js";

const deployment = { chainId: 31337, registry: `0x${"33".repeat(20)}`, webAuthnVerifier: `0x${"44".repeat(20)}` } as unknown as Deployment;
const domain = { name: "Consentry", version: "1", chainId: 31337, verifyingContract: `0x${"33".repeat(20)}` } as const;
const revoke = { action: "Invalidate", message: { actor: `0x${"55".repeat(20)}`, subject: `0x${"55".repeat(20)}`, throughSeq: 1, deadline: 9 } } as const;

/** An authenticator with any number of P-256 keys; it signs by the one that is picked, whichever was asked for. */
class Device {
  readonly keys: { id: Uint8Array; pair: CryptoKeyPair }[] = [];
  picked = 0;
  asked: PublicKeyCredentialRequestOptions[] = [];

  async create() {
    const pair = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign", "verify"]);
    const id = new Uint8Array([this.keys.length + 1]);
    this.keys.push({ id, pair });
    const spki = await crypto.subtle.exportKey("spki", pair.publicKey);
    return { rawId: id.buffer, response: { getPublicKey: () => spki } };
  }

  async get({ publicKey }: { publicKey: PublicKeyCredentialRequestOptions }) {
    this.asked.push(publicKey);
    const { id, pair } = this.keys[this.picked]!;
    const challenge = Buffer.from(publicKey.challenge as ArrayBuffer).toString("base64url");
    const clientDataJSON = new TextEncoder().encode(JSON.stringify({ type: "webauthn.get", challenge, origin: "http://localhost" }));
    const authenticatorData = new Uint8Array(37);
    const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", clientDataJSON));
    const raw = new Uint8Array(await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, pair.privateKey, new Uint8Array([...authenticatorData, ...hash])));
    return { rawId: id.buffer, response: { clientDataJSON: clientDataJSON.buffer, authenticatorData: authenticatorData.buffer, signature: der(raw).buffer } };
  }
}

function der(raw: Uint8Array): Uint8Array {
  const integer = (part: Uint8Array) => {
    const from = part.findIndex((byte) => byte !== 0);
    const value = [...part.slice(from)];
    if ((value[0] ?? 0) > 127) value.unshift(0);
    return [2, value.length, ...value];
  };
  const body = [...integer(raw.slice(0, 32)), ...integer(raw.slice(32))];
  return Uint8Array.from([0x30, body.length, ...body]);
}

let device: Device;
beforeEach(() => {
  device = new Device();
  vi.stubGlobal("navigator", { credentials: device });
});
afterEach(() => {
  forgetCredentials();
  vi.unstubAllGlobals();
});

/** A passkey as it is found again by what the directory says of it. */
async function made() {
  const signer = await makePasskey(deployment);
  const { signer: id } = await signer.sign(domain, revoke);
  const key = publicKeyOf(id)!;
  return { address: signer.address, key, id };
}

test("a passkey that was made signs under the address that stands for it, and is found again by its public key", async () => {
  const { address, key, id } = await made();
  expect(id.startsWith(`0x${"44".repeat(20)}`)).toBe(true);
  forgetCredentials();
  const found = foundPasskey(address, key, deployment);
  expect(found.address).toBe(address);
  expect((await found.sign(domain, revoke)).signer).toBe(id);
  expect(device.asked.at(-1)).toMatchObject({ allowCredentials: [], userVerification: "required" });
  // Once it was used, the page knows which it is and asks for no other.
  await foundPasskey(address, key, deployment).sign(domain, revoke);
  expect(device.asked.at(-1)?.allowCredentials).toHaveLength(1);
});

test("another passkey than the one that is needed signs nothing", async () => {
  const { address, key } = await made();
  await makePasskey(deployment);
  forgetCredentials();
  device.picked = 1;
  await expect(foundPasskey(address, key, deployment).sign(domain, revoke)).rejects.toMatchObject({ code: "SIGNER_WRONG_ACCOUNT" });
});

test("a person who says no has signed nothing, and a deployment without a verifier has no passkeys", async () => {
  const { address, key } = await made();
  device.get = () => Promise.reject(new DOMException("no", "NotAllowedError"));
  await expect(foundPasskey(address, key, deployment).sign(domain, revoke)).rejects.toMatchObject({ code: "SIGNER_REFUSED" });
  const { webAuthnVerifier: _, ...without } = deployment;
  const before = device.keys.length;
  await expect(makePasskey(without as Deployment)).rejects.toMatchObject({ code: "SIGNER_UNAVAILABLE" });
  expect(device.keys).toHaveLength(before);
});

test("only the signer of a passkey holds a public key: a wallet's has none, another verifier's may be longer", () => {
  for (const signer of [undefined, null, "0x", `0x${"44".repeat(20)}`, `0x${"44".repeat(85)}`]) expect(publicKeyOf(signer)).toBeUndefined();
});
