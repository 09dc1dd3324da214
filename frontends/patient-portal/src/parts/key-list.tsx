import type { Address } from "@consentry/sdk";
import { Notice, useFormats } from "@consentry/ui";
import { Trans } from "@lingui/react/macro";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { ALL_RIGHTS, authorityOf, controls, keyAt, mayDecide, useAuthorities, type Authority } from "../lib/authority.js";
import type { BoundKey } from "../lib/bound-keys.js";
import { KeyName } from "./key-name.js";
import { SubjectAction } from "./subject-action.js";

/** The person's keys: which is the main one, and what each of the others may do. */
export function KeyList({ keys }: { keys: readonly BoundKey[] }) {
  const { date } = useFormats();
  const authorities = useAuthorities();
  const main = keys[0]?.subject;
  if (main === undefined) return <p><Trans>You have no key yet.</Trans></p>;
  const authority = authorityOf(authorities.data, main);
  return (
    <section aria-labelledby="your-keys">
      <h2 id="your-keys"><Trans>Your keys</Trans></h2>
      {authority === undefined && authorities.isError && <Notice kind="warning"><p><Trans>We could not check what each key may do. Look again in a minute.</Trans></p></Notice>}
      <ul className="cards pairs">
        {keys.map((key) => (
          <li key={key.subject} className="card">
            <h3><KeyName of={key.subject} keys={keys} /></h3>
            {authority && <Standing {...{ of: key, keys, main, authority }} />}
            <p className="small soft"><Trans>Added on {date(key.boundAt)}</Trans> · <code>{`${key.subject.slice(0, 6)}…${key.subject.slice(-4)}`}</code></p>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** What a key may do with what is kept under the oldest one's address, and how to change that. */
function Standing({ of, keys, main, authority }: { of: BoundKey; keys: readonly BoundKey[]; main: Address; authority: Authority }) {
  const holder = keyAt(keys, authority.state.controller);
  const delegate = of.subject;
  if (controls(authority, delegate)) return <Words tag={<span className="tag good"><Trans>Main key</Trans></span>}><Trans>It decides on everything.</Trans></Words>;
  const mandate = authority.delegates.find((each) => each.status === "ACTIVE" && keyAt([of], each.delegate) !== undefined);
  if (mandate === undefined) {
    if (delegate === main) return <Words tag={<span className="tag over"><Trans>Replaced</Trans></span>}><Trans>Another key took its place. It decides on nothing any more.</Trans></Words>;
    return (
      <>
        <Words tag={<span className="tag ask"><Trans>Not ready</Trans></span>}><Trans>It cannot decide yet on what the first key gave.</Trans></Words>
        {holder && (
          <>
            <p><Trans>Your main key signs that this one may decide as well. Then both can say yes and no, and end what either of them gave.</Trans></p>
            <SubjectAction
              signer={holder} small label={<Trans>Let it decide as well</Trans>}
              act={(consentry) => consentry.delegates.set({ subject: main, delegate, rights: ALL_RIGHTS })}
            />
          </>
        )}
      </>
    );
  }
  return (
    <>
      <Words tag={<span className="tag good"><Trans>May decide</Trans></span>}>
        {mayDecide(authority, delegate, { rights: ALL_RIGHTS, until: null }) ? <Trans>It decides as well as the main key.</Trans> : <Trans>It may do a part of what the main key does.</Trans>}
      </Words>
      {holder && (
        <details>
          <summary><Trans>I lost this key</Trans></summary>
          <p><Trans>Your main key takes its right away. Then it decides nothing any more of what the main key keeps. Can somebody else unlock it? Then tell your hospital: only there is a key struck out for good.</Trans></p>
          <SubjectAction
            signer={holder} small kind="danger" label={<Trans>Take its right away</Trans>}
            act={(consentry) => consentry.delegates.remove(delegate, { subject: main })}
          />
        </details>
      )}
      {authority.state.recovery && keyAt([of], authority.state.recovery.recoverer) && <p className="small"><Link to="/keys/recovery"><Trans>It may take the main key's place, after a wait.</Trans></Link></p>}
    </>
  );
}

function Words({ tag, children }: { tag: ReactNode; children: ReactNode }) {
  return <><p>{tag}</p><p>{children}</p></>;
}
