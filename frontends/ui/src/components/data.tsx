import { type ReactNode } from "react";
import { useFormats } from "../i18n/provider.js";
import type { Moment } from "../i18n/formats.js";
import { TickIcon } from "./icons.js";

/** Question and answer, line by line. */
export function SummaryList({ rows }: { rows: readonly { key: string; term: ReactNode; value: ReactNode; action?: ReactNode }[] }) {
  return (
    <dl className="summary">
      {rows.map(({ key, term, value, action }) => (
        <div key={key}>
          <dt>{term}</dt>
          <dd>{value}</dd>
          {action && <dd>{action}</dd>}
        </div>
      ))}
    </dl>
  );
}

/** One column of a table. The first is the row's heading. */
export interface Column<T> { key: string; label: ReactNode; text?: string; cell: (row: T) => ReactNode; isNumber?: boolean }

/** A table. On a narrow screen each row becomes a block, with `text` as the label of each line. */
export function Table<T>({ caption, columns, rows, rowKey, hideCaption = false }: { caption: ReactNode; columns: readonly Column<T>[]; rows: readonly T[]; rowKey: (row: T) => string; hideCaption?: boolean }) {
  return (
    <div className="table-wrap">
      <table className="folds">
        <caption className={hideCaption ? "visually-hidden" : undefined}>{caption}</caption>
        <thead>
          <tr>{columns.map(({ key, label, isNumber }) => <th key={key} scope="col" className={isNumber ? "number" : undefined}>{label}</th>)}</tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={rowKey(row)}>
              {columns.map(({ key, text, cell, isNumber }, at) => {
                const props = { "data-label": text, className: isNumber ? "number" : undefined };
                return at === 0 ? <th key={key} scope="row" {...props}><span>{cell(row)}</span></th> : <td key={key} {...props}><span>{cell(row)}</span></td>;
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** What happened, newest first. */
export function Timeline({ items }: { items: readonly { key: string; at: Moment; tone?: "good" | "bad" | "quiet"; children: ReactNode }[] }) {
  const { dateTime } = useFormats();
  return (
    <ol className="timeline">
      {items.map(({ key, at, tone = "good", children }) => (
        <li key={key} className={tone}>
          <time dateTime={typeof at === "number" ? new Date(at * 1000).toISOString() : at}>{dateTime(at)}</time>
          {children}
        </li>
      ))}
    </ol>
  );
}

/** Steps one after the other, and which is under way. */
export function Steps({ steps, done }: { steps: readonly { key: string; label: ReactNode }[]; done: number }) {
  return (
    <ol className="steps">
      {steps.map(({ key, label }, at) => (
        <li key={key} className={at < done ? "done" : at === done ? "now" : undefined} aria-current={at === done ? "step" : undefined}>
          <span className="dot" aria-hidden="true">{at < done ? <TickIcon /> : at === done ? <span className="spinner" /> : null}</span>
          <span>{label}</span>
        </li>
      ))}
    </ol>
  );
}
