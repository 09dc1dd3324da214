import type { Policy, Purpose, Sensitivity } from "@consentry/sdk";
import { Button, CheckboxGroup, ErrorSummary, Notice, Page, RadioGroup, SummaryList, useFormats } from "@consentry/ui";
import { patientCode, readPatientCode, type NamedPatient } from "@consentry/ui/patient-code";
import { calendarDay, DURATION_LABELS, DURATIONS, policyInput, PRESET_WORDS, PRESETS, PURPOSES, PURPOSES_OFFERED, SENSITIVE, SENSITIVITIES, windowOf, type Answers, type Duration, type Preset } from "@consentry/ui/policy";
import { useLingui as useWords } from "@lingui/react";
import { Trans, useLingui } from "@lingui/react/macro";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useState, type ReactNode } from "react";
import { useConsent, useWorklist } from "../lib/consents.js";
import { useKnownPatient, useRemember } from "../lib/known-patients.js";
import { useOrganizationName } from "../lib/organization.js";
import { codeFault, PatientCodeField, ShortAddress } from "../parts/patient-code-field.js";
import { usePolicyRows } from "../parts/policy-rows.js";
import { SignAndWait } from "../parts/sign.js";

/** What the clinician chose. */
interface Ask extends Answers { readonly duration: Duration }

/** What is asked of whom, once it was checked. */
interface Checked { readonly named: NamedPatient; readonly ask: Ask; readonly policy: Policy }

/** Asks a patient for consent: the form, a look at what will be signed, the signature. */
export function AskScreen() {
  const { t } = useLingui();
  const [code, setCode] = useState<string>();
  const [ask, setAsk] = useState<Partial<Ask>>({ sensitive: [], purpose: "TREAT" });
  const [checked, setChecked] = useState<Checked>();
  const form = { code, setCode, ask, setAsk, onChecked: setChecked };
  return (
    <Page heading={checked === undefined ? <Trans>Ask a patient</Trans> : <Trans>Check what you ask for</Trans>} plainHeading={t`Ask a patient`} back={{ to: "/", label: <Trans>All consents</Trans> }} narrow>
      {checked === undefined ? <Prefilled {...form} /> : <Check checked={checked} onBack={() => setChecked(undefined)} />}
    </Page>
  );
}

interface FormProps { code: string | undefined; setCode: (code: string) => void; ask: Partial<Ask>; setAsk: (ask: Partial<Ask>) => void; onChecked: (checked: Checked) => void }

/** Who is asked again need not be named again, while this page still knows them. */
function Prefilled(props: FormProps) {
  const { again } = useSearch({ from: "/ask" });
  return again === undefined ? <Form {...props} code={props.code ?? ""} /> : <Again id={again} {...props} />;
}

function Again({ id, ...props }: FormProps & { id: string }) {
  const { data } = useConsent(id);
  const patient = useKnownPatient(data?.subject);
  const known = data !== undefined && patient !== undefined ? patientCode({ patient, subject: data.subject }) : "";
  return <Form {...props} code={props.code ?? known} />;
}

