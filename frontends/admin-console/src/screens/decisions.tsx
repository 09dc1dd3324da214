import { Button, EmptyState, Field, Loaded, Notice, Page, Table, useFormats } from "@consentry/ui";
import { Trans, useLingui } from "@lingui/react/macro";
import { useQuery } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { useApi, type GatewayState } from "../lib/api.js";
import { daysBetween, perDay, reconcile, utcDay, type Day, type Reconciled } from "../lib/counts.js";
import { DayChart } from "../parts/day-chart.js";
import { ActionLabel, OutcomeLabel } from "../parts/words.js";

const LONGEST_DAYS = 92;
const DAY_MS = 86_400_000;
const ON_ITS_WAY_MS = 5_000;

export function Decisions() {
  const { t } = useLingui();
  const today = utcDay(Date.now());
  const [span, setSpan] = useState({ from: utcDay(Date.now() - 13 * DAY_MS), to: today });
  const days = daysBetween(span.from, span.to);
  return (
    <Page heading={<Trans>Decisions</Trans>} plainHeading={t`Decisions`} lead={<Trans>How often records were asked for, and whether the archive has all of it. Days are those of UTC.</Trans>}>
      <SpanForm span={span} onChange={setSpan} />
      <Totals span={span} days={days} />
      <Reconciliation span={span} days={days} today={today} />
      <Continuity />
    </Page>
  );
}

interface Span { from: string; to: string }

function SpanForm({ span, onChange }: { span: Span; onChange: (span: Span) => void }) {
  const [draft, setDraft] = useState(span);
  const [isWrong, setWrong] = useState(false);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const length = daysBetween(draft.from, draft.to).length;
    const fits = length >= 1 && length <= LONGEST_DAYS;
    setWrong(!fits);
    if (fits) onChange(draft);
  };
  return (
    <form className="filters" onSubmit={submit} noValidate>
      <Field label={<Trans>First day</Trans>} type="date" required value={draft.from} onChange={(event) => setDraft({ ...draft, from: event.target.value })} error={isWrong && <Trans>Choose at most 92 days, the first before the last.</Trans>} />
      <Field label={<Trans>Last day</Trans>} type="date" required value={draft.to} onChange={(event) => setDraft({ ...draft, to: event.target.value })} />
      <Button type="submit" kind="quiet"><Trans>Show these days</Trans></Button>
    </form>
  );
}

function Totals({ span, days }: { span: Span; days: string[] }) {
  const api = useApi();
  const query = useQuery({ queryKey: ["counts", "archive", span], queryFn: ({ signal }) => api.archivedCounts(span.from, span.to, signal) });
  return (
    <section>
      <h2><Trans>A day at a time</Trans></h2>
      <Loaded query={query} waiting={<Trans>Counting decisions in the archive.</Trans>}>
        {(counts) => (counts.length === 0
          ? <EmptyState heading={<Trans>No decisions in these days</Trans>}><p><Trans>Nobody asked for a record, or nothing has reached the archive yet.</Trans></p></EmptyState>
          : <><DayChart days={perDay(counts, days)} /><DayTable days={perDay(counts, days).filter(({ total }) => total > 0)} /></>)}
      </Loaded>
    </section>
  );
}

function DayTable({ days }: { days: Day[] }) {
  const { t } = useLingui();
  const { number, date } = useFormats();
  return (
    <details>
      <summary><Trans>The same as a table</Trans></summary>
      <Table
        caption={<Trans>Decisions a day in the archive; days without any are left out</Trans>} rows={days} rowKey={(day) => day.date}
        columns={[
          { key: "day", label: <Trans>Day</Trans>, text: t`Day`, cell: (day) => date(`${day.date}T12:00:00Z`) },
          { key: "permit", label: <Trans>Allowed</Trans>, text: t`Allowed`, isNumber: true, cell: (day) => number(day.permit) },
          { key: "deny", label: <Trans>Refused</Trans>, text: t`Refused`, isNumber: true, cell: (day) => number(day.deny) },
          { key: "open", label: <Trans>Could not be decided</Trans>, text: t`Could not be decided`, isNumber: true, cell: (day) => number(day.indeterminate) },
          { key: "total", label: <Trans>Together</Trans>, text: t`Together`, isNumber: true, cell: (day) => number(day.total) },
        ]}
      />
    </details>
  );
}

function Reconciliation({ span, days, today }: { span: Span; days: string[]; today: string }) {
  const api = useApi();
  // Asked together, so that both answers are from one moment.
  const query = useQuery({
    queryKey: ["counts", "both", span],
    queryFn: async ({ signal }) => {
      const [journal, archive] = await Promise.all([api.journalCounts(span.from, span.to, signal), api.archivedCounts(span.from, span.to, signal)]);
      return { journal, archive };
    },
    // What was decided just now reaches the archive within seconds.
    refetchInterval: ({ state: { data } }) => (data && isUnderWay(reconcile(data.journal, data.archive, days, today)) ? ON_ITS_WAY_MS : false),
  });
  return (
    <section>
      <h2><Trans>Journal beside archive</Trans></h2>
      <p><Trans>The gateway counts in its own journal, the archive counts what reached it. Both must come to the same.</Trans></p>
      <Loaded query={query} waiting={<Trans>Comparing the journal with the archive.</Trans>}>
        {({ journal, archive }) => <Compared rows={reconcile(journal, archive, days, today)} />}
      </Loaded>
    </section>
  );
}

const isUnderWay = (rows: Reconciled[]) => rows.some(({ differences, isOpen }) => differences.length > 0 && isOpen);

