import { Button, RadioGroup, useFormats } from "@consentry/ui";
import { Trans, useLingui } from "@lingui/react/macro";
import { useState } from "react";
import { isHere, type BoundKey } from "../lib/bound-keys.js";
import { KeyName } from "./key-name.js";

/** Which key signs, among those that may. */
export interface Picked {
  readonly key: BoundKey | undefined;
  readonly candidates: readonly BoundKey[];
  readonly isOpen: boolean;
  open(): void;
  pick(subject: string): void;
}

/** The one that the person picked, else one that is known to be on this device, else the first. */
export function usePickedKey(candidates: readonly BoundKey[]): Picked {
  const [chosen, pick] = useState<string>();
  const [isOpen, setOpen] = useState(false);
  const key = candidates.find(({ subject }) => subject === chosen) ?? candidates.find(isHere) ?? candidates[0];
  return { key, candidates, isOpen, pick, open: () => setOpen(true) };
}

/** Lets the person sign with another of their keys. Says nothing where there is one. */
export function PickKey({ picked, keys }: { picked: Picked; keys: readonly BoundKey[] }) {
  const { t } = useLingui();
  const { date } = useFormats();
  const { key, candidates, isOpen } = picked;
  if (candidates.length < 2 || key === undefined) return null;
  if (!isOpen) return <Button kind="plain" small onPress={picked.open}><Trans>Sign with another of my keys</Trans></Button>;
  return (
    <RadioGroup
      legend={t`Which key do you want to use?`} value={key.subject} onChange={picked.pick}
      choices={candidates.map((each) => ({ value: each.subject, label: <KeyName of={each.subject} keys={keys} />, hint: <Trans>Added on {date(each.boundAt)}</Trans> }))}
    />
  );
}
