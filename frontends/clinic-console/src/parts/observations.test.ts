import { expect, test } from "vitest";
import { observations } from "../lib/fhir/observation.js";
import { latestOfEach } from "./observations.js";

test("the latest of each kind is shown first, and never one that was entered in error", () => {
  const make = (id: string, day: string, display: string, more: object = {}) => ({ resourceType: "Observation", id, status: "final", code: { coding: [{ code: display, display }] }, effectiveDateTime: day, valueString: id, ...more });
  const { records } = observations([make("a", "2024-01-01", "Pulse"), make("b", "2024-03-01", "Pulse", { status: "entered-in-error" }), make("c", "2024-02-01", "Pulse"), make("d", "2020-01-01", "Weight")]);
  const rows = records.flatMap((observation) => observation.lines.map((line) => ({ key: observation.id, observation, line })));
  expect(latestOfEach(rows).map(({ key }) => key)).toEqual(["c", "d"]);
});