function Form({ code, setCode, ask, setAsk, onChecked }: FormProps & { code: string }) {
  const { t } = useLingui();
  const { _ } = useWords();
  const remember = useRemember();
  const [errors, setErrors] = useState<readonly { id: string; message: ReactNode }[]>([]);
  const error = (id: string) => errors.find((each) => each.id === id)?.message;
  const { preset, purpose, duration, sensitive = [] } = ask;

  const check = async (event: React.FormEvent) => {
    event.preventDefault();
    const named = readPatientCode(code);
    const found: { id: string; message: ReactNode }[] = [];
    if (typeof named === "string") found.push({ id: "code", message: codeFault(named) });
    if (preset === undefined) found.push({ id: "preset", message: t`Choose what you need.` });
    if (purpose === undefined) found.push({ id: "purpose", message: t`Choose what it is for.` });
    if (duration === undefined) found.push({ id: "duration", message: t`Choose for how long.` });
    setErrors(found);
    if (typeof named === "string" || preset === undefined || purpose === undefined || duration === undefined) return;
    const { buildPolicy } = await import("@consentry/sdk/policy");
    const whole = { preset, purpose, duration, sensitive };
    remember(named);
    onChecked({ named, ask: whole, policy: buildPolicy(policyInput(whole, calendarDay(new Date()))) });
  };
  return (
    <form onSubmit={(event) => void check(event)} noValidate>
      <ErrorSummary errors={errors} />
      <PatientCodeField id="code" value={code} onChange={setCode} error={error("code")} />
      <RadioGroup<Preset>
        id="preset" legend={<Trans>What do you need?</Trans>} hint={<Trans>Ask for no more than you need. Patients can agree to less.</Trans>} error={error("preset")} value={preset} onChange={(each) => setAsk({ ...ask, preset: each })}
        choices={PRESETS.map((each) => ({ value: each, label: _(PRESET_WORDS[each].label), hint: _(PRESET_WORDS[each].hint) }))}
      />
      <details className="sensitive" open={sensitive.length > 0 || undefined}>
        <summary><Trans>Ask for private topics too</Trans></summary>
        <CheckboxGroup<Sensitivity>
          id="sensitive" legend={<Trans>Private topics</Trans>} hint={<Trans>They stay closed unless you ask. The patient decides on each one.</Trans>} value={sensitive} onChange={(each) => setAsk({ ...ask, sensitive: each })}
          choices={SENSITIVE.map((each) => ({ value: each, label: _(SENSITIVITIES[each]) }))}
        />
      </details>
      <RadioGroup<Purpose>
        id="purpose" legend={<Trans>What for?</Trans>} error={error("purpose")} value={purpose} onChange={(each) => setAsk({ ...ask, purpose: each })}
        choices={PURPOSES_OFFERED.map((each) => ({ value: each, label: _(PURPOSES.clinician[each]), hint: each === "TREAT" ? undefined : <Trans>You can ask here. This console itself reads for treatment only.</Trans> }))}
      />
      <RadioGroup<Duration>
        id="duration" legend={<Trans>For how long?</Trans>} error={error("duration")} value={duration} onChange={(each) => setAsk({ ...ask, duration: each })}
        choices={DURATIONS.map((each) => ({ value: each, label: _(DURATION_LABELS.clinician[each]) }))}
      />
      <div className="actions"><Button type="submit"><Trans>Check before you sign</Trans></Button></div>
    </form>
  );
}

/** Everything that will be signed, once more. */
function Check({ checked: { named, ask, policy }, onBack }: { checked: Checked; onBack: () => void }) {
  const { _ } = useWords();
  const navigate = useNavigate();
  const { date } = useFormats();
  const rows = usePolicyRows(policy.document);
  const worklist = useWorklist();
  const open = worklist.data?.consents.filter(({ subject, status }) => subject.toLowerCase() === named.subject.toLowerCase() && (status === "REQUESTED" || status === "ACTIVE")) ?? [];
  const organization = useOrganizationName();
  const days = windowOf(ask.duration).days;
  const howLong = _(DURATION_LABELS.clinician[ask.duration]);
  const until = days === undefined ? undefined : date(Date.now() / 1000 + days * 86_400);
  return (
    <>
      {open.length > 0 && <Notice heading={<Trans>This patient has an open request or consent of yours</Trans>}><p><Trans>You can still ask for something else. Look at the list of consents first.</Trans></p></Notice>}
      <div className="card">
        <SummaryList rows={[
          { key: "patient", term: <Trans>Patient</Trans>, value: <><bdi dir="ltr" className="code">{named.patient}</bdi><br /><ShortAddress address={named.subject} /></> },
          ...(organization === undefined ? [] : [{ key: "by", term: <Trans>Asked by</Trans>, value: <bdi>{organization}</bdi> }]),
          ...rows,
          { key: "how-long", term: <Trans>For how long</Trans>, value: until === undefined ? howLong : <>{howLong} <span className="soft"><Trans>(until {until})</Trans></span></> },
        ]} />
      </div>
      <SignAndWait
        label={<Trans>Sign and ask</Trans>} outcome={<Trans>The patient can answer</Trans>}
        sign={(consentry) => consentry.consents.request({ subject: named.subject, policy, ...windowOf(ask.duration) })} wait={(pending, options) => pending.waitForRequested(options).then((consent) => consent)}
        onDone={(consent) => { if (consent !== undefined) void navigate({ to: "/consents/$id", params: { id: consent.id } }); }}
      />
      <Button kind="plain" onPress={onBack}><Trans>Change something</Trans></Button>
    </>
  );
}
