/** Who signs for the person. */
import { developmentSigner, eip1193Signer, SignerError, type Deployment, type Eip1193Provider, type Hex, type Signer } from "@consentry/sdk";
import { foundPasskey } from "@consentry/ui/passkey";
import { developmentKeys, type BoundKey } from "./bound-keys.js";

declare global {
  interface Window { ethereum?: Eip1193Provider }
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
export async function signerOf({ subject, passkey }: BoundKey, deployment: Deployment, others: readonly BoundKey[] = []): Promise<Signer> {
  if (passkey !== undefined) return foundPasskey(subject, passkey, deployment, others.flatMap((each) => (each.passkey ? [[each.subject, each.passkey]] : [])));
  const development = developmentKeys.get(subject.toLowerCase());
  if (development !== undefined) return development;
  if (window.ethereum === undefined) throw new SignerError("SIGNER_UNAVAILABLE", "this key is in a wallet, and there is none in this browser");
  return eip1193Signer(window.ethereum, subject);
}
