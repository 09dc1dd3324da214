import type { Denied } from "@consentry/sdk";
import { Notice } from "@consentry/ui";
import { useLingui } from "@lingui/react";
import { Trans } from "@lingui/react/macro";
import { REASONS } from "../lib/words.js";

/** Why nothing was released, in words, and what to do. */
export function Refusal({ denied: { reason, decisionId } }: { denied: Pick<Denied, "reason" | "decisionId"> }) {
  const { _ } = useLingui();
  const { heading, advice } = REASONS[reason];
  return (
    <Notice kind="warning" heading={_(heading)} live>
      <p>{_(advice)}</p>
      {decisionId !== undefined && <p className="small soft"><Trans>Reference of this decision: <bdi dir="ltr" className="code">{decisionId}</bdi></Trans></p>}
    </Notice>
  );
}

/** The same sentence under every answer, whatever it holds: it must not tell whether there is anything to withhold. */
export function WithheldRemark() {
  return <p className="soft withheld"><Trans>Records that the patient's consent does not cover are not shown. This sentence stands here always, and says nothing about this patient.</Trans></p>;
}

/** Records that came and could not be read. */
export function Unread({ count, isFull }: { count: number; isFull: boolean }) {
  return (
    <>
      {count > 0 && <Notice kind="warning" heading={<Trans>Not every record can be shown</Trans>}><p><Trans>{count} of them have a form that this page does not know. Look them up in the hospital's own system.</Trans></p></Notice>}
      {isFull && <Notice kind="warning" heading={<Trans>There may be more</Trans>}><p><Trans>So many records came that some may be missing here.</Trans></p></Notice>}
    </>
  );
}
