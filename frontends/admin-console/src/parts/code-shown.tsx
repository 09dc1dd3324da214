import { CopyText, Notice, useFormats } from "@consentry/ui";
import { Trans } from "@lingui/react/macro";
import type { Enrolment } from "../lib/api.js";

/** A one-time code. It is nowhere else, and gone with this screen. */
export function CodeShown({ code }: { code: Enrolment }) {
  const { dateTime } = useFormats();
  const until = dateTime(code.expiresAt);
  return (
    <>
      <Notice kind="success" heading={<Trans>The code is made</Trans>} live>
        <p><Trans>It is shown this once. Hand it to that person and nobody else. It works once, until {until}.</Trans></p>
      </Notice>
      <CopyText label={<Trans>One-time code</Trans>} text={code.code} />
      <p><Trans>They open the sign-in page, choose “I have an enrolment code” and type it there.</Trans></p>
    </>
  );
}
