/** The codes of policies in words. They differ where the reader does, and only there. */
import type { Purpose, Sensitivity } from "@consentry/sdk";
import type { MessageDescriptor } from "@lingui/core";
import { msg } from "@lingui/core/macro";

/** Who reads the words: the one whose records they are, or the one who asks for them. */
export type Reader = "patient" | "clinician";

/** Also types that the gateway does not release: documents made elsewhere may name them. */
export const TYPES: Readonly<Record<string, MessageDescriptor>> = {
  AllergyIntolerance: msg`Allergies`,
  Condition: msg`Health problems`,
  DiagnosticReport: msg`Test reports`,
  DocumentReference: msg`Letters and documents`,
  Encounter: msg`Visits`,
  Immunization: msg`Vaccines`,
  MedicationRequest: msg`Medicines`,
  Observation: msg`Measurements and test results`,
  Patient: msg`Name, address and birth date`,
  Procedure: msg`Operations and treatments`,
};

/** Categories of observations, as they stand in brackets behind a type. */
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

const FOR_RESEARCH = msg`For research`;
const TO_RUN_THE_CLINIC = msg`To run the clinic`;
const IN_AN_EMERGENCY = msg`In an emergency, without asking first`;

export const PURPOSES: Readonly<Record<Reader, Readonly<Record<Purpose, MessageDescriptor>>>> = {
  patient: {
    TREAT: msg`To treat you`, HPAYMT: msg`To get your care paid`, HRESCH: FOR_RESEARCH,
    HOPERAT: TO_RUN_THE_CLINIC, PATRQT: msg`Because you asked for it`, BTG: IN_AN_EMERGENCY,
  },
  clinician: {
    TREAT: msg`To treat the patient`, HPAYMT: msg`To get care paid`, HRESCH: FOR_RESEARCH,
    HOPERAT: TO_RUN_THE_CLINIC, PATRQT: msg`Because the patient asked for it`, BTG: IN_AN_EMERGENCY,
  },
};

export const SENSITIVITIES: Readonly<Record<Sensitivity, MessageDescriptor>> = {
  PSY: msg`Mental health`,
  HIV: msg`HIV`,
  SEX: msg`Sexual health`,
  SUD: msg`Alcohol and drugs`,
  GDIS: msg`Genes and inherited illness`,
};
