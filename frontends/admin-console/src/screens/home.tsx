import type { ChainStatus, ServiceHealth, ServiceName } from "@consentry/sdk";
import { Loaded, Notice, Page, SummaryList, Table, useFormats, useNow, useSession } from "@consentry/ui";
import { Trans, useLingui } from "@lingui/react/macro";
import { useQuery } from "@tanstack/react-query";
import { useApi, type RelayAccount } from "../lib/api.js";
import { coins, isLow } from "../lib/coins.js";
import { ledgerState } from "../lib/ledger.js";
import { ServiceLabel } from "../parts/words.js";

/** How often it is looked at again while the page is seen. */
const EVERY_MS = 10_000;

export function Home() {
  const { t } = useLingui();
  const { consentry } = useSession();
  const api = useApi();
  const chain = useQuery({ queryKey: ["chain"], queryFn: ({ signal }) => consentry.health.chain({ signal }), refetchInterval: EVERY_MS });
  const services = useQuery({ queryKey: ["services"], queryFn: ({ signal }) => consentry.health.check({ signal }), refetchInterval: EVERY_MS });
  const account = useQuery({ queryKey: ["relay-account"], queryFn: ({ signal }) => api.relayAccount(signal), refetchInterval: EVERY_MS });
  return (
    <Page heading={<Trans>Health</Trans>} plainHeading={t`Health`} lead={<Trans>Whether the chain is followed and the services work. This page looks again every ten seconds.</Trans>}>
      <Loaded query={chain} waiting={<Trans>Asking how far the chain is read.</Trans>}>{(status) => <Ledger status={status} />}</Loaded>
      <h2><Trans>Services</Trans></h2>
      <Loaded query={services} waiting={<Trans>Asking each service.</Trans>}>{(health) => <Services health={health} />}</Loaded>
      <h2><Trans>What the relay can still pay</Trans></h2>
      <Loaded query={account} waiting={<Trans>Asking the relay.</Trans>}>{(found) => <Coins account={found} />}</Loaded>
      <h2><Trans>What this page does not know</Trans></h2>
      <p><Trans>Whether proofs of the archive stand on the chain: no service tells it to this console.</Trans></p>
    </Page>
  );
}

function Ledger({ status }: { status: ChainStatus }) {
  const { number, dateTime, relative } = useFormats();
  const { t } = useLingui();
  const { deployment } = useSession();
  const now = useNow();
  const height = (value: number | null | undefined) => (value === null || value === undefined ? <Trans>not known</Trans> : number(value));
  const hex = (value: string | null | undefined) => (value ? <span className="hex">{value}</span> : <Trans>not followed</Trans>);
  const required = { latest: t`the newest block`, safe: t`the safe block`, finalized: t`the final block` }[deployment.finality ?? "finalized"];
  const seen = status.observedAt ? <>{relative(status.observedAt)} <span className="soft">({dateTime(status.observedAt)})</span></> : <Trans>never</Trans>;
  return (
    <>
      <LedgerNotice status={status} now={now} />
      <SummaryList rows={[
        { key: "latest", term: <Trans>Newest block</Trans>, value: height(status.latest) },
        { key: "safe", term: <Trans>Safe block</Trans>, value: height(status.safe) },
        { key: "finalized", term: <Trans>Final block</Trans>, value: height(status.finalized) },
        { key: "indexed", term: <Trans>Read up to block</Trans>, value: height(status.indexed?.blockNo) },
        { key: "lag", term: <Trans>Blocks not read yet</Trans>, value: height(status.lagBlocks) },
        { key: "seen", term: <Trans>Seen as newest</Trans>, value: seen },
        { key: "counts", term: <Trans>A decision counts from</Trans>, value: required },
        { key: "reorg", term: <Trans>Times the chain took blocks back</Trans>, value: number(status.reorgEpoch) },
        { key: "rev", term: <Trans>Changes read so far</Trans>, value: number(status.rev) },
      ]} />
      <details>
        <summary><Trans>Which chain and contracts</Trans></summary>
        <SummaryList rows={[
          { key: "chain", term: <Trans>Chain number</Trans>, value: <span className="hex">{status.chainId}</span> },
          { key: "registry", term: <Trans>Registry of consents</Trans>, value: hex(status.registry) },
          { key: "hospitals", term: <Trans>Registry of organisations</Trans>, value: hex(status.hospitals) },
          { key: "providers", term: <Trans>Registry of practitioners</Trans>, value: hex(status.providers) },
          { key: "block", term: <Trans>Fingerprint of the last block read</Trans>, value: hex(status.indexed?.blockHash) },
        ]} />
      </details>
    </>
  );
}

