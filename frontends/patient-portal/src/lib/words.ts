/** The codes of decisions in words. Those of policies are in `@consentry/ui/policy`. */
import type { DenialReason } from "@consentry/sdk";
import type { MessageDescriptor } from "@lingui/core";
import { msg } from "@lingui/core/macro";

export const REASONS: Readonly<Record<DenialReason, MessageDescriptor>> = {
  NO_CONSENT: msg`You had not said yes.`,
  PENDING: msg`You had not answered, or it was not yet in force.`,
  EXPIRED: msg`Your consent was over.`,
  REVOKED: msg`You had ended it.`,
  OUT_OF_SCOPE: msg`It was more than you allow.`,
  PURPOSE: msg`It was for another reason than you allow.`,
};

/** Rules that say no for reasons other than the patient's own choices, as a patient is told them. */
export const OTHER_RULES: Readonly<Record<string, MessageDescriptor>> = {
  "requester-refused": msg`The one who asked was not allowed to ask.`,
  "not-released": msg`The record was not given out.`,
  undecided: msg`It could not be checked, so nothing was given out.`,
};

export const ROLES: Readonly<Record<string, MessageDescriptor>> = {
  provider: msg`Clinic`,
  patient: msg`You`,
  admin: msg`Administrator`,
  system: msg`System`,
};
