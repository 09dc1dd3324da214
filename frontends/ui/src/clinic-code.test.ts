import { expect, test } from "vitest";
import { clinicCode, readClinicCode } from "./clinic-code.js";

const address = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8";

test("a clinic's code is read as it was written", () => {
  expect(clinicCode(address.toLowerCase() as `0x${string}`)).toBe(`consentry:clinic?address=${address}`);
  expect(readClinicCode(clinicCode(address))).toBe(address);
});

test("what people paste is taken: with spaces and broken lines, the bare address, the organisation's id", () => {
  expect(readClinicCode(` consentry:clinic?address=\n${address} `)).toBe(address);
  expect(readClinicCode(` ${address} `)).toBe(address);
  expect(readClinicCode("clinic-a")).toBe("clinic-a");
});

test("what is no clinic's code is none", () => {
  for (const text of ["", "  ", "https://example.org/", `consentry:patient?id=p-1&subject=${address}`, "consentry:clinic?address=", `consentry:clinic?address=${address}&more=1`]) {
    expect(readClinicCode(text)).toBeUndefined();
  }
});
