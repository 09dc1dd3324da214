import type { PolicyDocument } from "@consentry/sdk";
import { useFormats } from "@consentry/ui";
import { explain } from "@consentry/ui/policy";
import { useLingui } from "@lingui/react";
import { Trans } from "@lingui/react/macro";
import { fhirDate } from "./values.js";

/** What a policy shares, what not, why, and records of which time: rows for a summary. */
export function usePolicyRows(document: Pick<PolicyDocument, "resources" | "exclude" | "purpose" | "period">) {
  const { _ } = useLingui();
  const formats = useFormats();
  const { what, notWhat, sensitiveShared, why, ...period } = explain(document, "clinician", _);
  const day = (text: string) => fhirDate(text, formats);
  const [from, to] = [period.from === null ? undefined : day(period.from), period.to === null ? undefined : day(period.to)];
  return [
    { key: "what", term: <Trans>What</Trans>, value: <ul className="plain">{what.map((each) => <li key={each}>{each}</li>)}</ul> },
    ...(sensitiveShared.length > 0 ? [{ key: "sensitive", term: <Trans>Private topics asked for</Trans>, value: <strong>{formats.list(sensitiveShared)}</strong> }] : []),
    { key: "not", term: <Trans>Not asked for</Trans>, value: notWhat.length > 0 ? formats.list(notWhat) : <Trans>Nothing is left out</Trans> },
    { key: "why", term: <Trans>Purpose</Trans>, value: formats.list(why) },
    {
      key: "period", term: <Trans>Records of</Trans>,
      value: from !== undefined && to !== undefined ? <Trans>{from} to {to}</Trans> : from !== undefined ? <Trans>{from} and later</Trans> : to !== undefined ? <Trans>{to} and earlier</Trans> : <Trans>Any date</Trans>,
    },
  ];
}
