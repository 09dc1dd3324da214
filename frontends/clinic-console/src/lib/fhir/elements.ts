/** The FHIR R4 elements that records share, read leniently: what is not there is absent, what has another form is not read. */
import * as v from "valibot";

const text = v.optional(v.string());

export const Coding = v.object({ system: text, code: text, display: text });
export const Concept = v.object({ coding: v.optional(v.array(Coding)), text });
export type Concept = v.InferOutput<typeof Concept>;
export const Quantity = v.object({ value: v.optional(v.number()), unit: text, code: text, comparator: text });
export type Quantity = v.InferOutput<typeof Quantity>;
export const Reference = v.object({ reference: text, display: text });
export const Period = v.object({ start: text, end: text });
export const Annotation = v.object({ text });

/** A concept's words: its text, or what its first coding is called, or the bare code. */
export function wordsOf(concept: Concept | undefined): string | undefined {
  const [first] = concept?.coding ?? [];
  return concept?.text || concept?.coding?.find(({ display }) => display)?.display || first?.code;
}

/** The codes of a concept. */
export function codesOf(concept: Concept | undefined): string[] {
  return (concept?.coding ?? []).flatMap(({ code }) => code ?? []);
}

/** What tells one kind of record from another, for grouping: system and code, or the words. */
export function kindOf(concept: Concept | undefined): string {
  const coded = concept?.coding?.find(({ code }) => code);
  return coded === undefined ? `text:${concept?.text ?? ""}` : `${coded.system ?? ""}|${coded.code}`;
}

/** UCUM codes that nobody reads as they are written. */
const READABLE: Readonly<Record<string, string>> = {
  "mm[Hg]": "mmHg", "[degF]": "°F", Cel: "°C", "{score}": "", "1": "", "10*3/uL": "×10³/µL", "10*6/uL": "×10⁶/µL", "10*9/L": "×10⁹/L", "10*12/L": "×10¹²/L", "[lb_av]": "lb", "[in_i]": "in",
};

export function unitOf({ unit, code }: Quantity): string {
  const written = unit ?? code ?? "";
  return READABLE[written] ?? written;
}

/** The records that a schema can read, and how many it cannot. None is dropped without a word. */
export function readAll<T>(resources: readonly unknown[], read: (resource: unknown) => T | undefined): { records: T[]; unread: number } {
  const records = resources.flatMap((each) => read(each) ?? []);
  return { records, unread: resources.length - records.length };
}

/** Latest first; what has no date comes last. */
export function latestFirst(a: { at: string | undefined }, b: { at: string | undefined }): number {
  return millisecondsOf(b.at) - millisecondsOf(a.at) || 0;
}

/** A FHIR date for sorting. */
export function millisecondsOf(at: string | undefined): number {
  const parsed = at === undefined ? Number.NaN : Date.parse(at);
  return Number.isNaN(parsed) ? -8.64e15 : parsed;
}
