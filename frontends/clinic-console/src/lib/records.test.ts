import { QueryClient } from "@tanstack/react-query";
import { expect, test } from "vitest";
import { forgetRecords } from "./records.js";

const released = { permitted: true, resources: [{ resourceType: "Observation" }] };
const refused = { permitted: false, reason: "REVOKED" };

function held() {
  const queries = new QueryClient();
  queries.setQueryData(["records", "0x01", "p-1", "Observation"], released);
  queries.setQueryData(["records", "0x01", "p-1", "Patient"], released);
  queries.setQueryData(["records", "0x01", "p-1", "Encounter"], refused);
  queries.setQueryData(["records", "0x02", "p-2", "Observation"], released);
  queries.setQueryData(["consent", "0x01"], {});
  return queries;
}
const keys = (queries: QueryClient) => queries.getQueryCache().getAll().map(({ queryKey }) => queryKey.join(" ")).sort();

test("what was released under a consent is gone from memory, all else stays", () => {
  const queries = held();
  forgetRecords(queries, "0x01");
  expect(keys(queries)).toEqual(["consent 0x01", "records 0x02 p-2 Observation"]);
});

test("a refusal can stay, since it says why nothing is there", () => {
  const queries = held();
  forgetRecords(queries, "0x01", { keepRefusals: true });
  expect(keys(queries)).toEqual(["consent 0x01", "records 0x01 p-1 Encounter", "records 0x02 p-2 Observation"]);
});

test("what is still on its way does not come back into memory", async () => {
  const queries = new QueryClient();
  let arrive: (value: unknown) => void = () => {};
  const asked = queries.fetchQuery({ queryKey: ["records", "0x01", "p-1", "Observation"], queryFn: () => new Promise((resolve) => { arrive = resolve; }) }).catch(() => undefined);
  forgetRecords(queries, "0x01", { keepRefusals: true });
  arrive(released);
  await asked;
  expect(queries.getQueryData(["records", "0x01", "p-1", "Observation"])).toBeUndefined();
});
