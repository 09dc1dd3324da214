/** Organisations and practitioners: what the chain says beside what the directory says. */
import { sameAddress } from "@consentry/ui";
import type { Grantee, Organization } from "./api.js";

/**
 * What the two come to: it may ask patients; nobody in the directory signed for the address; the directory has it and the chain
 * never verified it; its verification does not hold now.
 */
export type Standing = "standing" | "not-in-directory" | "not-on-chain" | "not-verified";

/** An address of an organisation. */
export interface OrganizationRow { address: string; id: string | undefined; name: string | undefined; chain: Grantee | undefined; standing: Standing }

/** A practitioner's address. The directory's practitioners are told to themselves only. */
export interface PractitionerRow { address: string; organization: string | undefined; organizationName: string | undefined; chain: Grantee }


/** Every address that either of them knows, those that need a look first. */
export function organizationRows(chain: readonly Grantee[], directory: readonly Organization[]): OrganizationRow[] {
  const rows: OrganizationRow[] = directory.flatMap(({ id, name, bindings }) => bindings.map(({ grantee }) => {
    const verified = chain.find(({ address }) => sameAddress(address, grantee));
    return { address: grantee, id, name, chain: verified, standing: verified === undefined ? "not-on-chain" : verified.verified ? "standing" : "not-verified" };
  }));
  const others = chain.filter(({ address }) => !rows.some((row) => sameAddress(row.address, address)));
  rows.push(...others.map((row): OrganizationRow => ({ address: row.address, id: undefined, name: undefined, chain: row, standing: row.verified ? "not-in-directory" : "not-verified" })));
  const order: Standing[] = ["not-in-directory", "not-on-chain", "not-verified", "standing"];
  return rows.sort((a, b) => order.indexOf(a.standing) - order.indexOf(b.standing) || (a.name ?? "").localeCompare(b.name ?? "") || a.address.localeCompare(b.address));
}

export function practitionerRows(chain: readonly Grantee[], directory: readonly Organization[]): PractitionerRow[] {
  return chain.map((row) => {
    const organization = row.organization ?? undefined;
    const found = directory.find(({ bindings }) => organization !== undefined && bindings.some(({ grantee }) => sameAddress(grantee, organization)));
    return { address: row.address, organization, organizationName: found?.name, chain: row };
  });
}

/** An address as it is recognised: its beginning and its end. */
export function shortAddress(address: string): string {
  return address.length > 14 ? `${address.slice(0, 8)}…${address.slice(-6)}` : address;
}
