import { Button, FaultNotice, Loaded, Notice, Page, useFormats, useSession } from "@consentry/ui";
import { Trans, useLingui } from "@lingui/react/macro";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useKeys, type BoundKey } from "../lib/bound-keys.js";
import { signerOf, typedSigner } from "../lib/keys.js";
import { liftStop } from "../lib/lift.js";
import { stopEverything, useStop, type HeldStop } from "../lib/stop.js";
import { PickKey, usePickedKey } from "../parts/pick-key.js";
import { PressToSign } from "../parts/press-to-sign.js";

/** Stops everything without a key, and undoes it with one. */
export function StopScreen() {
  const { t } = useLingui();
  const stop = useStop();
  return (
    <Page heading={<Trans>Stop everything</Trans>} plainHeading={t`Stop everything`} back={{ to: "/", label: <Trans>Home</Trans> }} narrow>
      <Loaded query={stop} waiting={<Trans>One moment…</Trans>}>{(held) => (held === null ? <NotStopped /> : <Stopped stop={held} />)}</Loaded>
    </Page>
  );
}

function NotStopped() {
  const who = useSession();
  const queries = useQueryClient();
  const stopping = useMutation({ mutationFn: () => stopEverything(who), onSuccess: (stop) => queries.setQueryData(["stop"], stop) });
  return (
    <>
      <p className="lead"><Trans>If you lost your key, or something feels wrong, you can stop it all with one press.</Trans></p>
      <ul>
        <li><Trans>From that moment no clinic sees your record through a consent.</Trans></li>
        <li><Trans>You need no key for it.</Trans></li>
        <li><Trans>Your consents stay as they are. You can undo it later with your key.</Trans></li>
      </ul>
      {stopping.isError && <FaultNotice error={stopping.error} />}
      <div className="actions"><Button kind="danger" pending={stopping.isPending} onPress={() => stopping.mutate()}><Trans>Stop everything now</Trans></Button></div>
    </>
  );
}

function Stopped({ stop }: { stop: HeldStop }) {
  const keys = useKeys();
  const { dateTime } = useFormats();
  const since = dateTime(stop.since);
  return (
    <>
      <Notice kind="warning" heading={<Trans>Everything is stopped</Trans>} live><p><Trans>Since {since} no consent opens your record. That is so even where one says “Active”.</Trans></p></Notice>
      <h2><Trans>Undo it</Trans></h2>
      <p><Trans>When you sign with your key, your consents count again as before.</Trans></p>
      <Loaded query={keys} waiting={<Trans>Looking for your keys…</Trans>}>
        {(all) => (all.length === 0
          ? <p className="soft"><Trans>You have no key yet, so it cannot be undone here. Make a key first, or ask your clinic.</Trans></p>
          : <Lift stop={stop} keys={all} />)}
      </Loaded>
    </>
  );
}

/** Any of the person's keys lifts a stop. */
function Lift({ stop, keys }: { stop: HeldStop; keys: readonly BoundKey[] }) {
  const who = useSession();
  const queries = useQueryClient();
  const picked = usePickedKey(keys);
  const { key } = picked;
  const lifting = useMutation({
    mutationFn: async ({ by, typed }: { by: BoundKey; typed?: string | undefined }) => {
      if (typed !== undefined) typedSigner(typed);
      await liftStop(who, stop, await signerOf(by, who.deployment, keys));
    },
    onSuccess: () => queries.setQueryData(["stop"], null),
    onError: picked.open,
  });
  if (key === undefined) return null;
  return (
    <>
      {lifting.isError && <FaultNotice error={lifting.error} />}
      <PressToSign signer={key} label={<Trans>Undo it and sign</Trans>} isBusy={lifting.isPending} onPress={(typed) => lifting.mutate({ by: key, typed })} />
      <PickKey picked={picked} keys={keys} />
    </>
  );
}
