/**
 * What a receipt's QR code leads to: the verify page, with the consent's id and its policy's hash. They stand in the
 * fragment, which browsers send to no server, so that no log tells who looked at which receipt.
 */
import type { Hex } from "@consentry/sdk";

/** What a receipt's code names. Two hashes: nothing of the patient. */
export interface Named { readonly id: Hex; readonly policy: Hex }

const HASH = /^0x[0-9a-f]{64}$/;

/** The fragment, without its `#`. */
export function fragmentOf({ id, policy }: Named): string {
  return new URLSearchParams({ id: id.toLowerCase(), policy: policy.toLowerCase() }).toString();
}

/** Reads a fragment; nothing where it names no consent. */
export function readFragment(fragment: string): Named | undefined {
  const query = new URLSearchParams(fragment.replace(/^#/, ""));
  const [id, policy] = [query.get("id")?.toLowerCase() ?? "", query.get("policy")?.toLowerCase() ?? ""];
  if ([...query.keys()].sort().join() !== "id,policy" || !HASH.test(id) || !HASH.test(policy)) return undefined;
  return { id: id as Hex, policy: policy as Hex };
}

/** The whole address, as the QR code has it. */
export function verifyUrl(named: Named): string {
  return `${location.origin}/verify#${fragmentOf(named)}`;
}

const KEPT = "consentry.verify";

/**
 * Keeps the fragment while its reader signs in. The way leads over another origin and through forms, where a fragment is
 * lost, and a query would put it into servers' logs. The tab's own storage is neither sent nor shared, ends with the tab,
 * holds two hashes and no word about a person, and is emptied by {@link takeFragment} right after the sign-in.
 */
export function keepFragment(): void {
  if (location.pathname === "/verify" && readFragment(location.hash) !== undefined) sessionStorage.setItem(KEPT, location.hash);
}

/** What was kept, which is then no longer kept. */
export function takeFragment(): string | undefined {
  const kept = sessionStorage.getItem(KEPT) ?? undefined;
  sessionStorage.removeItem(KEPT);
  return kept?.replace(/^#/, "");
}
