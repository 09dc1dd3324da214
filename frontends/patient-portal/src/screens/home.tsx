import { Loaded, Notice, Page, buttonClass, useFormats, useNow } from "@consentry/ui";
import { Plural, Trans, useLingui } from "@lingui/react/macro";
import { Link } from "@tanstack/react-router";
import { useRequests } from "../lib/blocks.js";
import { isOpen, useAccesses, useConsents } from "../lib/consents.js";
import { useKeys } from "../lib/bound-keys.js";
import { ConsentCard } from "../parts/consent-card.js";

const UNUSED_AFTER = 90 * 86_400;

export function Home() {
  const { t } = useLingui();
  const consents = useConsents();
  const asked = useRequests().data?.open ?? [];
  const keys = useKeys();
  return (
    <Page heading={<Trans>Your health record, your decision</Trans>} plainHeading={t`Home`}>
      {keys.data?.length === 0 && (
        <Notice heading={<Trans>First, make your key</Trans>}>
          <p><Trans>With a key you sign what you decide. It is your finger, your face or your screen lock. Nobody can sign for you.</Trans></p>
          <div className="actions"><Link to="/keys" className={buttonClass({ small: true })}><Trans>Make my key</Trans></Link></div>
        </Notice>
      )}
      {keys.data?.length === 1 && (
        <Notice>
          <p><Trans>You have one key. A second one, on another device, lets you go on if you lose it. <Link to="/keys">Add a second key</Link> when you have two minutes.</Trans></p>
        </Notice>
      )}
      <Emergencies />
      <Loaded query={consents} waiting={<Trans>Loading your consents…</Trans>}>
        {(all) => {
          const open = all.filter(isOpen);
          return (
            <>
              {asked.length > 0 && (
                <section aria-labelledby="asked">
                  <h2 id="asked"><Plural value={asked.length} one="# clinic asks you" other="# clinics ask you" /></h2>
                  <ul className="cards">{asked.map((each) => <li key={each.id}><ConsentCard consent={each} to="/requests/$id" /></li>)}</ul>
                </section>
              )}
              <section aria-labelledby="open">
                <h2 id="open"><Trans>Who may look now</Trans></h2>
                {open.length === 0 ? <p className="soft"><Trans>Nobody. No clinic can see your record through a consent.</Trans></p> : <ul className="cards">{open.map((each) => <li key={each.id}><ConsentCard consent={each} to="/consents/$id" /></li>)}</ul>}
                <Unused consents={open} />
              </section>
            </>
          );
        }}
      </Loaded>
      <h2><Trans>What would you like to do?</Trans></h2>
      <ul className="cards pairs">
        <Task to="/give/who" heading={<Trans>Let a clinic see my record</Trans>}><Trans>A few short questions. You choose what and how long.</Trans></Task>
        <Task to="/activity" heading={<Trans>See who looked</Trans>}><Trans>Every look, and every try that was refused.</Trans></Task>
        <Task to="/my-code" heading={<Trans>Show my code to a clinic</Trans>}><Trans>With it a clinic can ask you.</Trans></Task>
        <Task to="/stop" heading={<Trans>Stop everything</Trans>}><Trans>At once, for all clinics. You need no key.</Trans></Task>
      </ul>
    </Page>
  );
}

function Task({ to, heading, children }: { to: string; heading: React.ReactNode; children: React.ReactNode }) {
  return <li><Link to={to} className="card card-link"><h3>{heading}</h3><p className="soft">{children}</p></Link></li>;
}

/** Emergency looks, which no consent allowed beforehand: they stay here until the archive no longer lists them. */
function Emergencies() {
  const accesses = useAccesses();
  const { dateTime } = useFormats();
  const emergencies = accesses.data?.filter(({ purpose }) => purpose === "BTG") ?? [];
  const [last] = emergencies;
  if (last === undefined) return null;
  const when = dateTime(last.ts);
  return (
    <Notice kind="warning" heading={<Trans>Somebody used the emergency way</Trans>}>
      <p><Trans>Last on {when}. In an emergency a clinic may ask without your yes. If you do not know why, ask them.</Trans></p>
      <div className="actions"><Link to="/activity" className={buttonClass({ kind: "quiet", small: true })}><Trans>See who it was</Trans></Link></div>
    </Notice>
  );
}

/** Consents that nobody used for a long time. Said only when the list of looks is known. */
function Unused({ consents }: { consents: readonly { id: string; validFrom: number }[] }) {
  const accesses = useAccesses();
  const now = useNow(60_000);
  if (accesses.data === undefined || accesses.isError) return null;
  const used = new Set(accesses.data.filter(({ ts }) => new Date(ts).getTime() / 1000 > now - UNUSED_AFTER).map(({ chainRef }) => chainRef?.consentId.toLowerCase()));
  const unused = consents.filter(({ id, validFrom }) => validFrom < now - UNUSED_AFTER && !used.has(id.toLowerCase()));
  if (unused.length === 0) return null;
  return (
    <Notice heading={<Plural value={unused.length} one="# consent was not used for 90 days" other="# consents were not used for 90 days" />}>
      <ul>{unused.map(({ id }) => <li key={id}><Link to="/consents/$id" params={{ id }}><Trans>Look at it, and end it if you like</Trans></Link></li>)}</ul>
    </Notice>
  );
}

