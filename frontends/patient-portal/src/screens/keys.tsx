import { ConsentryError, type Signer } from "@consentry/sdk";
import { Button, ButtonLink, FaultNotice, Loaded, Notice, Page, Table, isDevelopment, useFormats, useNow, useSession, useSignInUrl } from "@consentry/ui";
import { Trans, useLingui } from "@lingui/react/macro";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useSearch } from "@tanstack/react-router";
import * as v from "valibot";
import { useKeys, type BoundKey } from "../lib/bound-keys.js";
import { makePasskey, signerOf, typedSigner, walletSigner } from "../lib/keys.js";
import { call } from "../lib/services.js";
import { DevelopmentKey } from "../parts/development-key.js";

/** How fresh a sign-in must be to add a key, as auth-service has it; a little less, so that there is time to do it. */
const FRESH = 270;

/** The person's keys, and where they are signed in. */
export function KeysScreen() {
  const { t } = useLingui();
  const keys = useKeys();
  const { added } = useSearch({ strict: false }) as { added?: string };
  return (
    <Page heading={<Trans>Keys</Trans>} plainHeading={t`Keys`} lead={<Trans>With a key you sign what you decide. It stays on your device; nobody else can use it.</Trans>} narrow>
      {added !== undefined && <Notice kind="success" heading={<Trans>Your key is ready</Trans>} live><p><Trans>From now on you can say yes and no here.</Trans></p></Notice>}
      <Loaded query={keys} waiting={<Trans>Looking for your keys…</Trans>}>{(all) => <><KeyList keys={all} /><AddKey keys={all} /></>}</Loaded>
      <Sessions />
    </Page>
  );
}

function KeyList({ keys }: { keys: readonly BoundKey[] }) {
  const { t } = useLingui();
  const { date } = useFormats();
  if (keys.length === 0) return <p><Trans>You have no key yet.</Trans></p>;
  return (
    <Table
      caption={<Trans>Your keys</Trans>} rows={keys} rowKey={({ subject }) => subject}
      columns={[
        { key: "kind", label: <Trans>Kind</Trans>, text: t`Kind`, cell: ({ passkey }) => (passkey ? <Trans>Passkey</Trans> : <Trans>Wallet or other key</Trans>) },
        { key: "added", label: <Trans>Added</Trans>, text: t`Added`, cell: ({ boundAt }) => date(boundAt) },
        { key: "address", label: <Trans>Number</Trans>, text: t`Number`, cell: ({ subject }) => <code>{`${subject.slice(0, 6)}…${subject.slice(-4)}`}</code> },
      ]}
    />
  );
}

function AddKey({ keys }: { keys: readonly BoundKey[] }) {
  const { identity, deployment, withSigner } = useSession();
  const signInUrl = useSignInUrl();
  const now = useNow(10_000);
  const binding = useMutation({
    mutationFn: async (make: () => Promise<Signer>) => {
      if (identity.patient === undefined) throw new ConsentryError("Auth", "AUTH_FORBIDDEN", "this account is no patient's");
      const [first] = keys;
      const signer = await make();
      await withSigner(signer).keys.bind({ tenant: identity.tenant, patient: identity.patient, ...(first && { endorsedBy: await signerOf(first, deployment) }) });
      // Tokens name the keys that stand for a person, so that the sign-in is renewed; mostly without a question.
      location.assign(signInUrl({ returnTo: "/keys?added=1" }));
    },
  });
  const isFresh = identity.acr === "aal2" && identity.authTime !== undefined && now - seconds(identity.authTime) < FRESH;
  const heading = keys.length === 0 ? <Trans>Make your key</Trans> : <Trans>Add another key</Trans>;
  if (!isFresh) {
    return (
      <section>
        <h2>{heading}</h2>
        <p>{keys.length === 0 ? <Trans>First we make sure that it is you. You sign in once more with two checks, and come back here.</Trans> : <Trans>A second key, on another device, saves you if you lose the first. We make sure first that it is you.</Trans>}</p>
        <div className="actions"><ButtonLink href={signInUrl({ returnTo: "/keys", acr: "aal2", maxAge: 240 })}><Trans>Yes, it is me</Trans></ButtonLink></div>
      </section>
    );
  }
  return (
    <section>
      <h2>{heading}</h2>
      {binding.isError && <FaultNotice error={binding.error} />}
      <p>{keys.length === 0 ? <Trans>Your device asks twice for your finger, your face or your screen lock: once to make the key, once to sign that it is yours.</Trans> : <Trans>Your device asks first for the new key, then for the one you have: it has to agree.</Trans>}</p>
      <div className="actions"><Button pending={binding.isPending} onPress={() => binding.mutate(() => makePasskey(deployment))}><Trans>Make a passkey</Trans></Button></div>
      <details>
        <summary><Trans>Other kinds of keys</Trans></summary>
        <div className="stack">
          <p><Trans>If you have a wallet in this browser, you can use it in place of a passkey. You need no coins.</Trans></p>
          {window.ethereum === undefined ? <p className="soft"><Trans>There is no wallet in this browser.</Trans></p> : <Button kind="quiet" isDisabled={binding.isPending} onPress={() => binding.mutate(walletSigner)}><Trans>Use my wallet</Trans></Button>}
          {isDevelopment(deployment) && (
            <DevelopmentKey label={<Trans>Add this key</Trans>} isBusy={binding.isPending} onKey={(key) => binding.mutate(async () => typedSigner(key))} />
          )}
        </div>
      </details>
    </section>
  );
}

/** A moment in seconds, however the server writes it. */
function seconds(moment: number | string): number {
  return typeof moment === "number" ? moment : new Date(moment).getTime() / 1000;
}

const OwnSessions = v.object({ sessions: v.array(v.object({ id: v.string(), current: v.boolean(), createdAt: v.string(), seenAt: v.string(), endsAt: v.string() })) });

function Sessions() {
  const { t } = useLingui();
  const who = useSession();
  const queries = useQueryClient();
  const { dateTime, relative } = useFormats();
  const sessions = useQuery({ queryKey: ["sessions"], queryFn: async ({ signal }) => (await call(who, "auth", "/v1/sessions", OwnSessions, { signal })).sessions });
  const ending = useMutation({
    mutationFn: (id: string) => call(who, "auth", `/v1/sessions/${encodeURIComponent(id)}`, v.unknown(), { method: "DELETE" }),
    onSuccess: () => queries.invalidateQueries({ queryKey: ["sessions"] }),
  });
  return (
    <section>
      <h2><Trans>Where you are signed in</Trans></h2>
      {ending.isError && <FaultNotice error={ending.error} />}
      <Loaded query={sessions} waiting={<Trans>Loading…</Trans>}>
        {(all) => (
          <Table
            caption={<Trans>Where you are signed in</Trans>} hideCaption rows={all} rowKey={({ id }) => id}
            columns={[
              { key: "since", label: <Trans>Since</Trans>, text: t`Since`, cell: ({ createdAt }) => dateTime(createdAt) },
              { key: "seen", label: <Trans>Last used</Trans>, text: t`Last used`, cell: ({ seenAt, current }) => (current ? <Trans>Now, on this device</Trans> : relative(seenAt)) },
              { key: "end", label: <Trans>End it</Trans>, text: t`End it`, cell: ({ id, current }) => (current ? <Trans>Use “Sign out”</Trans> : <Button kind="quiet" small pending={ending.isPending && ending.variables === id} onPress={() => ending.mutate(id)}><Trans>Sign out there</Trans></Button>) },
            ]}
          />
        )}
      </Loaded>
    </section>
  );
}
