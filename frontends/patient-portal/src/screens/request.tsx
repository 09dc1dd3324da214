import type { Consent, Policy } from "@consentry/sdk";
import { Button, CheckboxGroup, ErrorSummary, FaultNotice, Loaded, Notice, Page, RadioGroup, useFormats, useNow } from "@consentry/ui";
import { DURATION_LABELS, DURATIONS, SENSITIVE, SENSITIVITIES, windowOf, type Duration } from "@consentry/ui/policy";
import { useLingui as useWords } from "@lingui/react";
import { Trans, useLingui } from "@lingui/react/macro";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { useState } from "react";
import { useBlocks } from "../lib/blocks.js";
import { useConsent, usePolicy } from "../lib/consents.js";
import { useOrganization } from "../lib/directory.js";
import { explain } from "../lib/explain.js";
import { narrowed } from "../lib/narrowed.js";
import { ConsentSummary } from "../parts/consent-summary.js";
import { SignAndWait } from "../parts/sign.js";

type Answer = "yes" | "less" | "no";

/** One request, and what to answer. */
export function RequestScreen() {
  const { id } = useParams({ from: "/requests/$id" });
  const { t } = useLingui();
  const consent = useConsent(id);
  const policy = usePolicy(consent.data?.scopeId);
  const organization = useOrganization(consent.data?.grantee);
  const name = organization?.name ?? t`A clinic`;
  return (
    <Page heading={<Trans>{name} asks to see your record</Trans>} plainHeading={t`A request`} back={{ to: "/requests", label: <Trans>All requests</Trans> }} narrow>
      <Loaded query={consent} waiting={<Trans>Loading the request…</Trans>}>
        {(asked) => (policy.isError && policy.data === undefined
          ? <FaultNotice error={policy.error} retry={() => void policy.refetch()} />
          : <Loaded query={policy} waiting={<Trans>Loading what is asked…</Trans>}>{(document) => <Decide asked={asked} policy={document} />}</Loaded>)}
      </Loaded>
    </Page>
  );
}

function Decide({ asked, policy }: { asked: Consent; policy: Policy }) {
  const { t } = useLingui();
  const { dateTime } = useFormats();
  const navigate = useNavigate();
  const organization = useOrganization(asked.grantee);
  const [answer, setAnswer] = useState<Answer>();
  const [first] = useState(asked);
  const isBlocked = useBlocks().data?.some(({ address }) => address === asked.grantee.toLowerCase()) ?? false;
  const respondBy = asked.respondBy === null ? undefined : dateTime(asked.respondBy);
  const isAnswered = asked.status !== "REQUESTED" && answer === undefined;
  if (isAnswered) {
    return <Notice heading={<Trans>This request is answered</Trans>}><div className="actions"><Button small onPress={() => void navigate({ to: "/consents/$id", params: { id: asked.id } })}><Trans>See what came of it</Trans></Button></div></Notice>;
  }
  return (
    <>
      {isBlocked && <Notice heading={<Trans>You blocked this clinic</Trans>}><p><Trans>You need not answer. You can let it ask again in the <Link to="/settings">settings</Link>.</Trans></p></Notice>}
      {organization?.verified === false && <Notice kind="warning" heading={<Trans>We could not check this clinic</Trans>}><p><Trans>Say yes only if you know them and asked them to do this.</Trans></p></Notice>}
      <div className="card"><ConsentSummary grantee={asked.grantee} document={policy.document} validTo={asked.validTo} /></div>
      {respondBy !== undefined && <p className="soft" style={{ marginBlockStart: "1rem" }}><Trans>You can answer until {respondBy}. If you do not answer, nobody sees anything.</Trans></p>}
      <h2><Trans>What do you say?</Trans></h2>
      <RadioGroup<Answer>
        legend={t`What do you say?`} hideLegend value={answer} onChange={setAnswer}
        choices={[
          { value: "yes", label: <Trans>Yes, to all of this</Trans> },
          { value: "less", label: <Trans>Yes, but to less</Trans>, hint: <Trans>You pick what to leave out.</Trans> },
          { value: "no", label: <Trans>No</Trans>, hint: <Trans>You need give no reason. They can still treat you.</Trans> },
        ]}
      />
      {answer === "yes" && (
        <SignAndWait
          subject={first.subject} need={{ rights: ["GRANT"], until: first.validTo }} label={<Trans>Say yes and sign</Trans>} outcome={<Trans>Active: they may look now</Trans>}
          sign={(consentry) => consentry.consents.approve(first, { policy })} wait={(pending, options) => pending.waitForActive(options)}
          onDone={() => void navigate({ to: "/consents/$id", params: { id: first.id }, search: { done: "active" } as never })}
        />
      )}
      {answer === "less" && <Less asked={first} policy={policy} />}
      {answer === "no" && (
        <SignAndWait
          subject={first.subject} need={{ rights: ["DENY"] }} kind="danger" label={<Trans>Say no and sign</Trans>} outcome={<Trans>Refused: they see nothing</Trans>} isStop
          sign={(consentry) => consentry.consents.deny(first)} wait={(pending, options) => pending.waitForDenied(options)}
          onDone={() => void navigate({ to: "/consents/$id", params: { id: first.id } })}
        />
      )}
      {!isBlocked && <p className="actions"><Link to="/requests/$id/block" params={{ id: asked.id }}><Trans>Do not let this clinic ask me again</Trans></Link></p>}
    </>
  );
}

