/** Diagnostic reports: what was found, in the words of who wrote it. */
import * as v from "valibot";
import { codesOf, Concept, latestFirst, Period, readAll, Reference, wordsOf } from "./elements.js";

const text = v.optional(v.string());
const Attachment = v.object({ contentType: text, title: text, data: text });
const Source = v.object({
  resourceType: v.literal("DiagnosticReport"), id: v.string(), status: text, code: Concept, category: v.optional(v.array(Concept)),
  effectiveDateTime: text, effectivePeriod: v.optional(Period), issued: text, conclusion: text, conclusionCode: v.optional(v.array(Concept)),
  result: v.optional(v.array(Reference)), presentedForm: v.optional(v.array(Attachment)), performer: v.optional(v.array(Reference)),
});

/** A document that came with a report; text is shown, all else only named. */
export interface Form { readonly title: string | undefined; readonly contentType: string | undefined; readonly text: string | undefined }

export interface Report {
  readonly id: string;
  readonly name: string | undefined;
  readonly at: string | undefined;
  readonly issued: string | undefined;
  readonly status: string | undefined;
  readonly categories: readonly string[];
  readonly conclusion: string | undefined;
  readonly findings: readonly string[];
  /** Ids of the observations that it sums up. */
  readonly results: readonly string[];
  readonly forms: readonly Form[];
}

function reportOf(resource: unknown): Report | undefined {
  const read = v.safeParse(Source, resource);
  if (!read.success) return undefined;
  const { id, code, status, category, effectiveDateTime, effectivePeriod, issued, conclusion, conclusionCode, result, presentedForm } = read.output;
  return {
    id, name: wordsOf(code), status, at: effectiveDateTime ?? effectivePeriod?.start ?? issued, issued, conclusion,
    categories: (category ?? []).flatMap(codesOf),
    findings: (conclusionCode ?? []).flatMap((each) => wordsOf(each) ?? []),
    results: (result ?? []).flatMap(({ reference }) => /(?:^|\/)Observation\/([A-Za-z0-9.-]{1,64})(?:\/_history\/[A-Za-z0-9.-]+)?$/.exec(reference ?? "")?.[1] ?? []),
    forms: (presentedForm ?? []).map(({ title, contentType, data }) => ({ title, contentType, text: textOf(contentType, data) })),
  };
}

/** Reports, latest first. */
export function reports(resources: readonly unknown[]): { records: Report[]; unread: number } {
  const { records, unread } = readAll(resources, reportOf);
  return { records: records.sort(latestFirst), unread };
}

function textOf(contentType: string | undefined, data: string | undefined): string | undefined {
  if (data === undefined || !/^text\/plain\b/i.test(contentType ?? "")) return undefined;
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(Uint8Array.from(atob(data), (each) => each.charCodeAt(0)));
  } catch {
    // Not the base64 of text: it is named like any other document.
    return undefined;
  }
}
