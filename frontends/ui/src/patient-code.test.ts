import { describe, expect, test } from "vitest";
import { patientCode, readPatientCode, withChecksum } from "./patient-code.js";

// From EIP-55.
const EXAMPLES = ["0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359", "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB", "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb"] as const;
const subject = EXAMPLES[0];

test("checksums are those of EIP-55", () => {
  for (const each of EXAMPLES) expect(withChecksum(each.toLowerCase() as `0x${string}`)).toBe(each);
});

describe("a patient's code", () => {
  test("is read as it was made, whatever the case of the address that it was made of", () => {
    const named = { patient: "7a198c75-5dc3.A", subject };
    expect(patientCode(named)).toBe(`consentry:patient?id=7a198c75-5dc3.A&subject=${subject}`);
    expect(readPatientCode(patientCode({ ...named, subject: subject.toLowerCase() as `0x${string}` }))).toEqual(named);
  });

  test("may be pasted with space around, broken over lines, or typed as id and address", () => {
    for (const text of [`  consentry:patient?id=p-1&subject=${subject}\n`, `consentry:patient?id=p-1\n &subject=${subject}`, `CONSENTRY:patient?subject=${subject}&id=p-1`, `p-1  ${subject}`]) {
      expect(readPatientCode(text)).toEqual({ patient: "p-1", subject });
    }
  });

  test.each([
    ["", "empty"], ["   ", "empty"], ["p-1", "form"], [subject, "form"], [`https://example.org/?id=p-1&subject=${subject}`, "form"],
    [`consentry:patient?id=p-1`, "form"], [`consentry:patient?id=p-1&id=p-2&subject=${subject}`, "form"], [`consentry:patient?id=p-1&subject=${subject}&x=1`, "form"],
    [`p_1 ${subject}`, "id"], [`consentry:patient?id=&subject=${subject}`, "id"], [`p-1 ${subject.slice(0, -1)}`, "address"], [`p-1 ${subject}0`, "address"],
    [`p-1 ${subject.replace("5aAe", "5aAf")}`, "checksum"], [`p-1 ${subject.toLowerCase()}`, "checksum"],
  ])("%s is refused as %s", (text, fault) => {
    expect(readPatientCode(text)).toBe(fault);
  });
});
