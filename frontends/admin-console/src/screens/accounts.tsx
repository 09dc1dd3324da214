import { buttonClass, EmptyState, Field, Page, Progress, SelectField, Table, useFormats } from "@consentry/ui";
import { Trans, useLingui } from "@lingui/react/macro";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useApi, type Account } from "../lib/api.js";
import { AdminFault } from "../parts/fault.js";
import { More, rowsOf } from "../parts/more.js";
import { AccountStatusTag, PersonaLabel } from "../parts/words.js";

export function Accounts() {
  const { t } = useLingui();
  const { number } = useFormats();
  const api = useApi();
  const [persona, setPersona] = useState("");
  const [text, setText] = useState("");
  const [status, setStatus] = useState("");
  const query = useInfiniteQuery({
    queryKey: ["accounts", persona], initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }) => api.accounts(persona, pageParam, signal), getNextPageParam: ({ next }) => next,
  });
  const rows = rowsOf(query);
  const shown = rows.filter((account) => (status === "" || account.status === status) && has(account, text));
  const [some, all] = [number(shown.length), number(rows.length)];
  return (
    <Page heading={<Trans>Accounts</Trans>} plainHeading={t`Accounts`} lead={<Trans>Who can sign in. An account is closed, never deleted, so that what it did stays known.</Trans>}>
      <div className="actions"><Link className={buttonClass()} to="/accounts/code"><Trans>Let somebody in</Trans></Link></div>
      <div className="filters">
        <SelectField label={<Trans>Kind</Trans>} value={persona} onChange={(event) => setPersona(event.target.value)}>
          <option value="">{t`All`}</option>
          <option value="patient">{t`Patients`}</option>
          <option value="provider">{t`Clinic staff`}</option>
          <option value="admin">{t`Administrators`}</option>
        </SelectField>
        <SelectField label={<Trans>State</Trans>} value={status} onChange={(event) => setStatus(event.target.value)}>
          <option value="">{t`All`}</option>
          <option value="active">{t`Open`}</option>
          <option value="disabled">{t`Closed`}</option>
        </SelectField>
        <Field label={<Trans>Name, organisation or id</Trans>} autoComplete="off" value={text} onChange={(event) => setText(event.target.value)} />
      </div>
      {query.isPending && <Progress><Trans>Fetching the accounts.</Trans></Progress>}
      {query.isError && query.data === undefined && <AdminFault error={query.error} retry={() => void query.refetch()} />}
      {query.data !== undefined && (rows.length === 0 ? <EmptyState heading={<Trans>No accounts of this kind</Trans>} /> : (
        <>
          <p role="status"><Trans>{some} of {all} that were fetched so far.</Trans>{query.hasNextPage && <> <Trans>There are more.</Trans></>}</p>
          {shown.length > 0 && <AccountTable rows={shown} />}
          <More query={query} />
        </>
      ))}
    </Page>
  );
}

function has({ login, id, organization, practitioner, fhirId }: Account, text: string): boolean {
  const wanted = text.trim().toLowerCase();
  return [login, id, organization, practitioner, fhirId].some((each) => each?.toLowerCase().includes(wanted));
}

function AccountTable({ rows }: { rows: Account[] }) {
  const { t } = useLingui();
  return (
    <Table
      caption={<Trans>Accounts</Trans>} hideCaption rows={rows} rowKey={({ id }) => id}
      columns={[
        { key: "login", label: <Trans>Sign-in name</Trans>, text: t`Sign-in name`, cell: ({ id, login }) => <Link to="/accounts/$id" params={{ id }} dir="auto">{login}</Link> },
        { key: "kind", label: <Trans>Kind</Trans>, text: t`Kind`, cell: ({ persona }) => <PersonaLabel persona={persona} /> },
        { key: "of", label: <Trans>Belongs to</Trans>, text: t`Belongs to`, cell: ({ organization, practitioner, fhirId }) => <code dir="ltr">{[organization, practitioner, fhirId].filter(Boolean).join(" · ") || "–"}</code> },
        { key: "status", label: <Trans>State</Trans>, text: t`State`, cell: ({ status }) => <AccountStatusTag status={status} /> },
      ]}
    />
  );
}
