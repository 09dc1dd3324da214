import { Button, Loaded, Notice, Page, buttonClass } from "@consentry/ui";
import { Trans, useLingui } from "@lingui/react/macro";
import { Link, useSearch } from "@tanstack/react-router";
import { ALL_RIGHTS, authorityOf, mayDecide, useAuthorities } from "../lib/authority.js";
import { useKeys, type BoundKey } from "../lib/bound-keys.js";
import { AddKey } from "../parts/key-add.js";
import { KeyList } from "../parts/key-list.js";
import { Sessions } from "../parts/key-sessions.js";

/** The person's keys, what each may do, what to do when one is lost, and where they are signed in. */
export function KeysScreen() {
  const { t } = useLingui();
  const keys = useKeys();
  const { added } = useSearch({ strict: false }) as { added?: string };
  return (
    <Page heading={<Trans>Keys</Trans>} plainHeading={t`Keys`} lead={<Trans>With a key you sign what you decide. It stays on your device; nobody else can use it.</Trans>} narrow>
      <Loaded query={keys} waiting={<Trans>Looking for your keys…</Trans>}>
        {(all) => {
          const isFirst = all.length === 1 && added !== undefined;
          return (
            <>
              {added !== undefined && <Added isUnfinished={String(added) === "unfinished"} keys={all} />}
              {isFirst && (
                <Notice heading={<Trans>Would you like a second key?</Trans>}>
                  <p><Trans>If you lose this key, a second one on another device lets you go on. It takes two minutes. You can also do it later.</Trans></p>
                  <div className="actions">
                    <Button small onPress={toAddKey}><Trans>Add a second key</Trans></Button>
                    <Link to="/" className={buttonClass({ small: true, kind: "plain" })}><Trans>Later</Trans></Link>
                  </div>
                </Notice>
              )}
              <KeyList keys={all} />
              <AddKey keys={all} />
              <Lost count={all.length} />
            </>
          );
        }}
      </Loaded>
      <Sessions />
    </Page>
  );
}

/** What came of adding a key; what was missing may be done by now. */
function Added({ isUnfinished, keys }: { isUnfinished: boolean; keys: readonly BoundKey[] }) {
  const authorities = useAuthorities();
  const authority = authorityOf(authorities.data, keys[0]?.subject);
  const isMissing = isUnfinished && !keys.every(({ subject }) => authority && mayDecide(authority, subject, { rights: ALL_RIGHTS, until: null }));
  return isMissing
    ? <Notice kind="warning" heading={<Trans>Your new key is yours, but not ready</Trans>} live><p><Trans>It cannot decide yet on what your first key gave. Finish it below; it takes one more signature.</Trans></p></Notice>
    : <Notice kind="success" heading={<Trans>Your key is ready</Trans>} live><p><Trans>From now on you can say yes and no here.</Trans></p></Notice>;
}

function toAddKey() {
  const heading = document.getElementById("add-key");
  heading?.focus();
  heading?.scrollIntoView();
}

function Lost({ count }: { count: number }) {
  if (count === 0) return <p><Link to="/keys/lost"><Trans>I had keys before, and lost them all</Trans></Link></p>;
  return (
    <section aria-labelledby="lost">
      <h2 id="lost"><Trans>If you lose a key</Trans></h2>
      <ul>
        <li><Link to="/keys/recovery"><Trans>I lost my main key, or want to be ready for it</Trans></Link></li>
        <li><Link to="/keys/lost"><Trans>I lost all my keys</Trans></Link></li>
        <li><Link to="/stop"><Trans>Stop everything</Trans></Link></li>
      </ul>
    </section>
  );
}
