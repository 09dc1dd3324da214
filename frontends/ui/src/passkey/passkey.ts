/** Passkeys that decide: made in the portal, found again on any device that has them, verified on chain. */
import { passkeySigner, SignerError, type Address, type Deployment, type Hex, type Signer } from "@consentry/sdk";
import { credentialOf, rememberCredential, type PublicKey } from "./known.js";

/** What a passkey's entry in the browser's own list is called. */
const NAME = "Consentry decisions";

/** Makes a passkey on this device for decisions, and keeps nothing of it but its public key. */
export async function makePasskey(deployment: Deployment): Promise<Signer> {
  // Asked first: a passkey that nothing can verify would stay behind on the device.
  const verifier = verifierOf(deployment);
  const challenge = crypto.getRandomValues(new Uint8Array(32));
  const rpId = location.hostname;
  let made: Credential | null;
  try {
    made = await navigator.credentials.create({
      publicKey: {
        challenge, rp: { id: rpId, name: "Consentry" },
        user: { id: crypto.getRandomValues(new Uint8Array(32)), name: NAME, displayName: NAME },
        pubKeyCredParams: [{ type: "public-key", alg: -7 }],
        // Found again on any device that has it, so that nothing about it need be kept here.
        authenticatorSelection: { residentKey: "required", userVerification: "required" },
        attestation: "none",
      },
    });
  } catch (cause) {
    throw new SignerError("SIGNER_REFUSED", "no passkey was made: declined, timed out, or not possible here", { cause });
  }
  const credential = made as PublicKeyCredential | null;
  const spki = (credential?.response as AuthenticatorAttestationResponse | undefined)?.getPublicKey();
  // A P-256 key's SubjectPublicKeyInfo ends with x and y.
  if (credential === null || spki === null || spki === undefined || spki.byteLength !== 91) throw new SignerError("SIGNER_UNAVAILABLE", "the device made a key of another kind than P-256");
  const point = new Uint8Array(spki).slice(-64);
  const [x, y] = [hex(point.slice(0, 32)), hex(point.slice(32))];
  const credentialId = new Uint8Array(credential.rawId);
  const signer = passkeySigner({ credentialId, x, y, rpId }, verifier);
  rememberCredential(signer.address, credentialId);
  return signer;
}

/**
 * Signs by a passkey that was made before, wherever the browser finds it. `address` is the one that stands for it. `others`
 * may be picked by mistake: then it is remembered that they are here.
 */
export function foundPasskey(address: Address, key: PublicKey, deployment: Deployment, others: readonly (readonly [Address, PublicKey])[] = []): Signer {
  const { x, y } = key;
  const known = credentialOf(address);
  const rpId = location.hostname;
  return passkeySigner({ credentialId: known ?? new Uint8Array(), x, y, rpId }, verifierOf(deployment), async (options, signal) => {
    // Which credential it is is nowhere stored; the browser offers those it has, and the signature tells which it was.
    const publicKey = known === undefined ? { ...options, allowCredentials: [] } : options;
    let credential: PublicKeyCredential | null;
    try {
      credential = (await navigator.credentials.get({ publicKey, ...(signal && { signal }) })) as PublicKeyCredential | null;
    } catch (cause) {
      signal?.throwIfAborted();
      throw new SignerError("SIGNER_REFUSED", "the passkey was not used: declined, timed out, or not there", { cause });
    }
    if (credential === null) throw new SignerError("SIGNER_UNAVAILABLE", "the browser gave no assertion");
    const response = credential.response as AuthenticatorAssertionResponse;
    const parts = { authenticatorData: new Uint8Array(response.authenticatorData), clientDataJSON: new Uint8Array(response.clientDataJSON), signature: new Uint8Array(response.signature) };
    for (const [other, theirs] of others) if (await isBy(theirs, parts)) rememberCredential(other, new Uint8Array(credential.rawId));
    if (!(await isBy(key, parts))) throw new SignerError("SIGNER_WRONG_ACCOUNT", "another passkey was picked than the one that this decision needs");
    rememberCredential(address, new Uint8Array(credential.rawId));
    return parts;
  });
}

/** Whether an assertion is that key's. */
async function isBy({ x, y }: PublicKey, parts: { authenticatorData: Uint8Array; clientDataJSON: Uint8Array; signature: Uint8Array }): Promise<boolean> {
  const raw = new Uint8Array([4, ...bytes(x), ...bytes(y)]);
  const key = await crypto.subtle.importKey("raw", raw, { name: "ECDSA", namedCurve: "P-256" }, false, ["verify"]);
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", Uint8Array.from(parts.clientDataJSON)));
  const signed = new Uint8Array([...parts.authenticatorData, ...hash]);
  const signature = fromDer(parts.signature);
  return signature !== undefined && crypto.subtle.verify({ name: "ECDSA", hash: "SHA-256" }, key, signature, signed);
}

/** r and s as WebCrypto takes them, of ECDSA-Sig-Value. */
function fromDer(der: Uint8Array): Uint8Array<ArrayBuffer> | undefined {
  const out = new Uint8Array(64);
  let at = 2;
  for (const end of [32, 64]) {
    const length = der[at + 1] ?? 0;
    const value = der.slice(at + 2, at + 2 + length);
    const trimmed = value.slice(value.findIndex((byte) => byte !== 0));
    if (der[at] !== 2 || value.length !== length || trimmed.length > 32) return undefined;
    out.set(trimmed, end - trimmed.length);
    at += 2 + length;
  }
  return out;
}

function verifierOf({ webAuthnVerifier }: Deployment): Address {
  if (webAuthnVerifier === undefined) throw new SignerError("SIGNER_UNAVAILABLE", "this deployment has no verifier of passkeys");
  return webAuthnVerifier;
}

function hex(value: Uint8Array): Hex {
  return `0x${Array.from(value, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

function bytes(value: Hex): number[] {
  return (value.slice(2).match(/../g) ?? []).map((pair) => Number.parseInt(pair, 16));
}
