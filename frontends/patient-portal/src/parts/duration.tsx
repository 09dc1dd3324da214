import { Trans } from "@lingui/react/macro";
import type { ReactNode } from "react";
import type { Duration } from "../lib/presets.js";

/** A duration in words. */
export function durationLabel(duration: Duration): ReactNode {
  switch (duration) {
    case "1": return <Trans>1 day</Trans>;
    case "7": return <Trans>1 week</Trans>;
    case "30": return <Trans>30 days</Trans>;
    case "90": return <Trans>90 days</Trans>;
    case "365": return <Trans>1 year</Trans>;
    case "open": return <Trans>Until I end it</Trans>;
  }
}
