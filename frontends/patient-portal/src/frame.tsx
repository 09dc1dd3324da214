import { Button, ErrorBoundary, Shell, SignedInOnly, useSession, type NavItem } from "@consentry/ui";
import { Trans, useLingui } from "@lingui/react/macro";
import { Outlet } from "@tanstack/react-router";
import type { ReactNode } from "react";

/** What surrounds every screen, and who may see them. */
export function Frame() {
  const { t } = useLingui();
  const welcome = { heading: <Trans>My consents</Trans>, plainHeading: t`My consents`, children: <p className="lead"><Trans>You decide who may read your health record.</Trans></p> };
  return (
    <SignedInOnly persona="patient" welcome={welcome} frame={(content) => <Bare>{content}</Bare>}>
      <Signed />
    </SignedInOnly>
  );
}

function Signed() {
  const { signOut } = useSession();
  const nav: NavItem[] = [{ to: "/", label: <Trans>Home</Trans> }];
  return (
    <Shell name={<Trans>My consents</Trans>} nav={nav} tools={<Button kind="plain" small onPress={() => void signOut()}><Trans>Sign out</Trans></Button>}>
      <ErrorBoundary><Outlet /></ErrorBoundary>
    </Shell>
  );
}

function Bare({ children }: { children: ReactNode }) {
  return <Shell name={<Trans>My consents</Trans>}>{children}</Shell>;
}
