import { Loaded, Notice, Page, Table, useFormats } from "@consentry/ui";
import { Trans, useLingui } from "@lingui/react/macro";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useApi, type SigningKey } from "../lib/api.js";
import { ConfirmButton } from "../parts/confirm.js";
import { KeyStateTag } from "../parts/words.js";

const OVER: readonly SigningKey["state"][] = ["destroyed", "compromised"];

export function Keys() {
  const { t } = useLingui();
  const api = useApi();
  const queries = useQueryClient();
  const query = useQuery({ queryKey: ["keys"], queryFn: ({ signal }) => api.keys(signal) });
  const rotate = useMutation({ mutationFn: () => api.rotateKeys(), onSuccess: () => queries.invalidateQueries({ queryKey: ["keys"] }) });
  return (
    <Page heading={<Trans>Signing keys</Trans>} plainHeading={t`Signing keys`} lead={<Trans>With these the sign-in service signs every token. They change by themselves; nobody has to do anything.</Trans>}>
      <div className="actions">
        <ConfirmButton label={<Trans>Change the key now</Trans>} heading={<Trans>Change the signing key now?</Trans>} action={<Trans>Change it</Trans>} work={rotate} small={false}>
          <p><Trans>A new key is made and signs about two minutes later, when all services know it. Nobody is signed out.</Trans></p>
        </ConfirmButton>
      </div>
      {rotate.isSuccess && <Notice kind="success" heading={<Trans>A new key is on its way</Trans>} live><p><Trans>It signs as soon as all services know it.</Trans></p></Notice>}
      <Loaded query={query} waiting={<Trans>Fetching the keys.</Trans>}>{(keys) => <KeyTable keys={keys} />}</Loaded>
    </Page>
  );
}

function KeyTable({ keys }: { keys: SigningKey[] }) {
  const { t } = useLingui();
  const { dateTime } = useFormats();
  return (
    <>
      {!keys.some(({ state }) => state === "active") && <Notice kind="error" heading={<Trans>No key signs</Trans>} live><p><Trans>No tokens are given out. Look at the sign-in service's readiness; the runbook on signing keys says what to do.</Trans></p></Notice>}
      <Table
        caption={<Trans>All keys, newest first</Trans>} rows={[...keys].reverse()} rowKey={({ kid }) => kid}
        columns={[
          { key: "kid", label: <Trans>Key</Trans>, text: t`Key`, cell: ({ kid }) => <span className="hex">{kid}</span> },
          { key: "state", label: <Trans>State</Trans>, text: t`State`, cell: ({ state }) => <KeyStateTag state={state} /> },
          { key: "since", label: <Trans>Since</Trans>, text: t`Since`, cell: ({ since, signsFrom }) => <>{dateTime(since)}{signsFrom && <SignsFrom at={signsFrom} />}</> },
          { key: "made", label: <Trans>Made</Trans>, text: t`Made`, cell: ({ createdAt }) => dateTime(createdAt) },
          { key: "do", label: <Trans>What you can do</Trans>, text: t`What you can do`, cell: (key) => (OVER.includes(key.state) ? <span className="soft"><Trans>nothing; it is over</Trans></span> : <Compromise kid={key.kid} />) },
        ]}
      />
    </>
  );
}

function SignsFrom({ at }: { at: string }) {
  const { dateTime } = useFormats();
  const from = dateTime(at);
  return <><br /><span className="small soft"><Trans>signs from {from}</Trans></span></>;
}

function Compromise({ kid }: { kid: string }) {
  const api = useApi();
  const queries = useQueryClient();
  const work = useMutation({ mutationFn: () => api.compromiseKey(kid), onSuccess: (keys) => queries.setQueryData(["keys"], keys) });
  return (
    <ConfirmButton
      danger label={<Trans>It may be stolen</Trans>} heading={<Trans>Take this key out of use?</Trans>} action={<Trans>Take it out of use</Trans>} work={work}
      sure={<Trans>Yes, every token of this key must end now</Trans>}
    >
      <p className="hex">{kid}</p>
      <ul>
        <li><Trans>Every token that it signed is refused everywhere within seconds, also yours.</Trans></li>
        <li><Trans>People and services get new tokens by themselves.</Trans></li>
        <li><Trans>It cannot be undone.</Trans></li>
      </ul>
    </ConfirmButton>
  );
}
