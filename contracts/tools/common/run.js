// The pinned tools of this package.
"use strict";

const { execFileSync } = require("node:child_process");
const path = require("node:path");

const ROOT = path.join(__dirname, "..", "..");
// The pinned tools first, whether or not npm runs this.
const PATH = [path.join(ROOT, "node_modules", ".bin"), process.env.PATH].join(path.delimiter);
const ENV = { ...process.env, PATH, FOUNDRY_PROFILE: "default" };

/** Runs a pinned tool of this package and returns what it prints. */
function run(tool, ...args) {
  const options = { cwd: ROOT, env: ENV, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"], timeout: 900_000 };
  return execFileSync(tool, args, options).trim();
}

module.exports = { ENV, ROOT, run };
