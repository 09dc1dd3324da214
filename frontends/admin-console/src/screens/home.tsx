import { EmptyState, Page } from "@consentry/ui";
import { Trans, useLingui } from "@lingui/react/macro";

export function Home() {
  const { t } = useLingui();
  return (
    <Page heading={<Trans>Admin console</Trans>} plainHeading={t`Admin console`} lead={<Trans>See that the system is well, and look after its people.</Trans>}>
      <EmptyState heading={<Trans>Nothing here yet</Trans>} />
    </Page>
  );
}
