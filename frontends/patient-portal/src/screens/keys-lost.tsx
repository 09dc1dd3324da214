import { ConsentryError, type Statement } from "@consentry/sdk";
import { Button, CopyText, FaultNotice, Notice, Page, useFormats, useSession } from "@consentry/ui";
import { makePasskey } from "@consentry/ui/passkey";
import { Trans, useLingui } from "@lingui/react/macro";
import { useMutation } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useKeys } from "../lib/bound-keys.js";

/** Time to get to the hospital, in seconds. */
const STATEMENT_LIFE = 7 * 86_400;

/** For whoever has lost every key: a new one, and what it signs for two administrators to put it in the others' place. */
export function KeysLost() {
  const { t } = useLingui();
  const { identity, deployment, withSigner } = useSession();
  const keys = useKeys();
  const making = useMutation({
    mutationFn: async () => {
      const { patient, tenant } = identity;
      if (patient === undefined) throw new ConsentryError("Auth", "AUTH_FORBIDDEN", "this account is no patient's");
      const signer = await makePasskey(deployment);
      return { patient, statement: await withSigner(signer).keys.statement({ tenant, patient, lifeSeconds: STATEMENT_LIFE }) };
    },
  });
  return (
    <Page heading={<Trans>I lost all my keys</Trans>} plainHeading={t`I lost all my keys`} back={{ to: "/keys", label: <Trans>Keys</Trans> }} narrow>
      {making.data ? <HandIn {...making.data} /> : (
        <>
          {keys.data?.length === 0 && (
            <Notice heading={<Trans>No key stands for you now</Trans>}>
              <p><Trans>Then you need nobody's help. <Link to="/keys">Make your key</Link>, and go on.</Trans></p>
            </Notice>
          )}
          <p className="lead"><Trans>Your hospital can put a new key in the place of the lost ones. It takes a visit and three days.</Trans></p>
          <p><Trans>Do you still have one of your keys? Then do not use this. <Link to="/keys/recovery">Use that key</Link> instead.</Trans></p>
          <ol>
            <li><Trans>You make a new key here, on this device. It signs that it is yours.</Trans></li>
            <li><Trans>You take what it signed to your hospital, with a paper that shows who you are.</Trans></li>
            <li><Trans>Two people there check that it is you.</Trans></li>
            <li><Trans>Three days pass. You see it here, and can refuse it if it was not you.</Trans></li>
            <li><Trans>Then the new key counts. The lost keys decide nothing any more, and what you gave with them no longer lets anybody look.</Trans></li>
          </ol>
          <p><Trans>Is somebody using your keys? <Link to="/stop">Stop everything</Link> first. For that you need no key.</Trans></p>
          {making.isError && <FaultNotice error={making.error} />}
          <div className="actions"><Button pending={making.isPending} onPress={() => making.mutate()}><Trans>Make a new key</Trans></Button></div>
          <p className="small soft"><Trans>Your device asks twice for your finger, your face or your screen lock: once to make the key, once to sign that it is yours.</Trans></p>
        </>
      )}
    </Page>
  );
}

function HandIn({ patient, statement }: { patient: string; statement: Statement }) {
  const { dateTime } = useFormats();
  const until = dateTime(statement.deadline);
  return (
    <>
      <Notice kind="success" heading={<Trans>Your new key is made, and has signed</Trans>} live>
        <p><Trans>It does not count yet. Keep these two texts before you leave this page: they are not shown again.</Trans></p>
      </Notice>
      <CopyText small label={<Trans>Your number in the record system</Trans>} text={patient} />
      <CopyText small label={<Trans>What the new key signed</Trans>} text={JSON.stringify(statement)} />
      <h2><Trans>What to do now</Trans></h2>
      <ol>
        <li><Trans>Send both texts to the records office of your hospital, or show them there on this device. They are no secret: nobody can decide for you with them.</Trans></li>
        <li><Trans>Go there with a paper that shows who you are, before {until}. Later the text is not taken any more, and you make a new one.</Trans></li>
        <li><Trans>Keep this device and the new key. When the three days are over, sign in here and decide with it.</Trans></li>
      </ol>
    </>
  );
}
