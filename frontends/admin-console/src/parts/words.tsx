/** What the services' own words mean, in the language of the page. */
import type { ServiceName } from "@consentry/sdk";
import { Trans } from "@lingui/react/macro";
import type { ReactNode } from "react";
import type { Access, Count, Grantee, SigningKey } from "../lib/api.js";
import type { Standing } from "../lib/grantees.js";

const known = <K extends string>(words: Record<K, () => ReactNode>, key: string): ReactNode => (Object.hasOwn(words, key) ? words[key as K]() : <code>{key}</code>);

export function ServiceLabel({ name }: { name: ServiceName }) {
  return known<ServiceName>({
    auth: () => <Trans>Sign-in and directory</Trans>, indexer: () => <Trans>Reader of the chain</Trans>, relay: () => <Trans>Relay to the chain</Trans>,
    gateway: () => <Trans>Gateway to records</Trans>, audit: () => <Trans>Audit archive</Trans>,
  }, name);
}

export function OutcomeTag({ result }: { result: Access["result"] }) {
  switch (result) {
    case "permit": return <span className="tag good"><Trans>Allowed</Trans></span>;
    case "deny": return <span className="tag bad"><Trans>Refused</Trans></span>;
    case "indeterminate": return <span className="tag ask"><Trans>Could not be decided</Trans></span>;
  }
}

export function OutcomeLabel({ result }: { result: Count["result"] }) {
  switch (result) {
    case "permit": return <Trans>Allowed</Trans>;
    case "deny": return <Trans>Refused</Trans>;
    case "indeterminate": return <Trans>Could not be decided</Trans>;
  }
}

export function ActionLabel({ action }: { action: Count["action"] }) {
  switch (action) {
    case "read": return <Trans>Read one record</Trans>;
    case "search": return <Trans>Search</Trans>;
    case "evaluate": return <Trans>Ask without reading</Trans>;
  }
}

export function PersonaLabel({ persona }: { persona: string }) {
  return known({
    patient: () => <Trans>Patient</Trans>, provider: () => <Trans>Clinic staff</Trans>, admin: () => <Trans>Administrator</Trans>, system: () => <Trans>Another service</Trans>,
  }, persona);
}

export function VerificationTag({ status }: { status: Grantee["status"] | undefined }) {
  switch (status) {
    case undefined: return <span className="tag over"><Trans>Never verified</Trans></span>;
    case "VERIFIED": return <span className="tag good"><Trans>Verified</Trans></span>;
    case "EXPIRED": return <span className="tag over"><Trans>Over</Trans></span>;
    case "SUSPENDED": return <span className="tag bad"><Trans>Suspended</Trans></span>;
    case "REMOVED": return <span className="tag over"><Trans>Removed</Trans></span>;
  }
}

export function StandingText({ standing }: { standing: Standing }) {
  switch (standing) {
    case "standing": return <Trans>May ask patients</Trans>;
    case "not-in-directory": return <Trans>Verified on the chain, but the directory has no such address. It gets no tokens here.</Trans>;
    case "not-on-chain": return <Trans>In the directory, but never verified on the chain. It may not ask.</Trans>;
    case "not-verified": return <Trans>Its verification does not hold now. It may not ask.</Trans>;
  }
}

export function KeyStateTag({ state }: { state: SigningKey["state"] }) {
  switch (state) {
    case "pending": return <span className="tag wait"><Trans>Made, not shown yet</Trans></span>;
    case "published": return <span className="tag wait"><Trans>Shown, signs soon</Trans></span>;
    case "active": return <span className="tag good"><Trans>Signs now</Trans></span>;
    case "retired": return <span className="tag over"><Trans>Signs no more</Trans></span>;
    case "destroyed": return <span className="tag over"><Trans>Destroyed</Trans></span>;
    case "compromised": return <span className="tag bad"><Trans>Out of use: may be stolen</Trans></span>;
  }
}

export function ClientStatusTag({ status }: { status: string }) {
  return known({
    enabled: () => <span className="tag good"><Trans>In use</Trans></span>, disabled: () => <span className="tag bad"><Trans>Disabled</Trans></span>, removed: () => <span className="tag over"><Trans>Removed from the file</Trans></span>,
  }, status);
}

export function AccountStatusTag({ status }: { status: string }) {
  return known({ active: () => <span className="tag good"><Trans>Open</Trans></span>, disabled: () => <span className="tag bad"><Trans>Closed</Trans></span> }, status);
}
