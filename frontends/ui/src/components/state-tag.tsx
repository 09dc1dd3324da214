import type { ConsentStatus } from "@consentry/sdk";
import { Trans } from "@lingui/react/macro";

/** The state of a consent in words; the colour only repeats them. */
export function StateTag({ status }: { status: ConsentStatus }) {
  switch (status) {
    case "REQUESTED": return <span className="tag ask"><Trans>Waiting for an answer</Trans></span>;
    case "CONFIRMING": return <span className="tag wait"><Trans>Saved, being confirmed</Trans></span>;
    case "SCHEDULED": return <span className="tag wait"><Trans>Starts later</Trans></span>;
    case "ACTIVE": return <span className="tag good"><Trans>Active</Trans></span>;
    case "DENIED": return <span className="tag bad"><Trans>Refused</Trans></span>;
    case "EXPIRED": return <span className="tag over"><Trans>Ended on its date</Trans></span>;
    case "REVOKED": return <span className="tag over"><Trans>Ended by the patient</Trans></span>;
    case "ABSENT": return <span className="tag over"><Trans>Not there</Trans></span>;
  }
}
