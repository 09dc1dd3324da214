import type { Purpose, Sensitivity } from "@consentry/sdk";
import { buildPolicy } from "@consentry/sdk/policy";
import { Button, CheckboxGroup, ErrorSummary, Field, Loaded, Notice, Page, RadioGroup, useFormats } from "@consentry/ui";
import { readClinicCode } from "@consentry/ui/clinic-code";
import { calendarDay, DURATION_LABELS, DURATIONS, policyInput, PRESET_WORDS, PRESETS, PURPOSES, PURPOSES_OFFERED, SENSITIVE, SENSITIVITIES, windowOf, type Duration, type Preset } from "@consentry/ui/policy";
import { ScanButton } from "@consentry/ui/qr";
import { useLingui as useWords } from "@lingui/react";
import { Trans, useLingui } from "@lingui/react/macro";
import { Link, Navigate, useNavigate, useParams } from "@tanstack/react-router";
import { useState, type ReactNode } from "react";
import { organizationOf, useDirectory, type Organization } from "../lib/directory.js";
import { useDraft } from "../parts/answers.js";
import { ConsentSummary } from "../parts/consent-summary.js";
import { SignAndWait } from "../parts/sign.js";
import { Who as Named } from "../parts/who.js";

const STEPS = ["who", "why", "what", "how-long", "check"] as const;
type Step = (typeof STEPS)[number];

/** One question. Who comes in the middle without the answers before is led to the first that is missing. */
export function GiveStep() {
  const { step } = useParams({ from: "/give/$step" });
  const { draft } = useDraft();
  const missing: Step | undefined = draft.grantee === undefined ? "who" : draft.purpose === undefined ? "why" : draft.preset === undefined ? "what" : draft.duration === undefined ? "how-long" : undefined;
  const at = STEPS.indexOf(step as Step);
  if (at < 0 || (missing !== undefined && at > STEPS.indexOf(missing))) return <Navigate to="/give/$step" params={{ step: missing ?? "who" }} replace />;
  switch (STEPS[at]) {
    case "who": return <Who />;
    case "why": return <Why />;
    case "what": return <What />;
    case "how-long": return <HowLong />;
    default: return <Check />;
  }
}

function useNext(step: Step) {
  const navigate = useNavigate();
  const { draft } = useDraft();
  // Who changes one answer goes straight back to the check.
  const isComplete = draft.grantee && draft.purpose && draft.preset && draft.duration;
  return () => void navigate({ to: "/give/$step", params: { step: isComplete ? "check" : (STEPS[STEPS.indexOf(step) + 1] ?? "check") } });
}

function Question({ step, heading, plainHeading, errors, onNext, children }: { step: Step; heading: ReactNode; plainHeading: string; errors: { id: string; message: ReactNode }[]; onNext: () => void; children: ReactNode }) {
  const at = STEPS.indexOf(step);
  const formats = useFormats();
  const [number, total] = [formats.number(at + 1), formats.number(STEPS.length)];
  const back = at === 0 ? { to: "/", label: <Trans>Home</Trans> } : { to: `/give/${STEPS[at - 1]}`, label: <Trans>Back</Trans> };
  return (
    <Page key={step} heading={heading} plainHeading={plainHeading} back={back} narrow>
      <p className="soft"><Trans>Question {number} of {total}</Trans></p>
      <ErrorSummary errors={errors} />
      <form noValidate onSubmit={(event) => {
        event.preventDefault();
        onNext();
      }}>
        {children}
        <div className="actions"><Button type="submit"><Trans>Continue</Trans></Button></div>
      </form>
    </Page>
  );
}

const OTHER = "other";

