// Sends a chain's export with script/Deploy.s.sol, and looks at what is on the chain.
"use strict";

const { spawnSync } = require("node:child_process");
const { readFileSync, readdirSync } = require("node:fs");
const path = require("node:path");
const { ENV, ROOT, run } = require("../common/run.js");
const { FACTORY } = require("./contracts.js");

const SCRIPT = "script/Deploy.s.sol";
/** Files of an export that are no contract's. */
const OTHERS = ["roles.json", "typehashes.json"];

/** What the script's errors mean to whoever runs it. Those that tell what to do differ by what is on the chain. */
const ADVICE = {
  BrokenExport: "the export is damaged: an address does not follow from its salt and code; run `npm run export`",
  NotDeployed: "the factory could not create a contract: too little gas, or its constructor refused",
  OtherCode: "other code than exported is on the chain: the chain does not run the rules of the `evm_version` we use",
  RolesNotAsConfigured:
    "the roles are not as in the chain's file, and only its firstAdmin (while it still is an admin without delay) can " +
    "set them: send from that account, or let an admin change the roles or you the file",
};

/** The exported contracts of a chain. */
function exported(chain) {
  const folder = path.join(ROOT, chain.folder, "deployments", chain.name);
  let files;
  try {
    files = readdirSync(folder).filter((file) => !OTHERS.includes(file));
  } catch {
    throw new Error(`${folder} is missing: run \`npm run export -- --chain ${chain.name}\` first`);
  }
  return files.map((file) => JSON.parse(readFileSync(path.join(folder, file), "utf8")));
}

/** Throws unless the node is one of this chain and the chain has the factory. */
function requireChain(chain, rpc) {
  let id;
  try {
    id = Number(run("cast", "chain-id", "--rpc-url", rpc));
  } catch {
    throw new Error("the node at --rpc-url does not answer");
  }
  if (id !== chain.chainId) {
    throw new Error(`the node is of chain ${id}, but contracts/chains/${chain.name}.json says ${chain.chainId}`);
  }
  if (run("cast", "code", FACTORY, "--rpc-url", rpc) === "0x") {
    throw new Error(
      `the chain lacks the CREATE2 factory at ${FACTORY}; its one presigned transaction can put it there: ` +
        "https://github.com/Arachnid/deterministic-deployment-proxy",
    );
  }
}

/** Runs a function of the script on the chain's state; `options` may hold keys, so they are never shown. */
function script(chain, rpc, signature, options) {
  const folder = chain.folder === "" ? "" : `${chain.folder}/`;
  const args = [SCRIPT, "--sig", signature, folder, chain.name, "--rpc-url", rpc, ...options];
  const settings = { cwd: ROOT, env: ENV, encoding: "utf8", stdio: ["inherit", "pipe", "pipe"], timeout: 1_800_000 };
  const { status, stdout, stderr, error } = spawnSync("forge", ["script", ...args], settings);
  if (error) throw new Error(`forge could not be run: ${error.code}`);
  if (status === 0) return;
  const said = `${stdout}\n${stderr}`;
  const known = Object.keys(ADVICE).find((name) => said.includes(`${name}(`));
  throw new Error(known ? `${ADVICE[known]}\n${reasonIn(said)}` : said.trim());
}

function reasonIn(said) {
  return said.split("\n").filter((line) => /^Error/.test(line)).join("\n");
}

/** Deploys what is missing and hands out the roles. */
function deploy(chain, rpc, options) {
  exported(chain);
  requireChain(chain, rpc);
  script(chain, rpc, "run(string,string)", ["--broadcast", "--slow", ...options]);
}

/** Compares the chain with the export; one line for each thing that is as it should be. */
function inspect(chain, rpc) {
  requireChain(chain, rpc);
  const lines = exported(chain).map(({ contract, address, runtimeCodeHash }) => {
    const code = run("cast", "code", address, "--rpc-url", rpc);
    if (code === "0x") throw new Error(`${contract} is not deployed: there is no code at ${address}`);
    const hash = run("cast", "keccak", code);
    if (hash !== runtimeCodeHash) throw new Error(`${contract} at ${address}: ${hash}, exported was ${runtimeCodeHash}`);
    return `${contract} is at ${address}`;
  });
  script(chain, rpc, "check(string,string)", []);
  return chain.granteeRegistries ? [...lines, "the roles are as configured"] : lines;
}

module.exports = { deploy, exported, inspect };
