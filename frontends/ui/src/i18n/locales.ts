import { i18n, type Messages } from "@lingui/core";

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

/** Switches to a language, for texts, direction and the reading of the page aloud. */
export async function activateLocale(locale: Locale, own: Catalogues, { keep = false } = {}): Promise<void> {
  const [shared, app] = await Promise.all([SHARED[locale](), own[locale]()]);
  // Browsers do not know Pashto's digits; they are Dari's.
  i18n.loadAndActivate({ locale, ...(locale === "ps" && { locales: ["fa-AF"] }), messages: { ...shared.messages, ...app.messages } });
  document.documentElement.lang = locale;
  document.documentElement.dir = LOCALES[locale].direction;
  if (keep) localStorage.setItem(KEPT, locale);
}

export function isLocale(text: string): text is Locale {
  return Object.hasOwn(LOCALES, text);
}
