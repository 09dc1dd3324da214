import { Button, ErrorBoundary, Shell, SignedInOnly, useSession, type NavItem } from "@consentry/ui";
import { Trans, useLingui } from "@lingui/react/macro";
import { Outlet } from "@tanstack/react-router";
import type { ReactNode } from "react";

/** What surrounds every screen, and who may see them. */
export function Frame() {
  const { t } = useLingui();
  const welcome = { heading: <Trans>Clinic console</Trans>, plainHeading: t`Clinic console`, children: <p className="lead"><Trans>Ask patients for their consent, and read what they allow.</Trans></p> };
  return (
    <SignedInOnly persona="provider" welcome={welcome} frame={(content) => <Bare>{content}</Bare>}>
      <Signed />
    </SignedInOnly>
  );
}

function Signed() {
  const { signOut } = useSession();
  const nav: NavItem[] = [{ to: "/", label: <Trans>Home</Trans> }];
  return (
    <Shell name={<Trans>Clinic console</Trans>} nav={nav} tools={<Button kind="plain" small onPress={() => void signOut()}><Trans>Sign out</Trans></Button>}>
      <ErrorBoundary><Outlet /></ErrorBoundary>
    </Shell>
  );
}

function Bare({ children }: { children: ReactNode }) {
  return <Shell name={<Trans>Clinic console</Trans>}>{children}</Shell>;
}
