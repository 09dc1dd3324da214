import { Button, Field, Notice } from "@consentry/ui";
import { Trans } from "@lingui/react/macro";
import { useState, type ReactNode } from "react";

/** A private key typed in by who tests on a local chain. It is kept in memory until the page is closed. */
export function DevelopmentKey({ label, isBusy, onKey }: { label: ReactNode; isBusy: boolean; onKey: (privateKey: string) => void }) {
  const [text, setText] = useState("");
  return (
    <Notice kind="warning" heading={<Trans>Development key: for tests only</Trans>}>
      <p><Trans>It is kept while this page is open. Never use it for a real record.</Trans></p>
      <Field label={<Trans>Private key of a test account</Trans>} type="password" autoComplete="off" dir="ltr" value={text} onChange={(event) => setText(event.target.value)} />
      <Button small kind="quiet" isDisabled={isBusy || text === ""} onPress={() => onKey(text.trim())}>{label}</Button>
    </Notice>
  );
}
