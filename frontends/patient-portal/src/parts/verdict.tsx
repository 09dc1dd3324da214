import type { Consent } from "@consentry/sdk";
import { Loaded, Notice, StateTag, SummaryList, Table, useFormats } from "@consentry/ui";
import { nameOf, SENSITIVITIES, TYPES } from "@consentry/ui/policy";
import { useLingui as useWords } from "@lingui/react";
import { Trans, useLingui } from "@lingui/react/macro";
import type { ReactNode } from "react";
import { usePolicy } from "../lib/consents.js";
import { NONE, type Difference, type LineName, type Outcome } from "../lib/receipt-check.js";
import type { Named } from "../lib/verify-link.js";
import { ConsentSummary } from "./consent-summary.js";

/** What came of comparing a receipt's file with the registry. */
export function Verdict({ outcome, consent }: { outcome: Outcome; consent: Consent | undefined }) {
  const { changed, isOlder, isElsewhere } = outcome;
  if (changed.length > 0) {
    return (
      <>
        <Notice kind="error" heading={<Trans>This receipt was changed</Trans>} live><p><Trans>Do not rely on it. These lines are not as they were when the receipt was made:</Trans></p></Notice>
        <Differences lines={changed} />
        {consent === undefined && <Unknown />}
      </>
    );
  }
  if (consent === undefined) {
    if (!isElsewhere) return <Unknown />;
    return <Notice kind="warning" heading={<Trans>This receipt is of another system</Trans>} live><p><Trans>It names another registry than the one that we look into. We can say nothing about it.</Trans></p></Notice>;
  }
  return (
    <>
      <Unchanged outcome={outcome} consent={consent} />
      {isOlder && <Notice heading={<Trans>The consent changed after this receipt was made</Trans>}><p><Trans>So we cannot compare what became of it, and where it was written. What holds now stands below.</Trans></p></Notice>}
    </>
  );
}

/** Of a receipt in which nothing is known to be changed: how much of it is known to be right. */
function Unchanged({ outcome: { unsure, remarks }, consent }: { outcome: Outcome; consent: Consent }) {
  return (
    <>
      {unsure.length > 0 ? (
        <>
          <Notice kind="warning" heading={<Trans>We cannot tell whether this receipt is genuine</Trans>} live><p><Trans>What it allows is as it was signed. But these lines are not as they are now. They may have been right before the consent changed, or somebody changed them:</Trans></p></Notice>
          <Differences lines={unsure} />
        </>
      ) : <Notice kind={remarks.length > 0 ? "warning" : "success"} heading={<Standing consent={consent} />} live><p><Trans>Every line that was signed is as the registry has it.</Trans></p></Notice>}
      {remarks.length > 0 && (
        <>
          <Notice kind="warning" heading={<Trans>Some lines are not as we write them today</Trans>}><p><Trans>They are no part of what was signed. They may be older, or somebody changed them. Trust the lines further below.</Trans></p></Notice>
          <Differences lines={remarks} />
        </>
      )}
    </>
  );
}

/** What came of the code on the paper, which names a consent and its document. */
export function CodeVerdict({ named, consent }: { named: Named; consent: Consent | undefined }) {
  if (consent === undefined) return <Unknown />;
  if (consent.scopeId.toLowerCase() !== named.policy) return <Notice kind="error" heading={<Trans>This code was changed</Trans>} live><p><Trans>The consent is there, but it is about something else than the code says. Do not rely on the paper.</Trans></p></Notice>;
  return <Notice kind="success" heading={<Standing consent={consent} isCode />} live><p><Trans>Compare the paper with the lines below, one by one. They must say the same. If you have the file of the receipt, pick it, and we compare for you.</Trans></p></Notice>;
}

function Unknown() {
  return (
    <Notice kind="warning" heading={<Trans>We do not know this consent, or you are not a party to it</Trans>} live>
      <p><Trans>It may be somebody else's, or it was never written down. We show a consent only to those it is about.</Trans></p>
    </Notice>
  );
}

