import { useFormats, type Formats } from "@consentry/ui";
import { Trans } from "@lingui/react/macro";
import type { ReactNode } from "react";
import type { Amount, Finding, UsualRange } from "../lib/fhir/observation.js";

/** A FHIR date in words, as precise as it is and no more: a year alone is no day. */
export function fhirDate(at: string, { date, dateTime }: Pick<Formats, "date" | "dateTime">): string {
  const day = /^(\d{4})-(\d{2})-(\d{2})$/.exec(at);
  if (day !== null) return date(new Date(Number(day[1]), Number(day[2]) - 1, Number(day[3]), 12).getTime() / 1000);
  return at.includes("T") && !Number.isNaN(Date.parse(at)) ? dateTime(at) : at;
}

/** When something was, or that nobody wrote it down. */
export function When({ at }: { at: string | undefined }) {
  const formats = useFormats();
  if (at === undefined) return <span className="soft"><Trans>No date</Trans></span>;
  return <time dateTime={at}>{fhirDate(at, formats)}</time>;
}

/** A value with its unit; the two are read from left to right in every language. */
export function AmountText({ amount: { value, unit, comparator } }: { amount: Amount }) {
  const { exact } = useFormats();
  return <bdi dir="ltr" className="nowrap">{comparator}{exact(value)}{unit && ` ${unit}`}</bdi>;
}

export function FindingText({ finding }: { finding: Finding }): ReactNode {
  const formats = useFormats();
  switch (finding.kind) {
    case "amount": return <AmountText amount={finding.amount} />;
    case "words": return <bdi>{finding.words}</bdi>;
    case "truth": return finding.value ? <Trans>Yes</Trans> : <Trans>No</Trans>;
    case "moment": return fhirDate(finding.at, formats);
    case "span": return <bdi dir="ltr">{finding.low ? <AmountText amount={finding.low} /> : "…"}–{finding.high ? <AmountText amount={finding.high} /> : "…"}</bdi>;
    case "ratio": return <bdi dir="ltr"><AmountText amount={finding.of} /> : <AmountText amount={finding.to} /></bdi>;
    case "absent": return <span className="soft">{finding.why === undefined ? <Trans>No value</Trans> : <bdi>{finding.why}</bdi>}</span>;
    case "other": return <span className="soft"><Trans>A value that cannot be shown here</Trans></span>;
  }
}

/** Between what values a result is usual. */
export function RangeText({ range }: { range: UsualRange | undefined }) {
  const { exact } = useFormats();
  if (range === undefined) return <span className="soft"><Trans>None given</Trans></span>;
  const { low, high, unit, text } = range;
  if (low === undefined && high === undefined) return <bdi>{text}</bdi>;
  const bounds = low === undefined ? `≤ ${exact(high as number)}` : high === undefined ? `≥ ${exact(low)}` : `${exact(low)}–${exact(high)}`;
  return <bdi dir="ltr" className="nowrap">{bounds}{unit && ` ${unit}`}</bdi>;
}
