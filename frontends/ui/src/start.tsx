import { QueryClientProvider } from "@tanstack/react-query";
import { StrictMode, type ReactNode } from "react";
import { createRoot } from "react-dom/client";
import { LanguageProvider } from "./i18n/provider.js";
import { activateLocale, preferredLocale, type Catalogues } from "./i18n/locales.js";
import { newQueryClient } from "./session/queries.js";
import { findSession, SessionProvider } from "./session/session.js";
import { applyTheme } from "./theme.js";

/** Starts a portal: theme, language, session, then what is given. */
export async function startPortal(catalogues: Catalogues, application: ReactNode): Promise<void> {
  applyTheme();
  const session = findSession();
  // Who looks at it comes later, and tells then.
  session.catch(() => undefined);
  await activateLocale(preferredLocale(), catalogues);
  const root = document.getElementById("root");
  if (root === null) throw new TypeError("index.html has no #root");
  createRoot(root).render(
    <StrictMode>
      <LanguageProvider catalogues={catalogues}>
        <QueryClientProvider client={newQueryClient()}>
          <SessionProvider first={session}>{application}</SessionProvider>
        </QueryClientProvider>
      </LanguageProvider>
    </StrictMode>,
  );
}
