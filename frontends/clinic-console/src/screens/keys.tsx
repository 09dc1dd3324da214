import { ConsentryError, eip1193Signer, SignerError, type Address, type Signer } from "@consentry/sdk";
import { Button, ButtonLink, CopyText, FaultNotice, Loaded, Notice, Page, sameAddress, SummaryList, useFormats, useNow, useSession, useSignInUrl } from "@consentry/ui";
import { makePasskey } from "@consentry/ui/passkey";
import { withChecksum } from "@consentry/ui/patient-code";
import { Trans, useLingui } from "@lingui/react/macro";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useOrganization, useOrganizationName } from "../lib/organization.js";
import { practitionerOf, standingOf, useOnChain, useOwnKeys, type OwnKey, type Standing } from "../lib/own-keys.js";

/** How fresh a sign-in must be to add a key, as auth-service has it; a little less, so that there is time to do it. */
const FRESH = 270;
/** So many addresses one practitioner may have. */
const MOST = 4;

/** The keys by which the person asks: their own, and their organisation's. */
export function KeysScreen() {
  const { t } = useLingui();
  const { identity } = useSession();
  return (
    <Page heading={<Trans>Keys</Trans>} plainHeading={t`Keys`} lead={<Trans>With a key you sign what you ask of a patient.</Trans>} narrow>
      <section>
        <h2><Trans>Your own keys</Trans></h2>
        {practitionerOf(identity) === undefined ? <NoPractitioner /> : <Own />}
      </section>
      <OrganizationKeys />
    </Page>
  );
}

function NoPractitioner() {
  return (
    <Notice heading={<Trans>Your account names no practitioner</Trans>}>
      <p><Trans>A key of your own belongs to a practitioner. Ask an administrator for an account that names you as one. Until then, your organisation's key signs.</Trans></p>
    </Notice>
  );
}

function Own() {
  const keys = useOwnKeys();
  return (
    <Loaded query={keys} waiting={<Trans>Looking for your keys…</Trans>}>
      {(all) => (
        <>
          <p><Trans>What a patient allows to your own key, only you can read. What they allow to your organisation's key, all of it can.</Trans></p>
          {all.length === 0 && <p><Trans>You have no key yet. With a passkey you sign with your finger, your face or your screen lock.</Trans></p>}
          {all.length > 0 && <div className="stack wide">{all.map((key, at) => <KeyCard key={key.address} of={key} number={at + 1} />)}</div>}
          {all.length < MOST ? <AddKey isFirst={all.length === 0} /> : <p className="soft"><Trans>You have as many keys as one can have. Remove one before you add another.</Trans></p>}
        </>
      )}
    </Loaded>
  );
}

function KeyCard({ of: key, number }: { of: OwnKey; number: number }) {
  const formats = useFormats();
  const { identity } = useSession();
  const organization = useOrganization();
  const mayAsk = identity.grantees ?? [];
  const isWaitedFor = !mayAsk.some((each) => sameAddress(each, key.address));
  const onChain = useOnChain(key.address, isWaitedFor);
  const [shown, added] = [formats.number(number), formats.date(key.boundAt)];
  return (
    <article className="card">
      <h3>{key.passkey === undefined ? <Trans>Wallet {shown}</Trans> : <Trans>Passkey {shown}</Trans>}</h3>
      <p className="soft small"><Trans>Added on {added}</Trans></p>
      <Loaded query={onChain} waiting={<Trans>Looking up whether it may ask…</Trans>}>
        {(found) => (organization.data === undefined
          ? <Loaded query={organization} waiting={<Trans>Looking up whether it may ask…</Trans>}>{() => null}</Loaded>
          : <StandsAt address={key.address} standing={standingOf(key.address, found ?? undefined, mayAsk, organization.data.addresses)} />)}
      </Loaded>
      <RemoveKey of={key} />
    </article>
  );
}

/** Where the key stands, and the next thing to do. */
function StandsAt({ address, standing }: { address: Address; standing: Standing }) {
  const signInUrl = useSignInUrl();
  const handOn = <CopyText label={<Trans>Address of this key</Trans>} text={withChecksum(address)} small />;
  switch (standing) {
    case "asks": return <><p><span className="tag good"><Trans>May ask patients</Trans></span></p>{handOn}</>;
    case "sign-in-again": return (
      <Notice kind="success" heading={<Trans>This key is verified</Trans>} live>
        <p><Trans>Sign in once more, then you can ask patients with it.</Trans></p>
        <div className="actions"><ButtonLink small href={signInUrl({ returnTo: "/keys" })}><Trans>Start using it</Trans></ButtonLink></div>
      </Notice>
    );
    case "unverified": return (
      <>
        <Notice kind="warning" heading={<Trans>This key cannot ask yet</Trans>} live>
          <p><Trans>It is yours. An administrator has to verify it: give them this address. This page shows when it is done.</Trans></p>
        </Notice>
        {handOn}
      </>
    );
    case "elsewhere": return (
      <>
        <Notice kind="warning" heading={<Trans>This key is verified for another organisation</Trans>}>
          <p><Trans>You cannot ask with it here. An administrator can verify it for your organisation: give them this address.</Trans></p>
        </Notice>
        {handOn}
      </>
    );
    case "ended": return (
      <>
        <Notice kind="warning" heading={<Trans>This key may not ask any more</Trans>}>
          <p><Trans>Its verification has ended or was stopped. Speak with an administrator.</Trans></p>
        </Notice>
        {handOn}
      </>
    );
  }
}

