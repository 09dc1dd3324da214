import { Button, isDevelopment, useSession, type ButtonKind } from "@consentry/ui";
import { Trans } from "@lingui/react/macro";
import type { ReactNode } from "react";
import { developmentKeys, type BoundKey } from "../lib/bound-keys.js";
import { DevelopmentKey } from "./development-key.js";

interface Props {
  /** Whose signature it takes. */
  signer: BoundKey;
  label: ReactNode;
  kind?: ButtonKind;
  small?: boolean;
  isBusy: boolean;
  /** With a private key where one was typed in. */
  onPress: (typed?: string) => void;
}

/** The press that leads to a signature, and what the device will then ask. */
export function PressToSign({ signer, label, kind = "main", small = false, isBusy, onPress }: Props) {
  const { deployment } = useSession();
  const isTyped = signer.passkey === undefined && window.ethereum === undefined && isDevelopment(deployment) && !developmentKeys.has(signer.subject.toLowerCase());
  return (
    <>
      {isTyped ? <DevelopmentKey label={label} isBusy={isBusy} onKey={onPress} /> : (
        <div className="actions"><Button kind={kind} small={small} pending={isBusy} onPress={() => onPress()}>{label}</Button></div>
      )}
      <p className="small soft">{signer.passkey ? <Trans>Your device will ask for your finger, your face or your screen lock.</Trans> : <Trans>Your wallet will show what you sign.</Trans>}</p>
    </>
  );
}
