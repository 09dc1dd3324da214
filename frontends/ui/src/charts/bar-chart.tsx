import { Trans } from "@lingui/react/macro";
import type { ReactNode } from "react";
import { Table } from "../components/data.js";
import { useFormats } from "../i18n/provider.js";

/** One bar: how many went well, and how many were refused. */
export interface Bar { key: string; label: string; good: number; bad: number }

interface Words { caption: ReactNode; label: ReactNode; labelText: string; good: ReactNode; goodText: string; bad: ReactNode; badText: string }

/** Bars of two parts, and the same figures as a table for who would rather read, or listens. */
export function BarChart({ bars, words }: { bars: readonly Bar[]; words: Words }) {
  const { number } = useFormats();
  const most = Math.max(1, ...bars.map(({ good, bad }) => good + bad));
  return (
    <figure className="chart">
      <figcaption>{words.caption}</figcaption>
      <div aria-hidden="true">
        <ul className="legend-keys"><li>{words.good}</li><li className="bad">{words.bad}</li></ul>
        <ul className="bars">
          {bars.map(({ key, label, good, bad }) => (
            <li key={key}>
              <span>{label}</span>
              <svg viewBox="0 0 100 10" preserveAspectRatio="none">
                <rect className="bar-ground" width="100" height="10" />
                <rect className="bar-good" width={(good / most) * 100} height="10" />
                <rect className="bar-bad" x={(good / most) * 100} width={(bad / most) * 100} height="10" />
              </svg>
              <span className="value">{words.goodText}: {number(good)} · {words.badText}: {number(bad)}</span>
            </li>
          ))}
        </ul>
      </div>
      <details>
        <summary><Trans>The same as a table</Trans></summary>
        <Table
          caption={words.caption} hideCaption rows={bars} rowKey={({ key }) => key}
          columns={[
            { key: "label", label: words.label, text: words.labelText, cell: ({ label }) => label },
            { key: "good", label: words.good, text: words.goodText, isNumber: true, cell: ({ good }) => number(good) },
            { key: "bad", label: words.bad, text: words.badText, isNumber: true, cell: ({ bad }) => number(bad) },
          ]}
        />
      </details>
    </figure>
  );
}
