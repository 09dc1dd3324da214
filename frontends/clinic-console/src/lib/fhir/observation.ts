/** Observations: what was measured, and how it went over time. */
import * as v from "valibot";
import { Annotation, codesOf, Concept, kindOf, latestFirst, millisecondsOf, Period, Quantity, readAll, unitOf, wordsOf } from "./elements.js";

const text = v.optional(v.string());
const Range = v.object({ low: v.optional(Quantity), high: v.optional(Quantity), text, type: v.optional(Concept) });
const VALUES = {
  valueQuantity: v.optional(Quantity), valueCodeableConcept: v.optional(Concept), valueString: text, valueBoolean: v.optional(v.boolean()), valueInteger: v.optional(v.number()),
  valueRange: v.optional(v.object({ low: v.optional(Quantity), high: v.optional(Quantity) })), valueRatio: v.optional(v.object({ numerator: v.optional(Quantity), denominator: v.optional(Quantity) })),
  valueDateTime: text, valueTime: text, valuePeriod: v.optional(Period), valueSampledData: v.optional(v.unknown()),
  dataAbsentReason: v.optional(Concept), interpretation: v.optional(v.array(Concept)), referenceRange: v.optional(v.array(Range)),
};
const Measured = v.object({ ...VALUES, code: Concept });
const Source = v.object({
  resourceType: v.literal("Observation"), id: v.string(), status: text, category: v.optional(v.array(Concept)), ...Measured.entries,
  effectiveDateTime: text, effectiveInstant: text, effectivePeriod: v.optional(Period), issued: text, component: v.optional(v.array(Measured)), note: v.optional(v.array(Annotation)),
});

/** A quantity as it is shown. */
export interface Amount { readonly value: number; readonly unit: string; readonly comparator: string | undefined }
/** Between what values a result is usual. */
export interface UsualRange { readonly low: number | undefined; readonly high: number | undefined; readonly unit: string; readonly text: string | undefined }
/** What was found; `other` is of a form that is not shown here. */
export type Finding =
  | { readonly kind: "amount"; readonly amount: Amount }
  | { readonly kind: "span"; readonly low: Amount | undefined; readonly high: Amount | undefined }
  | { readonly kind: "ratio"; readonly of: Amount; readonly to: Amount }
  | { readonly kind: "words"; readonly words: string }
  | { readonly kind: "truth"; readonly value: boolean }
  | { readonly kind: "moment"; readonly at: string }
  | { readonly kind: "absent"; readonly why: string | undefined }
  | { readonly kind: "other" };

/** One line of a result. */
export interface Line {
  readonly key: string;
  /** What was measured; of a panel, the part. */
  readonly name: string | undefined;
  readonly finding: Finding;
  readonly range: UsualRange | undefined;
  /** Codes of the laboratory's own judgement. */
  readonly interpretation: readonly string[];
  /** Where the value lies, where a range says so. */
  readonly beside: "below" | "above" | undefined;
}

export interface Observation {
  readonly id: string;
  readonly kind: string;
  readonly name: string | undefined;
  readonly at: string | undefined;
  readonly status: string | undefined;
  readonly categories: readonly string[];
  readonly lines: readonly Line[];
  readonly notes: readonly string[];
}

function observationOf(resource: unknown): Observation | undefined {
  const read = v.safeParse(Source, resource);
  if (!read.success) return undefined;
  const source = read.output;
  const parts = (source.component ?? []).map(lineOf);
  const own = lineOf(source);
  // A panel says nothing itself; where it does, that goes first.
  const lines = parts.length > 0 && own.finding.kind === "absent" ? parts : [own, ...parts];
  return {
    id: source.id, kind: kindOf(source.code), name: wordsOf(source.code), status: source.status, lines,
    at: source.effectiveDateTime ?? source.effectiveInstant ?? source.effectivePeriod?.start ?? source.issued,
    categories: (source.category ?? []).flatMap(codesOf),
    notes: (source.note ?? []).flatMap((each) => each.text ?? []),
  };
}

/** Observations, latest first. */
export function observations(resources: readonly unknown[]): { records: Observation[]; unread: number } {
  const { records, unread } = readAll(resources, observationOf);
  return { records: records.sort(latestFirst), unread };
}

function lineOf(measured: v.InferOutput<typeof Measured>): Line {
  const finding = findingOf(measured);
  const range = rangeOf(measured.referenceRange);
  return {
    key: kindOf(measured.code), name: wordsOf(measured.code), finding, range,
    interpretation: (measured.interpretation ?? []).flatMap((each) => codesOf(each)[0] ?? wordsOf(each) ?? []),
    beside: finding.kind === "amount" && range !== undefined ? besideOf(finding.amount, range) : undefined,
  };
}

