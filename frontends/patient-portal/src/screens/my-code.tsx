import { CopyText, Notice, Page, buttonClass, useSession } from "@consentry/ui";
import { patientCode } from "@consentry/ui/patient-code";
import { QrCode } from "@consentry/ui/qr";
import { Trans, useLingui } from "@lingui/react/macro";
import { Link } from "@tanstack/react-router";

/** What a clinic needs to ask this patient: the patient's id, and the address that requests go to. */
export function MyCode() {
  const { t } = useLingui();
  const { identity } = useSession();
  const { patient, subject } = identity;
  return (
    <Page heading={<Trans>My code</Trans>} plainHeading={t`My code`} back={{ to: "/", label: <Trans>Home</Trans> }} lead={<Trans>Show this to a clinic, so that it can ask you. The code alone shows nothing of your record.</Trans>} narrow>
      {patient === undefined || subject === undefined ? (
        <Notice heading={<Trans>You need a key first</Trans>}><div className="actions"><Link to="/keys" className={buttonClass({ small: true })}><Trans>Make my key</Trans></Link></div></Notice>
      ) : <Code text={patientCode({ patient, subject })} />}
    </Page>
  );
}

function Code({ text }: { text: string }) {
  const { t } = useLingui();
  return (
    <div className="card stack">
      <QrCode text={text} label={t`Your code as a picture`} />
      <CopyText small label={<Trans>Or give them this text:</Trans>} text={text} />
    </div>
  );
}
