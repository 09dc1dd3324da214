/** The codes of decisions and records in words. Those of policies are in `@consentry/ui/policy`. */
import type { DenialReason } from "@consentry/sdk";
import type { MessageDescriptor } from "@lingui/core";
import { msg } from "@lingui/core/macro";

/** Categories of observations (HL7), and of reports (HL7 v2, table 0074), as headings above records. */
export const CATEGORIES: Readonly<Record<string, MessageDescriptor>> = {
  laboratory: msg`Laboratory`,
  LAB: msg`Laboratory`,
  "vital-signs": msg`Vital signs`,
  imaging: msg`Imaging`,
  RAD: msg`Imaging`,
  "social-history": msg`Social history`,
  survey: msg`Surveys`,
  exam: msg`Examination`,
  procedure: msg`Procedures`,
  therapy: msg`Therapy`,
  activity: msg`Activity`,
};

/** Why nothing was released, and what can be done about it. */
export const REASONS: Readonly<Record<DenialReason, { heading: MessageDescriptor; advice: MessageDescriptor }>> = {
  NO_CONSENT: { heading: msg`The patient has not allowed this`, advice: msg`Ask for consent, or wait for the patient's answer.` },
  PENDING: { heading: msg`The consent is not in force yet`, advice: msg`The patient has not answered, or the answer is still being confirmed. Try again in a minute.` },
  EXPIRED: { heading: msg`The consent has ended on its date`, advice: msg`Ask again if you still need it.` },
  REVOKED: { heading: msg`The patient has ended the consent`, advice: msg`Speak with the patient before you ask again.` },
  OUT_OF_SCOPE: { heading: msg`This is more than the consent allows`, advice: msg`Use what is shared, or ask the patient for this kind of record.` },
  PURPOSE: { heading: msg`The consent is for another purpose`, advice: msg`Ask for consent with the purpose that you need.` },
};

/** Rules that refuse for another reason than the patient's choice: the hospital's answer could not be trusted. */
export const UNSAFE_RULES: ReadonlySet<string> = new Set(["foreign-resource", "unreadable-answer"]);
export const UNSAFE = {
  heading: msg`These records could not be released safely`, advice: msg`The hospital's system gave an answer that could not be checked, so nothing of it is shown. Tell the help desk, with the reference.`,
};

/** Words for the status of a resource. What is not here is shown as its code. */
export const RECORD_STATUSES: Readonly<Record<string, MessageDescriptor>> = {
  active: msg`Active`,
  amended: msg`Amended`,
  cancelled: msg`Cancelled`,
  completed: msg`Completed`,
  confirmed: msg`Confirmed`,
  corrected: msg`Corrected`,
  "entered-in-error": msg`Entered in error`,
  final: msg`Final`,
  finished: msg`Finished`,
  inactive: msg`No longer active`,
  "in-progress": msg`In progress`,
  "not-done": msg`Not done`,
  "on-hold": msg`On hold`,
  partial: msg`Partial`,
  planned: msg`Planned`,
  preliminary: msg`Preliminary`,
  recurrence: msg`Came back`,
  registered: msg`Registered`,
  relapse: msg`Relapse`,
  remission: msg`In remission`,
  resolved: msg`Resolved`,
  stopped: msg`Stopped`,
  unconfirmed: msg`Not confirmed`,
};

export const GENDERS: Readonly<Record<string, MessageDescriptor>> = { female: msg`Female`, male: msg`Male`, other: msg`Other`, unknown: msg`Not known` };

/** HL7 v3 ObservationInterpretation, what of it is common. */
export const INTERPRETATIONS: Readonly<Record<string, MessageDescriptor>> = {
  N: msg`Normal`, H: msg`High`, L: msg`Low`, HH: msg`Critically high`, LL: msg`Critically low`, A: msg`Abnormal`, AA: msg`Critically abnormal`,
  POS: msg`Positive`, NEG: msg`Negative`, IND: msg`Indeterminate`, S: msg`Susceptible`, I: msg`Intermediate`, R: msg`Resistant`,
};
