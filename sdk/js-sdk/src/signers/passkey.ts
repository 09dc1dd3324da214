/** Passkeys (WebAuthn, P-256), verified on chain by the deployed ERC-7913 verifier. They sign blind: show, and keep, what they sign. */
import { concat, encodeAbiParameters, hexToBytes, stringToHex, toHex } from "viem/utils";
import { SignerError, ValidationError } from "../errors.js";
import { isAddress, isHash, type Address, type Hex } from "../hex.js";
import { digestOf, signerIdOf } from "../intents/digest.js";
import type { Signer } from "./signer.js";

const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

/** A passkey as it was when it was made: its id and its public key. */
export interface Passkey {
  /** The credential's raw id. */
  readonly credentialId: Uint8Array;
  /** The public key. */
  readonly x: Hex;
  readonly y: Hex;
  /** The relying party's id: the site's domain. */
  readonly rpId: string;
}

/** What a browser hands over for one assertion. */
export interface AssertionParts {
  readonly authenticatorData: Uint8Array;
  readonly clientDataJSON: Uint8Array;
  /** DER. */
  readonly signature: Uint8Array;
}

/** Asks the browser; replaceable in tests. */
export type AssertionSource = (options: PublicKeyCredentialRequestOptions, signal?: AbortSignal) => Promise<AssertionParts>;

/** A passkey that signs. `verifier` is the deployment's ERC7913WebAuthnVerifier. */
export function passkeySigner(passkey: Passkey, verifier: Address, ask: AssertionSource = fromBrowser): Signer {
  if (!isAddress(verifier) || !isHash(passkey.x) || !isHash(passkey.y)) {
    throw new ValidationError("INTENT_FORM", "a passkey needs its verifier's address and its public key, 32 bytes each");
  }
  const signer = concat([verifier, passkey.x, passkey.y]).toLowerCase() as Hex;
  return {
    address: signerIdOf(signer),
    async sign(domain, what, signal) {
      const digest = digestOf(domain, what);
      const parts = await ask({
        challenge: buffer(hexToBytes(digest)),
        rpId: passkey.rpId,
        allowCredentials: [{ type: "public-key", id: buffer(passkey.credentialId) }],
        // The verifier refuses an assertion without it.
        userVerification: "required",
      }, signal);
      return { signer, signature: encodeAssertion(digest, parts) };
    },
  };
}

/** The form in which the verifier takes an assertion. Its s is brought to the lower half. */
export function encodeAssertion(digest: Hex, parts: AssertionParts): Hex {
  const clientData = new TextDecoder().decode(parts.clientDataJSON);
  const challenge = `"challenge":"${base64url(hexToBytes(digest))}"`;
  const [challengeAt, typeAt] = [byteIndex(clientData, challenge), byteIndex(clientData, '"type":"webauthn.get"')];
  if (challengeAt < 0 || typeAt < 0) {
    throw new SignerError("SIGNER_UNAVAILABLE", "the passkey signed something else than it was asked to");
  }
  const { r, s } = fromDer(parts.signature);
  const low = s > ORDER / 2n ? ORDER - s : s;
  const types = ["bytes32", "bytes32", "uint256", "uint256", "bytes", "bytes"].map((type) => ({ type }));
  return encodeAbiParameters(types, [
    toHex(r, { size: 32 }), toHex(low, { size: 32 }), BigInt(challengeAt), BigInt(typeAt),
    toHex(parts.authenticatorData), stringToHex(clientData),
  ]);
}

function byteIndex(text: string, part: string): number {
  const at = text.indexOf(part);
  return at < 0 ? at : new TextEncoder().encode(text.slice(0, at)).length;
}

/** ECDSA-Sig-Value: SEQUENCE { INTEGER r, INTEGER s }. */
function fromDer(der: Uint8Array): { r: bigint; s: bigint } {
  const wrong = new SignerError("SIGNER_UNAVAILABLE", "the passkey's signature is no ECDSA signature in DER");
  if (der[0] !== 0x30 || der[1] !== der.length - 2) throw wrong;
  let at = 2;
  const integer = () => {
    const length = der[at + 1] ?? 0;
    const bytes = der.slice(at + 2, at + 2 + length);
    if (der[at] !== 0x02 || length === 0 || length > 33 || bytes.length !== length) throw wrong;
    at += 2 + length;
    return BigInt(toHex(bytes));
  };
  const [r, s] = [integer(), integer()];
  if (at !== der.length || r === 0n || s === 0n || r >= ORDER || s >= ORDER) throw wrong;
  return { r, s };
}

function base64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes)).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

function buffer(bytes: Uint8Array): ArrayBuffer {
  return Uint8Array.from(bytes).buffer;
}

async function fromBrowser(publicKey: PublicKeyCredentialRequestOptions, signal?: AbortSignal): Promise<AssertionParts> {
  let credential: Credential | null;
  try {
    credential = await navigator.credentials.get({ publicKey, ...(signal && { signal }) });
  } catch (cause) {
    signal?.throwIfAborted();
    throw new SignerError("SIGNER_REFUSED", "the passkey was not used: declined, timed out, or not there", { cause });
  }
  const response = (credential as PublicKeyCredential | null)?.response as AuthenticatorAssertionResponse | undefined;
  if (response === undefined) throw new SignerError("SIGNER_UNAVAILABLE", "the browser gave no assertion");
  return {
    authenticatorData: new Uint8Array(response.authenticatorData),
    clientDataJSON: new Uint8Array(response.clientDataJSON),
    signature: new Uint8Array(response.signature),
  };
}
