/** What a page knows of passkeys without signing by them. Small: first loads have it. */
import type { Address, Hex } from "@consentry/sdk";

/** A passkey's public key. */
export interface PublicKey { readonly x: Hex; readonly y: Hex }

/** Kept while the page is open, never stored: which credential a passkey is, by its address. */
const credentials = new Map<string, Uint8Array>();

export function credentialOf(address: Address): Uint8Array | undefined {
  return credentials.get(address.toLowerCase());
}

export function rememberCredential(address: Address, id: Uint8Array): void {
  credentials.set(address.toLowerCase(), id);
}

/** Forgets what was kept for whoever was signed in. */
export function forgetCredentials(): void {
  credentials.clear();
}

/** The public key in an ERC-7913 signer, if it is a passkey's: the verifier's 20 bytes, then x and y. */
export function publicKeyOf(signer: string | null | undefined): PublicKey | undefined {
  if (typeof signer !== "string" || signer.length !== 2 + 2 * (20 + 64)) return undefined;
  return { x: `0x${signer.slice(42, 106)}`, y: `0x${signer.slice(106)}` };
}
