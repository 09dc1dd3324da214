import { Button, Field, Loaded, Notice, Page, SummaryList, useFormats } from "@consentry/ui";
import { Trans, useLingui } from "@lingui/react/macro";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useState, type FormEvent } from "react";
import { useApi, type Client, type ClientDocument } from "../lib/api.js";
import { documentOf, readDocument } from "../lib/client-document.js";
import { ConfirmButton } from "../parts/confirm.js";
import { AdminFault } from "../parts/fault.js";
import { ClientStatusTag, PersonaLabel } from "../parts/words.js";
import { OriginLabel } from "./clients.js";

export function ClientPage() {
  const { t } = useLingui();
  const api = useApi();
  const { id } = useParams({ from: "/clients/$id" });
  const query = useQuery({ queryKey: ["client", id], queryFn: ({ signal }) => api.client(id, signal) });
  return (
    <Page heading={<bdi>{id}</bdi>} plainHeading={t`Client ${id}`} back={{ to: "/clients", label: <Trans>Clients</Trans> }}>
      <Loaded query={query} waiting={<Trans>Fetching the client.</Trans>}>{(client) => <Detail id={id} client={client} />}</Loaded>
    </Page>
  );
}

function Detail({ id, client }: { id: string; client: Client }) {
  const { dateTime } = useFormats();
  const api = useApi();
  const queries = useQueryClient();
  const changed = () => Promise.all([queries.invalidateQueries({ queryKey: ["client", id] }), queries.invalidateQueries({ queryKey: ["clients"] })]);
  const close = useMutation({ mutationFn: () => api.closeClient(id), onSuccess: changed });
  const open = useMutation({ mutationFn: () => api.openClient(id), onSuccess: changed });
  const list = (values: readonly string[] | undefined) => (values?.length ? <ul className="plain-list">{values.map((value) => <li key={value}><code dir="ltr">{value}</code></li>)}</ul> : <span className="soft"><Trans>none</Trans></span>);
  return (
    <>
      <SummaryList rows={[
        { key: "status", term: <Trans>State</Trans>, value: <ClientStatusTag status={client.status} /> },
        { key: "origin", term: <Trans>Registered</Trans>, value: <><OriginLabel origin={client.origin} /> <span className="soft">({dateTime(client.updatedAt)})</span></> },
        ...(client.name ? [{ key: "name", term: <Trans>Name</Trans>, value: <bdi>{client.name}</bdi> }] : []),
        { key: "persona", term: <Trans>Speaks for</Trans>, value: <PersonaLabel persona={client.persona} /> },
        ...(client.organization ? [{ key: "organization", term: <Trans>Organisation</Trans>, value: <code dir="ltr">{client.organization}</code> }] : []),
        { key: "scopes", term: <Trans>The most it may do</Trans>, value: list(client.scopes) },
        { key: "audiences", term: <Trans>Services it may ask</Trans>, value: list(client.audiences) },
        ...(client.redirectUris?.length ? [{ key: "redirect", term: <Trans>Sends people back to</Trans>, value: list(client.redirectUris) }] : []),
      ]} />
      {client.status === "enabled" && (
        <>
          <h2><Trans>Take it out of use</Trans></h2>
          <p><Trans>Its tokens end everywhere within seconds. Disabling one of our own services stops that service.</Trans></p>
          <ConfirmButton danger label={<Trans>Disable the client</Trans>} heading={<Trans>Disable {id}?</Trans>} action={<Trans>Disable it</Trans>} work={close} sure={<Trans>I know what stops working</Trans>}>
            <p><Trans>It gets no tokens any more, and those that it has end. You can enable it again.</Trans></p>
          </ConfirmButton>
        </>
      )}
      {client.status === "disabled" && (
        <>
          <h2><Trans>Take it into use again</Trans></h2>
          <ConfirmButton label={<Trans>Enable the client</Trans>} heading={<Trans>Enable {id} again?</Trans>} action={<Trans>Enable it</Trans>} work={open}>
            <p><Trans>It can get tokens again at once.</Trans></p>
          </ConfirmButton>
        </>
      )}
      <h2><Trans>What it is</Trans></h2>
      {client.origin === "file"
        ? <><Notice><p><Trans>It comes from the clients file and is changed there. From here it can only be disabled, and enabled again.</Trans></p></Notice><details><summary><Trans>As a document</Trans></summary><pre className="document" dir="ltr" tabIndex={0}>{JSON.stringify(documentOf(client), null, 2)}</pre></details></>
        : <Edit id={id} client={client} onChanged={changed} />}
    </>
  );
}

function Edit({ id, client, onChanged }: { id: string; client: Client; onChanged: () => Promise<unknown> }) {
  const api = useApi();
  const [text, setText] = useState(() => JSON.stringify(documentOf(client), null, 2));
  const [isWrong, setWrong] = useState(false);
  const put = useMutation({ mutationFn: (document: ClientDocument) => api.putClient(id, document), onSuccess: onChanged });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const document = readDocument(text);
    setWrong(document === undefined);
    if (document !== undefined) put.mutate(document);
  };
  return (
    <form onSubmit={submit} noValidate>
      <Field lines={16} label={<Trans>The document</Trans>} hint={<Trans>The whole of it counts: what is left out is taken away. Its tokens end and are made anew.</Trans>} dir="ltr" spellCheck={false} autoComplete="off" value={text} onChange={(event) => setText(event.target.value)} error={isWrong && <Trans>This is no client's document. Compare it with the runbook on clients.</Trans>} />
      <AdminFault error={put.error} />
      {put.isSuccess && <Notice kind="success" heading={<Trans>The client is changed</Trans>} live />}
      <Button type="submit" pending={put.isPending}><Trans>Change it</Trans></Button>
    </form>
  );
}
