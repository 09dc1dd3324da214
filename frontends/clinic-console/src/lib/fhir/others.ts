/** Records that are a name, a date and a few details: diagnoses, medicines, allergies, vaccines, visits, procedures. */
import type { MessageDescriptor } from "@lingui/core";
import { msg } from "@lingui/core/macro";
import * as v from "valibot";
import { Annotation, codesOf, Concept, latestFirst, Period, readAll, Reference, wordsOf } from "./elements.js";

/** One detail; `isCode` where it is a code that has words of its own. */
export interface Detail { readonly key: string; readonly label: MessageDescriptor; readonly text: string; readonly isDate?: boolean }

export interface Entry {
  readonly id: string;
  readonly name: string | undefined;
  readonly at: string | undefined;
  readonly status: string | undefined;
  readonly details: readonly Detail[];
}

const text = v.optional(v.string());
const concept = v.optional(Concept);
const concepts = v.optional(v.array(Concept));
const notes = v.optional(v.array(Annotation));

const Condition = v.object({ resourceType: v.literal("Condition"), id: v.string(), code: concept, clinicalStatus: concept, verificationStatus: concept, severity: concept, onsetDateTime: text, onsetPeriod: v.optional(Period), abatementDateTime: text, recordedDate: text, note: notes });
const Medication = v.object({
  resourceType: v.literal("MedicationRequest"), id: v.string(), status: text, intent: text, medicationCodeableConcept: concept, medicationReference: v.optional(Reference), authoredOn: text, reasonCode: concepts, note: notes,
  dosageInstruction: v.optional(v.array(v.object({ text, patientInstruction: text, route: concept }))),
});
const Allergy = v.object({
  resourceType: v.literal("AllergyIntolerance"), id: v.string(), code: concept, clinicalStatus: concept, verificationStatus: concept, criticality: text, onsetDateTime: text, recordedDate: text, note: notes,
  reaction: v.optional(v.array(v.object({ manifestation: concepts, severity: text }))),
});
const Immunization = v.object({ resourceType: v.literal("Immunization"), id: v.string(), status: text, vaccineCode: concept, occurrenceDateTime: text, occurrenceString: text, lotNumber: text, note: notes });
const Encounter = v.object({ resourceType: v.literal("Encounter"), id: v.string(), status: text, class: v.optional(v.object({ code: text, display: text })), type: concepts, serviceType: concept, reasonCode: concepts, period: v.optional(Period), serviceProvider: v.optional(Reference) });
const Procedure = v.object({ resourceType: v.literal("Procedure"), id: v.string(), status: text, code: concept, performedDateTime: text, performedPeriod: v.optional(Period), performedString: text, reasonCode: concepts, outcome: concept, note: notes });