function Who() {
  const { t } = useLingui();
  const directory = useDirectory();
  const { draft, answer } = useDraft();
  const next = useNext("who");
  const [code, setCode] = useState("");
  const [chosen, setChosen] = useState<string | undefined>(draft.grantee);
  const [errors, setErrors] = useState<{ id: string; message: ReactNode }[]>([]);
  const named = clinicOf(code, directory.data ?? []);
  const verified = unique((directory.data ?? []).filter((each) => each.verified));
  const proceed = () => {
    const found = chosen === OTHER ? named?.address : (chosen as `0x${string}` | undefined);
    if (found === undefined) {
      return setErrors([chosen === OTHER ? { id: "code", message: t`We do not know this code. Check it, or ask the clinic.` } : { id: "who", message: t`Pick a clinic.` }]);
    }
    answer({ grantee: found });
    next();
  };
  return (
    <Question step="who" heading={<Trans>Who may see your record?</Trans>} plainHeading={t`Who may see your record?`} errors={errors} onNext={proceed}>
      <Loaded query={directory} waiting={<Trans>Loading the clinics…</Trans>}>
        {() => (
          <RadioGroup
            id="who" legend={t`Who may see your record?`} hideLegend value={chosen} onChange={setChosen} error={errors[0]?.id === "who" ? errors[0].message : undefined}
            choices={[
              ...verified.map(({ address, name }) => ({ value: address as string, label: name, hint: <Trans>Checked</Trans> })),
              { value: OTHER, label: <Trans>Another clinic: I have its code</Trans>, hint: <Trans>It is on their sign or paper. You can scan it.</Trans> },
            ]}
          />
        )}
      </Loaded>
      {chosen === OTHER && (
        <>
          <Field id="code" label={<Trans>Code of the clinic</Trans>} value={code} onChange={(event) => setCode(event.target.value)} error={errors[0]?.id === "code" ? errors[0].message : undefined} autoComplete="off" spellCheck={false} dir="ltr" />
          <ScanButton accepts={(text) => SCANNED.test(text) && readClinicCode(text) !== undefined} onText={setCode} />
          <p role="status">{named && <><Trans>This code is of:</Trans> <Named address={named.address} organization={named} /></>}</p>
        </>
      )}
    </Question>
  );
}

/** What a camera may take: a clinic's sign or an address, and no other text that it happens to see. */
const SCANNED = /^(consentry:clinic\?|0x[0-9a-f]{40}$)/i;

/** Whose code it is, if the directory knows. */
function clinicOf(code: string, directory: readonly Organization[]): Organization | undefined {
  return organizationOf(directory, readClinicCode(code));
}

/** One entry an organisation, under its first address. */
function unique(organizations: readonly Organization[]): Organization[] {
  return organizations.filter(({ id }, at) => organizations.findIndex((each) => each.id === id) === at);
}

function Why() {
  const { t } = useLingui();
  const { _ } = useWords();
  const { draft, answer } = useDraft();
  const next = useNext("why");
  const [chosen, setChosen] = useState<Purpose | undefined>(draft.purpose);
  const [errors, setErrors] = useState<{ id: string; message: ReactNode }[]>([]);
  const hints: Partial<Record<Purpose, ReactNode>> = {
    TREAT: <Trans>They use it to look after your health.</Trans>,
    HPAYMT: <Trans>They use it for bills and insurance.</Trans>,
    HRESCH: <Trans>They use it to learn about illness. It does not change your care.</Trans>,
  };
  const proceed = () => {
    if (chosen === undefined) return setErrors([{ id: "why", message: t`Pick a reason.` }]);
    answer({ purpose: chosen });
    next();
  };
  return (
    <Question step="why" heading={<Trans>What may they use it for?</Trans>} plainHeading={t`What may they use it for?`} errors={errors} onNext={proceed}>
      <RadioGroup id="why" legend={t`What may they use it for?`} hideLegend value={chosen} onChange={setChosen} error={errors[0]?.message} choices={PURPOSES_OFFERED.map((code) => ({ value: code, label: _(PURPOSES.patient[code]), hint: hints[code] }))} />
    </Question>
  );
}

function What() {
  const { t } = useLingui();
  const { _ } = useWords();
  const { draft, answer } = useDraft();
  const next = useNext("what");
  const [chosen, setChosen] = useState<Preset | undefined>(draft.preset);
  const [sensitive, setSensitive] = useState<Sensitivity[]>([...draft.sensitive]);
  const [errors, setErrors] = useState<{ id: string; message: ReactNode }[]>([]);
  const proceed = () => {
    if (chosen === undefined) return setErrors([{ id: "what", message: t`Pick what they may see.` }]);
    answer({ preset: chosen, sensitive });
    next();
  };
  return (
    <Question step="what" heading={<Trans>What may they see?</Trans>} plainHeading={t`What may they see?`} errors={errors} onNext={proceed}>
      <RadioGroup id="what" legend={t`What may they see?`} hideLegend value={chosen} onChange={setChosen} error={errors[0]?.message} choices={PRESETS.map((value) => ({ value, label: _(PRESET_WORDS[value].label), hint: _(PRESET_WORDS[value].hint) }))} />
      <CheckboxGroup
        id="sensitive" legend={<Trans>Private topics</Trans>} hint={<Trans>They stay closed. Tick one only if you want to share it.</Trans>} value={sensitive} onChange={setSensitive}
        choices={SENSITIVE.map((code) => ({ value: code, label: _(SENSITIVITIES[code]) }))}
      />
    </Question>
  );
}

