import type { Consent } from "@consentry/sdk";
import { EmptyState, FaultNotice, Progress } from "@consentry/ui";
import { nameOf } from "@consentry/ui/policy";
import { useLingui as useWords } from "@lingui/react";
import { Trans } from "@lingui/react/macro";
import { useMemo } from "react";
import { observations, type Observation } from "../lib/fhir/observation.js";
import { reports, type Form, type Report } from "../lib/fhir/report.js";
import { MOST_RECORDS, useRecords } from "../lib/records.js";
import { CATEGORIES } from "../lib/words.js";
import { Lines } from "./observations.js";
import { RecordStatus, Some } from "./record-kit.js";
import { Unread } from "./refusal.js";
import { When } from "./values.js";

/** Reports, each with the results that it sums up where those may be read too. */
export function Reports({ consent, patient, resources, withResults }: { consent: Consent; patient: string; resources: readonly unknown[]; withResults: boolean }) {
  const { records, unread } = useMemo(() => reports(resources), [resources]);
  const results = useRecords(consent, patient, "Observation", withResults && records.some((each) => each.results.length > 0));
  const byId = useMemo(() => {
    const all = results.data?.permitted ? observations(results.data.resources).records : [];
    return new Map(all.map((each) => [each.id, each]));
  }, [results.data]);
  return (
    <>
      <Unread count={unread} isFull={resources.length >= MOST_RECORDS} />
      {results.isError && <FaultNotice error={results.error} retry={() => void results.refetch()} />}
      {records.length === 0 ? <EmptyState heading={<Trans>No records are shared here</Trans>} /> : (
        <Some rows={records}>
          {(some) => <div className="stack wide">{some.map((each) => <ReportCard key={each.id} report={each} results={byId} isWaiting={results.isFetching} />)}</div>}
        </Some>
      )}
    </>
  );
}

function ReportCard({ report, results, isWaiting }: { report: Report; results: ReadonlyMap<string, Observation>; isWaiting: boolean }) {
  const { _ } = useWords();
  const { name, at, issued, status, categories, conclusion, findings, forms } = report;
  const rows = report.results.flatMap((id) => {
    const observation = results.get(id);
    return observation?.lines.map((line, index) => ({ key: `${id}-${index}`, observation, line })) ?? [];
  });
  return (
    <article className="card">
      <h2><bdi>{name ?? <Trans>A report without a name</Trans>}</bdi></h2>
      <p className="row"><When at={at} /><RecordStatus status={status} />{[...new Set(categories.map((each) => nameOf(CATEGORIES, each, _)))].map((each) => <span key={each} className="tag plain">{each}</span>)}</p>
      {issued !== undefined && issued !== at && <p className="small soft"><Trans>Written on <When at={issued} /></Trans></p>}
      {conclusion !== undefined && <><h3><Trans>Conclusion</Trans></h3><p className="words"><bdi>{conclusion}</bdi></p></>}
      {findings.length > 0 && <><h3><Trans>Findings</Trans></h3><ul>{findings.map((each) => <li key={each}><bdi>{each}</bdi></li>)}</ul></>}
      {rows.length > 0 && <><h3><Trans>Results</Trans></h3><Lines caption={<Trans>Results</Trans>} rows={rows} /></>}
      {rows.length === 0 && report.results.length > 0 && isWaiting && <Progress><Trans>Loading the results…</Trans></Progress>}
      {forms.map((form, index) => <Document key={index} form={form} />)}
      {conclusion === undefined && findings.length === 0 && rows.length === 0 && forms.length === 0 && !isWaiting && <p className="soft"><Trans>Nothing of this report's content is shared.</Trans></p>}
    </article>
  );
}

function Document({ form: { title, contentType, text } }: { form: Form }) {
  if (text !== undefined) return <><h3>{title === undefined ? <Trans>Text</Trans> : <bdi>{title}</bdi>}</h3><pre className="words" dir="auto">{text}</pre></>;
  return <p className="soft"><Trans>A document came with this report that this page does not open: <bdi>{title ?? contentType ?? "–"}</bdi></Trans></p>;
}
