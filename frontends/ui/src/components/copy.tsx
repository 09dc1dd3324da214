import { Trans } from "@lingui/react/macro";
import { useState, type ReactNode } from "react";
import { Button } from "./button.js";

/** A text to hand on, such as a one-time code: shown large, and copied by a button that says whether it worked. */
export function CopyText({ label, text, small = false }: { label: ReactNode; text: string; small?: boolean }) {
  const [state, setState] = useState<"copied" | "failed">();
  const copy = () => navigator.clipboard.writeText(text).then(() => setState("copied"), () => setState("failed"));
  return (
    <div className="copy-text">
      <p className="soft small">{label}</p>
      <p className={small ? "code" : "code large"} dir="ltr">{text}</p>
      <Button small kind="quiet" onPress={() => void copy()}><Trans>Copy</Trans></Button>
      <span role="status" className="small">
        {state === "copied" && <Trans>Copied.</Trans>}
        {state === "failed" && <Trans>The browser did not allow it. Select the text and copy it by hand.</Trans>}
      </span>
    </div>
  );
}
