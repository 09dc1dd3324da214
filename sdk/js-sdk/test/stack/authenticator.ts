import { createHash } from "node:crypto";
import { p256 } from "@noble/curves/nist.js";
import { passkeySigner, type Hex, type Signer } from "../../src/index.js";
import { deployment } from "./stack.js";

const hex = (bytes: Uint8Array): Hex => `0x${Buffer.from(bytes).toString("hex")}`;
const sha256 = (...parts: Uint8Array[]) => parts.reduce((hash, part) => hash.update(part), createHash("sha256")).digest();

/** A passkey as a browser and an authenticator would use it, with a key in memory. */
export function passkey(rpId = "localhost"): Signer {
  const secret = p256.utils.randomPrivateKey();
  const point = p256.getPublicKey(secret, false);
  const key = { credentialId: new Uint8Array([1]), x: hex(point.slice(1, 33)), y: hex(point.slice(33)), rpId };
  return passkeySigner(key, deployment.webAuthnVerifier!, async ({ challenge }) => {
    const said = { type: "webauthn.get", challenge: Buffer.from(challenge as ArrayBuffer).toString("base64url"), origin: "http://localhost", crossOrigin: false };
    const clientDataJSON = new TextEncoder().encode(JSON.stringify(said));
    const authenticatorData = Buffer.concat([sha256(Buffer.from(rpId)), Buffer.from([0x05, 0, 0, 0, 1])]);
    // Authenticators give an s of either half.
    const signature = p256.sign(sha256(authenticatorData, sha256(clientDataJSON)), secret, { prehash: false, lowS: false });
    return { authenticatorData, clientDataJSON, signature: signature.toDERRawBytes() };
  });
}
