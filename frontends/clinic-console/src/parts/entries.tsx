import { EmptyState, Table, useFormats } from "@consentry/ui";
import { useLingui as useWords } from "@lingui/react";
import { Trans, useLingui } from "@lingui/react/macro";
import { useMemo } from "react";
import { entries, type Entry } from "../lib/fhir/others.js";
import { MOST_RECORDS } from "../lib/records.js";
import { RecordStatus, Some } from "./record-kit.js";
import { Unread } from "./refusal.js";
import { fhirDate, When } from "./values.js";

/** Records that are a name, a date and details. */
export function Entries({ type, resources }: { type: string; resources: readonly unknown[] }) {
  const { t } = useLingui();
  const { records, unread } = useMemo(() => entries(type, resources), [type, resources]);
  return (
    <>
      <Unread count={unread} isFull={resources.length >= MOST_RECORDS} />
      {records.length === 0 ? <EmptyState heading={<Trans>No records are shared here</Trans>} /> : (
        <Some rows={records}>
          {(some) => (
            <Table
              caption={<Trans>Records, latest first</Trans>} hideCaption rows={some} rowKey={({ id }) => id}
              columns={[
                { key: "name", label: <Trans>What</Trans>, text: t`What`, cell: ({ name }) => <bdi>{name ?? t`Without a name`}</bdi> },
                { key: "at", label: <Trans>When</Trans>, text: t`When`, cell: ({ at }) => <When at={at} /> },
                { key: "status", label: <Trans>Status</Trans>, text: t`Status`, cell: ({ status }) => <RecordStatus status={status} /> },
                { key: "details", label: <Trans>Details</Trans>, text: t`Details`, cell: (entry) => <Details entry={entry} /> },
              ]}
            />
          )}
        </Some>
      )}
    </>
  );
}

function Details({ entry: { details } }: { entry: Entry }) {
  const { _ } = useWords();
  const formats = useFormats();
  if (details.length === 0) return <span className="soft"><Trans>None</Trans></span>;
  return <ul className="plain">{details.map(({ key, label, text, isDate }) => <li key={key}><span className="soft">{_(label)}:</span> <bdi>{isDate ? fhirDate(text, formats) : text}</bdi></li>)}</ul>;
}
