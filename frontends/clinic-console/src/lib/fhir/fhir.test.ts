import { describe, expect, test } from "vitest";
import { observations, seriesOf } from "./observation.js";
import { entries, person } from "./others.js";
import { reports } from "./report.js";

const code = (display: string, of = display) => ({ coding: [{ system: "http://loinc.org", code: of, display }] });
const quantity = (value: number, unit = "mmol/L") => ({ value, unit });
const observation = (more: object) => ({ resourceType: "Observation", id: "o1", status: "final", code: code("Potassium", "2823-3"), effectiveDateTime: "2024-01-01T08:00:00Z", ...more });
const only = (resource: object) => {
  const { records: [first] } = observations([resource]);
  if (first === undefined) throw new TypeError("it was not read");
  return first;
};

describe("observations", () => {
  test("a value has its unit and its usual range, and says on which side of it it lies", () => {
    const range = [{ low: quantity(3.5), high: quantity(5.1) }];
    const beside = (value: number, unit = "mmol/L") => only(observation({ valueQuantity: quantity(value, unit), referenceRange: range })).lines[0]?.beside;
    expect(only(observation({ valueQuantity: quantity(5.4), referenceRange: range })).lines[0]).toMatchObject({ finding: { kind: "amount", amount: { value: 5.4, unit: "mmol/L" } }, range: { low: 3.5, high: 5.1, unit: "mmol/L" } });
    expect([3.4, 3.5, 5.1, 5.2].map((value) => beside(value))).toEqual(["below", undefined, undefined, "above"]);
    expect(beside(40, "mg/L")).toBeUndefined();
  });

  test("where ranges are for several kinds of people, none is taken", () => {
    expect(only(observation({ valueQuantity: quantity(9), referenceRange: [{ high: quantity(5) }, { high: quantity(8) }] })).lines[0]).toMatchObject({ range: undefined, beside: undefined });
  });

  test("a panel shows its parts; a bound stays a bound; UCUM is made readable", () => {
    const pressure = only(observation({ component: [{ code: code("Systolic"), valueQuantity: quantity(120, "mm[Hg]") }, { code: code("Diastolic"), valueQuantity: { ...quantity(60, "mm[Hg]"), comparator: "<" } }] }));
    expect(pressure.lines).toMatchObject([{ name: "Systolic", finding: { amount: { value: 120, unit: "mmHg" } } }, { name: "Diastolic", finding: { amount: { comparator: "<" } } }]);
  });

  test.each([
    [{ valueCodeableConcept: { text: "Not detected" } }, { kind: "words", words: "Not detected" }], [{ valueString: "clear" }, { kind: "words", words: "clear" }], [{ valueBoolean: false }, { kind: "truth", value: false }],
    [{ valueInteger: 0 }, { kind: "amount", amount: { value: 0, unit: "" } }], [{ dataAbsentReason: { text: "Not asked" } }, { kind: "absent", why: "Not asked" }], [{ valueSampledData: {} }, { kind: "other" }],
    [{ valueRatio: { numerator: quantity(1, ""), denominator: quantity(128, "") } }, { kind: "ratio", of: { value: 1 }, to: { value: 128 } }],
  ])("%j is found as %j", (more, finding) => {
    expect(only(observation(more)).lines[0]?.finding).toMatchObject(finding);
  });

  test("what cannot be read is counted, not dropped in silence", () => {
    expect(observations([observation({}), { resourceType: "Observation" }, observation({ valueQuantity: { value: "5" } })])).toMatchObject({ unread: 2 });
  });

  test("a series is one quantity in one unit, oldest first, without errors and bounds", () => {
    const at = (day: string, value: number, more: object = {}) => observation({ id: day, effectiveDateTime: `2024-01-${day}`, valueQuantity: quantity(value), ...more });
    const all = observations([at("03", 5), at("01", 4), at("02", 9, { status: "entered-in-error" }), at("04", 40, { valueQuantity: quantity(40, "mg/L") }), at("05", 6, { valueQuantity: { ...quantity(6), comparator: ">" } })]).records;
    expect(seriesOf(all)).toMatchObject([{ name: "Potassium", unit: "mmol/L", points: [{ value: 4 }, { value: 5 }] }]);
    expect(seriesOf(all)).toHaveLength(1);
  });

  test("a band is drawn only where it holds for every point", () => {
    const at = (day: string, high: number) => observation({ id: day, effectiveDateTime: `2024-01-${day}`, valueQuantity: quantity(4), referenceRange: [{ high: quantity(high) }] });
    expect(seriesOf(observations([at("01", 5), at("02", 5)]).records)[0]?.range).toMatchObject({ high: 5 });
    expect(seriesOf(observations([at("01", 5), at("02", 6)]).records)[0]?.range).toBeUndefined();
  });
});

