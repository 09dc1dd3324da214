import type { PolicyDocument } from "@consentry/sdk";
import { SummaryList, useFormats } from "@consentry/ui";
import { useLingui } from "@lingui/react";
import { Trans } from "@lingui/react/macro";
import { useOrganization } from "../lib/directory.js";
import { explain } from "../lib/explain.js";
import { Who } from "./who.js";

interface Props {
  grantee: string;
  document: Pick<PolicyDocument, "resources" | "exclude" | "purpose" | "period">;
  /** Unix seconds; null until it is ended. */
  validTo: number | null;
  /** Links to the questions, while the answers can still be changed. */
  change?: (key: "who" | "what" | "why" | "until") => React.ReactNode;
}

/** Six lines: who, what, what not, why, until when, how to stop. The same before signing, later, and on the receipt. */
export function ConsentSummary({ grantee, document, validTo, change }: Props) {
  const { _ } = useLingui();
  const { date, dateTime } = useFormats();
  const organization = useOrganization(grantee);
  const lines = explain(document, _);
  const rows = [
    { key: "who", term: <Trans>Who</Trans>, value: <Who address={grantee} organization={organization} />, action: change?.("who") },
    {
      key: "what", term: <Trans>What they may see</Trans>, action: change?.("what"),
      value: (
        <>
          <ul>{lines.what.map((each) => <li key={each}>{each}</li>)}</ul>
          <DateRange from={lines.from && date(lines.from)} to={lines.to && date(lines.to)} />
          {lines.sensitiveShared.length > 0 && <p><strong><Trans>Private topics that you share:</Trans></strong> {lines.sensitiveShared.join(" · ")}</p>}
        </>
      ),
    },
    { key: "not", term: <Trans>What they may not see</Trans>, value: lines.notWhat.length === 0 ? <Trans>No private topic is kept back.</Trans> : <ul>{lines.notWhat.map((each) => <li key={each}>{each}</li>)}</ul>, action: change?.("what") },
    { key: "why", term: <Trans>Why</Trans>, value: lines.why.join(" · "), action: change?.("why") },
    { key: "until", term: <Trans>Until when</Trans>, value: validTo === null ? <Trans>Until you end it</Trans> : dateTime(validTo), action: change?.("until") },
    { key: "stop", term: <Trans>How to stop</Trans>, value: <Trans>Open this consent and press “End it now”. It works at once, at any time, and you need give no reason.</Trans> },
  ];
  return <SummaryList rows={rows} />;
}

function DateRange({ from, to }: { from: string | null; to: string | null }) {
  if (from && to) return <p><Trans>Only what was written down from {from} to {to}.</Trans></p>;
  if (from) return <p><Trans>Only what is written down from {from} on.</Trans></p>;
  if (to) return <p><Trans>Only what was written down up to {to}.</Trans></p>;
  return <p><Trans>Old records, and new ones that come later.</Trans></p>;
}
