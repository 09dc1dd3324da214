import { signInUrl, type SignInWish } from "@consentry/sdk/browser";
import { useLingui } from "@lingui/react";

/** Where to send the person to sign in: on pages that go on in the language of this one. */
export function useSignInUrl(): (wish?: SignInWish) => string {
  const { i18n } = useLingui();
  return (wish = {}) => signInUrl({ ...wish, uiLocales: i18n.locale });
}
