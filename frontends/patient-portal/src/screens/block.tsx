import type { Consent } from "@consentry/sdk";
import { Button, FaultNotice, Loaded, Notice, Page, buttonClass } from "@consentry/ui";
import { Trans, useLingui } from "@lingui/react/macro";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { useState } from "react";
import { useBlocking } from "../lib/blocking.js";
import { useBlocks } from "../lib/blocks.js";
import { isOpen, useConsent, useConsents } from "../lib/consents.js";
import { useOrganization } from "../lib/directory.js";
import { SignAndWait } from "../parts/sign.js";

/** Asks once more before a clinic is blocked; afterwards offers what a block does not do: say no, and end what was allowed. */
export function BlockScreen() {
  const { id } = useParams({ from: "/requests/$id/block" });
  const { t } = useLingui();
  const consent = useConsent(id);
  return (
    <Page heading={<Trans>Block this clinic</Trans>} plainHeading={t`Block this clinic`} back={{ to: `/requests/${id}`, label: <Trans>Back to the request</Trans> }} narrow>
      <Loaded query={consent} waiting={<Trans>Loading the request…</Trans>}>{(asked) => <Block asked={asked} />}</Loaded>
    </Page>
  );
}

function Block({ asked }: { asked: Consent }) {
  const { t } = useLingui();
  const blocks = useBlocks();
  const blocking = useBlocking();
  const organization = useOrganization(asked.grantee);
  const name = organization?.name ?? t`this clinic`;
  const isBlocked = blocks.data?.some(({ address }) => address === asked.grantee.toLowerCase()) ?? false;
  if (isBlocked || blocking.isSuccess) return <Blocked asked={asked} name={name} />;
  return (
    <>
      <p><Trans>If you block <strong>{name}</strong>:</Trans></p>
      <ul>
        <li><Trans>Its requests no longer stand among those that you answer. You can still find them below the list.</Trans></li>
        <li><Trans>It is not told. A request without an answer lets nobody see anything.</Trans></li>
        <li><Trans>What you allowed it before stays, until you end it.</Trans></li>
        <li><Trans>You can let it ask again at any time, in the settings.</Trans></li>
      </ul>
      {blocking.isError && <FaultNotice error={blocking.error} />}
      <div className="actions">
        <Button kind="danger" pending={blocking.isPending} onPress={() => blocking.mutate({ address: asked.grantee, block: true })}><Trans>Block this clinic</Trans></Button>
        <Link to="/requests/$id" params={{ id: asked.id }} className={buttonClass({ kind: "quiet" })}><Trans>Do not block</Trans></Link>
      </div>
    </>
  );
}

function Blocked({ asked, name }: { asked: Consent; name: string }) {
  const navigate = useNavigate();
  const consents = useConsents();
  // The request as it was before it was refused: its steps stay on screen until the refusal is confirmed.
  const [first] = useState(asked);
  const [isRefused, setRefused] = useState(false);
  const open = consents.data?.filter((each) => isOpen(each) && each.grantee.toLowerCase() === asked.grantee.toLowerCase()) ?? [];
  return (
    <>
      <Notice kind="success" heading={<Trans>{name} is blocked</Trans>} live><p><Trans>You will not see its requests among the others. It is not told.</Trans></p></Notice>
      {open.length > 0 && (
        <Notice kind="warning" heading={<Trans>It may still see what you allowed before</Trans>}>
          <ul>{open.map(({ id }) => <li key={id}><Link to="/consents/$id" params={{ id }}><Trans>Look at this consent, and end it if you like</Trans></Link></li>)}</ul>
        </Notice>
      )}
      {first.status === "REQUESTED" && !isRefused && (
        <section aria-labelledby="refuse">
          <h2 id="refuse"><Trans>Do you want to say no to this request as well?</Trans></h2>
          <p><Trans>You need not. Then the clinic gets no answer. If you say no, it is told that you did.</Trans></p>
          <SignAndWait
            subject={first.subject} kind="danger" label={<Trans>Say no and sign</Trans>} outcome={<Trans>Refused: they see nothing</Trans>} isStop
            sign={(consentry) => consentry.consents.deny(first)} wait={(pending, options) => pending.waitForDenied(options)} onDone={() => setRefused(true)}
          />
        </section>
      )}
      {isRefused && <Notice kind="success" heading={<Trans>You said no to this request</Trans>} live />}
      <div className="actions"><Button kind="quiet" onPress={() => void navigate({ to: "/requests" })}><Trans>All requests</Trans></Button></div>
    </>
  );
}
