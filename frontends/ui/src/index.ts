/** What the portals share. */
export { Button, ButtonLink, buttonClass, type ButtonKind } from "./components/button.js";
export { Countdown, useNow } from "./components/countdown.js";
export { Steps, SummaryList, Table, Timeline, type Column } from "./components/data.js";
export { Dialog } from "./components/dialog.js";
export { Checkbox, CheckboxGroup, Field, RadioGroup, SelectField, type Choice } from "./components/fields.js";
export { EmptyState, ErrorSummary, Notice, Progress, type NoticeKind } from "./components/notice.js";
export { LanguageSwitch, Page, Shell, ThemeSwitch, type NavItem } from "./components/shell.js";
export { StateTag } from "./components/state-tag.js";
export { formatsOf, type Formats, type Moment } from "./i18n/formats.js";
export { LOCALES, type Catalogues, type Locale } from "./i18n/locales.js";
export { useFormats, useLanguage } from "./i18n/provider.js";
export { FaultNotice } from "./session/faults.js";
export { ErrorBoundary, SignedInOnly } from "./session/gate.js";
export { Loaded, newQueryClient } from "./session/queries.js";
export { useSession, useSessionState, type SignedIn } from "./session/session.js";
export { startPortal } from "./start.js";
export { useTheme, type Theme } from "./theme.js";
