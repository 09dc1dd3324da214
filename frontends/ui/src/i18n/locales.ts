import { i18n, setupI18n, type I18n, type Messages } from "@lingui/core";

/** The languages, by the names that their own readers use. */
export const LOCALES = {
  en: { name: "English", direction: "ltr" },
  "fa-AF": { name: "دری", direction: "rtl" },
  ps: { name: "پښتو", direction: "rtl" },
} as const;

export type Locale = keyof typeof LOCALES;

/** Where the choice is kept. Language and theme are all that a portal keeps in a browser. */
const KEPT = "consentry.language";

type Catalogue = { messages: Messages };

/** The shared components' own texts, fetched with the language. */
const SHARED: Record<Locale, () => Promise<Catalogue>> = {
  en: () => import("../locales/en.po"),
  "fa-AF": () => import("../locales/fa-AF.po"),
  ps: () => import("../locales/ps.po"),
};

/** How a portal fetches its own texts. */
export type Catalogues = Record<Locale, () => Promise<Catalogue>>;

/** The language to begin with: the one chosen before, or the first of the browser's that is there. */
export function preferredLocale(languages: readonly string[] = navigator.languages): Locale {
  const kept = localStorage.getItem(KEPT);
  if (kept !== null && isLocale(kept)) return kept;
  for (const language of languages) {
    const [primary] = language.toLowerCase().split("-");
    if (primary === "fa" || primary === "prs") return "fa-AF";
    if (primary === "ps") return "ps";
    if (primary === "en") return "en";
  }
  return "en";
}

async function messagesOf(locale: Locale, own: Catalogues): Promise<Messages> {
  const [shared, app] = await Promise.all([SHARED[locale](), own[locale]()]);
  return { ...shared.messages, ...app.messages };
}

/** Another language beside the one that is shown: what a document was written in. */
export async function otherLanguage(locale: Locale, own: Catalogues): Promise<I18n> {
  return setupI18n({ locale, messages: { [locale]: await messagesOf(locale, own) } });
}

/** Switches to a language, for texts, direction and the reading of the page aloud. */
export async function activateLocale(locale: Locale, own: Catalogues, { keep = false } = {}): Promise<void> {
  const messages = await messagesOf(locale, own);
  // Browsers do not know Pashto's digits; they are Dari's.
  i18n.loadAndActivate({ locale, ...(locale === "ps" && { locales: ["fa-AF"] }), messages });
  document.documentElement.lang = locale;
  document.documentElement.dir = LOCALES[locale].direction;
  if (keep) localStorage.setItem(KEPT, locale);
}

export function isLocale(text: string): text is Locale {
  return Object.hasOwn(LOCALES, text);
}