/** Takes a key from oneself. Sign-ins that may name it end with it. */
function RemoveKey({ of: key }: { of: OwnKey }) {
  const { consentry } = useSession();
  const signInUrl = useSignInUrl();
  const [isAsking, setAsking] = useState(false);
  const ending = useMutation({
    mutationFn: () => consentry.grantees.end(key.address),
    onSuccess: () => location.assign(signInUrl({ returnTo: "/keys" })),
  });
  if (!isAsking) return <Button kind="plain" small onPress={() => setAsking(true)}><Trans>Remove this key</Trans></Button>;
  return (
    <div>
      {ending.isError && <FaultNotice error={ending.error} />}
      <p><Trans>What you asked with it stays as it is, but you can then read nothing under it. You sign in again afterwards.</Trans></p>
      <div className="actions">
        <Button kind="danger" small pending={ending.isPending} onPress={() => ending.mutate()}><Trans>Remove it</Trans></Button>
        <Button kind="plain" small onPress={() => setAsking(false)}><Trans>Keep it</Trans></Button>
      </div>
    </div>
  );
}

function AddKey({ isFirst }: { isFirst: boolean }) {
  const { identity, deployment, withSigner } = useSession();
  const signInUrl = useSignInUrl();
  const queries = useQueryClient();
  const now = useNow(10_000);
  const binding = useMutation({
    mutationFn: async (make: () => Promise<Signer>) => {
      const { tenant, organization } = identity;
      const practitioner = practitionerOf(identity);
      if (organization === undefined || practitioner === undefined) throw new ConsentryError("Auth", "AUTH_FORBIDDEN", "this account is no practitioner's");
      const signer = await make();
      // The time, because it grows: a key that was removed can be bound anew.
      await withSigner(signer).grantees.bind({ tenant, organization, practitioner, nonce: BigInt(Date.now()) });
    },
    onSuccess: () => queries.invalidateQueries({ queryKey: ["own-keys"] }),
  });
  const heading = isFirst ? <Trans>Make your key</Trans> : <Trans>Add another key</Trans>;
  const isFresh = identity.acr === "aal2" && identity.authTime !== undefined && now - identity.authTime < FRESH;
  if (!isFresh) {
    return (
      <>
        <h3>{heading}</h3>
        <p><Trans>First we make sure that it is you. You sign in once more with two checks, and come back here.</Trans></p>
        <div className="actions"><ButtonLink href={signInUrl({ returnTo: "/keys", acr: "aal2", maxAge: 240 })}><Trans>Yes, it is me</Trans></ButtonLink></div>
      </>
    );
  }
  return (
    <>
      <h3>{heading}</h3>
      {binding.isError && <FaultNotice error={binding.error} />}
      <p><Trans>Your device asks twice for your finger, your face or your screen lock: once to make the key, once to sign that it is yours.</Trans></p>
      <div className="actions">
        <Button pending={binding.isPending} onPress={() => binding.mutate(() => makePasskey(deployment))}><Trans>Make a passkey</Trans></Button>
        {window.ethereum !== undefined && <Button kind="quiet" isDisabled={binding.isPending} onPress={() => binding.mutate(walletHere)}><Trans>Use my own wallet</Trans></Button>}
      </div>
    </>
  );
}

async function walletHere(): Promise<Signer> {
  if (window.ethereum === undefined) throw new SignerError("SIGNER_UNAVAILABLE", "there is no wallet in this browser");
  return eip1193Signer(window.ethereum);
}

/** The addresses of the organisation. Who holds their keys signs for all of it. */
function OrganizationKeys() {
  const organization = useOrganization();
  const name = useOrganizationName();
  const { identity } = useSession();
  const mayAsk = (address: string) => (identity.grantees ?? []).some((each) => sameAddress(each, address));
  return (
    <section>
      <h2><Trans>Your organisation's keys</Trans></h2>
      <Loaded query={organization} waiting={<Trans>Loading…</Trans>}>
        {({ addresses }) => (
          <>
            <p><Trans>Whoever holds one of them signs for all of <bdi>{name}</bdi>.</Trans></p>
            <SummaryList rows={addresses.map((address) => ({
              key: address, term: <bdi dir="ltr" className="code">{withChecksum(address)}</bdi>,
              value: mayAsk(address) ? <span className="tag good"><Trans>May ask patients</Trans></span> : <span className="tag bad"><Trans>May not ask</Trans></span>,
            }))} />
          </>
        )}
      </Loaded>
    </section>
  );
}
