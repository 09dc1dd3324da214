import { EmptyState, Loaded, Page, buttonClass } from "@consentry/ui";
import { Trans, useLingui } from "@lingui/react/macro";
import { Link } from "@tanstack/react-router";
import { isOpen, useConsents } from "../lib/consents.js";
import { ConsentCard } from "../parts/consent-card.js";

export function ConsentsScreen() {
  const { t } = useLingui();
  const consents = useConsents();
  return (
    <Page heading={<Trans>My consents</Trans>} plainHeading={t`My consents`} lead={<Trans>What you said yes or no to, and what of it holds now.</Trans>}>
      <div className="actions" style={{ marginBlockStart: 0 }}><Link to="/give/$step" params={{ step: "who" }} className={buttonClass()}><Trans>Let a clinic see my record</Trans></Link></div>
      <Loaded query={consents} waiting={<Trans>Loading your consents…</Trans>}>
        {(all) => {
          const decided = all.filter(({ status }) => status !== "REQUESTED");
          const open = decided.filter(isOpen);
          const over = decided.filter((each) => !isOpen(each));
          if (decided.length === 0) return <EmptyState heading={<Trans>You have no consents yet</Trans>}><p><Trans>Nobody can see your record through this page.</Trans></p></EmptyState>;
          return (
            <>
              <h2><Trans>In force</Trans></h2>
              {open.length === 0 ? <p className="soft"><Trans>None. Nobody may look now.</Trans></p> : <ul className="cards">{open.map((each) => <li key={each.id}><ConsentCard consent={each} to="/consents/$id" /></li>)}</ul>}
              {over.length > 0 && <><h2><Trans>Over or refused</Trans></h2><ul className="cards">{over.map((each) => <li key={each.id}><ConsentCard consent={each} to="/consents/$id" /></li>)}</ul></>}
            </>
          );
        }}
      </Loaded>
    </Page>
  );
}
