import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/** Runs an example as somebody with the built package does. */
async function run(name: string): Promise<string> {
  const file = fileURLToPath(new URL(`../../examples/${name}.js`, import.meta.url));
  return (await promisify(execFile)(process.execPath, [file])).stdout;
}

test("the examples lead from a request to data and back, and a nightly job tells of it", async () => {
  assert.match(await run("fetchIfPermitted"), /^(NO_CONSENT|REVOKED): /);
  assert.match(await run("createConsent"), /Shared: measurements and test results\.[\s\S]*ACTIVE 0x[0-9a-f]{64}\n$/);
  assert.match(await run("fetchIfPermitted"), /^[1-9][0-9]* observations, decision [0-9a-f-]{36}\n$/);
  // The archive follows within seconds.
  let report = "";
  for (const end = Date.now() + 60_000; Date.now() < end && !/: [1-9][0-9]* reads, the last on/.test(report); ) report = await run("nightlyReport");
  assert.match(report, /: [1-9][0-9]* reads, the last on \d{4}-\d\d-\d\d\n {2}Shared: measurements and test results\./);
  assert.match(report, /\n[1-9][0-9]* consents, \d+ of them unused in 90 days\n$/);
  assert.match(await run("revokeConsent"), /^REVOKED 0x[0-9a-f]{64}\n$/);
  assert.match(await run("fetchIfPermitted"), /^REVOKED: /);
});

test("a short example is ten lines of substance", () => {
  for (const name of ["createConsent", "fetchIfPermitted", "revokeConsent"]) {
    const text = readFileSync(fileURLToPath(new URL(`../../../examples/${name}.ts`, import.meta.url)), "utf8");
    const lines = text.split("\n").filter((line) => line.trim() !== "" && !line.trim().startsWith("//"));
    assert.ok(lines.length <= 10, `${name} has ${lines.length}`);
  }
});
