import type { Consent } from "@consentry/sdk";
import { EmptyState, Loaded, Notice, Page, buttonClass } from "@consentry/ui";
import { Plural, Trans, useLingui } from "@lingui/react/macro";
import { Link } from "@tanstack/react-router";
import { useBlocks, useRequests } from "../lib/blocks.js";
import { ConsentCard } from "../parts/consent-card.js";

export function Requests() {
  const { t } = useLingui();
  const requests = useRequests();
  const blocks = useBlocks();
  return (
    <Page heading={<Trans>Requests</Trans>} plainHeading={t`Requests`} lead={<Trans>Clinics that ask to see your record. You can say yes, say yes to less, or say no.</Trans>}>
      <Loaded query={requests} waiting={<Trans>Loading requests…</Trans>}>
        {({ open, blocked }) => (
          <>
            {blocks.isError && open.length > 0 && <Notice kind="warning"><p><Trans>We could not load which clinics you blocked. So all requests are shown.</Trans></p></Notice>}
            {open.length > 0 ? <Cards requests={open} /> : (
              <EmptyState heading={<Trans>No clinic asks you now</Trans>} actions={<Link to="/my-code" className={buttonClass({ kind: "quiet" })}><Trans>Show my code</Trans></Link>}>
                <p><Trans>When one asks, you see it here. A clinic needs your code to ask.</Trans></p>
              </EmptyState>
            )}
            {blocked.length > 0 && (
              <details>
                <summary><Plural value={blocked.length} one="# request from clinics that you blocked" other="# requests from clinics that you blocked" /></summary>
                <p><Trans>You need not answer them. They see nothing, and the requests lapse by themselves. <Link to="/settings">Blocked clinics</Link></Trans></p>
                <Cards requests={blocked} />
              </details>
            )}
          </>
        )}
      </Loaded>
    </Page>
  );
}

function Cards({ requests }: { requests: readonly Consent[] }) {
  return <ul className="cards">{requests.map((each) => <li key={each.id}><ConsentCard consent={each} to="/requests/$id" heading="h2" /></li>)}</ul>;
}
