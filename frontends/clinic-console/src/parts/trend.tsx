import { SelectField, Table, useFormats } from "@consentry/ui";
import { Trans, useLingui } from "@lingui/react/macro";
import { useState } from "react";
import type { Line, Series } from "../lib/fhir/observation.js";
import { AmountText, RangeText, fhirDate } from "./values.js";

/** Where a chart's values lie, from 0 to 100, with a little room around. */
export function scale({ points, range }: Pick<Series, "points" | "range">) {
  const values = [...points.map(({ value }) => value), ...(range?.low === undefined ? [] : [range.low]), ...(range?.high === undefined ? [] : [range.high])];
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const room = (most - least || Math.abs(most) || 1) * 0.12;
  const [bottom, top] = [least - room, most + room];
  const [first, last] = [points[0]?.ms ?? 0, points.at(-1)?.ms ?? 0];
  return {
    least, most,
    y: (value: number) => 100 - ((value - bottom) / (top - bottom)) * 100,
    x: (ms: number) => (last === first ? 50 : 3 + ((ms - first) / (last - first)) * 94),
  };
}

/** How quantities went over time: one at a time as a line, and the same as a table. */
export function Trends({ series }: { series: readonly Series[] }) {
  const [key, setKey] = useState(series[0]?.key);
  const shown = series.find((each) => each.key === key) ?? series[0];
  if (shown === undefined) return null;
  return (
    <section>
      <h2><Trans>Over time</Trans></h2>
      {series.length > 1 && (
        <SelectField label={<Trans>Show</Trans>} value={shown.key} onChange={(event) => setKey(event.target.value)}>
          {series.map((each) => <option key={each.key} value={each.key}>{each.unit === "" ? each.name : `${each.name} (${each.unit})`}</option>)}
        </SelectField>
      )}
      <Trend series={shown} />
    </section>
  );
}

function Trend({ series }: { series: Series }) {
  const { t } = useLingui();
  const formats = useFormats();
  const { name, unit, points, range } = series;
  const { least, most, x, y } = scale(series);
  const path = points.map(({ ms, value }, at) => `${at === 0 ? "M" : "L"}${x(ms).toFixed(2)} ${y(value).toFixed(2)}`).join("");
  const band = range !== undefined && (range.low !== undefined || range.high !== undefined) ? { top: range.high === undefined ? 0 : y(range.high), bottom: range.low === undefined ? 100 : y(range.low) } : undefined;
  const day = (at: string | undefined) => (at === undefined ? "" : formats.date(at));
  return (
    <figure className="chart trend">
      <figcaption><bdi>{name}</bdi>{unit && <> <bdi dir="ltr" className="soft">({unit})</bdi></>}</figcaption>
      <div className="trend-plot" aria-hidden="true">
        <div className="trend-scale"><span style={{ insetBlockStart: `${y(most)}%` }}>{formats.exact(most)}</span>{least !== most && <span style={{ insetBlockStart: `${y(least)}%` }}>{formats.exact(least)}</span>}</div>
        <svg viewBox="0 0 100 100" preserveAspectRatio="none">
          {band && <rect className="trend-band" x="0" width="100" y={band.top} height={band.bottom - band.top} />}
          <path className="trend-line" d={path} />
          {points.map(({ id, ms, value, beside }) => <path key={id} className={beside === undefined ? "trend-dot" : "trend-dot beside"} d={`M${x(ms).toFixed(2)} ${y(value).toFixed(2)}h0`} />)}
        </svg>
        <div className="trend-ends"><span>{day(points[0]?.at)}</span><span>{day(points.at(-1)?.at)}</span></div>
      </div>
      {band && <p className="small soft"><Trans>The band is the usual range: <RangeText range={range} /></Trans></p>}
      <details>
        <summary><Trans>The same as a table</Trans></summary>
        <Table
          caption={t`${name} over time`} hideCaption rows={points.toReversed()} rowKey={({ id }) => id}
          columns={[
            { key: "at", label: <Trans>When</Trans>, text: t`When`, cell: ({ at }) => fhirDate(at, formats) },
            { key: "value", label: <Trans>Value</Trans>, text: t`Value`, isNumber: true, cell: ({ value }) => <AmountText amount={{ value, unit, comparator: undefined }} /> },
            { key: "beside", label: <Trans>Usual range</Trans>, text: t`Usual range`, cell: ({ beside }) => <Beside beside={beside} hasRange={range !== undefined} /> },
          ]}
        />
      </details>
    </figure>
  );
}

/** On which side of the usual range a value lies, in words. */
export function Beside({ beside, hasRange }: { beside: Line["beside"]; hasRange: boolean }) {
  if (beside === "below") return <strong className="beside"><Trans>Below</Trans></strong>;
  if (beside === "above") return <strong className="beside"><Trans>Above</Trans></strong>;
  return hasRange ? <Trans>Within</Trans> : <span className="soft"><Trans>None given</Trans></span>;
}
