import { FaultNotice, Notice, ServiceFault } from "@consentry/ui";
import { Trans } from "@lingui/react/macro";
import type { ReactNode } from "react";

/** What a service's named refusals mean to an administrator, and what to do about them. */
function wordsOf(problem: string | undefined): ReactNode {
  switch (problem) {
    case "same-administrator": return <Trans>You proposed this yourself. Another administrator has to confirm it.</Trans>;
    case "rebinding-under-way": return <Trans>A new key is already under way for this patient. Wait until it is done or refused.</Trans>;
    case "stale-nonce": return <Trans>This address said something later already. Have the statement signed anew, with a greater number.</Trans>;
    case "subject-taken": return <Trans>This address stands for another patient. Have a new key made.</Trans>;
    case "invalid-signature": return <Trans>The signature does not fit what is stated. Compare each line with what was signed, and have it signed again.</Trans>;
    case "deadline-passed": return <Trans>The time in the statement is over. Have it signed again.</Trans>;
    case "already-enrolled": return <Trans>This person has an account already. Open it under Accounts, and make a recovery code there if they cannot sign in.</Trans>;
    case "client-from-file": return <Trans>This client comes from the clients file. Change it there; it counts from the next start of the service.</Trans>;
    case "client-removed": return <Trans>This client was taken out of the clients file. Put it back there, or register it under another id.</Trans>;
    case "unknown-organization": return <Trans>The directory has no such organisation. Enter it there first.</Trans>;
    default: return undefined;
  }
}

/** A fault: by the name that the service gave it, or else as everywhere. */
export function AdminFault({ error, retry, notFound }: { error: unknown; retry?: () => void; /** What a missing thing means at this place. */ notFound?: ReactNode }) {
  if (error === null || error === undefined) return null;
  const fault = error instanceof ServiceFault ? error : undefined;
  const words = wordsOf(fault?.problem) ?? (fault?.code === "NOT_FOUND" ? notFound : undefined) ?? (fault?.code === "INVALID_REQUEST" ? <Trans>The service does not take what was entered. Look at each field again; nothing was changed.</Trans> : undefined);
  if (words === undefined) return <FaultNotice error={error} retry={retry} />;
  return (
    <Notice kind="error" heading={<Trans>It was not done</Trans>} live>
      <p>{words}</p>
      {fault?.requestId && <p className="small soft"><Trans>Reference for the help desk: <code>{fault.requestId}</code></Trans></p>}
    </Notice>
  );
}
