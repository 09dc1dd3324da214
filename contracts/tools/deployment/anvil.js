// A fresh anvil on a free port, which ends with the work done on it.
"use strict";

const { spawn } = require("node:child_process");
const { createInterface } = require("node:readline");
const { ENV } = require("../gas/run.js");

const HARDFORK = "osaka"; // as `evm_version` in foundry.toml

/** Runs `work` with the URL of a fresh anvil of this chain id, and returns what it returns. */
async function withAnvil(chainId, work) {
  const args = ["--host", "127.0.0.1", "--port", "0", "--chain-id", String(chainId), "--hardfork", HARDFORK];
  const anvil = spawn("anvil", args, { env: ENV, stdio: ["ignore", "pipe", "inherit"] });
  const ended = new Promise((resolve) => anvil.once("exit", resolve));
  const timer = setTimeout(() => anvil.kill(), 300_000);
  try {
    return await work(`http://${await listening(anvil)}`);
  } finally {
    clearTimeout(timer);
    anvil.kill();
    await ended;
  }
}

/** The address on which anvil says it listens. */
async function listening(anvil) {
  for await (const line of createInterface({ input: anvil.stdout })) {
    const match = line.match(/Listening on (\S+)/);
    if (match) {
      anvil.stdout.resume();
      return match[1];
    }
  }
  throw new Error("anvil ended before it listened");
}

module.exports = { withAnvil };
