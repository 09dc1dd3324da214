import { Button, Checkbox, FaultNotice, Field, Notice, sameAddress, SummaryList, useFormats, useNow, useSession } from "@consentry/ui";
import { Trans } from "@lingui/react/macro";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { Hex } from "viem";
import { callOf, obstacleOf, readChange, type Change, type Obstacle } from "../lib/change.js";
import type { Registries } from "../lib/registries.js";
import { Wallet, walletHere, type Right } from "../lib/wallet.js";
import { ActionWords, UntilWords } from "./change-form.js";
import { VerificationTag } from "./words.js";

/** The second person's part: what was written, held against the chain, and sent. */
export function ChangeCheck({ registries }: { registries: Registries }) {
  const [text, setText] = useState("");
  const change = text.trim() === "" ? undefined : readChange(text);
  const isWrong = text.trim() !== "" && change === undefined;
  return (
    <>
      <Field
        lines={8} label={<Trans>The change that the other person wrote</Trans>} dir="ltr" spellCheck={false} autoComplete="off" value={text} onChange={(event) => setText(event.target.value)}
        error={isWrong && <Trans>This is no change, or not all of it. Copy it again from the first brace to the last.</Trans>}
      />
      {change && <Read key={JSON.stringify(change)} change={change} registries={registries} />}
    </>
  );
}

function Read({ change, registries }: { change: Change; registries: Registries }) {
  const { deployment } = useSession();
  const now = useNow(10_000);
  const isOrganization = change.kind === "organization";
  const known = (isOrganization ? registries.organizations : registries.practitioners).rows.find(({ address }) => sameAddress(address, change.grantee));
  const registry = (isOrganization ? registries.chain.hospitals : registries.chain.providers) ?? undefined;
  const nameOf = (address: string) => registries.directory.rows.find(({ bindings }) => bindings.some(({ grantee }) => sameAddress(grantee, address)))?.name;
  const name = isOrganization ? nameOf(change.grantee) : undefined;
  const obstacle = obstacleOf(change, { chainId: deployment.chainId, registry }, known, now);
  return (
    <>
      <h2><Trans>What it says</Trans></h2>
      <SummaryList rows={[
        { key: "action", term: <Trans>What is to happen</Trans>, value: <strong><ActionWords action={change.action} /></strong> },
        { key: "who", term: isOrganization ? <Trans>Organisation</Trans> : <Trans>Practitioner</Trans>, value: <>{name && <><bdi>{name}</bdi><br /></>}<span className="hex">{change.grantee}</span>{isOrganization && !name && <><br /><Trans>The directory has no such address.</Trans></>}</> },
        { key: "now", term: <Trans>The chain says of it now</Trans>, value: <VerificationTag status={known?.status} /> },
        ...(change.action === "verify" && change.organization !== undefined ? [{ key: "of", term: <Trans>Belongs to</Trans>, value: <>{nameOf(change.organization) && <><bdi>{nameOf(change.organization)}</bdi><br /></>}<span className="hex">{change.organization}</span></> }] : []),
        ...(change.action === "verify" ? [{ key: "until", term: <Trans>Verified until</Trans>, value: <UntilWords validTo={change.validTo} /> }] : []),
        { key: "hash", term: change.action === "verify" ? <Trans>Fingerprint of the papers</Trans> : <Trans>Fingerprint of the reason</Trans>, value: <span className="hex">{change.action === "verify" ? change.credential : change.reason}</span> },
      ]} />
      {obstacle ? <Notice kind="error" heading={<Trans>This cannot be sent</Trans>} live><p><ObstacleWords obstacle={obstacle} /></p></Notice> : <Send change={change} />}
    </>
  );
}

function ObstacleWords({ obstacle }: { obstacle: Obstacle }) {
  switch (obstacle) {
    case "other-chain": return <Trans>It is for another chain than this console's.</Trans>;
    case "other-registry": return <Trans>It names another registry than the one that is followed here. Ask who wrote it; do not send it.</Trans>;
    case "changed-since": return <Trans>Something changed for this address since it was written. Look at what the chain says now, and have it written anew.</Trans>;
    case "suspended": return <Trans>It is suspended. A suspension is ended first; verifying does not end it.</Trans>;
    case "not-suspended": return <Trans>It is not suspended, so there is nothing to end.</Trans>;
    case "not-verified": return <Trans>The chain does not have it as verified, so there is nothing to take away.</Trans>;
    case "over": return <Trans>The day until which it was to hold is over. Have it written anew.</Trans>;
    case "same-address": return <Trans>A practitioner cannot be their own organisation.</Trans>;
  }
}

