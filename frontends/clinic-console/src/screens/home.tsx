import { EmptyState, Page } from "@consentry/ui";
import { Trans, useLingui } from "@lingui/react/macro";

export function Home() {
  const { t } = useLingui();
  return (
    <Page heading={<Trans>Clinic console</Trans>} plainHeading={t`Clinic console`} lead={<Trans>Ask patients for their consent, and read what they allow.</Trans>}>
      <EmptyState heading={<Trans>Nothing here yet</Trans>} />
    </Page>
  );
}
