import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/** Runs an example as somebody with the built package does. */
async function run(name: string): Promise<string> {
  const file = fileURLToPath(new URL(`../../examples/${name}.js`, import.meta.url));
  return (await promisify(execFile)(process.execPath, [file])).stdout;
}

test("the examples lead from a request to data and back", async () => {
  assert.match(await run("fetchIfPermitted"), /^(NO_CONSENT|REVOKED): /);
  assert.match(await run("createConsent"), /Shared: measurements and test results\.[\s\S]*ACTIVE 0x[0-9a-f]{64}\n$/);
  assert.match(await run("fetchIfPermitted"), /^[1-9][0-9]* observations, decision [0-9a-f-]{36}\n$/);
  assert.match(await run("revokeConsent"), /^REVOKED 0x[0-9a-f]{64}\n$/);
  assert.match(await run("fetchIfPermitted"), /^REVOKED: /);
});
