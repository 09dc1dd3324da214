import type { Address } from "@consentry/sdk";
import { Field } from "@consentry/ui";
import { ScanButton } from "@consentry/ui/qr";
import { readPatientCode, withChecksum, type CodeFault, type NamedPatient } from "@consentry/ui/patient-code";
import { Trans } from "@lingui/react/macro";
import type { ReactNode } from "react";

/** What is wrong with a code, and what to do. */
export function codeFault(fault: CodeFault): ReactNode {
  switch (fault) {
    case "empty": return <Trans>Paste or type the code that the patient shows you.</Trans>;
    case "form": return <Trans>This is not a patient's code. It begins with “consentry:patient?” and holds an id and an address.</Trans>;
    case "id": return <Trans>The id in this code has letters that no id has. Copy the code again.</Trans>;
    case "address": return <Trans>The address in this code is too short, too long or has wrong letters. Copy the code again.</Trans>;
    case "checksum": return <Trans>A letter or digit of the address is wrong. Compare it with the patient's screen; capital letters count.</Trans>;
  }
}

/** Where a patient's code is pasted or typed. */
export function PatientCodeField({ id, value, onChange, error }: { id: string; value: string; onChange: (text: string) => void; error?: ReactNode }) {
  const read = readPatientCode(value);
  return (
    <>
      <Field
        id={id} label={<Trans>The patient's code</Trans>} hint={<Trans>The patient finds it in their portal under “My code”. Paste it, scan it, or type it.</Trans>} error={error}
        lines={3} dir="ltr" spellCheck={false} autoComplete="off" autoCapitalize="off" value={value} onChange={(event) => onChange(event.target.value)}
      />
      <ScanButton accepts={(text) => typeof readPatientCode(text) === "object"} onText={onChange} />
      <p className="small soft" role="status">{typeof read === "object" && <NamedInWords {...read} />}</p>
    </>
  );
}

/** Whom a code names, to compare with what the patient says. */
function NamedInWords({ patient, subject }: NamedPatient) {
  return <Trans>The code is complete. It names the patient <bdi dir="ltr" className="code">{patient}</bdi> at <ShortAddress address={subject} />.</Trans>;
}

/** An address by its beginning and its end; the whole of it for who listens, or points at it. */
export function ShortAddress({ address }: { address: Address }) {
  const whole = withChecksum(address);
  return <bdi dir="ltr" className="code nowrap" title={whole}>{`${whole.slice(0, 8)}…${whole.slice(-6)}`}</bdi>;
}
