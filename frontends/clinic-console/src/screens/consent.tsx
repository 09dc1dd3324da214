import type { Consent } from "@consentry/sdk";
import { Button, Countdown, FaultNotice, Loaded, Notice, Page, Progress, SummaryList, buttonClass, useFormats } from "@consentry/ui";
import { Trans, useLingui } from "@lingui/react/macro";
import { Link, useParams } from "@tanstack/react-router";
import { useState } from "react";
import { useConsent, usePolicy } from "../lib/consents.js";
import { endOf } from "../lib/worklist.js";
import { useKnownPatient } from "../lib/known-patients.js";
import { usePolicyRows } from "../parts/policy-rows.js";
import { SignAndWait } from "../parts/sign.js";
import { Status } from "./worklist.js";

/** How often it is looked whether a patient answered, while somebody waits at this page. */
const WATCH_MS = 3_000;

/** One request or consent: where it stands, what it covers, what can be done. */
export function ConsentScreen() {
  const { id } = useParams({ from: "/consents/$id" });
  const { t } = useLingui();
  const consent = useConsent(id, WATCH_MS);
  return (
    <Page heading={<Trans>Consent</Trans>} plainHeading={t`Consent`} back={{ to: "/", label: <Trans>All consents</Trans> }} narrow>
      <Loaded query={consent} waiting={<Trans>Loading the consent…</Trans>}>{(data) => <Detail consent={data} />}</Loaded>
    </Page>
  );
}

function Detail({ consent }: { consent: Consent }) {
  const policy = usePolicy(consent.scopeId);
  return (
    <>
      <div aria-live="polite"><StandsAt consent={consent} /></div>
      <div className="card">
        <Facts consent={consent} />
        {policy.data === undefined
          ? policy.isError ? <FaultNotice error={policy.error} retry={() => void policy.refetch()} /> : <Progress><Trans>Loading what was asked…</Trans></Progress>
          : <PolicyFacts document={policy.data.document} />}
      </div>
      <GiveBack consent={consent} />
    </>
  );
}

/** Where it stands in a sentence, and the next thing to do. */
function StandsAt({ consent }: { consent: Consent }) {
  const { id, status } = consent;
  const askAgain = <div className="actions"><Link to="/ask" search={{ again: id }} className={buttonClass({ small: true, kind: "quiet" })}><Trans>Ask again</Trans></Link></div>;
  switch (status) {
    case "REQUESTED": return <Notice heading={<Trans>The patient has not answered yet</Trans>}><p><Trans>The request is in the patient's portal. This page shows the answer as soon as it is there.</Trans></p></Notice>;
    case "CONFIRMING": return <Notice heading={<Trans>The patient said yes; it is being confirmed</Trans>}><p><Trans>Records open as soon as it is confirmed. This page shows it.</Trans></p></Notice>;
    case "SCHEDULED": return <Notice heading={<Trans>The patient said yes, for later</Trans>}><p><Trans>Records open when the time begins.</Trans></p></Notice>;
    case "ACTIVE": return <Notice kind="success" heading={<Trans>The patient said yes</Trans>}><div className="actions"><Link to="/consents/$id/records" params={{ id }} className={buttonClass({ small: true })}><Trans>Open the records</Trans></Link></div></Notice>;
    case "DENIED": return <Notice kind="warning" heading={<Trans>The patient said no</Trans>}><p><Trans>Perhaps the patient agreed to less: then a second consent is in the list. Speak with the patient before you ask again.</Trans></p>{askAgain}</Notice>;
    case "REVOKED": return <Notice kind="warning" heading={<Trans>The patient has ended this consent</Trans>}><p><Trans>Speak with the patient before you ask again.</Trans></p>{askAgain}</Notice>;
    case "EXPIRED": return <Notice heading={<Trans>This is over</Trans>}><p><Trans>Its time ran out. Ask again if you still need it.</Trans></p>{askAgain}</Notice>;
    case "ABSENT": return <Notice kind="warning" heading={<Trans>It is not there any more</Trans>}><p><Trans>The network took a step back before it was confirmed. Ask again.</Trans></p>{askAgain}</Notice>;
  }
}

function Facts({ consent }: { consent: Consent }) {
  const { dateTime } = useFormats();
  const patient = useKnownPatient(consent.subject);
  const end = endOf(consent);
  const { validFrom, validTo, status } = consent;
  const [from, to] = [dateTime(validFrom), validTo === null ? undefined : dateTime(validTo)];
  return (
    <SummaryList rows={[
      { key: "status", term: <Trans>Status</Trans>, value: <Status consent={consent} /> },
      { key: "patient", term: <Trans>Patient</Trans>, value: <>{patient !== undefined && <><bdi dir="ltr" className="code">{patient}</bdi><br /></>}<bdi dir="ltr" className="code">{consent.subject}</bdi></> },
      { key: "window", term: <Trans>Time</Trans>, value: to === undefined ? <Trans>From {from} until the patient ends it</Trans> : <Trans>From {from} to {to}</Trans> },
      ...(end === undefined ? [] : [{ key: "left", term: status === "REQUESTED" ? <Trans>Time to answer</Trans> : <Trans>Time left</Trans>, value: <Countdown to={end} /> }]),
    ]} />
  );
}

function PolicyFacts({ document }: { document: Parameters<typeof usePolicyRows>[0] }) {
  return <SummaryList rows={usePolicyRows(document)} />;
}

/** What the clinic no longer needs it can give back; it needs the key that asked. */
function GiveBack({ consent }: { consent: Consent }) {
  const [isAsking, setAsking] = useState(false);
  const [given] = useState(consent);
  const isRequest = consent.status === "REQUESTED";
  const canGive = isRequest || consent.status === "ACTIVE" || consent.status === "SCHEDULED";
  if (!isAsking) {
    if (!canGive) return null;
    return <div className="actions"><Button kind="plain" onPress={() => setAsking(true)}>{isRequest ? <Trans>Take the request back</Trans> : <Trans>Give the consent back</Trans>}</Button></div>;
  }
  return (
    <section>
      <h2>{isRequest ? <Trans>Take the request back</Trans> : <Trans>Give the consent back</Trans>}</h2>
      <p><Trans>Your organisation can then read nothing more under it. The patient sees that you gave it back.</Trans></p>
      <SignAndWait
        grantee={given.grantee} kind="danger" label={<Trans>Sign and give back</Trans>} outcome={<Trans>Given back</Trans>}
        sign={(consentry) => consentry.consents.relinquish(given)} wait={(pending, options) => pending.waitForRevoked(options)} onDone={() => setAsking(false)}
      />
      <Button kind="plain" onPress={() => setAsking(false)}><Trans>Keep it</Trans></Button>
    </section>
  );
}
