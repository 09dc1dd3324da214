/** The person's keys: what is bound to them, how a passkey is made, and who signs. */
import { developmentSigner, eip1193Signer, passkeySigner, SignerError, type Address, type Deployment, type Eip1193Provider, type Hex, type Signer } from "@consentry/sdk";
import { credentials, developmentKeys, type BoundKey } from "./bound-keys.js";

declare global {
  interface Window { ethereum?: Eip1193Provider }
}

/** What a passkey's entry in the browser's own list is called. */
const NAME = "Consentry decisions";

/** Makes a passkey on this device for decisions, and keeps nothing of it but its public key. */
export async function makePasskey(deployment: Deployment): Promise<Signer> {
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
  const signer = passkeySigner({ credentialId, x, y, rpId }, verifierOf(deployment));
  credentials.set(signer.address.toLowerCase(), credentialId);
  return signer;
}

/** The account of the wallet in this browser. */
export async function walletSigner(): Promise<Signer> {
  if (window.ethereum === undefined) throw new SignerError("SIGNER_UNAVAILABLE", "there is no wallet in this browser");
  return eip1193Signer(window.ethereum);
}

/** A key that is typed in, and lives as long as this page: for tests on a local chain, never for a person's records. */
export function typedSigner(privateKey: string): Signer {
  if (!/^0x[0-9a-fA-F]{64}$/.test(privateKey)) throw new SignerError("SIGNER_UNAVAILABLE", "a development key is 0x and 64 hexadecimal digits");
  const signer = developmentSigner(privateKey as Hex);
  developmentKeys.set(signer.address.toLowerCase(), signer);
  return signer;
}

/** Whoever signs for a bound key. `others` may be used by mistake: then it is remembered that they are here. */
export async function signerOf(key: BoundKey, deployment: Deployment, others: readonly BoundKey[] = []): Promise<Signer> {
  if (key.passkey === undefined) {
    const development = developmentKeys.get(key.subject.toLowerCase());
    if (development !== undefined) return development;
    if (window.ethereum === undefined) throw new SignerError("SIGNER_UNAVAILABLE", "this key is in a wallet, and there is none in this browser");
    return eip1193Signer(window.ethereum, key.subject);
  }
  const { x, y } = key.passkey;
  const known = credentials.get(key.subject.toLowerCase());
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
    const by = async (each: BoundKey) => each.passkey !== undefined && (await isBy(each.passkey.x, each.passkey.y, parts));
    for (const other of others) if (await by(other)) credentials.set(other.subject.toLowerCase(), new Uint8Array(credential.rawId));
    if (!(await by(key))) throw new SignerError("SIGNER_WRONG_ACCOUNT", "another passkey was picked than the one that this decision needs");
    credentials.set(key.subject.toLowerCase(), new Uint8Array(credential.rawId));
    return parts;
  });
}

/** Whether an assertion is that key's. */
export async function isBy(x: Hex, y: Hex, parts: { authenticatorData: Uint8Array; clientDataJSON: Uint8Array; signature: Uint8Array }): Promise<boolean> {
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
