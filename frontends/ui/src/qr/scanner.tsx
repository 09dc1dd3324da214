import { Trans, useLingui } from "@lingui/react/macro";
import { useEffect, useRef, useState, type ReactNode } from "react";
import { Button } from "../components/button.js";
import { Notice, Progress } from "../components/notice.js";
import { codesIn, turnOff, turnOn, type CameraFault } from "./camera.js";

interface Props {
  accepts: (text: string) => boolean;
  onText: (text: string) => void;
  onClose: () => void;
}

/** What the camera sees, until it sees a code that is wanted. The camera is off as soon as this is gone. */
export function Scanner({ accepts, onText, onClose }: Props) {
  const { t } = useLingui();
  const video = useRef<HTMLVideoElement>(null);
  const box = useRef<HTMLDivElement>(null);
  const [state, setState] = useState<"starting" | "looking" | "other" | CameraFault>("starting");
  // The latest ones, without turning the camera off and on when the form around is drawn anew.
  const given = useRef({ accepts, onText, onClose });
  given.current = { accepts, onText, onClose };

  useEffect(() => {
    const aborter = new AbortController();
    let stream: MediaStream | undefined;
    const stop = () => {
      aborter.abort();
      if (stream !== undefined) turnOff(stream);
    };
    const run = async () => {
      const answer = await turnOn();
      if (typeof answer === "string") return setState(answer);
      stream = answer;
      // Closed while the browser asked.
      if (aborter.signal.aborted || video.current === null) return turnOff(answer);
      video.current.srcObject = answer;
      await video.current.play();
      setState("looking");
      for await (const text of codesIn(video.current, aborter.signal)) {
        if (given.current.accepts(text)) {
          stop();
          return given.current.onText(text);
        }
        setState("other");
      }
    };
    run().catch(() => {
      if (!aborter.signal.aborted) setState("busy");
      stop();
    });
    // Nobody is filmed by a page that is not looked at.
    const hidden = () => {
      if (document.hidden) given.current.onClose();
    };
    document.addEventListener("visibilitychange", hidden);
    box.current?.focus();
    return () => {
      stop();
      document.removeEventListener("visibilitychange", hidden);
    };
  }, []);

  const isFault = state === "refused" || state === "none" || state === "busy";
  return (
    <div className="scanner" role="group" aria-label={t`Scan a code`} tabIndex={-1} ref={box} onKeyDown={(event) => { if (event.key === "Escape") onClose(); }}>
      {isFault ? <Notice kind="warning" heading={headingOf(state)} live><p><Trans>You can type or paste the code instead.</Trans></p></Notice> : (
        <>
          {/* A picture for who holds the camera; what comes of it is said in words below. */}
          <video ref={video} muted playsInline aria-hidden="true" />
          {state === "starting" ? <Progress><Trans>Turning on the camera. Your browser may ask you first.</Trans></Progress> : (
            <p role="status">{state === "other" ? <Trans>This is another kind of code. Look for the one that is asked for here.</Trans> : <Trans>Hold the code in front of the camera. The picture stays on this device.</Trans>}</p>
          )}
        </>
      )}
      <div className="actions"><Button small kind="quiet" onPress={onClose}>{isFault ? <Trans>Close</Trans> : <Trans>Turn off the camera</Trans>}</Button></div>
    </div>
  );
}

function headingOf(fault: CameraFault): ReactNode {
  switch (fault) {
    case "refused": return <Trans>The camera may not be used</Trans>;
    case "none": return <Trans>We found no camera</Trans>;
    case "busy": return <Trans>The camera does not answer</Trans>;
  }
}
