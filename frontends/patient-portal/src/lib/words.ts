/** The codes of policies and decisions in words. */
import type { DenialReason, Purpose, Sensitivity } from "@consentry/sdk";
import type { MessageDescriptor } from "@lingui/core";
import { msg } from "@lingui/core/macro";

export const TYPES: Readonly<Record<string, MessageDescriptor>> = {
  AllergyIntolerance: msg`Allergies`,
  Condition: msg`Health problems`,
  DiagnosticReport: msg`Test reports`,
  DocumentReference: msg`Letters and documents`,
  Encounter: msg`Visits`,
  Immunization: msg`Vaccines`,
  MedicationRequest: msg`Medicines`,
  Observation: msg`Measurements and test results`,
  Patient: msg`Your name, address and birth date`,
  Procedure: msg`Operations and treatments`,
};

export const CATEGORIES: Readonly<Record<string, MessageDescriptor>> = {
  laboratory: msg`lab tests`,
  "vital-signs": msg`blood pressure, pulse and the like`,
  imaging: msg`pictures such as X-rays`,
  "social-history": msg`habits and living`,
  survey: msg`question sheets`,
  exam: msg`findings by a doctor`,
  procedure: msg`treatments`,
  therapy: msg`therapy`,
  activity: msg`movement`,
};

export const PURPOSES: Readonly<Record<Purpose, MessageDescriptor>> = {
  TREAT: msg`To treat you`,
  HPAYMT: msg`To get your care paid`,
  HRESCH: msg`For research`,
  HOPERAT: msg`To run the clinic`,
  PATRQT: msg`Because you asked for it`,
  BTG: msg`In an emergency, without asking first`,
};

export const SENSITIVITIES: Readonly<Record<Sensitivity, MessageDescriptor>> = {
  PSY: msg`Mental health`,
  HIV: msg`HIV`,
  SEX: msg`Sexual health`,
  SUD: msg`Alcohol and drugs`,
  GDIS: msg`Genes and inherited illness`,
};

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
