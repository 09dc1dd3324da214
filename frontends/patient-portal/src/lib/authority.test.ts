import type { Address } from "@consentry/sdk";
import { expect, test } from "vitest";
import { ALL_RIGHTS, authorityOf, keyAt, mayDecide, signersFor, type Authority } from "./authority.js";
import type { BoundKey } from "./bound-keys.js";

const address = (byte: string) => `0x${byte.repeat(20)}` as Address;
const key = (subject: Address): BoundKey => ({ subject, boundAt: "2026-01-01T00:00:00Z", passkey: undefined });
const [main, second, third] = [address("aa"), address("bb"), address("cc")];
const keys = [key(main), key(second), key(third)];
const mandate = (more: Partial<Authority["delegates"][number]> = {}) => ({ delegate: second, status: "ACTIVE" as const, rights: [...ALL_RIGHTS], validTo: null, ...more });
const authority = (...delegates: Authority["delegates"][number][]): Authority => ({ state: { subject: main, controller: main }, delegates });
const stop = { rights: ["REVOKE"] } as const;

test("the main key decides first, then those that it lets decide; others are left out", () => {
  const found = signersFor([...keys].reverse(), main, authority(mandate()), stop);
  expect(found.map(({ subject }) => subject)).toEqual([main, second]);
});

test("addresses are the same in whatever case they are written", () => {
  const shouted = second.toUpperCase().replace("X", "x");
  expect(mayDecide(authority(mandate({ delegate: shouted })), second, stop)).toBe(true);
  expect(keyAt(keys, shouted)?.subject).toBe(second);
});

test.each(["REMOVED", "VOID", "EXPIRED", "SCHEDULED"] as const)("a mandate that is %s gives nothing", (status) => {
  expect(mayDecide(authority(mandate({ status })), second, stop)).toBe(false);
});

test("saying yes to less takes both rights, because it is a no and a yes", () => {
  const less = { rights: ["DENY", "GRANT"] } as const;
  expect(mayDecide(authority(mandate({ rights: ["DENY"] })), second, less)).toBe(false);
  expect(mayDecide(authority(mandate({ rights: ["GRANT", "DENY"] })), second, less)).toBe(true);
});

test("a yes ends with the mandate of whoever gives it, and a mandate without end allows one without end", () => {
  const yes = (until: number | null) => ({ rights: ["GRANT"], until }) as const;
  const limited = authority(mandate({ validTo: 1_000 }));
  expect([yes(999), yes(1_000), yes(1_001), yes(null)].map((need) => mayDecide(limited, second, need))).toEqual([true, true, false, false]);
  expect(mayDecide(authority(mandate()), second, yes(null))).toBe(true);
  expect(mayDecide(limited, second, stop)).toBe(true);
});

test("after a recovery the new key decides, and the lost one does not", () => {
  const recovered: Authority = { state: { subject: main, controller: second }, delegates: [mandate({ status: "VOID" })] };
  expect(signersFor(keys, main, recovered, stop).map(({ subject }) => subject)).toEqual([second]);
});

test("while nobody knows who may decide, the subject's own key does", () => {
  expect(signersFor(keys, main, undefined, stop).map(({ subject }) => subject)).toEqual([main]);
  expect(authorityOf(undefined, main)).toBeUndefined();
  expect(authorityOf([authority()], second)).toBeUndefined();
});
