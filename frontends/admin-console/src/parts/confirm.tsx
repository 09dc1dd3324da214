import { Button, Checkbox, Dialog } from "@consentry/ui";
import { Trans } from "@lingui/react/macro";
import { useState, type ReactNode } from "react";
import { AdminFault } from "./fault.js";

/** Something with a `mutate`: what React Query gives. */
interface Work { isPending: boolean; error: unknown; mutate: (nothing: undefined, options: { onSuccess: () => void }) => void; reset: () => void }

/** Asks before something is done that others feel at once. `sure` has to be ticked first, where it is given. */
export function ConfirmButton({ label, heading, children, action, work, danger = false, sure, small = true }: {
  label: ReactNode; heading: ReactNode; children: ReactNode; action: ReactNode; work: Work; danger?: boolean; sure?: ReactNode; small?: boolean;
}) {
  const [isOpen, setOpen] = useState(false);
  const [isSure, setSure] = useState(false);
  const open = () => {
    setSure(false);
    // What an earlier try came to is not said of this one.
    work.reset();
    setOpen(true);
  };
  const close = () => setOpen(false);
  return (
    <>
      <Button small={small} kind={danger ? "danger" : "quiet"} onPress={open}>{label}</Button>
      <Dialog isOpen={isOpen} onClose={close} heading={heading}>
        {children}
        {sure && <Checkbox label={sure} value={isSure} onChange={setSure} />}
        <AdminFault error={work.error} />
        <div className="actions">
          <Button kind={danger ? "danger" : "main"} pending={work.isPending} isDisabled={sure !== undefined && !isSure} onPress={() => work.mutate(undefined, { onSuccess: close })}>{action}</Button>
          <Button kind="quiet" onPress={close}><Trans>Cancel</Trans></Button>
        </div>
      </Dialog>
    </>
  );
}
