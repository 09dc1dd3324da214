import type { Access } from "@consentry/sdk";
import { EmptyState, Loaded, Page, SelectField } from "@consentry/ui";
import { BarChart } from "@consentry/ui/charts";
import { Trans, useLingui } from "@lingui/react/macro";
import { useState } from "react";
import { useAccesses } from "../lib/consents.js";
import { useDirectory } from "../lib/directory.js";
import { AccessTimeline } from "../parts/access-timeline.js";

type Which = "all" | "looks" | "refusals";

/** Who looked, and who was refused. */
export function Activity() {
  const { t } = useLingui();
  const accesses = useAccesses();
  const [which, setWhich] = useState<Which>("all");
  return (
    <Page heading={<Trans>Who looked</Trans>} plainHeading={t`Who looked`} lead={<Trans>Every look at your record, and every try that was refused. Nobody can delete this list.</Trans>}>
      <Loaded query={accesses} waiting={<Trans>Loading who looked…</Trans>}>
        {(all) => {
          if (all.length === 0) return <EmptyState heading={<Trans>Nobody has looked yet</Trans>}><p><Trans>As soon as somebody looks or tries to, you see it here.</Trans></p></EmptyState>;
          const shown = all.filter(({ result }) => which === "all" || (which === "looks") === (result === "permit"));
          return (
            <>
              <ByOrganization accesses={all} />
              <SelectField label={<Trans>Show</Trans>} value={which} onChange={(event) => setWhich(event.target.value as Which)}>
                <option value="all">{t`Looks and refusals`}</option>
                <option value="looks">{t`Only looks`}</option>
                <option value="refusals">{t`Only refusals`}</option>
              </SelectField>
              {shown.length === 0 ? <p className="soft"><Trans>There is none of these.</Trans></p> : <AccessTimeline accesses={shown} />}
            </>
          );
        }}
      </Loaded>
    </Page>
  );
}

function ByOrganization({ accesses }: { accesses: readonly Access[] }) {
  const { t } = useLingui();
  const { data: directory } = useDirectory();
  const counts = new Map<string, { good: number; bad: number }>();
  for (const { requester, actor, result } of accesses) {
    const key = requester ?? actor;
    const count = counts.get(key) ?? { good: 0, bad: 0 };
    count[result === "permit" ? "good" : "bad"]++;
    counts.set(key, count);
  }
  const bars = [...counts].map(([key, count]) => ({ key, label: directory?.find(({ id }) => id === key)?.name ?? key, ...count })).sort((a, b) => b.good + b.bad - a.good - a.bad);
  return (
    <BarChart bars={bars} words={{
      caption: <Trans>How often, by clinic</Trans>, label: <Trans>Clinic</Trans>, labelText: t`Clinic`,
      good: <Trans>Looked</Trans>, goodText: t`Looked`, bad: <Trans>Refused</Trans>, badText: t`Refused`,
    }} />
  );
}
