import { Button, ErrorSummary, Field, Page, RadioGroup } from "@consentry/ui";
import { Trans, useLingui } from "@lingui/react/macro";
import { useMutation } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { useApi, type EnrolmentRequest } from "../lib/api.js";
import { CodeShown } from "../parts/code-shown.js";
import { AdminFault } from "../parts/fault.js";

type Persona = "patient" | "provider" | "admin";

export function Code() {
  const { t } = useLingui();
  const api = useApi();
  const [persona, setPersona] = useState<Persona>("patient");
  const [fhirId, setFhirId] = useState("");
  const [organization, setOrganization] = useState("");
  const [practitioner, setPractitioner] = useState("");
  const [errors, setErrors] = useState<readonly { id: string; message: string }[]>([]);
  // Kept by nobody longer than this screen stands.
  const make = useMutation({ mutationFn: (body: EnrolmentRequest) => api.makeCode(body), gcTime: 0 });
  const errorOf = (id: string) => errors.find((error) => error.id === id)?.message;

  const submit = (event: FormEvent) => {
    event.preventDefault();
    const missing = persona === "patient" && fhirId.trim() === "" ? [{ id: "fhir-id", message: t`Enter the patient's id in the record system.` }]
      : persona === "provider" && organization.trim() === "" ? [{ id: "organization", message: t`Enter the organisation's id in the directory.` }] : [];
    setErrors(missing);
    if (missing.length > 0) return;
    make.mutate({
      persona,
      ...(persona === "patient" && { fhirId: fhirId.trim() }),
      ...(persona === "provider" && { organization: organization.trim(), ...(practitioner.trim() !== "" && { practitioner: practitioner.trim() }) }),
    });
  };
  return (
    <Page heading={<Trans>Let somebody in</Trans>} plainHeading={t`Let somebody in`} back={{ to: "/accounts", label: <Trans>Accounts</Trans> }} narrow lead={<Trans>You make a code. Whoever enters it gets the account, so hand it over yourself.</Trans>}>
      {make.data ? (
        <>
          <CodeShown code={make.data} />
          <Button kind="quiet" onPress={() => make.reset()}><Trans>Make another code</Trans></Button>
        </>
      ) : (
        <form onSubmit={submit} noValidate>
          <ErrorSummary errors={errors} />
          <RadioGroup<Persona>
            legend={<Trans>Who is it?</Trans>} value={persona} onChange={setPersona}
            choices={[
              { value: "patient", label: <Trans>A patient</Trans> },
              { value: "provider", label: <Trans>Somebody of a clinic or hospital</Trans> },
              { value: "admin", label: <Trans>An administrator</Trans>, hint: <Trans>They can do all that you can.</Trans> },
            ]}
          />
          {persona === "patient" && <Field id="fhir-id" label={<Trans>Patient's id in the record system</Trans>} dir="ltr" autoComplete="off" spellCheck={false} value={fhirId} onChange={(event) => setFhirId(event.target.value)} error={errorOf("fhir-id")} />}
          {persona === "provider" && (
            <>
              <Field id="organization" label={<Trans>Organisation's id in the directory</Trans>} dir="ltr" autoComplete="off" spellCheck={false} value={organization} onChange={(event) => setOrganization(event.target.value)} error={errorOf("organization")} />
              <Field label={<Trans>Practitioner's id (if they have one)</Trans>} dir="ltr" autoComplete="off" spellCheck={false} value={practitioner} onChange={(event) => setPractitioner(event.target.value)} />
            </>
          )}
          <AdminFault error={make.error} notFound={<Trans>There is no such patient or organisation. Check the id.</Trans>} />
          <Button type="submit" pending={make.isPending}><Trans>Make the code</Trans></Button>
        </form>
      )}
    </Page>
  );
}
