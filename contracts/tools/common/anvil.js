// A fresh anvil on a free port, which ends with the work done on it.
"use strict";

const { spawn } = require("node:child_process");
const { closeSync, mkdtempSync, openSync, readFileSync, rmSync } = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const { setTimeout: after } = require("node:timers/promises");
const { ENV } = require("./run.js");

const HARDFORK = "osaka"; // as `evm_version` in foundry.toml
const POLL_MS = 20;

/** anvil's first development account, which every anvil has and signs for. */
const ACCOUNT = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266";

/**
 * Runs `work` with the URL of a fresh anvil of this chain id, and returns what it returns. Work may block: anvil writes
 * to a file, because one that writes to a pipe that nobody empties stops answering.
 */
async function withAnvil(chainId, work, { hardfork = HARDFORK, options = [] } = {}) {
  const folder = mkdtempSync(path.join(os.tmpdir(), "anvil-"));
  const log = path.join(folder, "log");
  const out = openSync(log, "w");
  const args = ["--host", "127.0.0.1", "--port", "0", "--chain-id", String(chainId), "--hardfork", hardfork];
  const anvil = spawn("anvil", [...args, ...options], { env: ENV, stdio: ["ignore", out, "inherit"] });
  const ended = new Promise((resolve) => anvil.once("exit", resolve));
  try {
    return await work(`http://${await listening(anvil, log)}`);
  } finally {
    anvil.kill();
    await ended;
    closeSync(out);
    rmSync(folder, { recursive: true });
  }
}

/** The address on which anvil says it listens. */
async function listening(anvil, log) {
  while (anvil.exitCode === null) {
    const match = readFileSync(log, "utf8").match(/Listening on (\S+)\n/);
    if (match) return match[1];
    await after(POLL_MS);
  }
  throw new Error("anvil ended before it listened");
}

module.exports = { ACCOUNT, withAnvil };
