/** Policies as people pick and read them. */
export { DURATION_LABELS, PRESET_WORDS } from "./choices.js";
export { explain, nameOf, type Lines, type Say } from "./explain.js";
export { calendarDay, DURATIONS, policyInput, PRESETS, PURPOSES_OFFERED, RECORD_TYPES, SENSITIVE, windowOf, type Answers, type Duration, type Preset, type RecordType } from "./presets.js";
export { PURPOSES, SENSITIVITIES, TYPES, type Reader } from "./words.js";
