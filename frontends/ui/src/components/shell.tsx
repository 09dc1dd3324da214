import { Trans } from "@lingui/react/macro";
import { useLingui } from "@lingui/react/macro";
import { Link, useRouterState } from "@tanstack/react-router";
import { useEffect, useRef, type ReactNode } from "react";
import { useFormats, useLanguage } from "../i18n/provider.js";
import { LOCALES, type Locale } from "../i18n/locales.js";
import { useTheme, type Theme } from "../theme.js";
import { BrandMark } from "./icons.js";

/** A place of the application, in its main menu. */
export interface NavItem { to: string; label: ReactNode; count?: number }

/** What surrounds every screen: the way past it, the name, the menu, the language. */
export function Shell({ name, tagline, nav = [], tools, foot, children }: { name: ReactNode; tagline?: ReactNode; nav?: readonly NavItem[]; tools?: ReactNode; foot?: ReactNode; children: ReactNode }) {
  const { t } = useLingui();
  return (
    <div className="shell">
      <a className="skip-link" href="#main"><Trans>Skip to the main part</Trans></a>
      <header className="shell-head">
        <div className="shell-bar">
          <a className="brand" href="/"><BrandMark /><span>{name}{tagline && <small>{tagline}</small>}</span></a>
          <div className="shell-tools"><LanguageSwitch />{tools}</div>
        </div>
        {nav.length > 0 && (
          <nav className="nav" aria-label={t`Main menu`}>
            <ul>{nav.map((item) => <NavLink key={item.to} {...item} />)}</ul>
          </nav>
        )}
      </header>
      <main className="main" id="main" tabIndex={-1}>{children}</main>
      <footer className="shell-foot"><div><ThemeSwitch />{foot}<TranslationRemark /></div></footer>
    </div>
  );
}

function NavLink({ to, label, count }: NavItem) {
  const { number } = useFormats();
  const path = useRouterState({ select: ({ location }) => location.pathname });
  const isHere = to === "/" ? path === "/" : path === to || path.startsWith(`${to}/`);
  return <li><Link to={to} aria-current={isHere ? "page" : undefined}>{label}{count !== undefined && count > 0 && <span className="count">{number(count)}</span>}</Link></li>;
}

/** The languages, each by its own name. */
export function LanguageSwitch() {
  const { t } = useLingui();
  const { locale, choose } = useLanguage();
  return (
    <span className="switch">
      <select aria-label={t`Language`} value={locale} onChange={(event) => void choose(event.target.value as Locale)}>
        {Object.entries(LOCALES).map(([each, { name }]) => <option key={each} value={each} lang={each}>{name}</option>)}
      </select>
    </span>
  );
}

/** Light, dark, or as the device. */
export function ThemeSwitch() {
  const { t } = useLingui();
  const [theme, choose] = useTheme();
  return (
    <span className="switch">
      <select aria-label={t`Colours`} value={theme} onChange={(event) => choose(event.target.value as Theme)}>
        <option value="system">{t`Colours of this device`}</option>
        <option value="light">{t`Light colours`}</option>
        <option value="dark">{t`Dark colours`}</option>
      </select>
    </span>
  );
}

function TranslationRemark() {
  const { locale } = useLanguage();
  if (locale === "en") return null;
  return <span><Trans>This translation still waits for a native reader to check it.</Trans></span>;
}

/** Whether a screen was shown since the page was loaded. */
let isAnyShown = false;

/** A screen: its heading takes the focus when it appears, and names the window. */
export function Page({ heading, plainHeading, back, lead, narrow = false, children }: { heading: ReactNode; /** The heading as text, for the window's title. */ plainHeading: string; back?: { to: string; label: ReactNode }; lead?: ReactNode; narrow?: boolean; children?: ReactNode }) {
  const title = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${plainHeading} – Consentry`;
  }, [plainHeading]);
  useEffect(() => {
    const isFirst = !isAnyShown;
    isAnyShown = true;
    // The first screen begins at the top, with the way past the menu.
    if (isFirst) return;
    title.current?.focus({ preventScroll: true });
    scrollTo(0, 0);
  }, []);
  return (
    <div className={narrow ? "narrow" : undefined}>
      <div className="page-head">
        {back && <Link className="back no-print" to={back.to}>{back.label}</Link>}
        <h1 tabIndex={-1} ref={title}>{heading}</h1>
        {lead && <p className="lead">{lead}</p>}
      </div>
      {children}
    </div>
  );
}
