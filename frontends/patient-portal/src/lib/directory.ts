/** Who is behind an address: names from the custodian's directory, verification from the chain. */
import { ConsentryError } from "@consentry/sdk";
import { useSession, type SignedIn } from "@consentry/ui";
import { useQuery } from "@tanstack/react-query";
import * as v from "valibot";
import { call } from "./services.js";

/** An organisation, by one of its addresses. */
export interface Organization {
  readonly id: string;
  readonly name: string;
  readonly address: `0x${string}`;
  /** Whether the registry on the chain says that it may ask patients. */
  readonly verified: boolean;
  /** Whether the address is one practitioner's of it, and not its own. */
  readonly ofPractitioner?: boolean;
}

const next = v.optional(v.nullable(v.string()));
const Named = v.object({ organizations: v.array(v.object({ id: v.string(), name: v.string(), bindings: v.array(v.object({ grantee: v.string() })) })), next });
const Verified = v.object({ organizations: v.array(v.object({ address: v.string(), verified: v.boolean() })), next });

/** So many pages at most: a directory without end must not be an endless loop. */
const MOST_PAGES = 20;

async function pages<T extends { next?: string | null | undefined }>(first: string, ask: (path: string) => Promise<T>): Promise<T[]> {
  const all: T[] = [];
  let cursor: string | undefined;
  do {
    const page = await ask(cursor === undefined ? first : `${first}&cursor=${encodeURIComponent(cursor)}`);
    all.push(page);
    cursor = page.next ?? undefined;
  } while (cursor !== undefined && all.length < MOST_PAGES);
  return all;
}

async function organizations(who: SignedIn, signal: AbortSignal): Promise<Organization[]> {
  const [named, onChain] = await Promise.all([
    pages("/v1/organizations?limit=200", (path) => call(who, "auth", path, Named, { signal })),
    pages("/v1/organizations?limit=500", (path) => call(who, "indexer", path, Verified, { signal })),
  ]);
  const verified = new Set(onChain.flatMap((page) => page.organizations).filter((each) => each.verified).map((each) => each.address.toLowerCase()));
  return named.flatMap((page) => page.organizations).flatMap(({ id, name, bindings }) =>
    bindings.map(({ grantee }) => ({ id, name, address: grantee as `0x${string}`, verified: verified.has(grantee.toLowerCase()) })));
}

/** All organisations that can be named. */
export function useDirectory() {
  const who = useSession();
  return useQuery({ queryKey: ["directory"], queryFn: ({ signal }) => organizations(who, signal), staleTime: 60_000 });
}

const Practitioner = v.object({ practitioner: v.object({ organization: v.optional(v.nullable(v.string())), verified: v.boolean() }) });

/** What the chain says of a practitioner's address; nothing where it was never verified. */
async function practitioner(who: SignedIn, address: string, signal: AbortSignal) {
  try {
    return (await call(who, "indexer", `/v1/practitioners/${address}`, Practitioner, { signal })).practitioner;
  } catch (error) {
    if (error instanceof ConsentryError && error.code === "NOT_FOUND") return null;
    throw error;
  }
}

/** The organisation of an address or of an id, once the directory is there: also of a practitioner's address. */
export function useOrganization(key: string | undefined): Organization | undefined {
  const who = useSession();
  const { data } = useDirectory();
  const found = organizationOf(data, key);
  const isOther = data !== undefined && found === undefined && key !== undefined && /^0x[0-9a-fA-F]{40}$/.test(key);
  const person = useQuery({ queryKey: ["practitioner", key], enabled: isOther, staleTime: 60_000, queryFn: ({ signal }) => practitioner(who, key as string, signal) }).data;
  return found ?? practitionersOrganization(key, person, data);
}

/** The organisation that an address or an id names, among these. */
export function organizationOf(directory: readonly Organization[] | undefined, key: string | undefined): Organization | undefined {
  return directory?.find((each) => each.address.toLowerCase() === key?.toLowerCase() || each.id === key);
}

/** A practitioner is named by their organisation, and may ask while the chain says so. */
export function practitionersOrganization(address: string | undefined, person: v.InferOutput<typeof Practitioner>["practitioner"] | null | undefined, directory: readonly Organization[] | undefined): Organization | undefined {
  const organization = organizationOf(directory, person?.organization ?? undefined);
  if (organization === undefined || person === null || person === undefined) return undefined;
  return { ...organization, address: address as `0x${string}`, verified: person.verified, ofPractitioner: true };
}
