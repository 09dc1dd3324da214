import type { Consent } from "@consentry/sdk";
import { Countdown, EmptyState, Loaded, Notice, Page, SelectField, StateTag, Table, buttonClass, useFormats, useNow, useSession } from "@consentry/ui";
import { Trans, useLingui } from "@lingui/react/macro";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useWorklist, type Worklist } from "../lib/consents.js";
import { useKnownPatient } from "../lib/known-patients.js";
import { counts, endOf, FILTERS, pageOf, SORTS, wasNeverAnswered, type Filter, type Sort } from "../lib/worklist.js";
import { ShortAddress } from "../parts/patient-code-field.js";

/** All that the organisation asked for, and what became of it. */
export function WorklistScreen() {
  const { t } = useLingui();
  const { identity } = useSession();
  const worklist = useWorklist();
  return (
    <Page heading={<Trans>Consents</Trans>} plainHeading={t`Consents`} lead={<Trans>What your organisation asked for, and what patients answered.</Trans>}>
      {(identity.grantees ?? []).length === 0 ? <NoKey /> : <Loaded query={worklist} waiting={<Trans>Loading consents…</Trans>}>{(data) => <Listed worklist={data} />}</Loaded>}
    </Page>
  );
}

function NoKey() {
  return (
    <EmptyState heading={<Trans>Your organisation cannot ask yet</Trans>}>
      <p><Trans>An administrator has to verify your organisation and its key first. Then sign in again.</Trans></p>
    </EmptyState>
  );
}

function Listed({ worklist: { consents, isCut } }: { worklist: Worklist }) {
  const { t } = useLingui();
  const { number } = useFormats();
  const navigate = useNavigate();
  const { status: filter, sort, page } = useSearch({ from: "/" });
  const numbers = counts(consents);
  const shown = pageOf(consents, { filter, sort, page });
  if (consents.length === 0) {
    return (
      <EmptyState heading={<Trans>Nobody was asked yet</Trans>} actions={<Link to="/ask" className={buttonClass()}><Trans>Ask a patient</Trans></Link>}>
        <p><Trans>You need the patient's code. The patient finds it in their portal.</Trans></p>
      </EmptyState>
    );
  }
  return (
    <>
      <div className="actions first"><Link to="/ask" className={buttonClass()}><Trans>Ask a patient</Trans></Link></div>
      {isCut && <Notice kind="warning"><p><Trans>There are more consents than this page holds. The counts are of those that are here.</Trans></p></Notice>}
      <ul className="filters" aria-label={t`Show only`}>
        {FILTERS.filter((each) => each !== "STARTING" || numbers.STARTING > 0 || filter === "STARTING").map((each) => (
          <li key={each}>
            <Link to="/" search={{ status: each, sort, page: 1 }} aria-current={each === filter ? "true" : undefined} resetScroll={false}>
              <span>{filterLabel(each)}</span> <strong>{number(numbers[each])}</strong>
            </Link>
          </li>
        ))}
      </ul>
      <div className="sort">
        <SelectField label={<Trans>Order</Trans>} value={sort} onChange={(event) => void navigate({ to: "/", search: { status: filter, sort: event.target.value as Sort, page: 1 }, resetScroll: false })}>
          {SORTS.map((each) => <option key={each} value={each}>{each === "newest" ? t`Last changed first` : each === "ending" ? t`Ending soonest first` : t`By patient`}</option>)}
        </SelectField>
      </div>
      {shown.rows.length === 0 ? <EmptyState heading={<Trans>None of this kind</Trans>} /> : <Rows rows={shown.rows} />}
      {shown.pages > 1 && <Paging page={shown.page} pages={shown.pages} />}
    </>
  );
}

function filterLabel(filter: Filter): ReactNode {
  switch (filter) {
    case "ALL": return <Trans>All</Trans>;
    case "REQUESTED": return <Trans>Waiting for an answer</Trans>;
    case "STARTING": return <Trans>Starting</Trans>;
    case "ACTIVE": return <Trans>Active</Trans>;
    case "DENIED": return <Trans>Refused</Trans>;
    case "EXPIRED": return <Trans>Ended on its date</Trans>;
    case "REVOKED": return <Trans>Ended by the patient</Trans>;
  }
}

function Rows({ rows }: { rows: readonly Consent[] }) {
  const { t } = useLingui();
  return (
    <Table
      caption={<Trans>Consents</Trans>} hideCaption rows={rows} rowKey={({ id }) => id}
      columns={[
        { key: "patient", label: <Trans>Patient</Trans>, text: t`Patient`, cell: (consent) => <Link to="/consents/$id" params={{ id: consent.id }}><WhoIs subject={consent.subject} /></Link> },
        { key: "status", label: <Trans>Status</Trans>, text: t`Status`, cell: (consent) => <Status consent={consent} /> },
        { key: "until", label: <Trans>Until</Trans>, text: t`Until`, cell: (consent) => <Until consent={consent} /> },
        { key: "open", label: <span className="visually-hidden"><Trans>Records</Trans></span>, cell: ({ id, status }) => status === "ACTIVE" && <Link to="/consents/$id/records" params={{ id }}><Trans>Open the records</Trans></Link> },
      ]}
    />
  );
}

/** A patient by the id that a code gave, or by the address. */
export function WhoIs({ subject }: { subject: string }) {
  const patient = useKnownPatient(subject);
  if (patient === undefined) return <ShortAddress address={subject} />;
  return <bdi dir="ltr" className="code">{patient}</bdi>;
}

/** The state in words; one that lapsed unanswered says so. */
export function Status({ consent }: { consent: Consent }) {
  const now = useNow(60_000);
  return wasNeverAnswered(consent, now) ? <span className="tag over"><Trans>Not answered in time</Trans></span> : <StateTag status={consent.status} />;
}

function Until({ consent }: { consent: Consent }) {
  const { date } = useFormats();
  const end = endOf(consent);
  if (end !== undefined) return <><Countdown to={end} /> <span className="soft small part">{consent.status === "REQUESTED" ? <Trans>to answer, until {date(end)}</Trans> : date(end)}</span></>;
  const isOpen = consent.status === "ACTIVE" || consent.status === "CONFIRMING" || consent.status === "SCHEDULED";
  return <span className="soft">{isOpen ? <Trans>Until the patient ends it</Trans> : <Trans>Over</Trans>}</span>;
}

function Paging({ page, pages }: { page: number; pages: number }) {
  const { t } = useLingui();
  const { status, sort } = useSearch({ from: "/" });
  return (
    <nav className="paging" aria-label={t`Pages of the list`}>
      {page > 1 ? <Link to="/" search={{ status, sort, page: page - 1 }} className={buttonClass({ kind: "quiet", small: true })}><Trans>Previous</Trans></Link> : <span />}
      <span><Trans>Page {page} of {pages}</Trans></span>
      {page < pages ? <Link to="/" search={{ status, sort, page: page + 1 }} className={buttonClass({ kind: "quiet", small: true })}><Trans>Next</Trans></Link> : <span />}
    </nav>
  );
}
