import { Loaded, Notice, Page, Progress, buttonClass, useFormats, useNow } from "@consentry/ui";
import { Trans, useLingui } from "@lingui/react/macro";
import { Link } from "@tanstack/react-router";
import { authorityOf, keyAt, useAuthorities, type Authority } from "../lib/authority.js";
import { useKeys, type BoundKey } from "../lib/bound-keys.js";
import { partsOf } from "../lib/wait.js";
import { KeyName } from "../parts/key-name.js";
import { PickKey, usePickedKey } from "../parts/pick-key.js";
import { SubjectAction } from "../parts/subject-action.js";

/** The least that the registry takes: long enough to notice, and to refuse. */
const DELAY_HOURS = 48;

/** What another key can do when the main one is lost: named beforehand, it takes its place after a wait. */
export function KeyRecovery() {
  const { t } = useLingui();
  const keys = useKeys();
  const authorities = useAuthorities();
  return (
    <Page heading={<Trans>If you lose your main key</Trans>} plainHeading={t`If you lose your main key`} back={{ to: "/keys", label: <Trans>Keys</Trans> }} narrow>
      <Loaded query={keys} waiting={<Trans>Looking for your keys…</Trans>}>
        {(all) => {
          const main = all[0]?.subject;
          if (main === undefined || all.length < 2) return <NoSecond count={all.length} />;
          return (
            <Loaded query={authorities} waiting={<Trans>Looking what your keys may do…</Trans>}>
              {(found) => {
                const authority = authorityOf(found, main);
                return authority === undefined ? <Progress><Trans>Looking what your keys may do…</Trans></Progress> : <Recovery main={main} authority={authority} keys={all} />;
              }}
            </Loaded>
          );
        }}
      </Loaded>
    </Page>
  );
}

function NoSecond({ count }: { count: number }) {
  return (
    <>
      <Notice heading={<Trans>You need a second key for this</Trans>}>
        <p>{count === 0 ? <Trans>Make your first key, then a second one on another device.</Trans> : <Trans>Add one on another device while you still have the first. Then it can take the first one's place.</Trans>}</p>
        <div className="actions"><Link to="/keys" className={buttonClass({ small: true })}><Trans>To my keys</Trans></Link></div>
      </Notice>
      <p><Trans>Did you lose your only key? <Link to="/keys/lost">Your hospital can help</Link></Trans></p>
    </>
  );
}

interface Known { main: BoundKey["subject"]; authority: Authority; keys: readonly BoundKey[] }

function Recovery(known: Known) {
  const { authority: { state }, keys } = known;
  const holder = keyAt(keys, state.controller);
  const holderName = <KeyName of={state.controller} keys={keys} />;
  return (
    <>
      <p className="lead"><Trans>Your main key is {holderName}.</Trans></p>
      <ol>
        <li><Trans>While you have the main key, it names another of your keys.</Trans></li>
        <li><Trans>If you lose the main key, the other one asks to take its place.</Trans></li>
        <li><Trans>Then 48 hours pass. On every page here you see that somebody asked. Whoever has the main key can say no.</Trans></li>
        <li><Trans>After that the other key is your main key. Your consents stay.</Trans></li>
      </ol>
      {state.proposal ? <UnderWay {...known} /> : state.recovery ? <Named {...known} holder={holder} /> : <Name {...known} holder={holder} />}
    </>
  );
}

function Name({ main, keys, holder }: Known & { holder: BoundKey | undefined }) {
  const picked = usePickedKey(keys.filter((key) => key !== holder && key !== keyAt(keys, main)));
  const { key } = picked;
  if (key === undefined || holder === undefined) {
    return (
      <Notice heading={<Trans>You have no other key that could be named</Trans>}>
        <p><Trans>Add one on another device first.</Trans></p>
        <div className="actions"><Link to="/keys" className={buttonClass({ small: true })}><Trans>To my keys</Trans></Link></div>
      </Notice>
    );
  }
  const name = <KeyName of={key.subject} keys={keys} />;
  return (
    <section aria-labelledby="name">
      <h2 id="name"><Trans>Be ready: name another key</Trans></h2>
      <p><Trans>{name} may then take the place of the main key. You can take this back at any time.</Trans></p>
      <PickKey picked={picked} keys={keys} />
      <SubjectAction signer={holder} label={<Trans>Name it and sign with the main key</Trans>} act={(consentry) => consentry.recovery.set({ subject: main, recoverer: key.subject, delayHours: DELAY_HOURS })} />
    </section>
  );
}

function Named({ main, authority: { state }, keys, holder }: Known & { holder: BoundKey | undefined }) {
  const { number } = useFormats();
  const recoverer = keyAt(keys, state.recovery?.recoverer);
  const name = <KeyName of={state.recovery?.recoverer ?? ""} keys={keys} />;
  const hours = number(Math.round((state.recovery?.delay ?? 0) / 3_600));
  return (
    <>
      <Notice kind="success" heading={<Trans>You are ready</Trans>}><p><Trans>{name} may take the place of your main key, {hours} hours after it asks.</Trans></p></Notice>
      {recoverer && (
        <section aria-labelledby="start">
          <h2 id="start"><Trans>I lost my main key</Trans></h2>
          <p><Trans>Sign with {name} to begin. Until the time is over you can stop it with the main key, if you find it.</Trans></p>
          <SubjectAction signer={recoverer} label={<Trans>Begin, and sign with the other key</Trans>} act={(consentry) => consentry.recovery.propose({ subject: main, newController: recoverer.subject })} />
        </section>
      )}
      {holder && (
        <details>
          <summary><Trans>Take it back</Trans></summary>
          <p><Trans>Then no key can take the place of the main one, until you name one again.</Trans></p>
          <SubjectAction signer={holder} kind="quiet" label={<Trans>Take it back, and sign with the main key</Trans>} act={(consentry) => consentry.recovery.set({ subject: main, recoverer: null })} />
        </details>
      )}
    </>
  );
}

function UnderWay({ main, authority: { state }, keys }: Known) {
  const now = useNow();
  const { dateTime, list, span } = useFormats();
  const { proposal } = state;
  if (!proposal) return null;
  const next = keyAt(keys, proposal.newController);
  const name = <KeyName of={proposal.newController} keys={keys} />;
  const ready = dateTime(proposal.readyAt);
  if (now < proposal.readyAt) {
    const left = list(partsOf(proposal.readyAt - now).map(span));
    return (
      <section aria-labelledby="waiting">
        <h2 id="waiting"><Trans>The time is running</Trans></h2>
        <p><Trans>{name} can take the place of the main key from {ready} on.</Trans></p>
        <p className="lead"><Trans>{left} left</Trans></p>
        <p><Trans>Come back then. Meanwhile you can end consents and say no with every key that may decide.</Trans></p>
      </section>
    );
  }
  return (
    <section aria-labelledby="ready">
      <h2 id="ready"><Trans>The time is over</Trans></h2>
      {next === undefined ? <p><Trans>The new key is not among yours here. If you do not know it, stop this above.</Trans></p> : (
        <>
          <p><Trans>Sign with {name}. From then on it is your main key, and the old one decides nothing. The rights of your other keys end too; give them again afterwards.</Trans></p>
          <SubjectAction signer={next} label={<Trans>Make it my main key</Trans>} act={(consentry) => consentry.recovery.recover({ subject: main })} />
        </>
      )}
    </section>
  );
}
