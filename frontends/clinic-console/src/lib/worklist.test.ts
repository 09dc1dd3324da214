import type { Consent, ConsentStatus } from "@consentry/sdk";
import { describe, expect, test } from "vitest";
import { counts, endOf, pageOf, PAGE_SIZE, wasNeverAnswered } from "./worklist.js";

const consent = (status: ConsentStatus, more: Partial<Consent> = {}): Consent => ({
  id: "0x01", subject: "0x00000000000000000000000000000000000000aa", grantee: "0xbb", scopeId: "0xcc", status, validFrom: 0, validTo: 1_000, respondBy: 500,
  version: 1, subjectEpoch: 0, finality: "finalized", transaction: "0xdd", blockNumber: 1, blockHash: "0xee", revision: 1, ...more,
});

describe("worklist", () => {
  test("every consent is counted under all and under one status; what is granted and not in force is starting", () => {
    const all = (["REQUESTED", "CONFIRMING", "SCHEDULED", "ACTIVE", "ACTIVE", "DENIED", "EXPIRED", "REVOKED"] as const).map((each) => consent(each));
    expect(counts(all)).toEqual({ ALL: 8, REQUESTED: 1, STARTING: 2, ACTIVE: 2, DENIED: 1, EXPIRED: 1, REVOKED: 1 });
  });

  test("what ends soonest comes first, what does not end comes last", () => {
    const list = [consent("REVOKED", { id: "0x03" }), consent("ACTIVE", { id: "0x02", validTo: 900 }), consent("REQUESTED", { id: "0x01", respondBy: 300 }), consent("ACTIVE", { id: "0x04", validTo: null })];
    expect(pageOf(list, { filter: "ALL", sort: "ending", page: 1 }).rows.map(({ id }) => id).slice(0, 2)).toEqual(["0x01", "0x02"]);
  });

  test("pages hold every row once, and a page that is not there is the last", () => {
    const list = Array.from({ length: PAGE_SIZE * 2 + 1 }, (_, at) => consent("ACTIVE", { id: `0x${at}`, revision: at }));
    const rows = [1, 2, 3].flatMap((page) => pageOf(list, { filter: "ACTIVE", sort: "newest", page }).rows);
    expect(new Set(rows.map(({ id }) => id)).size).toBe(list.length);
    expect(rows.map(({ revision }) => revision)).toEqual([...list.keys()].reverse());
    expect(pageOf(list, { filter: "ACTIVE", sort: "newest", page: 99 })).toMatchObject({ page: 3, pages: 3 });
    expect(pageOf(list, { filter: "DENIED", sort: "newest", page: 1 })).toMatchObject({ page: 1, pages: 1, total: 0 });
  });

  test("a request ends when nobody answers in time, a consent at its date, what is over does not end", () => {
    expect(endOf(consent("REQUESTED"))).toBe(500);
    expect(endOf(consent("ACTIVE"))).toBe(1_000);
    expect(endOf(consent("REVOKED"))).toBeUndefined();
    expect(wasNeverAnswered(consent("EXPIRED"), 700)).toBe(true);
    expect(wasNeverAnswered(consent("EXPIRED"), 1_000)).toBe(false);
    expect(wasNeverAnswered(consent("EXPIRED", { respondBy: null }), 700)).toBe(false);
  });
});
