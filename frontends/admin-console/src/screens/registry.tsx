import { buttonClass, EmptyState, Field, Loaded, Notice, Page, SelectField, Table, useFormats } from "@consentry/ui";
import { Trans, useLingui } from "@lingui/react/macro";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import type { Grantee } from "../lib/api.js";
import { organizationRows, practitionerRows, shortAddress, type OrganizationRow, type PractitionerRow } from "../lib/grantees.js";
import { useRegistries, type Registries } from "../lib/registries.js";
import { StandingText, VerificationTag } from "../parts/words.js";

export function Registry() {
  const { t } = useLingui();
  const query = useRegistries();
  return (
    <Page heading={<Trans>Organisations</Trans>} plainHeading={t`Organisations`} lead={<Trans>Who may ask patients for consent. An address counts when the directory has it and the chain says that it is verified.</Trans>}>
      <div className="actions"><Link className={buttonClass()} to="/organizations/change"><Trans>Change a verification</Trans></Link></div>
      <Loaded query={query} waiting={<Trans>Asking the chain and the directory.</Trans>}>{(registries) => <Lists registries={registries} />}</Loaded>
    </Page>
  );
}

function Lists({ registries: { organizations, practitioners, directory } }: { registries: Registries }) {
  const { t } = useLingui();
  const { dateTime, number } = useFormats();
  const [text, setText] = useState("");
  const [which, setWhich] = useState("");
  const has = (...fields: (string | undefined)[]) => fields.some((field) => field?.toLowerCase().includes(text.trim().toLowerCase()));
  const rows = organizationRows(organizations.rows, directory.rows).filter((row) => (which === "" || (which === "standing") === (row.standing === "standing")) && has(row.address, row.id, row.name));
  const people = practitionerRows(practitioners.rows, directory.rows).filter((row) => (which === "" || (which === "standing") === row.chain.verified) && has(row.address, row.organization, row.organizationName));
  const block = number(organizations.asOf.blockNo);
  const at = dateTime(organizations.asOf.observedAt);
  return (
    <>
      {!(organizations.isWhole && practitioners.isWhole && directory.isWhole) && <Notice kind="warning" heading={<Trans>These lists are cut</Trans>}><p><Trans>There are more rows than this page fetches. What is missing here may still be there.</Trans></p></Notice>}
      <div className="filters">
        <Field label={<Trans>Name, id or address</Trans>} autoComplete="off" spellCheck={false} value={text} onChange={(event) => setText(event.target.value)} />
        <SelectField label={<Trans>Which</Trans>} value={which} onChange={(event) => setWhich(event.target.value)}>
          <option value="">{t`All`}</option>
          <option value="standing">{t`Those that may ask`}</option>
          <option value="not">{t`Those that may not`}</option>
        </SelectField>
      </div>
      <p className="soft small"><Trans>From the chain as of block {block}, seen {at}.</Trans></p>
      {rows.length === 0 ? <EmptyState heading={<Trans>No organisation fits</Trans>} /> : <OrganizationTable rows={rows} />}
      <h2><Trans>Practitioners</Trans></h2>
      <p><Trans>Their names are not here: the directory tells a practitioner's address to that person only.</Trans></p>
      {people.length === 0 ? <EmptyState heading={practitioners.rows.length === 0 ? <Trans>No practitioner was verified yet</Trans> : <Trans>No practitioner fits</Trans>} /> : <PractitionerTable rows={people} />}
    </>
  );
}

function OrganizationTable({ rows }: { rows: OrganizationRow[] }) {
  const { t } = useLingui();
  return (
    <Table
      caption={<Trans>Organisations, those that need a look first</Trans>} rows={rows} rowKey={({ id, address }) => `${id} ${address}`}
      columns={[
        { key: "name", label: <Trans>Organisation</Trans>, text: t`Organisation`, cell: ({ name, id }) => (name === undefined ? <span className="soft"><Trans>not in the directory</Trans></span> : <><bdi>{name}</bdi><br /><code dir="ltr" className="small">{id}</code></>) },
        { key: "address", label: <Trans>Address</Trans>, text: t`Address`, cell: ({ address }) => <AddressText address={address} /> },
        { key: "chain", label: <Trans>On the chain</Trans>, text: t`On the chain`, cell: ({ chain }) => <OnChain chain={chain} /> },
        { key: "standing", label: <Trans>What follows</Trans>, text: t`What follows`, cell: ({ standing }) => <StandingText standing={standing} /> },
        { key: "do", label: <Trans>What you can do</Trans>, text: t`What you can do`, cell: ({ address }) => <ChangeLink kind="organization" address={address} /> },
      ]}
    />
  );
}

function PractitionerTable({ rows }: { rows: PractitionerRow[] }) {
  const { t } = useLingui();
  return (
    <Table
      caption={<Trans>Practitioners</Trans>} hideCaption rows={rows} rowKey={({ address }) => address}
      columns={[
        { key: "address", label: <Trans>Address</Trans>, text: t`Address`, cell: ({ address }) => <AddressText address={address} /> },
        { key: "organization", label: <Trans>Organisation</Trans>, text: t`Organisation`, cell: ({ organizationName, organization }) => (organizationName ? <bdi>{organizationName}</bdi> : organization ? <AddressText address={organization} /> : <Trans>none</Trans>) },
        { key: "chain", label: <Trans>On the chain</Trans>, text: t`On the chain`, cell: ({ chain }) => <OnChain chain={chain} /> },
        { key: "may", label: <Trans>What follows</Trans>, text: t`What follows`, cell: ({ chain }) => (chain.verified ? <Trans>May ask patients</Trans> : chain.status === "VERIFIED" ? <Trans>The organisation is not verified, so they may not ask.</Trans> : <Trans>Its verification does not hold now. It may not ask.</Trans>) },
        { key: "do", label: <Trans>What you can do</Trans>, text: t`What you can do`, cell: ({ address }) => <ChangeLink kind="practitioner" address={address} /> },
      ]}
    />
  );
}

function AddressText({ address }: { address: string }) {
  return <span className="hex" title={address}>{shortAddress(address)}</span>;
}

function OnChain({ chain }: { chain: Grantee | undefined }) {
  const { date } = useFormats();
  const until = chain?.validTo ? date(chain.validTo) : undefined;
  const since = chain ? date(chain.changedAt) : undefined;
  return (
    <>
      <VerificationTag status={chain?.status} />
      {since && <><br /><span className="small soft"><Trans>changed {since}</Trans></span></>}
      {until && <><br /><span className="small soft"><Trans>until {until}</Trans></span></>}
    </>
  );
}

function ChangeLink({ kind, address }: { kind: "organization" | "practitioner"; address: string }) {
  const { t } = useLingui();
  const short = shortAddress(address);
  return <Link className={buttonClass({ kind: "quiet", small: true })} to="/organizations/change" search={{ kind, address }} aria-label={t`Change the verification of ${short}`}><Trans>Change</Trans></Link>;
}
