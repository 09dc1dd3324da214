import { Button, ErrorBoundary, Shell, SignedInOnly, useSession, type NavItem } from "@consentry/ui";
import { Trans, useLingui } from "@lingui/react/macro";
import { Outlet } from "@tanstack/react-router";
import type { ReactNode } from "react";

/** What surrounds every screen, and who may see them. */
export function Frame() {
  const { t } = useLingui();
  const welcome = { heading: <Trans>Admin console</Trans>, plainHeading: t`Admin console`, children: <p className="lead"><Trans>See that the system is well, and look after its people.</Trans></p> };
  return (
    <SignedInOnly persona="admin" welcome={welcome} frame={(content) => <Bare>{content}</Bare>}>
      <Signed />
    </SignedInOnly>
  );
}

function Signed() {
  const { signOut } = useSession();
  const nav: NavItem[] = [
    { to: "/", label: <Trans>Health</Trans> },
    { to: "/decisions", label: <Trans>Decisions</Trans> },
    { to: "/accesses", label: <Trans>Accesses</Trans> },
    { to: "/organizations", label: <Trans>Organisations</Trans> },
    { to: "/accounts", label: <Trans>Accounts</Trans> },
    { to: "/lost-keys", label: <Trans>Lost keys</Trans> },
    { to: "/clients", label: <Trans>Clients</Trans> },
    { to: "/keys", label: <Trans>Signing keys</Trans> },
  ];
  return (
    <Shell name={<Trans>Admin console</Trans>} nav={nav} tools={<Button kind="plain" small onPress={() => void signOut()}><Trans>Sign out</Trans></Button>}>
      <ErrorBoundary><Outlet /></ErrorBoundary>
    </Shell>
  );
}

function Bare({ children }: { children: ReactNode }) {
  return <Shell name={<Trans>Admin console</Trans>}>{children}</Shell>;
}
