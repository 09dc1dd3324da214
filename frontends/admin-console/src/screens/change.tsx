import { Loaded, Notice, Page, RadioGroup } from "@consentry/ui";
import { Trans, useLingui } from "@lingui/react/macro";
import { useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { useRegistries } from "../lib/registries.js";
import { ChangeForm } from "../parts/change-form.js";
import { ChangeCheck } from "../parts/change-check.js";

type Part = "write" | "check";

export function ChangePage() {
  const { t } = useLingui();
  const search = useSearch({ from: "/organizations/change" });
  const query = useRegistries();
  const [part, setPart] = useState<Part>("write");
  return (
    <Page heading={<Trans>Change a verification</Trans>} plainHeading={t`Change a verification`} back={{ to: "/organizations", label: <Trans>Organisations</Trans> }} narrow lead={<Trans>One person writes the change down. Another checks it and sends it with the registrar's wallet.</Trans>}>
      <Notice heading={<Trans>Who makes sure that it takes two?</Trans>}>
        <p><Trans>The chain knows the registrar's wallet, not you. If one person holds that wallet, that person could do this alone. A wallet that needs two signatures, and a delay in which the suspender can stop a change, make it impossible: see “Deploy to a new chain” in the runbooks.</Trans></p>
      </Notice>
      <RadioGroup<Part>
        legend={<Trans>What do you want to do?</Trans>} value={part} onChange={setPart}
        choices={[
          { value: "write", label: <Trans>Write a change down</Trans>, hint: <Trans>You need the papers. No wallet.</Trans> },
          { value: "check", label: <Trans>Check a change and send it</Trans>, hint: <Trans>You need what the other person wrote, and the registrar's wallet in this browser.</Trans> },
        ]}
      />
      <Loaded query={query} waiting={<Trans>Asking the chain and the directory.</Trans>}>
        {(registries) => (part === "write" ? <ChangeForm registries={registries} kind={search.kind} address={search.address} /> : <ChangeCheck registries={registries} />)}
      </Loaded>
    </Page>
  );
}
