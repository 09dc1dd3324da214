import type { Consent, Policy } from "@consentry/sdk";
import { Button, Loaded, Page, StateTag, SummaryList, useFormats, useLanguage, useSession } from "@consentry/ui";
import { QrCode } from "@consentry/ui/qr";
import { useLingui as useWords } from "@lingui/react";
import { Trans, useLingui } from "@lingui/react/macro";
import { Link, useParams } from "@tanstack/react-router";
import { useConsent, usePolicy } from "../lib/consents.js";
import { useOrganization } from "../lib/directory.js";
import { explain } from "../lib/explain.js";
import { download, receiptOf } from "../lib/receipt.js";
import { fragmentOf, verifyUrl } from "../lib/verify-link.js";
import { ConsentSummary } from "../parts/consent-summary.js";

/** What was shown and signed, to print or to keep. */
export function Receipt() {
  const { id } = useParams({ from: "/consents/$id/receipt" });
  const { t } = useLingui();
  const consent = useConsent(id);
  const policy = usePolicy(consent.data?.scopeId);
  return (
    <Page heading={<Trans>Receipt</Trans>} plainHeading={t`Receipt`} back={{ to: `/consents/${id}`, label: <Trans>Back to the consent</Trans> }} narrow>
      <Loaded query={consent} waiting={<Trans>Loading the receipt…</Trans>}>
        {(found) => <Loaded query={policy} waiting={<Trans>Loading the receipt…</Trans>}>{(document) => <Paper consent={found} policy={document} />}</Loaded>}
      </Loaded>
    </Page>
  );
}

function Paper({ consent, policy }: { consent: Consent; policy: Policy }) {
  const { t } = useLingui();
  const { _ } = useWords();
  const { locale } = useLanguage();
  const { dateTime, number } = useFormats();
  const { identity, deployment } = useSession();
  const organization = useOrganization(consent.grantee);
  const named = { id: consent.id, policy: policy.hash };
  const place = `${location.origin}/verify`;
  const keep = () => {
    const madeAt = Math.floor(Date.now() / 1000);
    const receipt = receiptOf({ consent, policy, organization, identity, deployment, shown: explain(policy.document, _), language: locale, madeAt });
    download(receipt, `consent-${consent.id.slice(2, 10)}.json`);
  };
  return (
    <>
      <div className="card">
        <p className="row"><StateTag status={consent.status} /></p>
        <ConsentSummary grantee={consent.grantee} document={policy.document} validTo={consent.validTo} />
        <SummaryList rows={[
          { key: "from", term: <Trans>In force from</Trans>, value: dateTime(consent.validFrom) },
          { key: "patient", term: <Trans>Patient</Trans>, value: <code>{identity.patient}</code> },
          { key: "id", term: <Trans>Consent number</Trans>, value: <code>{consent.id}</code> },
          { key: "hash", term: <Trans>Fingerprint of what you signed</Trans>, value: <code>{policy.hash}</code> },
          { key: "tx", term: <Trans>Where it is written</Trans>, value: <><Trans>Block {number(consent.blockNumber)}</Trans><br /><code>{consent.transaction}</code></> },
        ]} />
        <div className="check-code">
          <QrCode text={verifyUrl(named)} label={t`Code to check this receipt`} />
          <div>
            <h2><Trans>Is this receipt genuine?</Trans></h2>
            <p><Trans>Scan this code, or open <bdi className="code">{place}</bdi>, and sign in. It says whether this receipt is genuine, and what holds then. The code names the consent and nobody.</Trans></p>
            <p className="no-print"><Link to="/verify" hash={fragmentOf(named)}><Trans>Check this receipt now</Trans></Link></p>
          </div>
        </div>
      </div>
      <div className="actions no-print">
        <Button onPress={() => print()}><Trans>Print</Trans></Button>
        <Button kind="quiet" onPress={keep}><Trans>Save as a file</Trans></Button>
      </div>
    </>
  );
}
