import { ConsentryError } from "@consentry/sdk";
import { Trans } from "@lingui/react/macro";
import type { ReactNode } from "react";
import { Button, ButtonLink } from "../components/button.js";
import { Notice } from "../components/notice.js";
import { ServiceFault } from "./services.js";
import { useSignInUrl } from "./sign-in.js";

/** What went wrong and what to do, in words for a person. */
interface Words { heading: ReactNode; advice: ReactNode; kind: "error" | "warning"; signIn?: boolean }

function wordsOf(error: unknown): Words {
  const code = error instanceof ConsentryError ? error.code : "";
  switch (code) {
    case "AUTH_SIGN_IN_REQUIRED": case "AUTH_UNAUTHENTICATED":
      return { kind: "warning", heading: <Trans>Your time signed in is over</Trans>, advice: <Trans>Sign in again to go on. Nothing that you saved is lost.</Trans>, signIn: true };
    case "AUTH_STEP_UP":
      return { kind: "warning", heading: <Trans>Please prove once more that it is you</Trans>, advice: <Trans>For this, a fresh sign-in is needed. Nothing has changed yet. Sign in again, then do it once more.</Trans>, signIn: true };
    case "AUTH_FORBIDDEN": case "AUTH_REFUSED":
      return { kind: "error", heading: <Trans>You may not do this</Trans>, advice: <Trans>Your account does not allow it, or you have to sign in again with a second check first.</Trans> };
    case "RATE_LIMITED":
      return { kind: "warning", heading: <Trans>Too many tries</Trans>, advice: <Trans>Please wait a minute, then try again.</Trans> };
    case "STALE_INDEX":
      return { kind: "warning", heading: <Trans>Our data is too old just now</Trans>, advice: <Trans>The service is catching up. Please try again in a minute.</Trans> };
    case "FINALITY_TIMEOUT":
      return { kind: "warning", heading: <Trans>This takes longer than usual</Trans>, advice: <Trans>It is not lost, and you need not sign again. You can wait here or come back later.</Trans> };
    case "SIGNER_REFUSED":
      return { kind: "warning", heading: <Trans>It was not signed</Trans>, advice: <Trans>The key was not used: you said no, or the time ran out. Nothing has changed. Try again when you are ready.</Trans> };
    case "SIGNER_WRONG_ACCOUNT":
      return { kind: "warning", heading: <Trans>That was another key</Trans>, advice: <Trans>Use the key that you linked here: the passkey called “Consentry decisions”, or the same account of your wallet. Nothing has changed.</Trans> };
    case "SIGNER_WRONG_CHAIN":
      return { kind: "warning", heading: <Trans>The wallet is on another network</Trans>, advice: <Trans>Switch the network in the wallet, then try again. Nothing has changed.</Trans> };
    case "SIGNER_UNAVAILABLE":
      return { kind: "error", heading: <Trans>The key does not answer</Trans>, advice: <Trans>Unlock the device or the wallet, or use another key. Nothing has changed.</Trans> };
    case "CONFLICT": case "DEADLINE_PASSED": case "REFUSED_BY_REGISTRY":
      return { kind: "warning", heading: <Trans>Something changed in between</Trans>, advice: <Trans>Load the page again, read what it says now, and decide again.</Trans> };
    case "INTENT_FAILED":
      return { kind: "error", heading: <Trans>It was not saved</Trans>, advice: <Trans>What you signed was not taken. Nothing has changed. Load the page again and decide again.</Trans> };
    case "POLICY_NOT_HELD":
      return { kind: "error", heading: <Trans>What was asked cannot be shown</Trans>, advice: <Trans>Do not agree to what you cannot read. Ask the clinic to send it again.</Trans> };
    case "POLICY_HASH_MISMATCH": case "WRONG_DEPLOYMENT":
      return { kind: "error", heading: <Trans>Something does not match</Trans>, advice: <Trans>To keep you safe, nothing was signed. Please tell your clinic or the help desk.</Trans> };
    case "NOT_FOUND":
      return { kind: "warning", heading: <Trans>It is not there</Trans>, advice: <Trans>It may have been changed or removed. Go back and look again.</Trans> };
    case "UNAVAILABLE": case "UNEXPECTED_ANSWER":
      return { kind: "error", heading: <Trans>The service does not answer</Trans>, advice: <Trans>Check your connection, wait a moment, and try again. What you saved before is safe.</Trans> };
    default:
      return { kind: "error", heading: <Trans>Something went wrong</Trans>, advice: <Trans>This is our fault, not yours. Load the page again. If it stays, tell the help desk.</Trans> };
  }
}

/** A fault: what happened, what to do, and the reference to quote. */
export function FaultNotice({ error, retry }: { error: unknown; retry?: (() => void) | undefined }) {
  const signInUrl = useSignInUrl();
  const { heading, advice, kind, signIn } = wordsOf(error);
  const wish = error instanceof ServiceFault ? error.stepUp : undefined;
  const reference = error instanceof ConsentryError ? error.requestId : undefined;
  return (
    <Notice kind={kind} heading={heading} live>
      <p>{advice}</p>
      {reference && <p className="small soft"><Trans>Reference for the help desk: <code>{reference}</code></Trans></p>}
      {(signIn || retry) && (
        <div className="actions">
          {signIn ? <ButtonLink small href={signInUrl(wish)}><Trans>Sign in again</Trans></ButtonLink> : <Button small kind="quiet" onPress={() => retry?.()}><Trans>Try again</Trans></Button>}
        </div>
      )}
    </Notice>
  );
}
