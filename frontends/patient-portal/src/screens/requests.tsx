import { EmptyState, Loaded, Page, buttonClass } from "@consentry/ui";
import { Trans, useLingui } from "@lingui/react/macro";
import { Link } from "@tanstack/react-router";
import { useConsents } from "../lib/consents.js";
import { ConsentCard } from "../parts/consent-card.js";

export function Requests() {
  const { t } = useLingui();
  const consents = useConsents();
  return (
    <Page heading={<Trans>Requests</Trans>} plainHeading={t`Requests`} lead={<Trans>Clinics that ask to see your record. You can say yes, say yes to less, or say no.</Trans>}>
      <Loaded query={consents} waiting={<Trans>Loading requests…</Trans>}>
        {(all) => {
          const asked = all.filter(({ status }) => status === "REQUESTED");
          if (asked.length > 0) return <ul className="cards">{asked.map((each) => <li key={each.id}><ConsentCard consent={each} to="/requests/$id" heading="h2" /></li>)}</ul>;
          return (
            <EmptyState heading={<Trans>No clinic asks you now</Trans>} actions={<Link to="/my-code" className={buttonClass({ kind: "quiet" })}><Trans>Show my code</Trans></Link>}>
              <p><Trans>When one asks, you see it here. A clinic needs your code to ask.</Trans></p>
            </EmptyState>
          );
        }}
      </Loaded>
    </Page>
  );
}
