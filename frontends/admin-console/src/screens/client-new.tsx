import { Button, buttonClass, ErrorSummary, Field, Notice, Page, RadioGroup, SelectField } from "@consentry/ui";
import { Trans, useLingui } from "@lingui/react/macro";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState, type ChangeEvent, type FormEvent } from "react";
import { useApi, type ClientDocument } from "../lib/api.js";
import { fromFields, NO_FIELDS, readDocument, type ClientFields, type FieldError } from "../lib/client-document.js";
import { AdminFault } from "../parts/fault.js";

type Way = "form" | "document";

export function ClientNew() {
  const { t } = useLingui();
  const api = useApi();
  const queries = useQueryClient();
  const [way, setWay] = useState<Way>("form");
  const put = useMutation({
    mutationFn: ({ id, document }: { id: string; document: ClientDocument }) => api.putClient(id, document),
    onSuccess: () => queries.invalidateQueries({ queryKey: ["clients"] }),
  });
  const id = put.data?.clientId ?? put.variables?.id ?? "";
  return (
    <Page heading={<Trans>Register a client</Trans>} plainHeading={t`Register a client`} back={{ to: "/clients", label: <Trans>Clients</Trans> }} narrow lead={<Trans>If the id is taken by a client that an administrator registered, that client is changed.</Trans>}>
      {put.isSuccess ? (
        <Notice kind="success" heading={<Trans>The client is registered</Trans>} live>
          <div className="actions"><Link className={buttonClass({ small: true, kind: "quiet" })} to="/clients/$id" params={{ id }}><Trans>Show it</Trans></Link></div>
        </Notice>
      ) : (
        <>
          <RadioGroup<Way> legend={<Trans>How do you want to enter it?</Trans>} value={way} onChange={setWay} choices={[{ value: "form", label: <Trans>Field by field</Trans> }, { value: "document", label: <Trans>As a JSON document</Trans> }]} />
          {way === "form" ? <Fields send={put.mutate} isPending={put.isPending} error={put.error} /> : <Document send={put.mutate} isPending={put.isPending} error={put.error} />}
        </>
      )}
    </Page>
  );
}

interface Sending { send: (client: { id: string; document: ClientDocument }) => void; isPending: boolean; error: unknown }

function Fields({ send, isPending, error }: Sending) {
  const { t } = useLingui();
  const [fields, setFields] = useState(NO_FIELDS);
  const [wrong, setWrong] = useState<readonly FieldError[]>([]);
  const words: Record<FieldError, string> = {
    clientId: t`Enter an id of letters, digits, dots, dashes or underscores.`, scopes: t`Enter at least one scope.`, audiences: t`Enter at least one service.`,
    redirectUris: t`Enter whole web addresses, one on each line.`, jwks: t`Enter public keys as JSON. A private key must never be sent.`, organization: t`Enter the organisation's id in the directory.`,
  };
  const set = (name: keyof ClientFields) => (event: ChangeEvent<HTMLInputElement | HTMLSelectElement>) => setFields({ ...fields, [name]: event.target.value });
  const field = (name: keyof ClientFields) => ({
    id: `client-${name}`, value: fields[name], onChange: set(name), autoComplete: "off", error: wrong.includes(name as FieldError) && words[name as FieldError],
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const result = fromFields(fields);
    setWrong("wrong" in result ? result.wrong : []);
    if ("document" in result) send({ id: fields.clientId.trim(), document: result.document });
  };
  const isApp = fields.kind === "app";
  return (
    <form onSubmit={submit} noValidate>
      <ErrorSummary errors={wrong.map((name) => ({ id: `client-${name}`, message: words[name] }))} />
      <Field {...field("clientId")} label={<Trans>Client id</Trans>} dir="ltr" spellCheck={false} />
      <Field {...field("name")} label={<Trans>Name that people know it by (may be left out)</Trans>} />
      <RadioGroup<ClientFields["kind"]>
        legend={<Trans>What is it?</Trans>} value={fields.kind} onChange={(kind) => setFields({ ...fields, kind })}
        choices={[{ value: "service", label: <Trans>A program that speaks for itself</Trans>, hint: <Trans>It proves itself with a key.</Trans> }, { value: "app", label: <Trans>An app that people sign in to</Trans>, hint: <Trans>It has no key of its own.</Trans> }]}
      />
      <SelectField id="client-persona" label={<Trans>Speaks for</Trans>} value={fields.persona} onChange={set("persona")}>
        <option value="system">{t`Another service`}</option>
        <option value="provider">{t`Clinic staff`}</option>
        <option value="patient">{t`Patient`}</option>
        <option value="admin">{t`Administrator`}</option>
      </SelectField>
      {fields.persona === "provider" && !isApp && <Field {...field("organization")} label={<Trans>Organisation's id in the directory</Trans>} dir="ltr" spellCheck={false} />}
      <Field {...field("scopes")} lines={3} label={<Trans>Scopes, one on each line</Trans>} dir="ltr" spellCheck={false} />
      <Field {...field("audiences")} lines={3} label={<Trans>Services it may ask, one web address on each line</Trans>} dir="ltr" spellCheck={false} />
      <Field {...field("purposes")} lines={2} label={<Trans>Purposes it may state (may be left out)</Trans>} dir="ltr" spellCheck={false} />
      {isApp
        ? <Field {...field("redirectUris")} lines={3} label={<Trans>Where people come back to after signing in</Trans>} dir="ltr" spellCheck={false} />
        : <Field {...field("jwks")} lines={6} label={<Trans>Its public keys, as JSON</Trans>} hint={<Trans>A JSON Web Key Set, or one key.</Trans>} dir="ltr" spellCheck={false} />}
      <AdminFault error={error} />
      <Button type="submit" pending={isPending}><Trans>Register it</Trans></Button>
    </form>
  );
}

function Document({ send, isPending, error }: Sending) {
  const [text, setText] = useState("");
  const [isWrong, setWrong] = useState(false);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const document = readDocument(text);
    const id = document?.clientId?.trim();
    setWrong(!id);
    if (document !== undefined && id) send({ id, document });
  };
  return (
    <form onSubmit={submit} noValidate>
      <Field lines={16} label={<Trans>The document</Trans>} hint={<Trans>One object, with clientId, persona, scopes and audiences at least.</Trans>} dir="ltr" spellCheck={false} autoComplete="off" value={text} onChange={(event) => setText(event.target.value)} error={isWrong && <Trans>This is no client's document. Compare it with the runbook on clients.</Trans>} />
      <AdminFault error={error} />
      <Button type="submit" pending={isPending}><Trans>Register it</Trans></Button>
    </form>
  );
}
