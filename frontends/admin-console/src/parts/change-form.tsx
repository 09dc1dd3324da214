import { Button, CopyText, ErrorSummary, Field, Notice, RadioGroup, SelectField, useFormats, useSession } from "@consentry/ui";
import { Trans, useLingui } from "@lingui/react/macro";
import { useState, type FormEvent } from "react";
import type { Hex } from "viem";
import { newSalt, readChange, saltedHash, UNLIMITED, ZERO_HASH, type Change } from "../lib/change.js";
import type { Registries } from "../lib/registries.js";
import { VerificationTag } from "./words.js";

type Kind = Change["kind"];
type Action = Change["action"];
const ADDRESS = /^0x[0-9a-fA-F]{40}$/;

/** The first person's part: the change in words, and as a document to hand on. */
export function ChangeForm({ registries, kind: givenKind, address: givenAddress }: { registries: Registries; kind: Kind | undefined; address: string | undefined }) {
  const { t } = useLingui();
  const { deployment } = useSession();
  const [kind, setKind] = useState<Kind>(givenKind ?? "organization");
  const [action, setAction] = useState<Action>("verify");
  const [address, setAddress] = useState(givenAddress ?? "");
  const [organization, setOrganization] = useState("");
  const [until, setUntil] = useState("");
  const [papers, setPapers] = useState("");
  const [errors, setErrors] = useState<readonly { id: string; message: string }[]>([]);
  const [written, setWritten] = useState<{ text: string; salt: Hex | undefined }>();
  const errorOf = (id: string) => errors.find((error) => error.id === id)?.message;

  const list = kind === "organization" ? registries.organizations : registries.practitioners;
  const known = list.rows.find((row) => row.address.toLowerCase() === address.trim().toLowerCase());
  const registry = kind === "organization" ? registries.chain.hospitals : registries.chain.providers;

  const submit = (event: FormEvent) => {
    event.preventDefault();
    const validTo = until === "" ? UNLIMITED : Date.parse(`${until}T00:00:00Z`) / 1000;
    const found = [
      ...(ADDRESS.test(address.trim()) ? [] : [{ id: "change-address", message: t`Enter the address: 0x and 40 digits or letters a to f.` }]),
      ...(action === "verify" && kind === "practitioner" && organization === "" ? [{ id: "change-organization", message: t`Choose the organisation that they belong to.` }] : []),
      ...(action === "verify" && !(validTo > Date.now() / 1000) ? [{ id: "change-until", message: t`Choose a day that is still to come.` }] : []),
      ...(action === "verify" && papers.trim() === "" ? [{ id: "change-papers", message: t`Say which papers you saw.` }] : []),
    ];
    setErrors(found);
    if (found.length > 0) return;
    const salt = papers.trim() === "" ? undefined : newSalt();
    const hash = salt === undefined ? ZERO_HASH : saltedHash(salt, papers);
    const where = { version: 1, chainId: deployment.chainId, registry, kind, grantee: address.trim() };
    const asOf = known?.changedAt ?? 0;
    const change = action === "verify" ? { ...where, action, ...(kind === "practitioner" && { organization }), credential: hash, validTo, asOf }
      : action === "reinstate" ? { ...where, action, reason: hash, asOf } : { ...where, action, reason: hash };
    const text = JSON.stringify(change, null, 2);
    // What the other person's page would not take is not handed on.
    if (readChange(text) === undefined) throw new TypeError("a change was written that cannot be read");
    setWritten({ text, salt });
  };

  if (registry === null || registry === undefined) return <Notice kind="warning" heading={<Trans>This chain keeps no such registry</Trans>}><p><Trans>Here patients may be asked by anybody, so nobody has to be verified.</Trans></p></Notice>;
  if (written) {
    return (
      <>
        <Notice kind="success" heading={<Trans>The change is written down</Trans>} live><p><Trans>Nothing has been sent. Hand this to the person who checks it. It is void as soon as anything else changes for this address.</Trans></p></Notice>
        <CopyText small label={<Trans>The change</Trans>} text={written.text} />
        {written.salt && <><CopyText small label={<Trans>Salt</Trans>} text={written.salt} /><p><Trans>Keep this salt with the papers. Only with both can anybody show later what was verified; it is not kept here.</Trans></p></>}
        <Button kind="quiet" onPress={() => setWritten(undefined)}><Trans>Write another one</Trans></Button>
      </>
    );
  }
  return (
    <form onSubmit={submit} noValidate>
      <ErrorSummary errors={errors} />
      <RadioGroup<Kind> legend={<Trans>Whom is it about?</Trans>} value={kind} onChange={setKind} choices={[{ value: "organization", label: <Trans>An organisation</Trans> }, { value: "practitioner", label: <Trans>A practitioner</Trans> }]} />
      <RadioGroup<Action>
        legend={<Trans>What is to happen?</Trans>} value={action} onChange={setAction}
        choices={[
          { value: "verify", label: <Trans>Verify, or verify anew</Trans> },
          { value: "suspend", label: <Trans>Suspend for now</Trans>, hint: <Trans>The suspender does this alone and at once.</Trans> },
          { value: "reinstate", label: <Trans>End a suspension</Trans> },
          { value: "remove", label: <Trans>Remove</Trans> },
        ]}
      />
      <Field id="change-address" label={<Trans>Address</Trans>} dir="ltr" autoComplete="off" spellCheck={false} value={address} onChange={(event) => setAddress(event.target.value)} error={errorOf("change-address")} />
      {ADDRESS.test(address.trim()) && <p role="status"><Trans>The chain says of it now:</Trans> <VerificationTag status={known?.status} /></p>}
      {action === "verify" && kind === "practitioner" && (
        <SelectField id="change-organization" label={<Trans>Organisation</Trans>} value={organization} onChange={(event) => setOrganization(event.target.value)} error={errorOf("change-organization")}>
          <option value="">{t`Choose one`}</option>
          {registries.organizations.rows.filter(({ verified }) => verified).map((row) => {
            const name = registries.directory.rows.find(({ bindings }) => bindings.some(({ grantee }) => grantee.toLowerCase() === row.address.toLowerCase()))?.name;
            return <option key={row.address} value={row.address}>{name ?? row.address}</option>;
          })}
        </SelectField>
      )}
      {action === "verify" && <Field id="change-until" label={<Trans>Verified until (empty: until somebody ends it)</Trans>} type="date" value={until} onChange={(event) => setUntil(event.target.value)} error={errorOf("change-until")} />}
      <Field id="change-papers" lines={4} label={action === "verify" ? <Trans>Papers that you saw</Trans> : <Trans>Reason (may be left out)</Trans>} hint={<Trans>It stays here: only its salted fingerprint goes to the chain.</Trans>} value={papers} onChange={(event) => setPapers(event.target.value)} error={errorOf("change-papers")} />
      <Button type="submit"><Trans>Write it down</Trans></Button>
    </form>
  );
}

/** What a change is to do, in words. */
export function ActionWords({ action }: { action: Action }) {
  switch (action) {
    case "verify": return <Trans>Verify, or verify anew</Trans>;
    case "suspend": return <Trans>Suspend for now</Trans>;
    case "reinstate": return <Trans>End a suspension</Trans>;
    case "remove": return <Trans>Remove</Trans>;
  }
}

/** Until when a verification is to hold. */
export function UntilWords({ validTo }: { validTo: number }) {
  const { date } = useFormats();
  return validTo === UNLIMITED ? <Trans>until somebody ends it</Trans> : <>{date(validTo)}</>;
}
