// A clinic asks, the patient says yes, the clinic reads, the patient ends it: everybody sees what they should, and nothing stays behind.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch } from "../browser.mjs";
import { cast, clickThrough, leftBehind } from "../click-through.mjs";

let browser, people;
before(async () => {
  browser = await launch();
  people = await cast(browser);
});
after(() => browser.close());

test("from a clinic's question to the patient's last word, all through the screens", () => clickThrough(people));

test("on the whole way no token, key or record came into storage, an address, the history or the console", async () => {
  assert.deepEqual(await leftBehind(people), []);
});
