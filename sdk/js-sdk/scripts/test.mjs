#!/usr/bin/env node
// Every test of this package. What needs a running stack runs if CONSENTRY_ENDPOINTS names its endpoints.json, and is
// named as skipped otherwise.
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readdirSync, rmSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL("..", import.meta.url));
const node = (...args) => execFileSync(process.execPath, args, { cwd: here, stdio: "inherit" });
// npm writes it when it installs: older than the lock, it is of another lock.
const installed = `${here}node_modules/.package-lock.json`;
if (!existsSync(installed) || statSync(installed).mtimeMs < statSync(`${here}package-lock.json`).mtimeMs) {
  execFileSync("npm", ["ci", "--no-audit", "--no-fund", "--silent"], { cwd: here, stdio: "inherit" });
}
const testsOf = (kind) => readdirSync(`${here}build/test/${kind}`).filter((name) => name.endsWith(".test.js")).map((name) => `build/test/${kind}/${name}`);
const reporter = process.stdout.isTTY ? "spec" : "dot";
const run = (...args) => {
  const { status } = spawnSync(process.execPath, ["--test", `--test-reporter=${reporter}`, ...args], { cwd: here, stdio: "inherit" });
  if (status !== 0) process.exit(1);
};

rmSync(`${here}build`, { recursive: true, force: true });
node("scripts/build.mjs");
node("node_modules/typescript/bin/tsc", "-p", "tsconfig.json");
node("scripts/generate-types.mjs", "--check");
node("scripts/check-package.mjs");
node("node_modules/typedoc/bin/typedoc", "--logLevel", "Warn");
run(...testsOf("unit"));
const chromium = process.env.CHROMIUM ?? "/usr/bin/chromium";
if (existsSync(chromium)) run(...testsOf("browser"));
else console.log(`skipped: tests in a browser; there is no ${chromium}, and CHROMIUM names no other`);
if (process.env.CONSENTRY_ENDPOINTS) {
  run("--test-concurrency=1", ...testsOf("stack"));
  node("scripts/first-decision.mjs");
} else console.log("skipped: tests on a running stack; start one with `local-stack up` and set CONSENTRY_ENDPOINTS to its endpoints.json");
