import { Notice, buttonClass, useFormats } from "@consentry/ui";
import { Trans } from "@lingui/react/macro";
import { Link, useRouterState } from "@tanstack/react-router";
import { useStop } from "../lib/stop.js";

/** Says on every screen that everything is stopped, while it is. */
export function StopBanner() {
  const { data: stop } = useStop();
  const { dateTime } = useFormats();
  const path = useRouterState({ select: ({ location }) => location.pathname });
  if (!stop || path === "/stop") return null;
  const since = dateTime(stop.since);
  return (
    <Notice kind="warning" heading={<Trans>Everything is stopped</Trans>}>
      <p><Trans>Since {since} no consent opens your record. That is so even where one says “Active”.</Trans></p>
      <div className="actions"><Link to="/stop" className={buttonClass({ kind: "quiet", small: true })}><Trans>See or undo</Trans></Link></div>
    </Notice>
  );
}
