import { Trans } from "@lingui/react/macro";
import { lazy, Suspense, useEffect, useRef, useState } from "react";
import { Button } from "../components/button.js";
import { Progress } from "../components/notice.js";
import { ErrorBoundary } from "../session/gate.js";

const Scanner = lazy(async () => ({ default: (await import("./scanner.js")).Scanner }));

/** Reads a code with the camera instead of typing it. What it sees that `accepts` does not take, it passes over. */
export function ScanButton({ accepts, onText }: { accepts: (text: string) => boolean; onText: (text: string) => void }) {
  const [state, setState] = useState<"untouched" | "open" | "closed" | "read">("untouched");
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    // What had the focus is gone with the scanner.
    if (state === "closed" || state === "read") button.current?.focus();
  }, [state]);
  if (state === "open") {
    return (
      <ErrorBoundary>
        <Suspense fallback={<Progress><Trans>One moment, the scanner is loading.</Trans></Progress>}>
          <Scanner accepts={accepts} onText={(text) => { onText(text); setState("read"); }} onClose={() => setState("closed")} />
        </Suspense>
      </ErrorBoundary>
    );
  }
  return (
    <div className="row scan">
      <Button ref={button} small kind="quiet" onPress={() => setState("open")}><Trans>Scan with the camera</Trans></Button>
      <span role="status" className="small">{state === "read" && <Trans>The code was read.</Trans>}</span>
    </div>
  );
}
