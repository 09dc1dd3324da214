import type { Consent, Policy } from "@consentry/sdk";
import { Button, Countdown, FaultNotice, Loaded, Notice, Page, Progress, buttonClass, useFormats, useNow } from "@consentry/ui";
import { readPatientCode } from "@consentry/ui/patient-code";
import { nameOf, TYPES, type RecordType } from "@consentry/ui/policy";
import { useLingui as useWords } from "@lingui/react";
import { Trans, useLingui } from "@lingui/react/macro";
import { useQueryClient } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { useEffect, useState, type ReactNode } from "react";
import { useConsent, usePolicy } from "../lib/consents.js";
import { person } from "../lib/fhir/others.js";
import { useKnownPatient, useRemember } from "../lib/known-patients.js";
import { forgetRecords, useForgetOnLeave, useRecords } from "../lib/records.js";
import { shownTypes } from "../lib/shown-types.js";
import { standingOf } from "../lib/standing.js";
import { GENDERS } from "../lib/words.js";
import { Entries } from "../parts/entries.js";
import { Observations } from "../parts/observations.js";
import { PatientCodeField, codeFault } from "../parts/patient-code-field.js";
import { Refusal, WithheldRemark } from "../parts/refusal.js";
import { Reports } from "../parts/reports.js";
import { fhirDate } from "../parts/values.js";

/** How often it is looked whether the consent still stands, while records are on the screen. */
const WATCH_MS = 3_000;

/** What a consent lets the clinic read. */
export function RecordsScreen() {
  const { id } = useParams({ from: "/consents/$id/records" });
  const { t } = useLingui();
  const consent = useConsent(id, WATCH_MS);
  useForgetOnLeave(id);
  return (
    <Page heading={<Trans>Shared records</Trans>} plainHeading={t`Shared records`} back={{ to: `/consents/${id}`, label: <Trans>The consent</Trans> }}>
      {consent.data === undefined
        ? <Loaded query={consent} waiting={<Trans>Loading the consent…</Trans>}>{() => null}</Loaded>
        : <Watched consent={consent.data} checkedAt={Math.floor(consent.dataUpdatedAt / 1000)} lookAgain={() => void consent.refetch()} />}
    </Page>
  );
}

/** Shows records while the consent stands; takes them off the screen, and out of memory, as soon as it does not. */
function Watched({ consent, checkedAt, lookAgain }: { consent: Consent; checkedAt: number; lookAgain: () => void }) {
  const now = useNow();
  const queries = useQueryClient();
  const standing = standingOf(consent, checkedAt, now);
  const patient = useKnownPatient(consent.subject);
  useEffect(() => {
    if (standing !== "open") forgetRecords(queries, consent.id);
  }, [standing, queries, consent.id]);
  if (standing === "over") return <Over consent={consent} />;
  if (standing === "unsure") {
    return (
      <Notice kind="warning" heading={<Trans>We cannot tell whether the consent still stands</Trans>} live>
        <p><Trans>The records were taken off the screen. They come back when the service answers again and the consent still stands.</Trans></p>
        <div className="actions"><Button small kind="quiet" onPress={lookAgain}><Trans>Try again</Trans></Button></div>
      </Notice>
    );
  }
  return patient === undefined ? <WhoseRecords consent={consent} /> : <Open consent={consent} patient={patient} />;
}

/** Why there is nothing to see any more. */
function Over({ consent: { id, status } }: { consent: Consent }) {
  const again = <div className="actions"><Link to="/ask" search={{ again: id }} className={buttonClass({ small: true, kind: "quiet" })}><Trans>Ask again</Trans></Link></div>;
  switch (status) {
    case "REVOKED": return <Notice kind="warning" heading={<Trans>The patient has ended this consent</Trans>} live><p><Trans>All records were taken off the screen and out of this page's memory.</Trans></p>{again}</Notice>;
    case "REQUESTED": return <Notice heading={<Trans>The patient has not answered yet</Trans>} live><p><Trans>There is nothing to read before a yes.</Trans></p></Notice>;
    case "CONFIRMING": case "SCHEDULED": return <Notice heading={<Trans>The consent is not in force yet</Trans>} live><p><Trans>Wait here: the records open as soon as it is.</Trans></p></Notice>;
    case "DENIED": return <Notice kind="warning" heading={<Trans>The patient said no</Trans>} live><p><Trans>There is nothing to read.</Trans></p>{again}</Notice>;
    default: return <Notice kind="warning" heading={<Trans>This consent is over</Trans>} live><p><Trans>All records were taken off the screen and out of this page's memory.</Trans></p>{again}</Notice>;
  }
}

