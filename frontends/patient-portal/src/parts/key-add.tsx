import { ConsentryError, type Signer } from "@consentry/sdk";
import { Button, ButtonLink, FaultNotice, isDevelopment, useNow, useSession } from "@consentry/ui";
import { makePasskey } from "@consentry/ui/passkey";
import { Trans } from "@lingui/react/macro";
import { useMutation } from "@tanstack/react-query";
import { ALL_RIGHTS, authorityOf, controls, useAuthorities } from "../lib/authority.js";
import type { BoundKey } from "../lib/bound-keys.js";
import { signerOf, typedSigner, walletSigner } from "../lib/keys.js";
import { DevelopmentKey } from "./development-key.js";
import { PickKey, usePickedKey } from "./pick-key.js";

/** How fresh a sign-in must be to add a key, as auth-service has it; a little less, so that there is time to do it. */
const FRESH = 270;

/** Makes a key the person's. One that they have vouches for each further one, and the main one lets it decide as well. */
export function AddKey({ keys }: { keys: readonly BoundKey[] }) {
  const { identity, session, deployment, withSigner } = useSession();
  const now = useNow(10_000);
  const authorities = useAuthorities();
  const picked = usePickedKey(keys);
  const main = keys[0]?.subject;
  const binding = useMutation({
    mutationFn: async (make: () => Promise<Signer>) => {
      if (identity.patient === undefined) throw new ConsentryError("Auth", "AUTH_FORBIDDEN", "this account is no patient's");
      const by = picked.key;
      const signer = await make();
      const voucher = by && (await signerOf(by, deployment, keys));
      await withSigner(signer).keys.bind({ tenant: identity.tenant, patient: identity.patient, ...(voucher && { endorsedBy: voucher }) });
      const authority = authorityOf(authorities.data, main);
      let isFinished = true;
      if (voucher !== undefined && main !== undefined) isFinished = authority !== undefined && controls(authority, voucher.address) && (await letDecide(voucher, main, signer.address));
      // Tokens name the keys that stand for a person, so that the sign-in is renewed; mostly without a question.
      location.assign(session.signInUrl({ returnTo: `/keys?added=${isFinished ? "1" : "unfinished"}` }));
    },
    onError: () => picked.open(),
  });

  /** Whether the new key may decide now. It is bound in any case; what is missing can be signed later. */
  async function letDecide(by: Signer, subject: BoundKey["subject"], delegate: BoundKey["subject"]): Promise<boolean> {
    try {
      const pending = await withSigner(by).delegates.set({ subject, delegate, rights: ALL_RIGHTS });
      await pending.waitForApplied();
      return true;
    } catch {
      return false;
    }
  }

  const isFresh = identity.acr === "aal2" && identity.authTime !== undefined && now - seconds(identity.authTime) < FRESH;
  const heading = <h2 id="add-key" tabIndex={-1}>{keys.length === 0 ? <Trans>Make your key</Trans> : <Trans>Add another key</Trans>}</h2>;
  if (!isFresh) {
    return (
      <section>
        {heading}
        <p>{keys.length === 0 ? <Trans>First we make sure that it is you. You sign in once more with two checks, and come back here.</Trans> : <Trans>A second key, on another device, saves you if you lose the first. We make sure first that it is you.</Trans>}</p>
        <div className="actions"><ButtonLink href={session.signInUrl({ returnTo: "/keys", acr: "aal2", maxAge: 240 })}><Trans>Yes, it is me</Trans></ButtonLink></div>
      </section>
    );
  }
  return (
    <section>
      {heading}
      {binding.isError && <FaultNotice error={binding.error} />}
      {keys.length === 0 ? <p><Trans>Your device asks twice for your finger, your face or your screen lock: once to make the key, once to sign that it is yours.</Trans></p> : <WhatHappens />}
      <div className="actions"><Button pending={binding.isPending} onPress={() => binding.mutate(() => makePasskey(deployment))}><Trans>Make a passkey</Trans></Button></div>
      <PickKey picked={picked} keys={keys} />
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

function WhatHappens() {
  return (
    <>
      <p><Trans>Best keep it on another device, such as your phone or a security key. When the browser asks where, pick that device.</Trans></p>
      <ol>
        <li><Trans>The new key is made, and signs that it is yours.</Trans></li>
        <li><Trans>A key that you have signs that it agrees.</Trans></li>
        <li><Trans>Your main key signs that the new one may decide as well: say yes and no, and end what you gave before.</Trans></li>
      </ol>
      <p className="soft"><Trans>So your device asks for you a few times in a row. Only the main key can stop all consents at once by signing, or add and remove such rights.</Trans></p>
    </>
  );
}

/** A moment in seconds, however the server writes it. */
function seconds(moment: number | string): number {
  return typeof moment === "number" ? moment : new Date(moment).getTime() / 1000;
}
