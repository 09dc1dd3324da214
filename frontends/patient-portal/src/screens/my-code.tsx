import { CopyText, Notice, Page, buttonClass, useSession } from "@consentry/ui";
import { patientCode } from "@consentry/ui/patient-code";
import { Trans, useLingui } from "@lingui/react/macro";
import { Link } from "@tanstack/react-router";
import { useMemo } from "react";
import { encode } from "uqr";

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
  const { path, size } = useMemo(() => {
    const { data, size: side } = encode(text, { border: 2 });
    const dark = data.flatMap((row, y) => row.flatMap((on, x) => (on ? [`M${x} ${y}h1v1h-1z`] : [])));
    return { path: dark.join(""), size: side };
  }, [text]);
  return (
    <div className="card stack">
      <svg className="qr" viewBox={`0 0 ${size} ${size}`} role="img" aria-label={t`Your code as a picture`} shapeRendering="crispEdges">
        <rect width={size} height={size} fill="#fff" />
        <path d={path} fill="#000" />
      </svg>
      <CopyText small label={<Trans>Or give them this text:</Trans>} text={text} />
    </div>
  );
}