describe("reports", () => {
  const report = (more: object) => reports([{ resourceType: "DiagnosticReport", id: "r1", status: "final", code: code("Blood count"), ...more }]).records[0];

  test("name their results, wherever the reference points from", () => {
    expect(report({ result: [{ reference: "Observation/a" }, { reference: "http://x/fhir/Observation/b/_history/2" }, { reference: "Patient/c" }, { display: "only words" }] })?.results).toEqual(["a", "b"]);
  });

  test("show text that came along, and of all else only the name", () => {
    const text = btoa(String.fromCharCode(...new TextEncoder().encode("Größe normal")));
    expect(report({ presentedForm: [{ contentType: "text/plain; charset=utf-8", data: text }, { contentType: "text/html", data: text, title: "Page" }, { contentType: "text/plain", data: "%" }] })?.forms).toEqual([
      { title: undefined, contentType: "text/plain; charset=utf-8", text: "Größe normal" }, { title: "Page", contentType: "text/html", text: undefined }, { title: undefined, contentType: "text/plain", text: undefined },
    ]);
  });
});

describe("other records", () => {
  test.each([
    ["Condition", { code: { text: "Asthma" }, clinicalStatus: code("Active", "active"), onsetDateTime: "2020" }, { name: "Asthma", at: "2020", status: "active" }],
    ["MedicationRequest", { medicationCodeableConcept: { text: "Amoxicillin 500 mg" }, status: "active", authoredOn: "2024-02-01", dosageInstruction: [{ text: "3 times a day" }] }, { name: "Amoxicillin 500 mg", details: [{ key: "dosage", text: "3 times a day" }] }],
    ["AllergyIntolerance", { code: { text: "Penicillin" }, criticality: "high", reaction: [{ manifestation: [{ text: "Rash" }, { text: "Swelling" }], severity: "severe" }] }, { name: "Penicillin", details: [{ key: "criticality" }, { key: "reaction", text: "Rash; Swelling" }, { key: "severity" }] }],
    ["Immunization", { vaccineCode: { text: "Measles" }, occurrenceDateTime: "2019-05-01", lotNumber: "A1" }, { name: "Measles", at: "2019-05-01", details: [{ key: "lot", text: "A1" }] }],
    ["Encounter", { class: { code: "AMB", display: "ambulatory" }, period: { start: "2019-04-07T14:35:00Z", end: "2019-04-07T15:05:00Z" } }, { name: "ambulatory", details: [{ key: "until", isDate: true }] }],
    ["Procedure", { code: { text: "Appendectomy" }, performedDateTime: "2018-01-01" }, { name: "Appendectomy", at: "2018-01-01" }],
  ])("%s", (resourceType, more, entry) => {
    expect(entries(resourceType, [{ resourceType, id: "x", ...more }])).toMatchObject({ records: [entry], unread: 0 });
  });

  test("a type without a reader is counted as unread", () => {
    expect(entries("Basic", [{ resourceType: "Basic", id: "x" }])).toEqual({ records: [], unread: 1 });
  });

  test("a person is named by the official name", () => {
    expect(person([{ resourceType: "Patient", id: "p", birthDate: "1952-09-28", gender: "female", name: [{ use: "nickname", text: "Gogo" }, { use: "official", given: ["Goran"], family: "Grabowski" }] }])).toEqual({ name: "Goran Grabowski", birthDate: "1952-09-28", gender: "female" });
    expect(person([])).toBeUndefined();
  });
});
