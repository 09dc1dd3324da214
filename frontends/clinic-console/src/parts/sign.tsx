import { ConsentryError, type Address, type Consent, type Consentry, type Pending, type WaitOptions, type WaitStatus } from "@consentry/sdk";
import { Button, type ButtonKind, FaultNotice, Field, Loaded, Notice, RadioGroup, Steps, buttonClass, isDevelopment, useFormats, useSession, sameAddress } from "@consentry/ui";
import { foundPasskey } from "@consentry/ui/passkey";
import { Trans } from "@lingui/react/macro";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useRef, useState, type ReactNode } from "react";
import { passkeysAmong, practitionerOf, useOwnKeys, type OwnPasskey } from "../lib/own-keys.js";
import { developmentKey, enterDevelopmentKey, signerBy, type Way } from "../lib/signers.js";

interface Props {
  /** Whose decision it is, where only that key will do. */
  grantee?: Address;
  label: ReactNode;
  kind?: ButtonKind;
  /** Signs and hands in. */
  sign: (consentry: Consentry) => Promise<Pending>;
  wait: (pending: Pending, options: WaitOptions) => Promise<Consent | undefined>;
  /** What the last step says. */
  outcome: ReactNode;
  onDone: (consent: Consent | undefined) => void;
}

/** One signature, with the practitioner's passkey or the organisation's key, and what becomes of it, step by step. */
export function SignAndWait({ grantee, ...props }: Props) {
  const { identity } = useSession();
  const own = useOwnKeys();
  const mayAsk = grantee === undefined ? identity.grantees ?? [] : [grantee];
  if (mayAsk.length === 0) {
    return (
      <Notice kind="warning" heading={<Trans>Your organisation has no key that may ask</Trans>}>
        <p><Trans>An administrator has to verify your organisation and its key first. Until then nothing can be asked.</Trans></p>
      </Notice>
    );
  }
  return <Loaded query={own} waiting={<Trans>Looking for your keys…</Trans>}>{(keys) => <WithKeys passkeys={passkeysAmong(keys, mayAsk)} mayAsk={mayAsk} {...props} />}</Loaded>;
}

