import { Button, useFormats } from "@consentry/ui";
import { nameOf } from "@consentry/ui/policy";
import { useLingui } from "@lingui/react";
import { Trans } from "@lingui/react/macro";
import { useState, type ReactNode } from "react";
import { RECORD_STATUSES } from "../lib/words.js";

/** Rows that are shown before somebody asks for more. */
const FIRST = 20;

/** The first rows, and the rest when asked for. */
export function Some<T>({ rows, children }: { rows: readonly T[]; children: (rows: readonly T[]) => ReactNode }) {
  const { number } = useFormats();
  const [isAll, setAll] = useState(false);
  const rest = rows.length - FIRST;
  return (
    <>
      {children(isAll ? rows : rows.slice(0, FIRST))}
      {!isAll && rest > 0 && <div className="actions"><Button kind="quiet" small onPress={() => setAll(true)}><Trans>Show {number(rest)} more</Trans></Button></div>}
    </>
  );
}

/** The status of a record. One that is not simply final or active stands out. */
export function RecordStatus({ status }: { status: string | undefined }) {
  const { _ } = useLingui();
  if (status === undefined) return null;
  const tone = status === "entered-in-error" ? "bad" : ["final", "finished", "completed", "active", "confirmed"].includes(status) ? "good" : "over";
  return <span className={`tag ${tone}`}>{nameOf(RECORD_STATUSES, status, _)}</span>;
}
