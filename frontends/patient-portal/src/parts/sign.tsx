import { ConsentryError, type Address, type Consentry, type Consent, type Pending, type WaitOptions, type WaitStatus } from "@consentry/sdk";
import { type ButtonKind, FaultNotice, Loaded, Notice, Steps, buttonClass, useSession } from "@consentry/ui";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Trans } from "@lingui/react/macro";
import { useRef, useState, type ReactNode } from "react";
import { ALL_RIGHTS, authorityOf, signersFor, useAuthorities, type Need } from "../lib/authority.js";
import { useKeys, type BoundKey } from "../lib/bound-keys.js";
import { signerOf, typedSigner } from "../lib/keys.js";
import { KeyName } from "./key-name.js";
import { PickKey, usePickedKey } from "./pick-key.js";
import { PressToSign } from "./press-to-sign.js";

const EVERYTHING: Need = { rights: ALL_RIGHTS, until: null };

interface Props {
  /** Under which of the person's addresses it is kept; the oldest if absent. */
  subject?: Address;
  /** What it takes, everything and for ever if absent; of the person's keys, all that may are offered. */
  need?: Need;
  label: ReactNode;
  kind?: ButtonKind;
  /** Signs and hands in. */
  sign: (consentry: Consentry, subject: Address) => Promise<Pending>;
  wait: (pending: Pending, options: WaitOptions) => Promise<Consent | undefined>;
  /** What the last step says. */
  outcome: ReactNode;
  /** A stop is in force as soon as it is handed in. */
  isStop?: boolean;
  onDone: (consent: Consent | undefined) => void;
}

/** One signature, and what becomes of it, step by step until it is in force. */
export function SignAndWait(props: Props) {
  const keys = useKeys();
  return (
    <Loaded query={keys} waiting={<Trans>Looking for your keys…</Trans>}>
      {(all) => {
        const subject = props.subject ?? all[0]?.subject;
        return subject === undefined ? <NoKey /> : <WithKeys {...props} subject={subject} keys={all} />;
      }}
    </Loaded>
  );
}

function NoKey() {
  return (
    <Notice kind="warning" heading={<Trans>You need a key first</Trans>}>
      <p><Trans>A key is how you sign. You make it once, with your finger, your face or your screen lock. It takes a minute.</Trans></p>
      <div className="actions"><Link to="/keys" className={buttonClass({ small: true })}><Trans>Make my key</Trans></Link></div>
    </Notice>
  );
}

function WithKeys({ subject, need = EVERYTHING, keys, label, kind = "main", sign, wait, outcome, isStop = false, onDone }: Props & { subject: Address; keys: readonly BoundKey[] }) {
  const { deployment, withSigner } = useSession();
  const queries = useQueryClient();
  const authorities = useAuthorities();
  const picked = usePickedKey(signersFor(keys, subject, authorityOf(authorities.data, subject), need));
  const { key } = picked;
  const [status, setStatus] = useState<WaitStatus>();
  const [tried, setTried] = useState<BoundKey>();
  const pending = useRef<Pending>(undefined);

  const decision = useMutation({
    mutationFn: async (typed?: string) => {
      if (typed !== undefined) typedSigner(typed);
      if (key === undefined) throw new ConsentryError("Signer", "SIGNER_UNAVAILABLE", "none of the keys may decide this");
      setTried(key);
      // What was handed in once is only waited for, never signed again.
      pending.current ??= await sign(withSigner(await signerOf(key, deployment, keys)), subject);
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
      if (error instanceof ConsentryError && error.kind === "Signer") picked.open();
    },
  });

  if (key === undefined) {
    return (
      <Notice kind="warning" heading={<Trans>None of your keys may decide this</Trans>}>
        <p><Trans>A key that you no longer have decided it. You can still stop everything: for that you need no key.</Trans></p>
        <div className="actions"><Link to="/stop" className={buttonClass({ small: true, kind: "quiet" })}><Trans>Stop everything</Trans></Link></div>
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
  const wasAnother = decision.error instanceof ConsentryError && decision.error.code === "SIGNER_WRONG_ACCOUNT" && tried !== undefined && tried.subject !== key.subject;
  return (
    <div>
      {wasAnother && (
        <Notice heading={<Trans>You used <KeyName of={key.subject} keys={keys} /></Trans>} live>
          <p><Trans>It may decide this too. Press once more to sign with it.</Trans></p>
        </Notice>
      )}
      {decision.isError && !wasAnother && <FaultNotice error={decision.error} />}
      <PressToSign signer={key} label={label} kind={kind} isBusy={decision.isPending} onPress={(typed) => decision.mutate(typed)} />
      <PickKey picked={picked} keys={keys} />
      {authorities.data !== undefined && picked.candidates.length < keys.length && <p className="small soft"><Trans>Not all of your keys may decide this. <Link to="/keys">See which</Link></Trans></p>}
    </div>
  );
}

/** Which step is under way. */
function stepOf(status: WaitStatus, isDone: boolean): number {
  if (isDone) return 4;
  return status.intent === "final" || status.intent === "included" ? 2 : 1;
}
