// Tools that come from PyPI, each in a virtual environment of its own in the user's cache.
"use strict";

const { createHash } = require("node:crypto");
const { execFileSync } = require("node:child_process");
const { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } = require("node:fs");
const os = require("node:os");
const path = require("node:path");

const CACHE = path.join(process.env.XDG_CACHE_HOME || path.join(os.homedir(), ".cache"), "consentry", "python");

function python(...args) {
  return execFileSync("python3", args, { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] }).trim();
}

/** Which python3 there is: an environment fits that one only. */
function interpreter() {
  const script = "import sys; print(*sys.version_info[:2], sys.implementation.cache_tag, sys.base_prefix)";
  let found;
  try {
    found = python("-c", script);
  } catch {
    throw new Error("no python3: apt-get install python3 python3-venv");
  }
  const [major, minor] = found.split(" ").map(Number);
  if (major !== 3 || minor < 11) throw new Error(`python3 is ${major}.${minor}: 3.11 or newer is needed`);
  return found;
}

/**
 * The path of a tool, installed from `<name>.txt` if it is not yet. An environment is named by what is in it and gets
 * that name when it is complete, so a broken one is never used.
 */
function pythonTool(name) {
  const requirements = path.join(__dirname, `${name}.txt`);
  const hash = createHash("sha256").update(readFileSync(requirements)).update(interpreter()).digest("hex");
  const folder = path.join(CACHE, `${name}-${hash.slice(0, 16)}`);
  if (!existsSync(folder)) install(requirements, folder);
  return path.join(folder, "bin", name);
}

function install(requirements, folder) {
  process.stdout.write(`installing ${path.basename(folder)} into ${path.dirname(folder)}\n`);
  mkdirSync(path.dirname(folder), { recursive: true });
  const own = mkdtempSync(`${folder}.`);
  try {
    python("-m", "venv", own);
    const pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes"];
    execFileSync(path.join(own, "bin", "python"), [...pip, "-r", requirements], { stdio: "inherit" });
    rmSync(folder, { force: true });
    symlinkSync(path.basename(own), folder);
  } catch (error) {
    rmSync(own, { recursive: true });
    // Somebody else may have been faster.
    if (!existsSync(folder)) throw new Error(`${path.basename(requirements)} cannot be installed: ${error.message}`);
  }
}

module.exports = { pythonTool };
