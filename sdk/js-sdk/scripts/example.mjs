#!/usr/bin/env node
// npm run example -- NAME: compiles and runs one of examples/ against the stack whose endpoints.json CONSENTRY_ENDPOINTS names.
import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL("..", import.meta.url));
const names = readdirSync(`${here}examples`).map((file) => file.replace(/\.ts$/, "")).filter((name) => name !== "setup");
const [name, ...args] = process.argv.slice(2);
if (!names.includes(name)) {
  console.error(`usage: npm run example -- ${names.join("|")}`);
  process.exit(2);
}
const node = (...args) => execFileSync(process.execPath, args, { cwd: here, stdio: "inherit" });
node("scripts/build.mjs");
node("node_modules/typescript/bin/tsc", "-p", "tsconfig.json");
node(`build/examples/${name}.js`, ...args);
