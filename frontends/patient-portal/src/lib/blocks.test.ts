import type { Consent } from "@consentry/sdk";
import { expect, test } from "vitest";
import { requestsOf } from "./blocks.js";

const consent = (grantee: string, status: Consent["status"] = "REQUESTED") => ({ grantee, status }) as Consent;

test("requests of blocked clinics stand apart, in whatever letters their address is written; other consents are no requests", () => {
  const [blocked, other] = [consent("0xAB"), consent("0xcd")];
  const all = [blocked, other, consent("0xab", "ACTIVE"), consent("0xcd", "DENIED")];
  expect(requestsOf(all, [{ address: "0xab" }])).toEqual({ open: [other], blocked: [blocked] });
  expect(requestsOf(all, [])).toEqual({ open: [blocked, other], blocked: [] });
});
