import { EmptyState, Page } from "@consentry/ui";
import { Trans, useLingui } from "@lingui/react/macro";

export function Home() {
  const { t } = useLingui();
  return (
    <Page heading={<Trans>My consents</Trans>} plainHeading={t`My consents`} lead={<Trans>You decide who may read your health record.</Trans>}>
      <EmptyState heading={<Trans>Nothing here yet</Trans>} />
    </Page>
  );
}
