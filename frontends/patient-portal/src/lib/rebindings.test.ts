import { expect, test } from "vitest";
import { underWay, type Rebinding } from "./rebindings.js";

const rebinding = (state: string, id = state): Rebinding => ({ id, subject: "0x", state, proposedAt: "2026-01-01T00:00:00Z" });

test("only what can still be refused is under way", () => {
  expect(underWay([rebinding("vetoed"), rebinding("done")])).toBeUndefined();
  expect(underWay([rebinding("vetoed"), rebinding("proposed"), rebinding("done")])?.id).toBe("proposed");
  expect(underWay([rebinding("confirmed")])?.id).toBe("confirmed");
  expect(underWay([])).toBeUndefined();
});
