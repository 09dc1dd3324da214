import type { Consent } from "@consentry/sdk";
import { Countdown, StateTag, useFormats } from "@consentry/ui";
import { useLingui } from "@lingui/react";
import { Trans } from "@lingui/react/macro";
import { Link } from "@tanstack/react-router";
import { usePolicy } from "../lib/consents.js";
import { useOrganization } from "../lib/directory.js";
import { explain } from "../lib/explain.js";

/** One consent, as a card that leads to it. */
export function ConsentCard({ consent, to, heading: Heading = "h3" }: { consent: Consent; to: "/requests/$id" | "/consents/$id"; heading?: "h2" | "h3" }) {
  const { _ } = useLingui();
  const { date, list } = useFormats();
  const organization = useOrganization(consent.grantee);
  const policy = usePolicy(consent.scopeId);
  const lines = policy.data && explain(policy.data.document, _);
  const until = consent.validTo === null ? undefined : date(consent.validTo);
  return (
    <Link to={to} params={{ id: consent.id }} className="card card-link">
      <Heading>{organization?.name ?? <Trans>A clinic whose name we could not find</Trans>}</Heading>
      <p><StateTag status={consent.status} /></p>
      {lines && <p className="soft">{list(lines.why)} · {list(lines.what.slice(0, 3))}{lines.what.length > 3 && " …"}</p>}
      {policy.isError && <p className="soft"><Trans>What it is about could not be loaded.</Trans></p>}
      <p className="small soft">
        {consent.status === "ACTIVE" && consent.validTo !== null ? <Countdown to={consent.validTo} /> : until === undefined ? <Trans>Until you end it</Trans> : <Trans>Until {until}</Trans>}
      </p>
    </Link>
  );
}