/** A yes to less: kinds left out, private topics kept back, a shorter time. */
function Less({ asked, policy }: { asked: Consent; policy: Policy }) {
  const { t } = useLingui();
  const { _ } = useWords();
  const navigate = useNavigate();
  const { document } = policy;
  const now = useNow(60_000);
  const lines = explain(document, _);
  const requested = SENSITIVE.filter((each) => !document.exclude.includes(each));
  const [types, setTypes] = useState<string[]>(document.resources.map(({ type }) => type));
  const [sensitive, setSensitive] = useState<string[]>([]);
  const [duration, setDuration] = useState<Duration>();
  const [checked, setChecked] = useState<Policy>();
  const [errors, setErrors] = useState<{ id: string; message: React.ReactNode }[]>([]);
  const durations = DURATIONS.filter((each) => asked.validTo === null || (each !== "open" && now + Number(each) * 86_400 <= asked.validTo));
  const window = duration === undefined ? { validFrom: asked.validFrom, ...(asked.validTo !== null && { validTo: asked.validTo }) } : windowOf(duration);

  if (checked !== undefined) {
    const until = duration === undefined ? asked.validTo : duration === "open" ? null : now + Number(duration) * 86_400;
    return (
      <>
        <h2><Trans>Check your answer</Trans></h2>
        <div className="card"><ConsentSummary grantee={asked.grantee} document={checked.document} validTo={until} /></div>
        <SignAndWait
          subject={asked.subject} need={{ rights: ["DENY", "GRANT"], until }} label={<Trans>Say yes to this and sign</Trans>} outcome={<Trans>Active: they may look at this, and at nothing else</Trans>}
          sign={(consentry) => consentry.consents.approveLess(asked, checked, { asked: policy, ...window })} wait={(pending, options) => pending.waitForActive(options)}
          onDone={(consent) => void navigate({ to: "/consents/$id", params: { id: consent?.id ?? asked.id }, search: { done: "active" } as never })}
        />
        <Button kind="plain" onPress={() => setChecked(undefined)}><Trans>Change my answer</Trans></Button>
      </>
    );
  }
  const check = async () => {
    const { buildPolicy } = await import("@consentry/sdk/policy");
    const isLess = types.length < document.resources.length || sensitive.length < requested.length || duration !== undefined;
    if (types.length === 0) return setErrors([{ id: "types", message: t`Pick at least one kind, or say no.` }]);
    if (!isLess) return setErrors([{ id: "types", message: t`Leave something out, or say yes to all.` }]);
    setErrors([]);
    setChecked(buildPolicy(narrowed(document, { types, sensitive: requested.filter((each) => sensitive.includes(each)) })));
  };
  return (
    <>
      <ErrorSummary errors={errors} />
      <CheckboxGroup id="types" legend={<Trans>What may they see?</Trans>} error={errors[0]?.message} value={types} onChange={setTypes} choices={document.resources.map(({ type }, at) => ({ value: type, label: lines.what[at] }))} />
      {requested.length > 0 && (
        <CheckboxGroup id="sensitive" legend={<Trans>They also ask for private topics. Which do you allow?</Trans>} value={sensitive} onChange={setSensitive} choices={requested.map((code) => ({ value: code, label: _(SENSITIVITIES[code]) }))} />
      )}
      <RadioGroup<Duration | "asked">
        id="duration" legend={<Trans>For how long?</Trans>} value={duration ?? "asked"} onChange={(each) => setDuration(each === "asked" ? undefined : each)}
        choices={[{ value: "asked" as const, label: <Trans>As long as they ask</Trans> }, ...durations.map((each) => ({ value: each, label: _(DURATION_LABELS.patient[each]) }))]}
      />
      <div className="actions"><Button onPress={() => void check()}><Trans>Check my answer</Trans></Button></div>
    </>
  );
}