/** What of a type's resource is shown. */
const READERS: Readonly<Record<string, (resource: unknown) => Entry | undefined>> = {
  Condition: (resource) => reading(Condition, resource, ({ id, code, clinicalStatus, verificationStatus, severity, onsetDateTime, onsetPeriod, abatementDateTime, recordedDate, note }) => ({
    id, name: wordsOf(code), at: onsetDateTime ?? onsetPeriod?.start ?? recordedDate, status: codesOf(clinicalStatus)[0],
    details: details(["verification", msg`How sure`, wordsOf(verificationStatus)], ["severity", msg`How severe`, wordsOf(severity)], ["until", msg`Ended`, abatementDateTime ?? onsetPeriod?.end, true], ...noted(note)),
  })),
  MedicationRequest: (resource) => reading(Medication, resource, ({ id, status, intent, medicationCodeableConcept, medicationReference, authoredOn, reasonCode, dosageInstruction, note }) => ({
    id, name: wordsOf(medicationCodeableConcept) ?? medicationReference?.display, at: authoredOn, status,
    details: details(["dosage", msg`Dosage`, joined(dosageInstruction, (each) => each.text ?? each.patientInstruction)], ["route", msg`Route`, joined(dosageInstruction, (each) => wordsOf(each.route))], ["why", msg`Reason`, joined(reasonCode, wordsOf)], ["intent", msg`Kind`, intent], ...noted(note)),
  })),
  AllergyIntolerance: (resource) => reading(Allergy, resource, ({ id, code, clinicalStatus, verificationStatus, criticality, onsetDateTime, recordedDate, reaction, note }) => ({
    id, name: wordsOf(code), at: onsetDateTime ?? recordedDate, status: codesOf(clinicalStatus)[0],
    details: details(["criticality", msg`Danger`, criticality], ["reaction", msg`Reaction`, joined(reaction, (each) => joined(each.manifestation, wordsOf))], ["severity", msg`How severe`, joined(reaction, (each) => each.severity)], ["verification", msg`How sure`, wordsOf(verificationStatus)], ...noted(note)),
  })),
  Immunization: (resource) => reading(Immunization, resource, ({ id, status, vaccineCode, occurrenceDateTime, occurrenceString, lotNumber, note }) => ({
    id, name: wordsOf(vaccineCode), at: occurrenceDateTime, status, details: details(["when", msg`When`, occurrenceString], ["lot", msg`Lot`, lotNumber], ...noted(note)),
  })),
  Encounter: (resource) => reading(Encounter, resource, ({ id, status, class: kind, type, serviceType, reasonCode, period, serviceProvider }) => ({
    id, name: joined(type, wordsOf) ?? wordsOf(serviceType) ?? kind?.display ?? kind?.code, at: period?.start, status,
    details: details(["until", msg`Ended`, period?.end, true], ["why", msg`Reason`, joined(reasonCode, wordsOf)], ["where", msg`Where`, serviceProvider?.display]),
  })),
  Procedure: (resource) => reading(Procedure, resource, ({ id, status, code, performedDateTime, performedPeriod, performedString, reasonCode, outcome, note }) => ({
    id, name: wordsOf(code), at: performedDateTime ?? performedPeriod?.start, status,
    details: details(["when", msg`When`, performedString], ["why", msg`Reason`, joined(reasonCode, wordsOf)], ["outcome", msg`Outcome`, wordsOf(outcome)], ...noted(note)),
  })),
};

/** Records of a type, latest first. */
export function entries(type: string, resources: readonly unknown[]): { records: Entry[]; unread: number } {
  const { records, unread } = readAll(resources, READERS[type] ?? (() => undefined));
  return { records: records.sort(latestFirst), unread };
}

const Name = v.object({ text, family: text, given: v.optional(v.array(v.string())), use: text });
const Patient = v.object({ resourceType: v.literal("Patient"), id: v.string(), name: v.optional(v.array(Name)), birthDate: text, gender: text });

/** Who a patient is. */
export interface Person { readonly name: string | undefined; readonly birthDate: string | undefined; readonly gender: string | undefined }

export function person(resources: readonly unknown[]): Person | undefined {
  const read = v.safeParse(Patient, resources[0]);
  if (!read.success) return undefined;
  const { name = [], birthDate, gender } = read.output;
  const chosen = name.find(({ use }) => use === "official") ?? name[0];
  const parts = [...(chosen?.given ?? []), chosen?.family ?? ""].filter(Boolean).join(" ");
  return { name: chosen?.text ?? (parts || undefined), birthDate, gender };
}

function reading<S extends v.GenericSchema>(schema: S, resource: unknown, make: (source: v.InferOutput<S>) => Entry): Entry | undefined {
  const read = v.safeParse(schema, resource);
  return read.success ? make(read.output) : undefined;
}

function details(...all: (readonly [string, MessageDescriptor, string | undefined, boolean?])[]): Detail[] {
  return all.flatMap(([key, label, words, isDate]) => (words === undefined || words === "" ? [] : [{ key, label, text: words, ...(isDate && { isDate }) }]));
}

function noted(all: readonly { text?: string | undefined }[] | undefined) {
  return [["note", msg`Note`, joined(all, (each) => each.text)] as const];
}

function joined<T>(all: readonly T[] | undefined, words: (each: T) => string | undefined): string | undefined {
  const found = (all ?? []).flatMap((each) => words(each) ?? []);
  return found.length > 0 ? found.join("; ") : undefined;
}
