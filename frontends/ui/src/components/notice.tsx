import { Trans } from "@lingui/react/macro";
import { useEffect, useRef, type ReactNode } from "react";
import { CheckIcon, ErrorIcon, InfoIcon, LeafIcon, WarningIcon } from "./icons.js";

/** What a notice is about. */
export type NoticeKind = "info" | "warning" | "error" | "success";

const ICONS = { info: InfoIcon, warning: WarningIcon, error: ErrorIcon, success: CheckIcon };

/** Something to know. `live` reads it aloud when it appears. */
export function Notice({ kind = "info", heading, live = false, children }: { kind?: NoticeKind; heading?: ReactNode; live?: boolean; children?: ReactNode }) {
  const Icon = ICONS[kind];
  return (
    <div className={`notice ${kind}`} role={live ? (kind === "error" ? "alert" : "status") : undefined}>
      <Icon />
      <div>
        {heading && <h2>{heading}</h2>}
        {children}
      </div>
    </div>
  );
}

/** What is wrong with a form, with links to where. Takes the focus when it appears. */
export function ErrorSummary({ errors }: { errors: readonly { id: string; message: ReactNode }[] }) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (errors.length > 0) box.current?.focus();
  }, [errors]);
  if (errors.length === 0) return null;
  return (
    <div className="error-summary" role="alert" tabIndex={-1} ref={box}>
      <h2><Trans>There is a problem</Trans></h2>
      <ul>{errors.map(({ id, message }) => <li key={id}><a href={`#${id}`} onClick={(event) => {
        event.preventDefault();
        document.getElementById(id)?.focus();
      }}>{message}</a></li>)}</ul>
    </div>
  );
}

/** Nothing here yet: says so, and what can be done. */
export function EmptyState({ heading, children, actions }: { heading: ReactNode; children?: ReactNode; actions?: ReactNode }) {
  return (
    <div className="empty">
      <LeafIcon />
      <h2 style={{ marginBlockStart: 0 }}>{heading}</h2>
      {children}
      {actions && <div className="actions">{actions}</div>}
    </div>
  );
}

/** Something is under way, in words. */
export function Progress({ children }: { children: ReactNode }) {
  return <p className="progress" role="status"><span className="spinner" aria-hidden="true" /><span>{children}</span></p>;
}
