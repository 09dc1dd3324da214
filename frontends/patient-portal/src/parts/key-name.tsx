import { useFormats } from "@consentry/ui";
import { Trans } from "@lingui/react/macro";
import { keyAt } from "../lib/authority.js";
import type { BoundKey } from "../lib/bound-keys.js";

/** What a key is called: its kind, and its place among the person's keys, which stays while there are more. */
export function KeyName({ of, keys }: { of: string; keys: readonly BoundKey[] }) {
  const { number } = useFormats();
  const key = keyAt(keys, of);
  if (key === undefined) return <Trans>A key that is not among yours</Trans>;
  const place = number(keys.indexOf(key) + 1);
  return key.passkey ? <Trans>Passkey {place}</Trans> : <Trans>Wallet {place}</Trans>;
}
