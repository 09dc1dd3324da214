import { ConsentryError, type Address, type Consentry, type Consent, type Pending, type WaitOptions, type WaitStatus } from "@consentry/sdk";
import { Button, type ButtonKind, FaultNotice, Loaded, Notice, RadioGroup, Steps, buttonClass, isDevelopment, useFormats, useSession } from "@consentry/ui";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Trans, useLingui } from "@lingui/react/macro";
import { useRef, useState, type ReactNode } from "react";
import { developmentKeys, useKeys, type BoundKey } from "../lib/bound-keys.js";
import { signerOf, typedSigner } from "../lib/keys.js";
import { DevelopmentKey } from "./development-key.js";

interface Props {
  /** Whose decision it is, where only that key will do; else the person picks. */
  subject?: Address;
  label: ReactNode;
  kind?: ButtonKind;
  /** Signs and hands in. */
  sign: (consentry: Consentry, key: BoundKey) => Promise<Pending>;
  wait: (pending: Pending, options: WaitOptions) => Promise<Consent | undefined>;
  /** What the last step says. */
  outcome: ReactNode;
  /** A stop is in force as soon as it is handed in. */
  isStop?: boolean;
  onDone: (consent: Consent | undefined) => void;
}

/** One signature, and what becomes of it, step by step until it is in force. */
export function SignAndWait({ subject, label, kind = "main", sign, wait, outcome, isStop = false, onDone }: Props) {
  const keys = useKeys();
  return (
    <Loaded query={keys} waiting={<Trans>Looking for your keys…</Trans>}>
      {(all) => <WithKeys keys={subject === undefined ? all : all.filter((each) => each.subject.toLowerCase() === subject.toLowerCase())} {...{ label, kind, sign, wait, outcome, isStop, onDone }} />}
    </Loaded>
  );
}

function WithKeys({ keys, label, kind, sign, wait, outcome, isStop, onDone }: Omit<Props, "subject"> & { keys: readonly BoundKey[] }) {
  const { t } = useLingui();
  const { deployment, withSigner } = useSession();
  const { date } = useFormats();
  const queries = useQueryClient();
  const [chosen, setChosen] = useState<string>();
  const [status, setStatus] = useState<WaitStatus>();
  const pending = useRef<Pending>(undefined);
  const key = keys.find((each) => each.subject === chosen) ?? keys[0];

  const decision = useMutation({
    mutationFn: async (typed?: string) => {
      if (typed !== undefined) typedSigner(typed);
      if (key === undefined) throw new ConsentryError("Signer", "SIGNER_UNAVAILABLE", "no key is bound");
      // What was handed in once is only waited for, never signed again.
      pending.current ??= await sign(withSigner(await signerOf(key, deployment)), key);
      setStatus((before) => before ?? { intent: "accepted", consent: undefined, finality: undefined, reorganised: false });
      return wait(pending.current, { onStatus: setStatus, timeoutMs: 120_000 });
    },
    onSuccess: (consent) => {
      void queries.invalidateQueries({ queryKey: ["consents"] });
      void queries.invalidateQueries({ queryKey: ["consent"] });
      onDone(consent);
    },
    onError: (error) => {
      // What the registry refused can be signed anew.
      if (error instanceof ConsentryError && error.code !== "FINALITY_TIMEOUT") pending.current = undefined;
    },
  });

  if (key === undefined) {
    return (
      <Notice kind="warning" heading={<Trans>You need a key first</Trans>}>
        <p><Trans>A key is how you sign. You make it once, with your finger, your face or your screen lock. It takes a minute.</Trans></p>
        <div className="actions"><Link to="/keys" className={buttonClass({ small: true })}><Trans>Make my key</Trans></Link></div>
      </Notice>
    );
  }
  if (status !== undefined && !(decision.isError && pending.current === undefined)) {
    return (
      <div aria-live="polite">
        <h2><Trans>What happens now</Trans></h2>
        <Steps done={stepOf(status, decision.isSuccess)} steps={[
          { key: "signed", label: <Trans>You signed</Trans> },
          { key: "saving", label: isStop ? <Trans>It is stopped; now it is being written down</Trans> : <Trans>It is being saved</Trans> },
          { key: "saved", label: <Trans>It is saved and being confirmed</Trans> },
          { key: "active", label: outcome },
        ]} />
        {status.reorganised && <Notice><p><Trans>The network took a step back, so we wait for it to be confirmed again. You need do nothing.</Trans></p></Notice>}
        {decision.isError && <FaultNotice error={decision.error} retry={() => decision.mutate(undefined)} />}
      </div>
    );
  }
  const isTyped = key.passkey === undefined && window.ethereum === undefined && isDevelopment(deployment) && !developmentKeys.has(key.subject.toLowerCase());
  return (
    <div>
      {keys.length > 1 && (
        <RadioGroup
          legend={t`Which key do you want to use?`} value={key.subject} onChange={setChosen}
          choices={keys.map((each, at) => ({ value: each.subject, label: each.passkey ? <Trans>Passkey {at + 1}</Trans> : <Trans>Wallet {at + 1}</Trans>, hint: <Trans>Added on {date(each.boundAt)}</Trans> }))}
        />
      )}
      {decision.isError && <FaultNotice error={decision.error} />}
      {isTyped ? <DevelopmentKey label={label} isBusy={decision.isPending} onKey={(typed) => decision.mutate(typed)} /> : (
        <div className="actions"><Button kind={kind} pending={decision.isPending} onPress={() => decision.mutate(undefined)}>{label}</Button></div>
      )}
      <p className="small soft">{key.passkey ? <Trans>Your device will ask for your finger, your face or your screen lock.</Trans> : <Trans>Your wallet will show what you sign.</Trans>}</p>
    </div>
  );
}

/** Which step is under way. */
function stepOf(status: WaitStatus, isDone: boolean): number {
  if (isDone) return 4;
  return status.intent === "final" || status.intent === "included" ? 2 : 1;
}
