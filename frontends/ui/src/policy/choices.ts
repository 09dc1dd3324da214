/** What can be picked, in words. */
import type { MessageDescriptor } from "@lingui/core";
import { msg } from "@lingui/core/macro";
import type { Duration, Preset } from "./presets.js";
import type { Reader } from "./words.js";

const DAYS: Readonly<Record<Exclude<Duration, "open">, MessageDescriptor>> = {
  "1": msg`1 day`,
  "7": msg`1 week`,
  "30": msg`30 days`,
  "90": msg`90 days`,
  "365": msg`1 year`,
};

export const DURATION_LABELS: Readonly<Record<Reader, Readonly<Record<Duration, MessageDescriptor>>>> = {
  patient: { ...DAYS, open: msg`Until I end it` },
  clinician: { ...DAYS, open: msg`Until the patient ends it` },
};

/** Both decide by the same sentence what a preset is. */
export const PRESET_WORDS: Readonly<Record<Preset, { readonly label: MessageDescriptor; readonly hint: MessageDescriptor }>> = {
  visit: { label: msg`This visit`, hint: msg`Only what is written down from today on. Nothing old, and no vaccines.` },
  medicines: { label: msg`Medicines and tests`, hint: msg`Medicines, allergies, lab tests and reports on them. All of them, old and new.` },
  laboratory: { label: msg`Lab tests only`, hint: msg`Lab tests and test reports, of any date.` },
  everything: { label: msg`Everything except private topics`, hint: msg`All kinds of records, old and new. Private topics stay closed unless they are ticked below.` },
};
