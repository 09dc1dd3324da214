import { beforeEach, expect, test } from "vitest";
import { fragmentOf, keepFragment, readFragment, takeFragment, verifyUrl } from "./verify-link.js";

const named = { id: `0x${"aa".repeat(32)}`, policy: `0x${"bb".repeat(32)}` } as const;

beforeEach(() => {
  sessionStorage.clear();
  history.replaceState(null, "", "/");
});

test("a link is read as it was written, and all that it names stands in the fragment", () => {
  expect(readFragment(`#${fragmentOf(named)}`)).toEqual(named);
  const { pathname, search, hash } = new URL(verifyUrl(named));
  expect([pathname, search, readFragment(hash)]).toEqual(["/verify", "", named]);
});

test("what names no consent is no link", () => {
  for (const fragment of ["", "#", "#id=0xaa", `#id=${named.id}`, `#id=${named.id}&policy=0x12`, `#${fragmentOf(named)}&patient=p-1`, "#main"]) expect(readFragment(fragment)).toBeUndefined();
});

test("a link is kept over a sign-in once, and nothing else is", () => {
  history.replaceState(null, "", `/verify#${fragmentOf(named)}`);
  keepFragment();
  expect(takeFragment()).toBe(fragmentOf(named));
  expect(takeFragment()).toBeUndefined();
  history.replaceState(null, "", "/verify#patient=p-1");
  keepFragment();
  history.replaceState(null, "", `/consents#${fragmentOf(named)}`);
  keepFragment();
  expect(sessionStorage.length).toBe(0);
});