function WithKeys({ passkeys, mayAsk, label, kind = "main", sign, wait, outcome, onDone }: Omit<Props, "grantee"> & { passkeys: readonly OwnPasskey[]; mayAsk: readonly Address[] }) {
  const { deployment, identity, withSigner } = useSession();
  const { date } = useFormats();
  const queries = useQueryClient();
  // Addresses whose keys are in a wallet, or typed in on a local chain.
  const others = mayAsk.filter((each) => !passkeys.some(({ address }) => sameAddress(address, each)));
  const [way, setWay] = useState<Way | Address>(developmentKey() !== undefined && others.length > 0 ? "development" : (passkeys[0]?.address ?? "wallet"));
  const [status, setStatus] = useState<WaitStatus>();
  const pending = useRef<Pending>(undefined);
  const passkey = passkeys.find(({ address }) => address === way);

  const decision = useMutation({
    mutationFn: async () => {
      // What was handed in once is only waited for, never signed again.
      pending.current ??= await sign(withSigner(passkey === undefined ? await signerBy(way as Way, others) : foundPasskey(passkey, deployment, passkeys)));
      setStatus((before) => before ?? { intent: "accepted", consent: undefined, finality: undefined, reorganised: false });
      return wait(pending.current, { onStatus: setStatus, timeoutMs: 120_000 });
    },
    onSuccess: (consent) => {
      void queries.invalidateQueries({ queryKey: ["worklist"] });
      void queries.invalidateQueries({ queryKey: ["consent"] });
      onDone(consent);
    },
    onError: (error) => {
      // What the registry refused can be signed anew; what is only late, or could not be asked about, is waited for.
      if (error instanceof ConsentryError && (error.kind === "Chain" || error.kind === "Conflict")) pending.current = undefined;
    },
  });

  if (status !== undefined && pending.current !== undefined) {
    return (
      <div aria-live="polite">
        <h2><Trans>What happens now</Trans></h2>
        <Steps done={stepOf(status, decision.isSuccess)} steps={[
          { key: "signed", label: <Trans>You signed</Trans> },
          { key: "saving", label: <Trans>It is being saved</Trans> },
          { key: "saved", label: <Trans>It is saved and being confirmed</Trans> },
          { key: "done", label: outcome },
        ]} />
        {status.reorganised && <Notice><p><Trans>The network took a step back, so it has to be confirmed again. You need do nothing.</Trans></p></Notice>}
        {decision.isError && <FaultNotice error={decision.error} retry={() => decision.mutate()} />}
      </div>
    );
  }
  const choices = [
    ...passkeys.map(({ address, boundAt }) => {
      const added = date(boundAt);
      return { value: address, label: <Trans>Your passkey</Trans>, hint: <Trans>What the patient allows, only you can read. Added on {added}.</Trans> };
    }),
    ...(others.length > 0 ? [{ value: "wallet" as const, label: <Trans>The wallet in this browser</Trans>, hint: <Trans>It shows what you sign.</Trans> }] : []),
    ...(others.length > 0 && isDevelopment(deployment) ? [{ value: "development" as const, label: <Trans>A development key</Trans>, hint: <Trans>For tests on this machine only. Never use it for real patients.</Trans> }] : []),
  ];
  const needsKey = way === "development" && developmentKey() === undefined;
  return (
    <div>
      {choices.length > 1 && <RadioGroup<Way | Address> legend={<Trans>Sign with</Trans>} value={way} onChange={setWay} choices={choices} />}
      {needsKey ? <DevelopmentKey mayAsk={others} label={label} onReady={() => decision.mutate()} /> : (
        <>
          {decision.isError && <FaultNotice error={decision.error} />}
          <div className="actions"><Button kind={kind} pending={decision.isPending} onPress={() => decision.mutate()}>{label}</Button></div>
          <p className="small soft">{passkey !== undefined ? <Trans>Your device will ask for your finger, your face or your screen lock.</Trans> : way === "wallet" ? <Trans>Your wallet will show what you sign.</Trans> : <Trans>The development key that you entered signs. It is forgotten when you sign out.</Trans>}</p>
          {passkeys.length === 0 && practitionerOf(identity) !== undefined && <p className="small"><Link to="/keys" className={buttonClass({ kind: "plain", small: true })}><Trans>Use a passkey of your own</Trans></Link></p>}
        </>
      )}
    </div>
  );
}

/** Where a development key is entered. It goes nowhere but into this page's memory. */
function DevelopmentKey({ mayAsk, label, onReady }: { mayAsk: readonly Address[]; label: ReactNode; onReady: () => void }) {
  const [text, setText] = useState("");
  const [problem, setProblem] = useState<ReactNode>();
  const submit = (event: React.FormEvent) => {
    event.preventDefault();
    try {
      enterDevelopmentKey(text, mayAsk);
      setText("");
      onReady();
    } catch (error) {
      if (!(error instanceof ConsentryError)) throw error;
      setProblem(error.code === "SIGNER_WRONG_ACCOUNT" ? <Trans>This key is not one of those that may ask for your organisation. Use the organisation's own.</Trans> : <Trans>A development key is 0x and 64 digits from 0 to 9 and a to f. Check that you copied all of it.</Trans>);
    }
  };
  return (
    <form onSubmit={submit}>
      <Notice kind="warning"><p><Trans>This is a test network. A development key is no protection.</Trans></p></Notice>
      <Field label={<Trans>The organisation's development key</Trans>} hint={<Trans>The local stack writes it to its list of endpoints.</Trans>} error={problem} type="password" autoComplete="off" spellCheck={false} dir="ltr" value={text} onChange={(event) => setText(event.target.value)} />
      <div className="actions"><Button type="submit">{label}</Button></div>
    </form>
  );
}

/** Which step is under way. */
function stepOf(status: WaitStatus, isDone: boolean): number {
  if (isDone) return 4;
  return status.intent === "final" || status.intent === "included" ? 2 : 1;
}
