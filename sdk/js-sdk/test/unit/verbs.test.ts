import assert from "node:assert/strict";
import { test } from "node:test";
import { vectors } from "./vectors.js";
import { World } from "./world.js";

test("a client has the verbs that every SDK has, and no others", async () => {
  const { note: _, pending, ...areas } = vectors<Record<string, string[]>>("verbs");
  const world = new World();
  const client = world.client() as unknown as Record<string, object>;
  const verbsOf = (area: object) => Object.getOwnPropertyNames(Object.getPrototypeOf(area)).filter((name) => name !== "constructor");
  const found = Object.entries(client).map(([area, of]) => [area, verbsOf(of).filter((name) => !INNER.includes(`${area}.${name}`)).sort()]);
  assert.deepEqual(Object.fromEntries(found), Object.fromEntries(Object.entries(areas as Record<string, string[]>).map(([area, verbs]) => [area, [...verbs].sort()])));
  const waits = verbsOf(await (client as unknown as ReturnType<World["client"]>).consents.revokeAll()).filter((name) => name.startsWith("waitFor"));
  assert.deepEqual(waits.sort(), [...(pending as string[])].sort());
});

/** What other areas use, and no verb of its own. */
const INNER = ["policies.held"];
