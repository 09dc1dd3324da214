import { useFormats } from "@consentry/ui";
import { Trans } from "@lingui/react/macro";
import { topOfScale, type Day } from "../lib/counts.js";

const STEPS = 4;

/** Decisions a day as columns. The table below it says the same, so that this is hidden from who listens. */
export function DayChart({ days }: { days: readonly Day[] }) {
  const { number, shortDay } = useFormats();
  const top = topOfScale(Math.max(0, ...days.map(({ total }) => total)));
  const width = 100 / days.length;
  const height = (value: number) => (value / top) * 100;
  const labelled = days.filter((_, at) => at === 0 || at === days.length - 1 || at === Math.floor(days.length / 2));
  return (
    <figure className="chart" aria-hidden="true">
      <ul className="legend-keys"><li><Trans>Allowed</Trans></li><li className="bad"><Trans>Refused</Trans></li><li className="open"><Trans>Could not be decided</Trans></li></ul>
      <div className="day-chart">
        <ol className="scale">{Array.from({ length: STEPS + 1 }, (_, at) => <li key={at}>{number((top / STEPS) * (STEPS - at))}</li>)}</ol>
        <svg viewBox="0 0 100 100" preserveAspectRatio="none">
          {Array.from({ length: STEPS + 1 }, (_, at) => <line key={at} className="grid" x1="0" x2="100" y1={(100 / STEPS) * at} y2={(100 / STEPS) * at} vectorEffect="non-scaling-stroke" />)}
          {days.map(({ date, permit, deny, indeterminate }, at) => {
            const column = { x: at * width + width * 0.15, width: width * 0.7 };
            return (
              <g key={date}>
                <rect className="bar-good" {...column} y={100 - height(permit)} height={height(permit)} />
                <rect className="bar-bad" {...column} y={100 - height(permit + deny)} height={height(deny)} />
                <rect className="bar-open" {...column} y={100 - height(permit + deny + indeterminate)} height={height(indeterminate)} />
              </g>
            );
          })}
        </svg>
        <div className="days">{labelled.map(({ date }) => <span key={date}>{shortDay(date)}</span>)}</div>
      </div>
    </figure>
  );
}
