/** The practitioner's own keys: which are bound to them, and whether the chain lets them ask. */
import { ConsentryError, type Address, type GranteeBinding } from "@consentry/sdk";
import { callChecked, sameAddress, useSession } from "@consentry/ui";
import { publicKeyOf, type PublicKey } from "@consentry/ui/passkey";
import { useQuery } from "@tanstack/react-query";
import * as v from "valibot";

/** A key of one's own. */
export interface OwnKey {
  readonly address: Address;
  readonly boundAt: string;
  /** The public key, where it is a passkey; else a wallet's. */
  readonly passkey: PublicKey | undefined;
}

/** An own key that is a passkey. */
export type OwnPasskey = OwnKey & { readonly passkey: PublicKey };

/** How often it is looked whether an administrator has verified a key, while somebody waits for it. */
const WATCH_MS = 10_000;

/** The practitioner's FHIR id, of a token's `Practitioner/7`. An account can be of an organisation and of nobody in it. */
export function practitionerOf({ practitioner }: { readonly practitioner?: string }): string | undefined {
  return practitioner?.startsWith("Practitioner/") ? practitioner.slice("Practitioner/".length) : undefined;
}

export function ownKey({ grantee, boundAt, signer }: Pick<GranteeBinding, "grantee" | "boundAt" | "signer">): OwnKey {
  return { address: grantee as Address, boundAt, passkey: publicKeyOf(signer) };
}

/** The keys that are bound to the practitioner. */
export function useOwnKeys() {
  const { consentry, identity } = useSession();
  const practitioner = practitionerOf(identity);
  return useQuery({ queryKey: ["own-keys"], queryFn: async ({ signal }): Promise<OwnKey[]> => (practitioner === undefined ? [] : (await consentry.grantees.list({ signal })).map(ownKey)) });
}

/** The own passkeys among addresses that may ask. */
export function passkeysAmong(keys: readonly OwnKey[], mayAsk: readonly Address[]): OwnPasskey[] {
  return keys.filter((key): key is OwnPasskey => key.passkey !== undefined && mayAsk.some((each) => sameAddress(each, key.address)));
}

const Single = v.object({ practitioner: v.object({ status: v.picklist(["VERIFIED", "EXPIRED", "SUSPENDED", "REMOVED"]), verified: v.boolean(), organization: v.optional(v.nullable(v.string())) }) });

/** What the chain says of an address as a practitioner's; `undefined` where it was never verified. */
export type OnChain = v.InferOutput<typeof Single>["practitioner"] | undefined;

/** Looks again until the key can be used. */
export function useOnChain(address: Address, isWaitedFor: boolean) {
  const who = useSession();
  return useQuery({
    queryKey: ["on-chain", address], refetchInterval: isWaitedFor ? WATCH_MS : false,
    queryFn: async ({ signal }): Promise<NonNullable<OnChain> | null> => {
      try {
        return (await callChecked(who, "indexer", `/v1/practitioners/${address}`, Single, { signal })).practitioner;
      } catch (error) {
        if (error instanceof ConsentryError && error.code === "NOT_FOUND") return null;
        throw error;
      }
    },
  });
}

/**
 * Where a key stands: it may ask; the chain says that it may and this sign-in does not know yet; it was never verified; it was,
 * for another organisation; it was, and is not any more.
 */
export type Standing = "asks" | "sign-in-again" | "unverified" | "elsewhere" | "ended";

/** `mayAsk` are the addresses of this sign-in, `organization` those of the person's organisation. */
export function standingOf(address: Address, onChain: OnChain, mayAsk: readonly Address[], organization: readonly Address[]): Standing {
  if (onChain === undefined) return "unverified";
  if (!onChain.verified) return "ended";
  if (!organization.some((each) => sameAddress(each, onChain.organization ?? ""))) return "elsewhere";
  return mayAsk.some((each) => sameAddress(each, address)) ? "asks" : "sign-in-again";
}