/** That it is genuine, and what became of the consent. */
function Standing({ consent: { status, validFrom, validTo }, isCode = false }: { consent: Consent; isCode?: boolean }) {
  const { date } = useFormats();
  const genuine = isCode ? <Trans>This code is genuine.</Trans> : <Trans>This receipt is genuine.</Trans>;
  const from = date(validFrom);
  // What expired before its own end was a request: the time to answer ran out.
  const isOver = validTo !== null && validTo * 1000 <= Date.now();
  const on = isOver ? date(validTo) : undefined;
  const standing = () => {
    switch (status) {
      case "ACTIVE": return <Trans>The consent is active.</Trans>;
      case "CONFIRMING": return <Trans>The consent is saved and being confirmed.</Trans>;
      case "SCHEDULED": return <Trans>The consent starts on {from}.</Trans>;
      case "REQUESTED": return <Trans>It is a request, and waits for an answer.</Trans>;
      case "DENIED": return <Trans>The answer was no.</Trans>;
      case "REVOKED": return <Trans>The consent was ended by the patient.</Trans>;
      case "EXPIRED": return on === undefined ? <Trans>It was a request, and nobody answered in time.</Trans> : <Trans>The consent ended on {on}.</Trans>;
      case "ABSENT": return <Trans>The consent is no longer in the registry.</Trans>;
    }
  };
  return <>{genuine} {standing()}</>;
}

/** What the registry says of a consent now. */
export function NowInForce({ consent }: { consent: Consent }) {
  const { dateTime, number } = useFormats();
  const policy = usePolicy(consent.scopeId);
  return (
    <section aria-labelledby="now">
      <h2 id="now"><Trans>What the registry says now</Trans></h2>
      <div className="card">
        <p className="row"><StateTag status={consent.status} /></p>
        <Loaded query={policy} waiting={<Trans>Loading what it says…</Trans>}>
          {({ document }) => <ConsentSummary grantee={consent.grantee} document={document} validTo={consent.validTo} />}
        </Loaded>
        <SummaryList rows={[
          { key: "from", term: <Trans>In force from</Trans>, value: dateTime(consent.validFrom) },
          { key: "id", term: <Trans>Consent number</Trans>, value: <code>{consent.id}</code> },
          { key: "hash", term: <Trans>Fingerprint of what you signed</Trans>, value: <code>{consent.scopeId}</code> },
          { key: "tx", term: <Trans>Where it is written</Trans>, value: <><Trans>Block {number(consent.blockNumber)}</Trans><br /><code>{consent.transaction}</code></> },
        ]} />
      </div>
    </section>
  );
}

function Differences({ lines }: { lines: readonly Difference[] }) {
  const { t } = useLingui();
  return (
    <Table
      caption={<Trans>What is different</Trans>} hideCaption rows={lines} rowKey={({ line }) => line}
      columns={[
        { key: "line", label: <Trans>Line</Trans>, text: t`Line`, cell: ({ line }) => lineName(line) },
        { key: "said", label: <Trans>The file says</Trans>, text: t`The file says`, cell: ({ line, said }) => (said === undefined ? <Trans>Nothing that can be read</Trans> : <Value line={line} text={said} />) },
        { key: "is", label: <Trans>It should say</Trans>, text: t`It should say`, cell: ({ line, is }) => (is === undefined ? <Trans>We cannot say</Trans> : <Value line={line} text={is} />) },
      ]}
    />
  );
}

/** A value in words, where it is one that people know in words. */
function Value({ line, text }: { line: LineName; text: string }) {
  const { _ } = useWords();
  const { dateTime, list } = useFormats();
  if (text === "") return <Trans>Nothing</Trans>;
  if (line === "until" && text === NONE) return <Trans>Until you end it</Trans>;
  if ((line === "from" || line === "until") && text !== NONE) return dateTime(text);
  if (line === "not") return list(text.split(", ").map((code) => nameOf(SENSITIVITIES, code, _)));
  if (line === "what" && TYPES[text] !== undefined) return _(TYPES[text]);
  return <bdi className="code">{text}</bdi>;
}

function lineName(line: LineName): ReactNode {
  switch (line) {
    case "id": return <Trans>Consent number</Trans>;
    case "patient": return <Trans>Patient</Trans>;
    case "custodian": return <Trans>Who keeps the record</Trans>;
    case "who": return <Trans>Who</Trans>;
    case "what": return <Trans>What they may see</Trans>;
    case "not": return <Trans>What they may not see</Trans>;
    case "why": return <Trans>Why</Trans>;
    case "how": return <Trans>How they may use it</Trans>;
    case "period": return <Trans>How old the records may be</Trans>;
    case "from": return <Trans>In force from</Trans>;
    case "until": return <Trans>Until when</Trans>;
    case "state": return <Trans>What became of it</Trans>;
    case "written": return <Trans>Where it is written</Trans>;
    case "registry": return <Trans>Which registry</Trans>;
    case "key": return <Trans>The key of the patient</Trans>;
    case "fingerprint": return <Trans>Fingerprint of what you signed</Trans>;
    case "document": return <Trans>The document that was signed</Trans>;
    case "words": return <Trans>Words that explain it</Trans>;
    case "name": return <Trans>Name of the clinic</Trans>;
  }
}
