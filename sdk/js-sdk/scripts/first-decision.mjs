#!/usr/bin/env node
// From `npm install` of the packed package, into an empty folder, to a printed decision of a running stack: the README's
// first lines, as they stand there. Prints the seconds, and fails when they are too many. CONSENTRY_ENDPOINTS names the stack.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

const MOST_SECONDS = 120;
const here = fileURLToPath(new URL("..", import.meta.url));
const endpoints = JSON.parse(readFileSync(process.env.CONSENTRY_ENDPOINTS, "utf8"));
const { privateJwk } = endpoints.clients.find((each) => each.id === "clinic-a");

const [, lines] = /```ts\n(import [\s\S]*?)```/.exec(readFileSync(`${here}README.md`, "utf8")) ?? [];
if (!lines?.includes("fetchIfPermitted")) throw new Error("the README no longer begins with its first lines");
// What a reader has: their key, their deployment, and a patient.
const program = `import { localDeployment } from "@consentry/sdk";
const { endpoints, jwk } = JSON.parse(process.env.GIVEN);
const issuer = endpoints.auth, deployment = localDeployment(endpoints);
const show = (resources) => console.log(\`released: \${resources.length}\`);
const explain = (reason, decisionId) => console.log(\`denied: \${reason}, decision \${decisionId}\`);
${lines.replace('"p-1"', JSON.stringify(endpoints.patients[0].fhirId))}`;

const folder = mkdtempSync(path.join(tmpdir(), "consentry-first-"));
try {
  const npm = (cwd, ...args) => execFileSync("npm", [...args, "--silent"], { cwd, encoding: "utf8", timeout: MOST_SECONDS * 1000 }).trim();
  const packed = path.join(folder, npm(here, "pack", "--pack-destination", folder));
  const start = process.hrtime.bigint();
  npm(folder, "install", packed, "--no-audit", "--no-fund", "--prefer-offline");
  writeFileSync(path.join(folder, "first.mjs"), program);
  const said = execFileSync(process.execPath, ["first.mjs"], {
    cwd: folder, encoding: "utf8", timeout: MOST_SECONDS * 1000, env: { ...process.env, GIVEN: JSON.stringify({ endpoints, jwk: privateJwk }) },
  });
  const seconds = Number(process.hrtime.bigint() - start) / 1e9;
  if (!/^(released: \d+|denied: [A-Z_]+, decision [0-9a-f-]{36})\n$/.test(said)) throw new Error(`no decision was printed: ${said}`);
  console.log(`from npm install to a decision: ${seconds.toFixed(1)} s, at most ${MOST_SECONDS} (${said.trim()})`);
  if (seconds > MOST_SECONDS) process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
