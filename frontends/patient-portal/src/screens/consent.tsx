import type { Consent } from "@consentry/sdk";
import { Countdown, Loaded, Notice, Page, StateTag, buttonClass, useFormats } from "@consentry/ui";
import { Trans, useLingui } from "@lingui/react/macro";
import { Link, useParams, useSearch } from "@tanstack/react-router";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { isOpen, useAccesses, useConsent, usePolicy } from "../lib/consents.js";
import { useOrganization } from "../lib/directory.js";
import { AccessTimeline } from "../parts/access-timeline.js";
import { ConsentSummary } from "../parts/consent-summary.js";
import { SignAndWait } from "../parts/sign.js";

/** One consent: what it says, where it stands, who used it, and how to end it. */
export function ConsentScreen() {
  const { id } = useParams({ from: "/consents/$id" });
  const { t } = useLingui();
  const { done } = useSearch({ strict: false }) as { done?: string };
  const consent = useConsent(id);
  const organization = useOrganization(consent.data?.grantee);
  const name = organization?.name ?? t`A clinic`;
  return (
    <Page heading={<Trans>Consent for {name}</Trans>} plainHeading={t`A consent`} back={{ to: "/consents", label: <Trans>All my consents</Trans> }} narrow>
      <Loaded query={consent} waiting={<Trans>Loading the consent…</Trans>}>
        {(found) => (
          <>
            {done === "active" && found.status === "ACTIVE" && <Notice kind="success" heading={<Trans>Done. Your consent is active</Trans>} live><p><Trans>Keep the receipt if you like. You can end this consent at any time.</Trans></p></Notice>}
            <Detail consent={found} />
          </>
        )}
      </Loaded>
    </Page>
  );
}

function Detail({ consent }: { consent: Consent }) {
  const policy = usePolicy(consent.scopeId);
  const accesses = useAccesses();
  return (
    <>
      <p className="row"><StateTag status={consent.status} />{consent.status === "ACTIVE" && consent.validTo !== null && <Countdown to={consent.validTo} />}</p>
      <Loaded query={policy} waiting={<Trans>Loading what it says…</Trans>}>
        {({ document }) => <div className="card"><ConsentSummary grantee={consent.grantee} document={document} validTo={consent.validTo} /></div>}
      </Loaded>
      <div className="actions"><Link to="/consents/$id/receipt" params={{ id: consent.id }} className={buttonClass({ kind: "quiet" })}><Trans>Receipt</Trans></Link></div>
      <End consent={consent} />
      <h2><Trans>Who used it</Trans></h2>
      <Loaded query={accesses} waiting={<Trans>Loading who looked…</Trans>}>
        {(all) => {
          const own = all.filter(({ chainRef }) => chainRef?.consentId.toLowerCase() === consent.id.toLowerCase());
          return own.length === 0 ? <p className="soft"><Trans>Nobody yet.</Trans></p> : <AccessTimeline accesses={own} />;
        }}
      </Loaded>
      <OnTheLedger consent={consent} />
    </>
  );
}

function End({ consent }: { consent: Consent }) {
  const queries = useQueryClient();
  const [ended, setEnded] = useState(false);
  // The consent as it was when it was signed away: its steps stay on screen until the end is confirmed.
  const [signed, setSigned] = useState<Consent>();
  if (ended) {
    return <Notice kind="success" heading={<Trans>You ended this consent</Trans>} live><p><Trans>From now on every look under it is refused. That is written down for good.</Trans></p></Notice>;
  }
  const open = signed ?? consent;
  if (!isOpen(open)) return null;
  return (
    <section aria-labelledby="end">
      <h2 id="end"><Trans>End this consent</Trans></h2>
      <p><Trans>They see nothing more from the moment you sign. What they saw before, they may have kept.</Trans></p>
      <SignAndWait
        subject={open.subject} need={{ rights: ["REVOKE"] }} kind="danger" label={<Trans>End it now</Trans>} outcome={<Trans>Ended by you</Trans>} isStop
        sign={async (consentry) => {
          const pending = await consentry.consents.revoke(consent);
          setSigned(consent);
          return pending;
        }}
        wait={(pending, options) => pending.waitForRevoked(options)}
        onDone={() => {
          setEnded(true);
          // The list of looks may now hold refusals that were not there before.
          queries.removeQueries({ queryKey: ["accesses"] });
        }}
      />
    </section>
  );
}

/** Where it stands, for those who want to check. */
function OnTheLedger({ consent }: { consent: Consent }) {
  const { number, dateTime } = useFormats();
  const block = number(consent.blockNumber);
  const from = dateTime(consent.validFrom);
  return (
    <details className="no-print">
      <summary><Trans>Technical details</Trans></summary>
      <dl className="summary">
        <div><dt><Trans>In force from</Trans></dt><dd>{from}</dd></div>
        <div><dt><Trans>Number of changes</Trans></dt><dd>{number(consent.version)}</dd></div>
        <div><dt><Trans>Block</Trans></dt><dd>{block}</dd></div>
        <div><dt><Trans>Transaction</Trans></dt><dd><code>{consent.transaction}</code></dd></div>
        <div><dt><Trans>Consent number</Trans></dt><dd><code>{consent.id}</code></dd></div>
      </dl>
    </details>
  );
}
