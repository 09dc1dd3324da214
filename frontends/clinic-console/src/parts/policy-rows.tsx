import type { PolicyDocument } from "@consentry/sdk";
import { useFormats } from "@consentry/ui";
import { useLingui } from "@lingui/react";
import { Trans } from "@lingui/react/macro";
import { explain } from "../lib/explain.js";
import { fhirDate } from "./values.js";

/** What a policy shares, what not, why, and records of which time: rows for a summary. */
export function usePolicyRows(document: Pick<PolicyDocument, "resources" | "exclude" | "purpose" | "period">) {
  const { _ } = useLingui();
  const formats = useFormats();
  const { what, kept, sensitive, why } = explain(document, _);
  const day = (text: string) => fhirDate(text, formats);
  const [from, to] = [document.period.start === null ? undefined : day(document.period.start), document.period.end === null ? undefined : day(document.period.end)];
  return [
    { key: "what", term: <Trans>What</Trans>, value: <ul className="plain">{what.map((each) => <li key={each}>{each}</li>)}</ul> },
    ...(sensitive.length > 0 ? [{ key: "sensitive", term: <Trans>Sensitive kinds asked for</Trans>, value: <strong>{formats.list(sensitive)}</strong> }] : []),
    { key: "not", term: <Trans>Not asked for</Trans>, value: kept.length > 0 ? formats.list(kept) : <Trans>Nothing is left out</Trans> },
    { key: "why", term: <Trans>Purpose</Trans>, value: formats.list(why) },
    {
      key: "period", term: <Trans>Records of</Trans>,
      value: from !== undefined && to !== undefined ? <Trans>{from} to {to}</Trans> : from !== undefined ? <Trans>{from} and later</Trans> : to !== undefined ? <Trans>{to} and earlier</Trans> : <Trans>Any date</Trans>,
    },
  ];
}
