import { Trans } from "@lingui/react/macro";
import { useEffect, useState } from "react";
import { useFormats } from "../i18n/provider.js";

/** The present in Unix seconds, kept up to date. */
export function useNow(everyMs = 1_000): number {
  const [now, setNow] = useState(() => Math.floor(Date.now() / 1000));
  useEffect(() => {
    const timer = setInterval(() => setNow(Math.floor(Date.now() / 1000)), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}

/** How long something still lasts. Not read aloud as it ticks. */
export function Countdown({ to, soon = 3_600 }: { to: number; soon?: number }) {
  const now = useNow();
  const { span } = useFormats();
  const left = Math.max(0, to - now);
  const text = span(left);
  return <span className={left < soon ? "countdown soon" : "countdown"}>{left === 0 ? <Trans>Over</Trans> : <Trans>{text} left</Trans>}</span>;
}