/** The chain knows an address and no patient; the patient's code says whose it is. */
function WhoseRecords({ consent }: { consent: Consent }) {
  const remember = useRemember();
  const [code, setCode] = useState("");
  const [problem, setProblem] = useState<ReactNode>();
  const submit = (event: React.FormEvent) => {
    event.preventDefault();
    const read = readPatientCode(code);
    if (typeof read === "string") return setProblem(codeFault(read));
    if (read.subject.toLowerCase() !== consent.subject.toLowerCase()) return setProblem(<Trans>This is the code of another patient, or of another key of this patient. Open the consent that belongs to it.</Trans>);
    remember(read);
  };
  return (
    <form className="narrow" onSubmit={submit}>
      <p><Trans>For safety, this page keeps no list of patients. Enter the patient's code once more to open the records.</Trans></p>
      <PatientCodeField id="code" value={code} onChange={setCode} error={problem} />
      <div className="actions"><Button type="submit"><Trans>Open the records</Trans></Button></div>
    </form>
  );
}

function Open({ consent, patient }: { consent: Consent; patient: string }) {
  const policy = usePolicy(consent.scopeId);
  if (policy.isError && policy.data === undefined) return <FaultNotice error={policy.error} retry={() => void policy.refetch()} />;
  return <Loaded query={policy} waiting={<Trans>Loading what is shared…</Trans>}>{(document) => <Kinds consent={consent} patient={patient} policy={document} />}</Loaded>;
}

/** The kinds of records that the consent covers, one at a time: what is not opened is not read. */
function Kinds({ consent, patient, policy }: { consent: Consent; patient: string; policy: Policy }) {
  const { t } = useLingui();
  const { _ } = useWords();
  const { dateTime } = useFormats();
  const types = shownTypes(policy.document);
  const [chosen, setChosen] = useState<RecordType>();
  const until = consent.validTo === null ? undefined : dateTime(consent.validTo);
  const withPerson = policy.document.resources.some(({ type }) => type === "Patient");
  return (
    <>
      <div className="card who">
        <Who consent={consent} patient={patient} isShared={withPerson} />
        <p className="until">{until === undefined ? <Trans>Until the patient ends it</Trans> : <><Countdown to={consent.validTo as number} /> <span className="soft small"><Trans>(until {until})</Trans></span></>}</p>
      </div>
      <div className="kinds" role="group" aria-label={t`Kinds of records`}>
        {types.map((type) => <button key={type} type="button" className="kind" aria-pressed={type === chosen} onClick={() => setChosen(type)}>{nameOf(TYPES, type, _)}</button>)}
      </div>
      {chosen === undefined ? <p className="soft"><Trans>Choose what you need. Every look is written down, and the patient sees it.</Trans></p> : <Records key={chosen} consent={consent} patient={patient} type={chosen} withResults={types.includes("Observation")} />}
      <WithheldRemark />
    </>
  );
}

function Who({ consent, patient, isShared }: { consent: Consent; patient: string; isShared: boolean }) {
  const { _ } = useWords();
  const formats = useFormats();
  const query = useRecords(consent, patient, "Patient", isShared);
  const who = query.data?.permitted ? person(query.data.resources) : undefined;
  const born = who?.birthDate === undefined ? undefined : fhirDate(who.birthDate, formats);
  return (
    <div>
      {who?.name !== undefined && <p className="name"><bdi>{who.name}</bdi></p>}
      {(born !== undefined || who?.gender !== undefined) && <p className="soft">{born !== undefined && <Trans>Born {born}</Trans>}{born !== undefined && who?.gender !== undefined && " · "}{who?.gender !== undefined && nameOf(GENDERS, who.gender, _)}</p>}
      <p className="soft small"><Trans>Patient id: <bdi dir="ltr" className="code">{patient}</bdi></Trans></p>
      {query.isError && <p className="small"><Trans>The name could not be loaded.</Trans></p>}
    </div>
  );
}

function Records({ consent, patient, type, withResults }: { consent: Consent; patient: string; type: RecordType; withResults: boolean }) {
  const query = useRecords(consent, patient, type);
  if (query.data === undefined) return query.isError ? <FaultNotice error={query.error} retry={() => void query.refetch()} /> : <Progress><Trans>Loading records…</Trans></Progress>;
  if (!query.data.permitted) return <><Refusal denied={query.data} /><div className="actions"><Button small kind="quiet" pending={query.isFetching} onPress={() => void query.refetch()}><Trans>Try again</Trans></Button></div></>;
  const { resources } = query.data;
  switch (type) {
    case "Observation": return <Observations resources={resources} />;
    case "DiagnosticReport": return <Reports consent={consent} patient={patient} resources={resources} withResults={withResults} />;
    default: return <Entries type={type} resources={resources} />;
  }
}
