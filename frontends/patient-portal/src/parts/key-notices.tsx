import type { Address } from "@consentry/sdk";
import { Button, FaultNotice, Notice, buttonClass, useFormats, useNow, useSession } from "@consentry/ui";
import { Trans } from "@lingui/react/macro";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link, useRouterState } from "@tanstack/react-router";
import { keyAt, useAuthorities, type Authority } from "../lib/authority.js";
import { useKeys, type BoundKey } from "../lib/bound-keys.js";
import { refuse, useRebinding, type Rebinding } from "../lib/rebindings.js";
import { KeyName } from "./key-name.js";
import { SubjectAction } from "./subject-action.js";

/** Says on every screen that somebody is about to replace a key, and how to refuse it. */
export function KeyNotices() {
  const keys = useKeys();
  const authorities = useAuthorities();
  const { data: rebinding } = useRebinding();
  const all = keys.data ?? [];
  return (
    <>
      {rebinding && <NewKeyByClinic key={rebinding.id} rebinding={rebinding} />}
      {authorities.data?.map((authority) => (
        <div key={authority.state.subject}>
          <Proposed authority={authority} keys={all} />
          <Frozen authority={authority} keys={all} />
        </div>
      ))}
    </>
  );
}

/** A recovery under way: the key that decides now can refuse it, as long as it was not carried out. */
function Proposed({ authority: { state }, keys }: { authority: Authority; keys: readonly BoundKey[] }) {
  const { dateTime } = useFormats();
  const isAtRecovery = useRouterState({ select: ({ location }) => location.pathname === "/keys/recovery" });
  const now = useNow(10_000);
  const { proposal, subject } = state;
  if (!proposal) return null;
  const holder = keyAt(keys, state.controller);
  const ready = dateTime(proposal.readyAt);
  const name = <KeyName of={proposal.newController} keys={keys} />;
  return (
    <Notice kind="warning" heading={<Trans>Somebody wants to replace your key. Was it you?</Trans>}>
      {now < proposal.readyAt ? (
        <>
          <p><Trans>{name} is to decide in place of your main key, from {ready} on.</Trans></p>
          <p><Trans>If it was you, because you lost the main key, wait until then. If it was not you, stop it now.</Trans></p>
        </>
      ) : (
        <>
          <p><Trans>{name} can take the place of your main key at any moment.</Trans></p>
          <p><Trans>If it was you, because you lost the main key, finish it. If it was not you, stop it now.</Trans></p>
        </>
      )}
      {holder && <SubjectAction signer={holder} kind="danger" small label={<Trans>Stop this</Trans>} act={(consentry) => consentry.recovery.veto({ subject: subject as Address })} />}
      {!isAtRecovery && <div className="actions"><Link to="/keys/recovery" className={buttonClass({ kind: "quiet", small: true })}><Trans>See how far it is</Trans></Link></div>}
    </Notice>
  );
}

/** Whoever may recover can also hold new consents up for a while. Ending one is never held up. */
function Frozen({ authority: { state }, keys }: { authority: Authority; keys: readonly BoundKey[] }) {
  const { dateTime } = useFormats();
  const now = useNow(10_000);
  const { frozenUntil, subject } = state;
  if (!frozenUntil || frozenUntil <= now) return null;
  const holder = keyAt(keys, state.controller);
  const until = dateTime(frozenUntil);
  return (
    <Notice kind="warning" heading={<Trans>New consents are held up</Trans>}>
      <p><Trans>The key that may take your main key's place holds them up until {until}. You can still end a consent or say no.</Trans></p>
      {holder && <SubjectAction signer={holder} small label={<Trans>Allow them again</Trans>} act={(consentry) => consentry.recovery.unfreeze({ subject: subject as Address })} />}
    </Notice>
  );
}

/** Two administrators put a key in the place of all others: the person is told, and can refuse without any key. */
function NewKeyByClinic({ rebinding }: { rebinding: Rebinding }) {
  const who = useSession();
  const queries = useQueryClient();
  const { dateTime } = useFormats();
  const refusing = useMutation({ mutationFn: () => refuse(who, rebinding), onSuccess: () => queries.setQueryData(["rebinding"], null) });
  const asked = dateTime(rebinding.proposedAt);
  const ready = rebinding.readyAt ? dateTime(rebinding.readyAt) : undefined;
  return (
    <Notice kind="warning" heading={<Trans>A new key is to take the place of all your keys</Trans>}>
      <p>
        {ready === undefined
          ? <Trans>Somebody at your hospital asked for it on {asked}. A second person has to agree; then three days pass before it counts.</Trans>
          : <Trans>Two people at your hospital agreed to it. The new key counts from {ready} on. Then your old keys decide nothing any more.</Trans>}
      </p>
      <p><Trans>If you asked for it, because you lost your keys, you need do nothing. If you did not, refuse it.</Trans></p>
      {refusing.isError && <FaultNotice error={refusing.error} />}
      <div className="actions"><Button kind="danger" small pending={refusing.isPending} onPress={() => refusing.mutate()}><Trans>Refuse the new key</Trans></Button></div>
    </Notice>
  );
}
