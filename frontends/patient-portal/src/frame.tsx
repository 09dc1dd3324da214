import { Button, ErrorBoundary, Shell, SignedInOnly, useSession, useSessionState, type NavItem } from "@consentry/ui";
import { Trans, useLingui } from "@lingui/react/macro";
import { Outlet } from "@tanstack/react-router";
import { Suspense, lazy, useEffect, type ReactNode } from "react";
import { useRequests } from "./lib/blocks.js";
import { forgetKeys } from "./lib/bound-keys.js";
import { keepFragment } from "./lib/verify-link.js";
import { StopBanner } from "./parts/stop-banner.js";

// Signing comes with it, so that it is fetched after the first screen.
const KeyNotices = lazy(() => import("./parts/key-notices.js").then((module) => ({ default: module.KeyNotices })));

/** What surrounds every screen, and who may see them. */
export function Frame() {
  const { t } = useLingui();
  const { state } = useSessionState();
  useEffect(() => {
    // Who signed out by hand leaves nothing for whoever signs in next.
    if (state.at === "signed-out" && state.why !== "ended") keepFragment();
  }, [state]);
  const welcome = {
    heading: <Trans>You decide who sees your health record</Trans>, plainHeading: t`Sign in`,
    children: (
      <>
        <p className="lead"><Trans>Here you say yes or no, see who looked, and stop it at any time.</Trans></p>
        <ul>
          <li><Trans>No clinic sees your record unless you say yes.</Trans></li>
          <li><Trans>You can end a yes at any time. It works at once.</Trans></li>
          <li><Trans>Every look is written down. You can see them all.</Trans></li>
        </ul>
        <p><Trans>Is this your first time? Your clinic or hospital gives you a code. Press “Sign in”, then choose to use a code.</Trans></p>
      </>
    ),
  };
  return (
    <SignedInOnly persona="patient" welcome={welcome} frame={(content) => <Bare>{content}</Bare>}>
      <Signed />
    </SignedInOnly>
  );
}

function Signed() {
  const { signOut } = useSession();
  const requests = useRequests();
  useEffect(() => forgetKeys, []);
  const nav: NavItem[] = [
    { to: "/", label: <Trans>Home</Trans> },
    { to: "/requests", label: <Trans>Requests</Trans>, count: requests.data?.open.length ?? 0 },
    { to: "/consents", label: <Trans>My consents</Trans> },
    { to: "/activity", label: <Trans>Who looked</Trans> },
    { to: "/keys", label: <Trans>Keys</Trans> },
    { to: "/settings", label: <Trans>Settings</Trans> },
  ];
  return (
    <Shell name={<Trans>My consents</Trans>} nav={nav} tools={<Button kind="plain" small onPress={() => void signOut()}><Trans>Sign out</Trans></Button>}>
      <StopBanner />
      <ErrorBoundary><Suspense><KeyNotices /></Suspense></ErrorBoundary>
      <ErrorBoundary><Outlet /></ErrorBoundary>
    </Shell>
  );
}

function Bare({ children }: { children: ReactNode }) {
  return <Shell name={<Trans>My consents</Trans>}>{children}</Shell>;
}
