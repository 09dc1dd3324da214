import { afterEach, expect, test, vi } from "vitest";
import { findSession } from "./session.js";

const deployed = { chainId: 31337, registry: `0x${"33".repeat(20)}`, services: {} };
const asked: string[] = [];

/** Answers as soon as everything that is wanted was asked for, and not before. */
function server(wanted: number, answers: Record<string, () => Response>) {
  let open: () => void;
  const all = new Promise<void>((resolve) => (open = resolve));
  vi.stubGlobal("fetch", vi.fn(async (url: string) => {
    asked.push(new URL(url).pathname);
    if (asked.length === wanted) open();
    await all;
    return answers[new URL(url).pathname]!();
  }));
}

const json = (body: unknown, status = 200) => new Response(JSON.stringify(body), { status });
const deployment = () => json(deployed);

afterEach(() => {
  vi.unstubAllGlobals();
  asked.length = 0;
});

test("who is there and what the portal works on are asked for in one round trip", async () => {
  server(2, { "/session": () => json({ persona: "patient", csrf: "c" }), "/deployment.json": deployment });
  const found = await findSession();
  expect(found?.session.identity.persona).toBe("patient");
  expect(found?.deployment.chainId).toBe(31337);
  expect(asked.toSorted()).toEqual(["/deployment.json", "/session"]);
});

test("where nobody is signed in it does not matter what else could not be loaded", async () => {
  server(2, { "/session": () => json({ type: "session-ended" }, 401), "/deployment.json": () => json({}, 404) });
  expect(await findSession()).toBeUndefined();
});
