import { i18n, type I18n } from "@lingui/core";
import { I18nProvider, useLingui } from "@lingui/react";
import { createContext, use, useMemo, type ReactNode } from "react";
import { formatsOf, type Formats } from "./formats.js";
import { activateLocale, otherLanguage, type Catalogues, type Locale } from "./locales.js";

const OwnCatalogues = createContext<Catalogues | undefined>(undefined);

/** Gives everything below it the language that was activated. */
export function LanguageProvider({ catalogues, children }: { catalogues: Catalogues; children: ReactNode }) {
  return (
    <I18nProvider i18n={i18n}>
      <OwnCatalogues value={catalogues}>
        {children}
      </OwnCatalogues>
    </I18nProvider>
  );
}

/** The language, how to switch it, and how to have texts of another one `beside` it. */
export function useLanguage(): { locale: Locale; choose: (locale: Locale) => Promise<void>; beside: (locale: Locale) => Promise<I18n> } {
  const { i18n: active } = useLingui();
  const catalogues = use(OwnCatalogues);
  if (catalogues === undefined) throw new TypeError("useLanguage stands outside a LanguageProvider");
  return {
    locale: active.locale as Locale,
    choose: (locale) => activateLocale(locale, catalogues, { keep: true }),
    beside: (locale) => otherLanguage(locale, catalogues),
  };
}

/** Dates, numbers and spans of time in the person's language. */
export function useFormats(): Formats {
  const { i18n: active } = useLingui();
  return useMemo(() => formatsOf(active.locale as Locale), [active.locale]);
}
