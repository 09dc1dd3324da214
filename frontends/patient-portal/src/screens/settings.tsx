import { LOCALES, Page, RadioGroup, useLanguage, useTheme, type Locale, type Theme } from "@consentry/ui";
import { Trans, useLingui } from "@lingui/react/macro";
import { Link } from "@tanstack/react-router";
import { BlockedClinics } from "../parts/blocked-clinics.js";

export function Settings() {
  const { t } = useLingui();
  const { locale, choose } = useLanguage();
  const [theme, chooseTheme] = useTheme();
  return (
    <Page heading={<Trans>Settings</Trans>} plainHeading={t`Settings`} narrow>
      <RadioGroup<Locale> legend={<Trans>Language</Trans>} value={locale} onChange={(each) => void choose(each)} choices={(Object.keys(LOCALES) as Locale[]).map((value) => ({ value, label: <span lang={value}>{LOCALES[value].name}</span> }))} />
      <RadioGroup<Theme>
        legend={<Trans>Colours</Trans>} value={theme} onChange={chooseTheme}
        choices={[{ value: "system", label: <Trans>As on this device</Trans> }, { value: "light", label: <Trans>Light</Trans> }, { value: "dark", label: <Trans>Dark</Trans> }]}
      />
      <p className="soft"><Trans>These two are all that this page keeps on your device.</Trans></p>
      <BlockedClinics />
      <h2><Trans>Receipts</Trans></h2>
      <p><Link to="/verify"><Trans>Check whether a receipt is genuine</Trans></Link></p>
    </Page>
  );
}
