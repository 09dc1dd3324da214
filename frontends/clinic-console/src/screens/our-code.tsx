import { Button, CopyText, EmptyState, Loaded, Page, useSession } from "@consentry/ui";
import { clinicCode } from "@consentry/ui/clinic-code";
import { QrCode } from "@consentry/ui/qr";
import { Trans, useLingui } from "@lingui/react/macro";
import { useOrganization } from "../lib/organization.js";

/**
 * The organisation's code, to print or to show: a patient scans it, and gives consent without being asked. It is the
 * organisation's own address, which the patient's portal looks up in the same directory; practitioners' are not listed there.
 */
export function OurCodeScreen() {
  const { t } = useLingui();
  const { identity } = useSession();
  return (
    <Page heading={<Trans>Our code</Trans>} plainHeading={t`Our code`} back={{ to: "/", label: <Trans>All consents</Trans> }} lead={<Trans>A patient scans it in their portal, and can let you see their record without a request.</Trans>} narrow>
      {identity.organization === undefined ? <NoCode /> : <Code />}
    </Page>
  );
}

function Code() {
  const { t } = useLingui();
  const organization = useOrganization();
  return (
    <Loaded query={organization} waiting={<Trans>Loading your code…</Trans>}>
      {({ name, addresses: [first] }) => (first === undefined ? <NoCode /> : (
        <>
          <div className="card stack">
            <p><strong><bdi>{name}</bdi></strong></p>
            <QrCode text={clinicCode(first)} label={t`Your organisation's code as a picture`} />
            <CopyText small label={<Trans>Or as text:</Trans>} text={clinicCode(first)} />
          </div>
          <div className="actions no-print"><Button onPress={() => print()}><Trans>Print</Trans></Button></div>
        </>
      ))}
    </Loaded>
  );
}

function NoCode() {
  return <EmptyState heading={<Trans>Your organisation has no code yet</Trans>}><p><Trans>An administrator has to verify your organisation and its key first.</Trans></p></EmptyState>;
}
