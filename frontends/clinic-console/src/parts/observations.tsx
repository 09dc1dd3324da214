import { EmptyState, Table } from "@consentry/ui";
import { nameOf } from "@consentry/ui/policy";
import { useLingui as useWords } from "@lingui/react";
import { Trans, useLingui } from "@lingui/react/macro";
import { useMemo } from "react";
import { observations, seriesOf, type Line, type Observation } from "../lib/fhir/observation.js";
import { MOST_RECORDS } from "../lib/records.js";
import { CATEGORIES, INTERPRETATIONS } from "../lib/words.js";
import { RecordStatus, Some } from "./record-kit.js";
import { Unread } from "./refusal.js";
import { Beside, Trends } from "./trend.js";
import { FindingText, RangeText, When } from "./values.js";

/** One line of one result. */
interface Row { key: string; observation: Observation; line: Line }

function rowsOf(all: readonly Observation[]): Row[] {
  return all.flatMap((observation) => observation.lines.map((line, at) => ({ key: `${observation.id}-${at}`, observation, line })));
}

/** The latest of every kind; they are given latest first. */
export function latestOfEach(rows: readonly Row[]): Row[] {
  const seen = new Set<string>();
  return rows.filter(({ observation, line }) => {
    const kind = `${observation.kind}\n${line.key}`;
    if (seen.has(kind) || observation.status === "entered-in-error") return false;
    seen.add(kind);
    return true;
  });
}

/** Measurements and results: the latest of each, how they went, and all of them. */
export function Observations({ resources }: { resources: readonly unknown[] }) {
  const { _ } = useWords();
  const { t } = useLingui();
  const { records, unread, groups, series } = useMemo(() => {
    const read = observations(resources);
    const names = [...new Set(read.records.map(({ categories }) => categories[0] ?? ""))].sort();
    return { ...read, series: seriesOf(read.records), groups: names.map((name) => ({ name, rows: latestOfEach(rowsOf(read.records.filter(({ categories }) => (categories[0] ?? "") === name))) })) };
  }, [resources]);
  return (
    <>
      <Unread count={unread} isFull={resources.length >= MOST_RECORDS} />
      {records.length === 0 ? <EmptyState heading={<Trans>No records are shared here</Trans>} /> : (
        <>
          {groups.map(({ name, rows }) => (
            <section key={name}>
              <h2>{name === "" ? <Trans>Other results</Trans> : nameOf(CATEGORIES, name, _)}</h2>
              <Some rows={rows}>{(some) => <Lines caption={<Trans>The latest of each</Trans>} rows={some} />}</Some>
            </section>
          ))}
          <Trends series={series} />
          <section>
            <h2><Trans>All results</Trans></h2>
            <details>
              <summary>{t`Show all results, latest first`}</summary>
              <Some rows={rowsOf(records)}>{(some) => <Lines caption={<Trans>All results</Trans>} rows={some} />}</Some>
            </details>
          </section>
        </>
      )}
    </>
  );
}

/** Results as a table. */
export function Lines({ caption, rows }: { caption: React.ReactNode; rows: readonly Row[] }) {
  const { t } = useLingui();
  const { _ } = useWords();
  return (
    <Table
      caption={caption} hideCaption rows={rows} rowKey={({ key }) => key}
      columns={[
        { key: "name", label: <Trans>What</Trans>, text: t`What`, cell: ({ observation, line }) => <Name observation={observation} line={line} /> },
        { key: "value", label: <Trans>Value</Trans>, text: t`Value`, cell: ({ observation: { status }, line: { finding } }) => (status === "entered-in-error" ? <s><FindingText finding={finding} /></s> : <FindingText finding={finding} />) },
        { key: "range", label: <Trans>Usual range</Trans>, text: t`Usual range`, cell: ({ line: { range, beside, interpretation } }) => (
          <>
            <RangeText range={range} />
            {beside !== undefined && <> <Beside beside={beside} hasRange /></>}
            {interpretation.map((code) => <span key={code} className="soft small"> · {nameOf(INTERPRETATIONS, code, _)}</span>)}
          </>
        ) },
        { key: "at", label: <Trans>When</Trans>, text: t`When`, cell: ({ observation: { at } }) => <When at={at} /> },
        { key: "status", label: <Trans>Status</Trans>, text: t`Status`, cell: ({ observation: { status } }) => <RecordStatus status={status} /> },
      ]}
    />
  );
}

function Name({ observation: { name, notes }, line }: { observation: Observation; line: Line }) {
  const isPart = line.name !== undefined && line.name !== name;
  return (
    <>
      <bdi>{line.name ?? name ?? <Trans>Without a name</Trans>}</bdi>
      {isPart && name !== undefined && <small className="soft part"><bdi>{name}</bdi></small>}
      {notes.map((note) => <small key={note} className="soft part"><bdi>{note}</bdi></small>)}
    </>
  );
}
