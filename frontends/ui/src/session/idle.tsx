import { Trans } from "@lingui/react/macro";
import { lazy, Suspense, useEffect, useRef, useState } from "react";
import { Button } from "../components/button.js";
import { useFormats } from "../i18n/provider.js";
import { useSessionState } from "./session.js";

/** Fetched when it is first asked: no part of the first load. */
const Dialog = lazy(async () => ({ default: (await import("../components/dialog.js")).Dialog }));

/** How long nobody may touch the page, and how long before its end the person is asked. Seconds. */
const IDLE = 600;
const ASK_BEFORE = 90;
/** Who works in one window of the application is there for the others as well. It carries no data. */
const CHANNEL = "consentry.alive";
const TELL_EVERY_MS = 5_000;
const SIGNS_OF_LIFE = ["pointerdown", "keydown", "wheel", "touchstart"] as const;

/** Asks whether somebody is still there, and locks the page if nobody says so. */
export function IdleLock({ idle = IDLE, askBefore = ASK_BEFORE }: { idle?: number; askBefore?: number }) {
  const { signOut } = useSessionState();
  const { span } = useFormats();
  const last = useRef(Date.now());
  const told = useRef(0);
  const channel = useRef<BroadcastChannel>(undefined);
  const [left, setLeft] = useState(idle);
  const isAsking = left <= askBefore;

  useEffect(() => {
    const own = new BroadcastChannel(CHANNEL);
    own.onmessage = () => {
      last.current = Date.now();
    };
    channel.current = own;
    const alive = () => {
      const now = Date.now();
      // While the question stands, only its answer counts: a nudge of the table is no answer.
      if ((now - last.current) / 1000 >= idle - askBefore) return;
      last.current = now;
      if (now - told.current < TELL_EVERY_MS) return;
      told.current = now;
      own.postMessage(null);
    };
    for (const name of SIGNS_OF_LIFE) addEventListener(name, alive, { passive: true });
    // By the clock and not by counting ticks: a device that slept has been away as well.
    const timer = setInterval(() => {
      const now = Math.ceil(idle - (Date.now() - last.current) / 1000);
      setLeft(now > askBefore ? idle : Math.max(0, now));
    }, 1_000);
    return () => {
      for (const name of SIGNS_OF_LIFE) removeEventListener(name, alive);
      clearInterval(timer);
      own.close();
    };
  }, [idle, askBefore]);

  useEffect(() => {
    // What was read is gone whether or not the server hears of it.
    if (left === 0) signOut("idle").catch(() => undefined);
  }, [left, signOut]);

  const stay = () => {
    last.current = Date.now();
    channel.current?.postMessage(null);
    setLeft(idle);
  };
  const text = span(left);
  if (!isAsking || left === 0) return null;
  return (
    <Suspense>
      <Dialog isOpen onClose={stay} heading={<Trans>Are you still there?</Trans>} urgent>
        <p><Trans>To keep your data safe, this page locks itself in {text}.</Trans></p>
      <div className="actions">
        <Button onPress={stay} autoFocus><Trans>Yes, stay signed in</Trans></Button>
        <Button kind="quiet" onPress={() => void signOut("ended")}><Trans>Sign out</Trans></Button>
      </div>
    </Dialog>
    </Suspense>
  );
}
