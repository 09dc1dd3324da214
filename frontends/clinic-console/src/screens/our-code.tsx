import { UnavailableError, type Address } from "@consentry/sdk";
import { Button, callService, CopyText, EmptyState, Loaded, Page, useSession } from "@consentry/ui";
import { clinicCode } from "@consentry/ui/clinic-code";
import { QrCode } from "@consentry/ui/qr";
import { Trans, useLingui } from "@lingui/react/macro";
import { useQuery } from "@tanstack/react-query";
import * as v from "valibot";

const Organization = v.object({ name: v.string(), bindings: v.array(v.object({ grantee: v.custom<Address>((value) => typeof value === "string" && /^0x[0-9a-fA-F]{40}$/.test(value)) })) });

/** The organisation's code, to print or to show: a patient scans it, and gives consent without being asked. */
export function OurCodeScreen() {
  const { t } = useLingui();
  const organization = useOwnOrganization();
  return (
    <Page heading={<Trans>Our code</Trans>} plainHeading={t`Our code`} back={{ to: "/", label: <Trans>All consents</Trans> }} lead={<Trans>A patient scans it in their portal, and can let you see their record without a request.</Trans>} narrow>
      <Loaded query={organization} waiting={<Trans>Loading your code…</Trans>}>
        {({ name, bindings: [first] }) => (first === undefined ? (
          <EmptyState heading={<Trans>Your organisation has no code yet</Trans>}><p><Trans>An administrator has to verify your organisation and its key first.</Trans></p></EmptyState>
        ) : (
          <>
            <div className="card stack">
              <p><strong><bdi>{name}</bdi></strong></p>
              <QrCode text={clinicCode(first.grantee)} label={t`Your organisation's code as a picture`} />
              <CopyText small label={<Trans>Or as text:</Trans>} text={clinicCode(first.grantee)} />
            </div>
            <div className="actions no-print"><Button onPress={() => print()}><Trans>Print</Trans></Button></div>
          </>
        ))}
      </Loaded>
    </Page>
  );
}

/** The organisation as the directory has it: a patient's portal takes a code by the same directory, which lists its own addresses and not those of its practitioners. */
function useOwnOrganization() {
  const who = useSession();
  const { organization } = who.identity;
  return useQuery({
    queryKey: ["organization", organization],
    queryFn: async ({ signal }) => {
      if (organization === undefined) return { name: "", bindings: [] };
      const read = v.safeParse(Organization, await callService<unknown>(who, "auth", `/v1/organizations/${encodeURIComponent(organization)}`, { signal }));
      if (!read.success) throw new UnavailableError("UNEXPECTED_ANSWER", "auth answered in another shape than documented");
      return read.output;
    },
  });
}
