import { ConsentryError, type Consentry, type Pending } from "@consentry/sdk";
import { FaultNotice, Progress, useSession, type ButtonKind } from "@consentry/ui";
import { Trans } from "@lingui/react/macro";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useRef, useState, type ReactNode } from "react";
import type { BoundKey } from "../lib/bound-keys.js";
import { signerOf, typedSigner } from "../lib/keys.js";
import { PressToSign } from "./press-to-sign.js";

interface Props {
  /** The key that it takes; no other will do. */
  signer: BoundKey;
  label: ReactNode;
  kind?: ButtonKind;
  small?: boolean;
  /** Signs and hands in. */
  act: (consentry: Consentry) => Promise<Pending>;
  onDone?: () => void;
}

/** One signature about the keys themselves, waited for until everybody knows. */
export function SubjectAction({ signer, label, kind = "main", small = false, act, onDone }: Props) {
  const { deployment, withSigner } = useSession();
  const queries = useQueryClient();
  const [isSent, setSent] = useState(false);
  const pending = useRef<Pending>(undefined);
  const action = useMutation({
    mutationFn: async (typed?: string) => {
      if (typed !== undefined) typedSigner(typed);
      pending.current ??= await act(withSigner(await signerOf(signer, deployment)));
      setSent(true);
      await pending.current.waitForApplied({ timeoutMs: 120_000 });
      await queries.invalidateQueries({ queryKey: ["authorities"] });
    },
    onSuccess: () => onDone?.(),
    onError: (error) => {
      // What was refused can be signed anew; what only takes its time is waited for again.
      if (error instanceof ConsentryError && error.code !== "FINALITY_TIMEOUT") pending.current = undefined;
    },
    onSettled: () => setSent(false),
  });
  return (
    <div>
      {action.isError && <FaultNotice error={action.error} />}
      {isSent ? <Progress><Trans>You signed. It is being saved…</Trans></Progress> : <PressToSign signer={signer} label={label} kind={kind} small={small} isBusy={action.isPending} onPress={(typed) => action.mutate(typed)} />}
    </div>
  );
}