function Compared({ rows }: { rows: Reconciled[] }) {
  const { t } = useLingui();
  const { number, date } = useFormats();
  const shown = rows.filter(({ journal, archive }) => journal > 0 || archive > 0);
  const wrong = rows.filter(({ differences, isOpen }) => differences.length > 0 && !isOpen).length;
  const isOnItsWay = isUnderWay(rows);
  const count = number(wrong);
  return (
    <>
      {wrong > 0 && <Notice kind="error" heading={<Trans>Days that differ: {count}</Trans>} live><p><Trans>Records are missing on one side. Look at the journals below, and keep the gateway's disk until it is known why.</Trans></p></Notice>}
      {wrong === 0 && isOnItsWay && <Notice kind="warning" heading={<Trans>Today differs still</Trans>}><p><Trans>What was decided just now may be on its way to the archive. Look again in a minute.</Trans></p></Notice>}
      {wrong === 0 && !isOnItsWay && shown.length > 0 && <Notice kind="success" heading={<Trans>Journal and archive agree on every day</Trans>} />}
      {shown.length === 0 ? <p className="soft"><Trans>Both say that nothing was decided in these days.</Trans></p> : (
        <Table
          caption={<Trans>Decisions a day, by who counted</Trans>} hideCaption rows={shown} rowKey={(row) => row.date}
          columns={[
            { key: "day", label: <Trans>Day</Trans>, text: t`Day`, cell: (row) => date(`${row.date}T12:00:00Z`) },
            { key: "journal", label: <Trans>Journal</Trans>, text: t`Journal`, isNumber: true, cell: (row) => number(row.journal) },
            { key: "archive", label: <Trans>Archive</Trans>, text: t`Archive`, isNumber: true, cell: (row) => number(row.archive) },
            { key: "difference", label: <Trans>Difference</Trans>, text: t`Difference`, cell: (row) => <Differences row={row} /> },
          ]}
        />
      )}
    </>
  );
}

function Differences({ row }: { row: Reconciled }) {
  const { number } = useFormats();
  if (row.differences.length === 0) return <span className="tag good"><Trans>None</Trans></span>;
  return (
    <ul className="plain-list">
      {row.differences.map(({ action, result, journal, archive }) => {
        const [inJournal, inArchive] = [number(journal), number(archive)];
        return <li key={`${action} ${result}`}><ActionLabel action={action} />, <OutcomeLabel result={result} />: <Trans>{inJournal} in the journal, {inArchive} in the archive</Trans></li>;
      })}
    </ul>
  );
}

function Continuity() {
  const api = useApi();
  const query = useQuery({ queryKey: ["continuity"], queryFn: ({ signal }) => api.continuity(signal) });
  return (
    <section>
      <h2><Trans>Are the journals whole?</Trans></h2>
      <p><Trans>Each record names the one before it. A gap or a change shows as a break.</Trans></p>
      <Loaded query={query} waiting={<Trans>Asking the archive about the journals.</Trans>}>
        {(gateways) => (gateways.length === 0 ? <p className="soft"><Trans>The archive has no record of any gateway yet.</Trans></p> : <Gateways gateways={gateways} />)}
      </Loaded>
    </section>
  );
}

function Gateways({ gateways }: { gateways: GatewayState[] }) {
  const { t } = useLingui();
  const { number } = useFormats();
  const broken = gateways.filter(({ breakCount }) => breakCount > 0);
  return (
    <>
      {broken.length > 0
        ? <Notice kind="error" heading={<Trans>A journal is broken</Trans>} live><p><Trans>Somebody removed or changed records, or they were lost. Stop no gateway, delete nothing, and call whoever is responsible for security.</Trans></p></Notice>
        : <Notice kind="success" heading={<Trans>Every journal arrived without a break</Trans>} />}
      <Table
        caption={<Trans>Journals</Trans>} hideCaption rows={gateways} rowKey={({ gateway }) => gateway}
        columns={[
          { key: "gateway", label: <Trans>Gateway</Trans>, text: t`Gateway`, cell: ({ gateway }) => <code dir="ltr">{gateway}</code> },
          { key: "records", label: <Trans>Records</Trans>, text: t`Records`, isNumber: true, cell: ({ records }) => number(records) },
          { key: "last", label: <Trans>Last record</Trans>, text: t`Last record`, isNumber: true, cell: ({ epoch, seq }) => <span className="hex">{epoch}/{seq}</span> },
          { key: "unrecorded", label: <Trans>Refused without a record</Trans>, text: t`Refused without a record`, isNumber: true, cell: ({ refusedUnrecorded }) => number(refusedUnrecorded) },
          { key: "breaks", label: <Trans>Breaks</Trans>, text: t`Breaks`, cell: (row) => <Breaks row={row} /> },
        ]}
      />
    </>
  );
}

function Breaks({ row: { breakCount, breaks } }: { row: GatewayState }) {
  const { number } = useFormats();
  if (breakCount === 0) return <span className="tag good"><Trans>None</Trans></span>;
  const [all, shown] = [number(breakCount), number(breaks.length)];
  return (
    <>
      <ul className="plain-list">{breaks.map(({ epoch, seq, kind }) => <li key={`${epoch}/${seq}/${kind}`}><span className="hex">{epoch}/{seq}</span> <BreakLabel kind={kind} /></li>)}</ul>
      {breakCount > breaks.length && <p className="small soft"><Trans>The newest {shown} of {all}</Trans></p>}
    </>
  );
}

function BreakLabel({ kind }: { kind: GatewayState["breaks"][number]["kind"] }) {
  switch (kind) {
    case "missing": return <Trans>missing</Trans>;
    case "altered": return <Trans>changed</Trans>;
    case "reordered": return <Trans>out of order</Trans>;
    case "conflict": return <Trans>there twice, with different content</Trans>;
  }
}
