/** Which keys are bound to the person. Signing with them is in `keys.ts`, which is fetched when somebody signs. */
import type { Address, Binding, Consentry, Signer } from "@consentry/sdk";
import { useSession } from "@consentry/ui";
import { credentialOf, forgetCredentials, publicKeyOf, type PublicKey } from "@consentry/ui/passkey";
import { queryOptions, useQuery } from "@tanstack/react-query";

/** A key that stands for the person. */
export interface BoundKey {
  readonly subject: Address;
  readonly boundAt: string;
  /** The public key, where it is a passkey; else a wallet's or a development key. */
  readonly passkey: PublicKey | undefined;
}

/** Development keys. Kept while the page is open, never stored. */
export const developmentKeys = new Map<string, Signer>();

/** Forgets what was kept for whoever was signed in. */
export function forgetKeys(): void {
  forgetCredentials();
  developmentKeys.clear();
}

/** Whether a key is known to be on this device: it was used, or typed in, since the page was opened. */
export function isHere({ subject }: Pick<BoundKey, "subject">): boolean {
  return credentialOf(subject) !== undefined || developmentKeys.has(subject.toLowerCase());
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
  return { subject: subject as Address, boundAt, passkey: publicKeyOf(signer) };
}
