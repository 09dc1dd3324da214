/** Which keys are bound to the person. Signing with them is in `keys.ts`, which is fetched when somebody signs. */
import type { Address, Binding, Consentry, Hex, Signer } from "@consentry/sdk";
import { useSession } from "@consentry/ui";
import { queryOptions, useQuery } from "@tanstack/react-query";

/** A key that stands for the person. */
export interface BoundKey {
  readonly subject: Address;
  readonly boundAt: string;
  /** The public key, where it is a passkey; else a wallet's or a development key. */
  readonly passkey: { readonly x: Hex; readonly y: Hex } | undefined;
}

/** Kept while the page is open, never stored: which credential a passkey is, and development keys. */
export const credentials = new Map<string, Uint8Array>();
export const developmentKeys = new Map<string, Signer>();

/** Forgets what was kept for whoever was signed in. */
export function forgetKeys(): void {
  credentials.clear();
  developmentKeys.clear();
}

/** Whether a key is known to be on this device: it was used, or typed in, since the page was opened. */
export function isHere({ subject }: Pick<BoundKey, "subject">): boolean {
  const address = subject.toLowerCase();
  return credentials.has(address) || developmentKeys.has(address);
}

/** The keys that stand for the person, oldest first. */
export function useKeys() {
  const { consentry } = useSession();
  return useQuery(keysOf(consentry));
}

/** The same, for a query that needs them first. */
export function keysOf(consentry: Consentry) {
  return queryOptions({ queryKey: ["keys"], queryFn: async ({ signal }) => (await consentry.keys.list({ signal })).map(boundKey) });
}

export function boundKey({ subject, boundAt, signer }: Pick<Binding, "subject" | "boundAt" | "signer">): BoundKey {
  // ERC-7913: the verifier's 20 bytes, then the key's x and y.
  const isPasskey = typeof signer === "string" && signer.length === 2 + 2 * (20 + 64);
  return {
    subject: subject as Address, boundAt,
    passkey: isPasskey ? { x: `0x${signer.slice(42, 106)}`, y: `0x${signer.slice(106)}` } : undefined,
  };
}
