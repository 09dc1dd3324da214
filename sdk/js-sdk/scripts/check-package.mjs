#!/usr/bin/env node
// What is published: its layout (publint), its types for each way of importing (attw), and how large it becomes in a browser.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { publint } from "publint";
import { formatMessage } from "publint/utils";

const here = fileURLToPath(new URL("..", import.meta.url));
/** Bytes after gzip. */
const LIMITS = { "index.js": 70_000, "policy/index.js": 10_000, "browser.js": 10_000, "direct/index.js": 30_000 };
let failed = false;
const fail = (text) => {
  console.error(text);
  failed = true;
};

const { messages, pkg } = await publint({ pkgDir: here, strict: true });
for (const message of messages) fail(`publint: ${formatMessage(message, pkg)}`);

const folder = mkdtempSync(path.join(tmpdir(), "consentry-sdk-"));
try {
  const packed = execFileSync("npm", ["pack", "--silent", "--pack-destination", folder], { cwd: here, encoding: "utf8" }).trim();
  const attw = `${here}node_modules/@arethetypeswrong/cli/dist/index.js`;
  // ESM only: whoever uses require() needs Node 22, where it works.
  execFileSync(process.execPath, [attw, path.join(folder, packed), "--profile", "esm-only"], { stdio: "pipe", encoding: "utf8" });
} catch (error) {
  fail(`attw: ${error.stdout || error.message}`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

for (const [entry, limit] of Object.entries(LIMITS)) {
  const { outputFiles } = await build({
    entryPoints: [`${here}dist/${entry}`], bundle: true, minify: true, format: "esm", platform: "browser", target: "es2022", write: false,
  });
  const size = gzipSync(outputFiles[0].contents, { level: 9 }).length;
  if (size > limit) fail(`${entry} is ${size} bytes after gzip, more than ${limit}`);
  else console.log(`${entry}: ${size} bytes after gzip, at most ${limit}`);
}
process.exitCode = failed ? 1 : 0;
