import { expect, test } from "vitest";
import { readStatement } from "./statement.js";

const statement = { subject: `0x${"aa".repeat(20)}`, nonce: "1", deadline: 1900000000, signature: `0x${"ab".repeat(65)}` };

test("a whole statement is read, and nothing that the directory would not take", () => {
  expect(readStatement(JSON.stringify(statement))).toEqual(statement);
  expect(readStatement(JSON.stringify({ ...statement, signer: null }))).toEqual({ ...statement, signer: null });
  for (const wrong of [{ ...statement, nonce: 1 }, { ...statement, nonce: "-1" }, { ...statement, subject: "0x12" }, { ...statement, signature: "0xabc" }, { ...statement, more: 1 }, { ...statement, deadline: 1.5 }]) {
    expect(readStatement(JSON.stringify(wrong))).toBeUndefined();
  }
  expect(readStatement("")).toBeUndefined();
});
