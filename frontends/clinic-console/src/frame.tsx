import { Button, ErrorBoundary, Shell, SignedInOnly, useSession, type NavItem } from "@consentry/ui";
import { Trans, useLingui } from "@lingui/react/macro";
import { Outlet } from "@tanstack/react-router";
import { useEffect, type ReactNode } from "react";
import { useOrganizationName } from "./lib/organization.js";
import { forgetKeys } from "./lib/signers.js";

/** What surrounds every screen, and who may see them. */
export function Frame() {
  const { t } = useLingui();
  const welcome = {
    heading: <Trans>Clinic console</Trans>, plainHeading: t`Clinic console`,
    children: (
      <>
        <p className="lead"><Trans>Ask patients for their consent, and read what they allow.</Trans></p>
        <p><Trans>Sign in with the account that your organisation gave you. Is this your first time? Press “Sign in”, then choose to use a code.</Trans></p>
      </>
    ),
  };
  return (
    <SignedInOnly persona="provider" welcome={welcome} frame={(content) => <Bare>{content}</Bare>}>
      <Signed />
    </SignedInOnly>
  );
}

function Signed() {
  const { signOut } = useSession();
  const organization = useOrganizationName();
  useEffect(() => forgetKeys, []);
  const nav: NavItem[] = [{ to: "/", label: <Trans>Consents</Trans> }, { to: "/ask", label: <Trans>Ask a patient</Trans> }, { to: "/our-code", label: <Trans>Our code</Trans> }, { to: "/keys", label: <Trans>Keys</Trans> }];
  return (
    <Shell name={<Trans>Clinic console</Trans>} tagline={organization && <bdi>{organization}</bdi>} nav={nav} tools={<Button kind="plain" small onPress={() => void signOut()}><Trans>Sign out</Trans></Button>}>
      <ErrorBoundary><Outlet /></ErrorBoundary>
    </Shell>
  );
}

function Bare({ children }: { children: ReactNode }) {
  return <Shell name={<Trans>Clinic console</Trans>}>{children}</Shell>;
}
