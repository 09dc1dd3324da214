import { Button, EmptyState, ErrorSummary, Field, Notice, Page, Progress, SelectField, Table, useFormats } from "@consentry/ui";
import { Trans, useLingui } from "@lingui/react/macro";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { useApi, type Access } from "../lib/api.js";
import { matches, NO_FILTER, type AccessFilter } from "../lib/accesses.js";
import { AdminFault } from "../parts/fault.js";
import { More, rowsOf } from "../parts/more.js";
import { ActionLabel, OutcomeTag, PersonaLabel } from "../parts/words.js";

const FIELD = "patient-id";

export function Accesses() {
  const { t } = useLingui();
  const [draft, setDraft] = useState("");
  const [patient, setPatient] = useState("");
  const [isMissing, setMissing] = useState(false);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setMissing(draft.trim() === "");
    setPatient(draft.trim());
  };
  const wrong = <Trans>Enter the patient's id in the record system.</Trans>;
  return (
    <Page heading={<Trans>Accesses</Trans>} plainHeading={t`Accesses`} lead={<Trans>Who asked for a patient's record, and how it was decided. The archive is asked for one patient at a time.</Trans>}>
      <ErrorSummary errors={isMissing ? [{ id: FIELD, message: wrong }] : []} />
      <form className="filters" onSubmit={submit} noValidate>
        <Field id={FIELD} label={<Trans>Patient's id in the record system</Trans>} autoComplete="off" spellCheck={false} dir="ltr" value={draft} onChange={(event) => setDraft(event.target.value)} error={isMissing && wrong} />
        <Button type="submit"><Trans>Search</Trans></Button>
      </form>
      {patient !== "" && <Found key={patient} patient={patient} />}
    </Page>
  );
}

function Found({ patient }: { patient: string }) {
  const { t } = useLingui();
  const { number } = useFormats();
  const api = useApi();
  const [filter, setFilter] = useState<AccessFilter>(NO_FILTER);
  const query = useInfiniteQuery({
    queryKey: ["accesses", patient], initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }) => api.accesses(patient, pageParam, signal), getNextPageParam: ({ next }) => next,
  });
  if (query.isPending) return <Progress><Trans>Asking the archive.</Trans></Progress>;
  if (query.isError && query.data === undefined) return <AdminFault error={query.error} retry={() => void query.refetch()} />;
  const rows = rowsOf(query);
  if (rows.length === 0) return <EmptyState heading={<Trans>Nobody asked for this record</Trans>}><p><Trans>Or there is no such patient: the archive does not tell the two apart. Check the id.</Trans></p></EmptyState>;
  const shown = rows.filter((row) => matches(row, filter));
  const [some, all] = [number(shown.length), number(rows.length)];
  return (
    <>
      <div className="filters">
        <SelectField label={<Trans>Decision</Trans>} value={filter.result} onChange={(event) => setFilter({ ...filter, result: event.target.value as AccessFilter["result"] })}>
          <option value="">{t`All`}</option>
          <option value="permit">{t`Allowed`}</option>
          <option value="deny">{t`Refused`}</option>
          <option value="indeterminate">{t`Could not be decided`}</option>
        </SelectField>
        <Field label={<Trans>Organisation or who asked</Trans>} autoComplete="off" value={filter.who} onChange={(event) => setFilter({ ...filter, who: event.target.value })} />
        <Field label={<Trans>From day</Trans>} type="date" value={filter.from} onChange={(event) => setFilter({ ...filter, from: event.target.value })} />
        <Field label={<Trans>To day</Trans>} type="date" value={filter.to} onChange={(event) => setFilter({ ...filter, to: event.target.value })} />
      </div>
      <p role="status"><Trans>{some} of {all} that were fetched so far, newest first.</Trans>{query.hasNextPage && <> <Trans>There are older ones.</Trans></>}</p>
      {query.isRefetchError && <Notice kind="warning" heading={<Trans>This may be old</Trans>}><p><Trans>The archive does not answer now.</Trans></p></Notice>}
      {shown.length > 0 && <AccessTable rows={shown} />}
      <More query={query} />
    </>
  );
}

function AccessTable({ rows }: { rows: Access[] }) {
  const { t } = useLingui();
  const { dateTime } = useFormats();
  return (
    <Table
      caption={<Trans>Accesses</Trans>} hideCaption rows={rows} rowKey={({ eventId }) => eventId}
      columns={[
        { key: "ts", label: <Trans>When</Trans>, text: t`When`, cell: ({ ts }) => dateTime(ts) },
        { key: "who", label: <Trans>Who</Trans>, text: t`Who`, cell: ({ requester, actor, role }) => <>{requester && <><strong dir="auto">{requester}</strong><br /></>}<PersonaLabel persona={role} />, <code dir="ltr">{actor}</code></> },
        { key: "what", label: <Trans>What was asked</Trans>, text: t`What was asked`, cell: ({ action, resourceType, purpose }) => <><ActionLabel action={action} />{resourceType && <> <code dir="ltr">{resourceType}</code></>}{purpose && <><br /><span className="soft small"><Trans>Purpose: <code dir="ltr">{purpose}</code></Trans></span></>}</> },
        { key: "result", label: <Trans>Decision</Trans>, text: t`Decision`, cell: ({ result, rule }) => <><OutcomeTag result={result} /><br /><code dir="ltr" className="small">{rule}</code></> },
        { key: "proof", label: <Trans>Where it is kept</Trans>, text: t`Where it is kept`, cell: (row) => <Kept row={row} /> },
      ]}
    />
  );
}

function Kept({ row: { eventId, corrId, object, chainRef } }: { row: Access }) {
  const block = chainRef?.blockNo;
  const version = chainRef?.version;
  return (
    <details>
      <summary><Trans>Details</Trans></summary>
      <ul className="plain-list small">
        <li><Trans>Decision:</Trans> <span className="hex">{eventId}</span></li>
        {corrId && <li><Trans>Request:</Trans> <span className="hex">{corrId}</span></li>}
        {object && <li><Trans>In the archive:</Trans> <span className="hex">{object}</span></li>}
        {chainRef && <li><Trans>Consent on the chain, version {version}, as of block {block}:</Trans> <span className="hex">{chainRef.consentId}</span></li>}
      </ul>
    </details>
  );
}