function findingOf(source: v.InferOutput<typeof Measured>): Finding {
  const { valueQuantity, valueCodeableConcept, valueString, valueBoolean, valueInteger, valueRange, valueRatio, valueDateTime, valueTime, valuePeriod, valueSampledData } = source;
  const amount = amountOf(valueQuantity);
  if (amount !== undefined) return { kind: "amount", amount };
  const words = wordsOf(valueCodeableConcept) ?? valueString ?? valueTime;
  if (words !== undefined) return { kind: "words", words };
  if (valueInteger !== undefined) return { kind: "amount", amount: { value: valueInteger, unit: "", comparator: undefined } };
  if (valueBoolean !== undefined) return { kind: "truth", value: valueBoolean };
  if (valueDateTime !== undefined) return { kind: "moment", at: valueDateTime };
  if (valueRange !== undefined) return { kind: "span", low: amountOf(valueRange.low), high: amountOf(valueRange.high) };
  const [of, to] = [amountOf(valueRatio?.numerator), amountOf(valueRatio?.denominator)];
  if (of !== undefined && to !== undefined) return { kind: "ratio", of, to };
  if (valueQuantity !== undefined || valueRatio !== undefined || valuePeriod !== undefined || valueSampledData !== undefined) return { kind: "other" };
  return { kind: "absent", why: wordsOf(source.dataAbsentReason) };
}

function amountOf(quantity: Quantity | undefined): Amount | undefined {
  if (quantity?.value === undefined) return undefined;
  return { value: quantity.value, unit: unitOf(quantity), comparator: quantity.comparator };
}

function rangeOf(ranges: readonly v.InferOutput<typeof Range>[] | undefined): UsualRange | undefined {
  // Several ranges are for several kinds of people; which of them this patient is cannot be told here.
  const usual = (ranges ?? []).filter(({ type }) => type === undefined || codesOf(type).includes("normal"));
  const [range] = usual;
  if (range === undefined || usual.length > 1) return undefined;
  const { low, high } = range;
  if (low?.value === undefined && high?.value === undefined) return range.text === undefined ? undefined : { low: undefined, high: undefined, unit: "", text: range.text };
  return { low: low?.value, high: high?.value, unit: unitOf(low ?? high ?? {} as Quantity), text: range.text };
}

function besideOf({ value, unit, comparator }: Amount, range: UsualRange): "below" | "above" | undefined {
  // Values of different units cannot be compared, nor a value that is itself only a bound.
  if (comparator !== undefined || (range.unit !== "" && range.unit !== unit)) return undefined;
  if (range.low !== undefined && value < range.low) return "below";
  if (range.high !== undefined && value > range.high) return "above";
  return undefined;
}

/** One value at one moment. */
export interface Point { readonly id: string; readonly at: string; readonly ms: number; readonly value: number; readonly beside: Line["beside"] }
/** One quantity over time, oldest first. */
export interface Series { readonly key: string; readonly name: string; readonly unit: string; readonly points: readonly Point[]; readonly range: UsualRange | undefined }

/** What was measured at least twice in the same unit. What was entered in error, or is only a bound, is no point. */
export function seriesOf(all: readonly Observation[]): Series[] {
  const found = new Map<string, { key: string; name: string; unit: string; points: Point[]; ranges: Map<string, UsualRange | undefined> }>();
  for (const { id, kind, name, at, status, lines } of all) {
    if (at === undefined || Number.isNaN(Date.parse(at)) || status === "entered-in-error" || status === "cancelled") continue;
    for (const { key: part, name: partName, finding, beside, range } of lines) {
      if (finding.kind !== "amount" || finding.amount.comparator !== undefined) continue;
      const { value, unit } = finding.amount;
      const key = [kind, part, unit].join("\n");
      const series = found.get(key) ?? { key, name: partName ?? name ?? "", unit, points: [] as Point[], ranges: new Map<string, UsualRange | undefined>() };
      found.set(key, series);
      series.points.push({ id, at, ms: millisecondsOf(at), value, beside });
      series.ranges.set(JSON.stringify(range ?? null), range);
    }
  }
  return [...found.values()].filter(({ points }) => points.length > 1).map(({ ranges, points, ...series }) => ({
    ...series, points: points.sort((a, b) => a.ms - b.ms),
    // A band is drawn only where it holds for every point.
    range: ranges.size === 1 ? [...ranges.values()][0] : undefined,
  }));
}