function LedgerNotice({ status, now }: { status: ChainStatus; now: number }) {
  const { number, relative } = useFormats();
  const lag = number(status.lagBlocks ?? 0);
  const since = status.observedAt ? relative(status.observedAt) : "";
  switch (ledgerState(status, now)) {
    case "well": return <Notice kind="success" heading={<Trans>The chain is read to its newest block</Trans>} />;
    case "behind": return <Notice kind="warning" heading={<Trans>Some blocks are not read yet: {lag}</Trans>}><p><Trans>This passes by itself within seconds. If it stays, look at the reader of the chain.</Trans></p></Notice>;
    case "old": return <Notice kind="error" heading={<Trans>What is known of the chain is old</Trans>} live><p><Trans>The newest block was last seen {since}. Until it is seen again, records are not released. Look at the node and the reader of the chain.</Trans></p></Notice>;
    case "halted": return <Notice kind="error" heading={<Trans>The chain is not read any more</Trans>} live><p><Trans>The reader stopped, so that nothing wrong is shown. It says why:</Trans> <code dir="ltr">{status.halted}</code></p></Notice>;
    case "unreached": return <Notice kind="error" heading={<Trans>The chain's node does not answer</Trans>} live><p><Trans>No records are released until it does. Look at the node.</Trans></p></Notice>;
    case "unseen": return <Notice kind="warning" heading={<Trans>No block has been read yet</Trans>} live><p><Trans>The reader of the chain has just begun. Look again in a minute.</Trans></p></Notice>;
  }
}

/** What the account has that pays for decisions. */
function Coins({ account }: { account: RelayAccount }) {
  const { exact, relative } = useFormats();
  const { balance, seenAt, alarmBelow, address, isReserved } = account;
  const [left, alarm] = [balance ? exact(coins(balance)) : "", exact(coins(alarmBelow))];
  return (
    <>
      {isReserved
        ? <Notice kind="error" heading={<Trans>The relay keeps what it has for stops</Trans>} live><p><Trans>New consents are not sent until its account is filled.</Trans></p></Notice>
        : isLow(account) && <Notice kind="warning" heading={<Trans>The relay is running out of coins</Trans>} live><p><Trans>Fill its account. With half of {alarm} ETH left, only stops are sent.</Trans></p></Notice>}
      <SummaryList rows={[
        { key: "left", term: <Trans>Balance</Trans>, value: balance ? <Trans>{left} ETH</Trans> : <Trans>not known</Trans> },
        { key: "alarm", term: <Trans>Alarm below</Trans>, value: <Trans>{alarm} ETH</Trans> },
        { key: "seen", term: <Trans>Seen on the chain</Trans>, value: seenAt ? relative(seenAt) : <Trans>never</Trans> },
        { key: "address", term: <Trans>Address</Trans>, value: <span className="hex">{address}</span> },
      ]} />
    </>
  );
}

function Services({ health }: { health: Record<ServiceName, ServiceHealth> }) {
  const { t } = useLingui();
  const rows = Object.entries(health) as [ServiceName, ServiceHealth][];
  const away = rows.filter(([, { ready }]) => !ready).length;
  return (
    <>
      {away > 0 && <Notice kind="error" heading={<Trans>Not every service takes work</Trans>} live><p><Trans>What needs them is refused until they are back. Each says below what it lacks.</Trans></p></Notice>}
      <Table
        caption={<Trans>Services</Trans>} hideCaption rows={rows} rowKey={([name]) => name}
        columns={[
          { key: "name", label: <Trans>Service</Trans>, text: t`Service`, cell: ([name]) => <ServiceLabel name={name} /> },
          { key: "ready", label: <Trans>State</Trans>, text: t`State`, cell: ([, { ready }]) => (ready ? <span className="tag good"><Trans>Works</Trans></span> : <span className="tag bad"><Trans>Takes no work</Trans></span>) },
          { key: "checks", label: <Trans>What it says of what it needs</Trans>, text: t`What it says of what it needs`, cell: ([, { checks }]) => <Checks checks={checks} /> },
        ]}
      />
    </>
  );
}

function Checks({ checks }: { checks: Readonly<Record<string, string>> }) {
  const entries = Object.entries(checks);
  if (entries.length === 0) return <span className="soft"><Trans>It says no more.</Trans></span>;
  return <ul className="plain-list">{entries.map(([name, says]) => <li key={name}><code dir="ltr">{name}: {says}</code></li>)}</ul>;
}
