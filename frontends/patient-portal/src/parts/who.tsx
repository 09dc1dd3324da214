import { Trans } from "@lingui/react/macro";
import type { Organization } from "../lib/directory.js";

/** An organisation by its name; where there is none, its address as it is. */
export function Who({ address, organization }: { address: string; organization: Organization | undefined }) {
  if (organization === undefined) {
    return <><Trans>A clinic whose name we could not find</Trans> <br /><code className="small soft">{address}</code></>;
  }
  return (
    <>
      <strong>{organization.name}</strong>{" "}
      {organization.verified ? <span className="tag good"><Trans>Checked</Trans></span> : <span className="tag bad"><Trans>Not checked</Trans></span>}
      {organization.ofPractitioner && <p className="small soft"><Trans>For one person who works there, not for all of the clinic.</Trans></p>}
    </>
  );
}
