import { Trans, useLingui } from "@lingui/react/macro";
import { Component, type ReactNode } from "react";
import { Button, ButtonLink } from "../components/button.js";
import { Notice, Progress } from "../components/notice.js";
import { FaultNotice } from "./faults.js";
import { IdleLock } from "./idle.js";
import { useSessionState } from "./session.js";
import { useSignInUrl } from "./sign-in.js";

/** What the portal is for, beside the way in. */
interface Welcome { heading: ReactNode; plainHeading: string; children: ReactNode }

/** Shows what is below it to who is signed in; to others, the way in. `persona` is whom the portal is for. */
export function SignedInOnly({ persona, welcome, frame, children }: { persona: string; welcome: Welcome; frame: (content: ReactNode) => ReactNode; children: ReactNode }) {
  const { state, signOut, reload } = useSessionState();
  switch (state.at) {
    case "loading":
      return frame(<Progress><Trans>One moment, your page is loading.</Trans></Progress>);
    case "unreachable":
      return frame(<FaultNotice error={state.error} retry={reload} />);
    case "signed-out":
      return frame(<SignIn welcome={welcome} why={state.why} />);
    case "signed-in":
      if (state.session.identity.persona !== persona) {
        return frame(
          <Notice kind="warning" heading={<Trans>This account is for another application</Trans>}>
            <p><Trans>Sign out, then sign in with the account that was made for this one.</Trans></p>
            <div className="actions"><Button small onPress={() => void signOut("ended")}><Trans>Sign out</Trans></Button></div>
          </Notice>,
        );
      }
      return <>{children}<IdleLock /></>;
  }
}

function SignIn({ welcome, why }: { welcome: Welcome; why: "ended" | "idle" | "expired" | undefined }) {
  const { t } = useLingui();
  const signInUrl = useSignInUrl();
  document.title = `${welcome.plainHeading} – Consentry`;
  const failed = new URLSearchParams(location.search).get("sign-in");
  return (
    <div className="narrow">
      {why === "idle" && <Notice heading={<Trans>You were away, so we locked the page</Trans>} live><p><Trans>Nobody else can see your data. Sign in to go on.</Trans></p></Notice>}
      {why === "expired" && <Notice kind="warning" heading={<Trans>Your time signed in is over</Trans>} live><p><Trans>Sign in again to go on. Nothing that you saved is lost.</Trans></p></Notice>}
      {why === "ended" && <Notice kind="success" heading={<Trans>You are signed out</Trans>} live><p><Trans>Nothing of yours is left on this screen.</Trans></p></Notice>}
      {failed !== null && <Notice kind="error" heading={<Trans>The sign-in did not work</Trans>} live><p>{failed === "access_denied" ? <Trans>You said no, or your account is not for this application.</Trans> : <Trans>Please try again. If it stays like this, tell the help desk.</Trans>}</p></Notice>}
      <h1>{welcome.heading}</h1>
      {welcome.children}
      <div className="actions">
        {/* After an idle lock somebody else may sit here, so that the person is asked again. */}
        <ButtonLink href={signInUrl({ returnTo: location.pathname, ...(why === "idle" && { maxAge: 0 }) })} aria-label={t`Sign in`}><Trans>Sign in</Trans></ButtonLink>
      </div>
    </div>
  );
}

/** What stands where a screen broke. It logs nothing: an error can name a person. */
export class ErrorBoundary extends Component<{ children: ReactNode }, { error: unknown }> {
  override state: { error: unknown } = { error: undefined };

  static getDerivedStateFromError(error: unknown) {
    return { error };
  }

  override render() {
    if (this.state.error === undefined) return this.props.children;
    return <FaultNotice error={this.state.error} retry={() => location.reload()} />;
  }
}
