import { Button, ErrorSummary, Field, Loaded, Notice, Page, SummaryList, useFormats } from "@consentry/ui";
import { Trans, useLingui } from "@lingui/react/macro";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { useApi, type Patient } from "../lib/api.js";
import { readStatement, type Statement } from "../lib/statement.js";
import { AdminFault } from "../parts/fault.js";
import { UnderWay } from "../parts/rebindings.js";

export function LostKeys() {
  const { t } = useLingui();
  return (
    <Page heading={<Trans>Lost keys</Trans>} plainHeading={t`Lost keys`} narrow lead={<Trans>When a patient has lost every key, two administrators together can put a new one in their place.</Trans>}>
      <ol>
        <li><Trans>The patient comes to you. Make sure that it is them.</Trans></li>
        <li><Trans>They make a new key, and sign with it that it is theirs.</Trans></li>
        <li><Trans>You propose it. Another administrator confirms it.</Trans></li>
        <li><Trans>Three days pass. The patient sees it in their portal, and can refuse it with one press.</Trans></li>
        <li><Trans>Then the new key takes the place of all others.</Trans></li>
      </ol>
      <UnderWay />
      <Propose />
      <Look />
    </Page>
  );
}

function Propose() {
  const { t } = useLingui();
  const api = useApi();
  const [fhirId, setFhirId] = useState("");
  const [text, setText] = useState("");
  const [errors, setErrors] = useState<readonly { id: string; message: string }[]>([]);
  const queries = useQueryClient();
  const propose = useMutation({
    mutationFn: (binding: Statement) => api.proposeRebinding({ fhirId: fhirId.trim(), binding }),
    onSuccess: () => queries.invalidateQueries({ queryKey: ["rebindings"] }),
  });
  const errorOf = (id: string) => errors.find((error) => error.id === id)?.message;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const statement = readStatement(text);
    setErrors([
      ...(fhirId.trim() === "" ? [{ id: "propose-patient", message: t`Enter the patient's id in the record system.` }] : []),
      ...(statement === undefined ? [{ id: "propose-statement", message: t`This is no statement of a key, or not all of it. Copy it again from the first brace to the last.` }] : []),
    ]);
    if (fhirId.trim() !== "" && statement !== undefined) propose.mutate(statement);
  };
  return (
    <section>
      <h2><Trans>Propose a new key</Trans></h2>
      {propose.data ? (
        <Notice kind="success" heading={<Trans>It is proposed</Trans>} live><p><Trans>Ask another administrator to confirm it: they see it on this page. Until then nothing changes.</Trans></p></Notice>
      ) : (
        <form onSubmit={submit} noValidate>
          <ErrorSummary errors={errors} />
          <Field id="propose-patient" label={<Trans>Patient's id in the record system</Trans>} dir="ltr" autoComplete="off" spellCheck={false} value={fhirId} onChange={(event) => setFhirId(event.target.value)} error={errorOf("propose-patient")} />
          <Field id="propose-statement" lines={6} label={<Trans>What the new key signed</Trans>} hint={<Trans>The statement as JSON, with subject, nonce, deadline and signature.</Trans>} dir="ltr" autoComplete="off" spellCheck={false} value={text} onChange={(event) => setText(event.target.value)} error={errorOf("propose-statement")} />
          <AdminFault error={propose.error} notFound={<Trans>There is no such patient. Check the id.</Trans>} />
          <Button type="submit" pending={propose.isPending}><Trans>Propose it</Trans></Button>
        </form>
      )}
    </section>
  );
}

function Look() {
  const { t } = useLingui();
  const [draft, setDraft] = useState("");
  const [fhirId, setFhirId] = useState("");
  const [isMissing, setMissing] = useState(false);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setMissing(draft.trim() === "");
    setFhirId(draft.trim());
  };
  return (
    <section>
      <h2><Trans>Which keys a patient has now</Trans></h2>
      <p><Trans>Once the three days are over, the new key is the only one, unless the patient refused it.</Trans></p>
      <form onSubmit={submit} noValidate>
        <Field id="look-patient" label={<Trans>Patient's id in the record system</Trans>} dir="ltr" autoComplete="off" spellCheck={false} value={draft} onChange={(event) => setDraft(event.target.value)} error={isMissing && t`Enter the patient's id in the record system.`} />
        <Button type="submit" kind="quiet"><Trans>Show the keys</Trans></Button>
      </form>
      {fhirId !== "" && <Bindings key={fhirId} fhirId={fhirId} />}
    </section>
  );
}

function Bindings({ fhirId }: { fhirId: string }) {
  const api = useApi();
  const query = useQuery({ queryKey: ["patient", fhirId], queryFn: ({ signal }) => api.patient(fhirId, signal) });
  if (query.isError && query.data === undefined) return <div className="after-form"><AdminFault error={query.error} retry={() => void query.refetch()} notFound={<Trans>There is no such patient. Check the id.</Trans>} /></div>;
  return <Loaded query={query} waiting={<Trans>Asking the directory.</Trans>}>{(patient) => <BindingList patient={patient} />}</Loaded>;
}

function BindingList({ patient: { bindings, stop } }: { patient: Patient }) {
  const { dateTime } = useFormats();
  const since = stop ? dateTime(stop.since) : "";
  return (
    <div className="after-form">
      {stop && <Notice kind="warning" heading={<Trans>This patient stopped everything</Trans>}><p><Trans>Since {since} nothing is released, whatever keys there are. Only one of the patient's keys lifts it.</Trans></p></Notice>}
      {bindings.length === 0
        ? <Notice heading={<Trans>No key stands for this patient</Trans>}><p><Trans>They can make one themselves in their portal. This needs no administrator.</Trans></p></Notice>
        : <SummaryList rows={bindings.map(({ subject, boundAt, signer }) => ({ key: subject, term: signer ? <Trans>Passkey</Trans> : <Trans>Key</Trans>, value: <><span className="hex">{subject}</span><br /><span className="small soft">{dateTime(boundAt)}</span></> }))} />}
    </div>
  );
}