function Send({ change }: { change: Change }) {
  const { deployment } = useSession();
  const { dateTime, span } = useFormats();
  const queries = useQueryClient();
  const [wasChecked, setChecked] = useState(false);
  const [wallet, setWallet] = useState<Wallet>();
  const target = change.registry;
  const data = callOf(change);
  const seconds = () => Math.floor(Date.now() / 1000);
  const connect = useMutation({
    mutationFn: async () => {
      const provider = walletHere();
      if (provider === undefined) return undefined;
      const open = await Wallet.connect(provider, deployment.chainId);
      setWallet(open);
      return open.rightTo(target, data, seconds());
    },
  });
  const send = useMutation({
    mutationFn: async (how: "now" | "schedule" | "execute"): Promise<{ how: typeof how; hash: Hex; right: Right }> => {
      if (wallet === undefined) throw new TypeError("no wallet is connected");
      const hash = await wallet.send(target, data, how);
      return { how, hash, right: await wallet.rightTo(target, data, seconds()) };
    },
    onSuccess: () => queries.invalidateQueries({ queryKey: ["chain"] }),
  });
  const right = send.data?.right ?? connect.data;
  const sent = send.data;
  if (sent !== undefined && sent.how !== "schedule") {
    return (
      <Notice kind="success" heading={<Trans>The change is in a block</Trans>} live>
        <p><Trans>It counts as soon as the chain is read up to there. Look at the list of organisations in a moment.</Trans></p>
        <p className="hex">{sent.hash}</p>
        <div className="actions"><Button small kind="quiet" onPress={() => void queries.invalidateQueries({ queryKey: ["registries"] })}><Trans>Ask the chain again</Trans></Button></div>
      </Notice>
    );
  }
  return (
    <>
      <h2><Trans>Send it</Trans></h2>
      <Checkbox label={<Trans>I compared this with the papers, and somebody else wrote it</Trans>} value={wasChecked} onChange={setChecked} />
      {wallet === undefined
        ? <div className="actions"><Button pending={connect.isPending} isDisabled={!wasChecked} onPress={() => connect.mutate()}><Trans>Connect the registrar's wallet</Trans></Button></div>
        : <p><Trans>Wallet:</Trans> <span className="hex">{wallet.account}</span></p>}
      {connect.isSuccess && connect.data === undefined && <Notice kind="warning" heading={<Trans>There is no wallet in this browser</Trans>} live><p><Trans>Open this page in the browser that has the registrar's wallet. Or send this call with any tool that signs for the registrar, to the registry above:</Trans></p><p className="hex">{data}</p></Notice>}
      {connect.isError && <FaultNotice error={connect.error} />}
      {send.isError && <FaultNotice error={send.error} />}
      {right && <RightWords right={right} dateTime={dateTime} span={span} />}
      {wallet && right && (right.may === "now" || right.may === "schedule" || right.may === "execute") && (
        <div className="actions"><Button pending={send.isPending} isDisabled={!wasChecked} onPress={() => send.mutate(right.may as "now" | "schedule" | "execute")}>{right.may === "schedule" ? <Trans>Announce it on the chain</Trans> : <Trans>Send it to the chain</Trans>}</Button></div>
      )}
    </>
  );
}

function RightWords({ right, dateTime, span }: { right: Right; dateTime: (moment: number) => string; span: (seconds: number) => string }) {
  switch (right.may) {
    case "now": return <Notice heading={<Trans>This wallet may do it at once</Trans>}><p><Trans>The chain asks for no delay here, and nobody else has to agree.</Trans></p></Notice>;
    case "schedule": {
      const delay = span(right.delay);
      return <Notice heading={<Trans>It has to wait first: {delay}</Trans>}><p><Trans>You announce it now. Meanwhile the suspender can stop it. Then come back with the same text and the same wallet to send it.</Trans></p></Notice>;
    }
    case "wait": {
      const ready = dateTime(right.readyAt);
      return <Notice kind="info" heading={<Trans>It is announced, and may be sent from {ready}</Trans>} live><p><Trans>Until then the suspender can stop it. Keep the text, and come back then.</Trans></p></Notice>;
    }
    case "execute": return <Notice heading={<Trans>The delay is over</Trans>}><p><Trans>Nobody stopped it. You can send it now.</Trans></p></Notice>;
    case "nothing": return <Notice kind="error" heading={<Trans>This wallet may not do it</Trans>} live><p><Trans>Only the registrar's account may, and for suspending the suspender's. Switch the account in the wallet, then load this page again.</Trans></p></Notice>;
  }
}
