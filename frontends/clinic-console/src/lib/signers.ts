/** Who signs for the organisation, where it is no passkey: its key, or a practitioner's own. */
import { developmentSigner, eip1193Signer, SignerError, ValidationError, type Address, type Eip1193Provider, type Hex, type Signer } from "@consentry/sdk";
import { sameAddress } from "@consentry/ui";
import { forgetCredentials } from "@consentry/ui/passkey";

declare global {
  interface Window { ethereum?: Eip1193Provider }
}

/** Where a key is. */
export type Way = "wallet" | "development";

/** Kept while the page is open, never stored. */
let development: Signer | undefined;

/** Forgets what was kept for whoever was signed in. */
export function forgetKeys(): void {
  development = undefined;
  forgetCredentials();
}

/** The development key that was entered, if any. */
export function developmentKey(): Signer | undefined {
  return development;
}

/** Keeps a development key until the page goes or the session ends. It must be a key of one who may ask. */
export function enterDevelopmentKey(text: string, mayAsk: readonly Address[]): Signer {
  const key = text.trim();
  if (!/^0x[0-9a-fA-F]{64}$/.test(key)) throw new ValidationError("INVALID_REQUEST", "a development key is 0x and 64 hexadecimal digits");
  development = mustBeAmong(developmentSigner(key as Hex), mayAsk);
  return development;
}

/** Whoever signs; it must be one of those who may ask. */
export async function signerBy(way: Way, mayAsk: readonly Address[]): Promise<Signer> {
  if (way === "development") {
    if (development === undefined) throw new SignerError("SIGNER_UNAVAILABLE", "no development key was entered");
    return mustBeAmong(development, mayAsk);
  }
  if (window.ethereum === undefined) throw new SignerError("SIGNER_UNAVAILABLE", "there is no wallet in this browser");
  return mustBeAmong(await eip1193Signer(window.ethereum), mayAsk);
}

function mustBeAmong(signer: Signer, mayAsk: readonly Address[]): Signer {
  if (mayAsk.some((each) => sameAddress(each, signer.address))) return signer;
  throw new SignerError("SIGNER_WRONG_ACCOUNT", "this key is not one of those that may ask here");
}