function HowLong() {
  const { t } = useLingui();
  const { _ } = useWords();
  const { draft, answer } = useDraft();
  const next = useNext("how-long");
  const [chosen, setChosen] = useState<Duration | undefined>(draft.duration);
  const [errors, setErrors] = useState<{ id: string; message: ReactNode }[]>([]);
  const proceed = () => {
    if (chosen === undefined) return setErrors([{ id: "how-long", message: t`Pick how long.` }]);
    answer({ duration: chosen });
    next();
  };
  return (
    <Question step="how-long" heading={<Trans>For how long?</Trans>} plainHeading={t`For how long?`} errors={errors} onNext={proceed}>
      <RadioGroup id="how-long" legend={t`For how long?`} hideLegend hint={<Trans>You can end it sooner at any time.</Trans>} value={chosen} onChange={setChosen} error={errors[0]?.message} choices={DURATIONS.map((value) => ({ value, label: _(DURATION_LABELS.patient[value]) }))} />
    </Question>
  );
}

function Check() {
  const { draft } = useDraft();
  const { grantee, purpose, preset, duration, sensitive } = draft;
  if (grantee === undefined || purpose === undefined || preset === undefined || duration === undefined) return null;
  return <Signing key={JSON.stringify(draft)} {...{ grantee, purpose, preset, duration, sensitive }} />;
}

function Signing({ grantee, purpose, preset, duration, sensitive }: { grantee: `0x${string}`; purpose: Purpose; preset: Preset; duration: Duration; sensitive: readonly Sensitivity[] }) {
  const { t } = useLingui();
  const navigate = useNavigate();
  // Made once: what is shown is what is signed, to the last bit of its salt.
  const [policy] = useState(() => buildPolicy(policyInput({ preset, purpose, sensitive }, calendarDay(new Date()))));
  const [validTo] = useState(() => (duration === "open" ? null : Math.floor(Date.now() / 1000) + Number(duration) * 86_400));
  const steps = { who: "who", what: "what", why: "why", until: "how-long" } as const;
  return (
    <Page heading={<Trans>Check your answers</Trans>} plainHeading={t`Check your answers`} back={{ to: "/give/how-long", label: <Trans>Back</Trans> }} narrow>
      <div className="card">
        <ConsentSummary
          grantee={grantee} document={policy.document} validTo={validTo}
          change={(key) => <Link to="/give/$step" params={{ step: steps[key] }}><Trans>Change</Trans><span className="visually-hidden"> <ChangeWhat step={key} /></span></Link>}
        />
      </div>
      <Notice><p><Trans>What you see here is what you sign, and what your receipt keeps.</Trans></p></Notice>
      <SignAndWait
        need={{ rights: ["GRANT"], until: validTo }} label={<Trans>Sign and let them see it</Trans>} outcome={<Trans>Active: they may look now</Trans>}
        sign={(consentry, subject) => consentry.consents.create({ subject, grantee, policy, ...windowOf(duration) })} wait={(pending, options) => pending.waitForActive(options)}
        onDone={(consent) => { if (consent) void navigate({ to: "/consents/$id", params: { id: consent.id }, search: { done: "active" } as never }); }}
      />
    </Page>
  );
}

function ChangeWhat({ step }: { step: "who" | "what" | "why" | "until" }) {
  switch (step) {
    case "who": return <Trans>who may see it</Trans>;
    case "what": return <Trans>what they may see</Trans>;
    case "why": return <Trans>what it is for</Trans>;
    case "until": return <Trans>how long</Trans>;
  }
}
