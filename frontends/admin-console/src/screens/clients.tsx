import { buttonClass, EmptyState, Field, Page, Progress, Table, useFormats } from "@consentry/ui";
import { Trans, useLingui } from "@lingui/react/macro";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useApi, type Client } from "../lib/api.js";
import { AdminFault } from "../parts/fault.js";
import { More, rowsOf } from "../parts/more.js";
import { ClientStatusTag, PersonaLabel } from "../parts/words.js";

export function Clients() {
  const { t } = useLingui();
  const { number } = useFormats();
  const api = useApi();
  const [text, setText] = useState("");
  const query = useInfiniteQuery({
    queryKey: ["clients"], initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }) => api.clients(pageParam, signal), getNextPageParam: ({ next }) => next,
  });
  const rows = rowsOf(query);
  const wanted = text.trim().toLowerCase();
  const shown = rows.filter(({ clientId, name, organization }) => [clientId, name, organization].some((each) => each?.toLowerCase().includes(wanted)));
  const [some, all] = [number(shown.length), number(rows.length)];
  return (
    <Page heading={<Trans>Clients</Trans>} plainHeading={t`Clients`} lead={<Trans>Programs that may ask for tokens: our services, apps, and the systems of organisations.</Trans>}>
      <div className="actions"><Link className={buttonClass()} to="/clients/new"><Trans>Register a client</Trans></Link></div>
      {query.isPending && <Progress><Trans>Fetching the clients.</Trans></Progress>}
      {query.isError && query.data === undefined && <AdminFault error={query.error} retry={() => void query.refetch()} />}
      {query.data !== undefined && (rows.length === 0 ? <EmptyState heading={<Trans>No client is registered</Trans>} /> : (
        <>
          <div className="filters"><Field label={<Trans>Name, organisation or id</Trans>} autoComplete="off" value={text} onChange={(event) => setText(event.target.value)} /></div>
          <p role="status"><Trans>{some} of {all} that were fetched so far.</Trans>{query.hasNextPage && <> <Trans>There are more.</Trans></>}</p>
          {shown.length > 0 && <ClientTable rows={shown} />}
          <More query={query} />
        </>
      ))}
    </Page>
  );
}

function ClientTable({ rows }: { rows: Client[] }) {
  const { t } = useLingui();
  return (
    <Table
      caption={<Trans>Clients</Trans>} hideCaption rows={rows} rowKey={({ clientId }) => clientId ?? ""}
      columns={[
        { key: "id", label: <Trans>Client</Trans>, text: t`Client`, cell: ({ clientId = "", name }) => <><Link to="/clients/$id" params={{ id: clientId }}><bdi>{clientId}</bdi></Link>{name && <><br /><span className="small soft" dir="auto">{name}</span></>}</> },
        { key: "persona", label: <Trans>Speaks for</Trans>, text: t`Speaks for`, cell: ({ persona, organization }) => <><PersonaLabel persona={persona} />{organization && <>, <code dir="ltr">{organization}</code></>}</> },
        { key: "origin", label: <Trans>Registered</Trans>, text: t`Registered`, cell: ({ origin }) => <OriginLabel origin={origin} /> },
        { key: "status", label: <Trans>State</Trans>, text: t`State`, cell: ({ status }) => <ClientStatusTag status={status} /> },
      ]}
    />
  );
}

/** Who says what a client is. */
export function OriginLabel({ origin }: { origin: Client["origin"] }) {
  return origin === "file" ? <Trans>in the clients file</Trans> : <Trans>by an administrator</Trans>;
}
