// Compiles the contracts and works out what deploying them on a chain gives. What a constructor computes (immutables,
// the EIP-712 domain) is part of the code on chain, so the contracts are deployed on an anvil with the chain's id.
"use strict";

const { readFileSync } = require("node:fs");
const path = require("node:path");
const { ACCOUNT, withAnvil } = require("../common/anvil.js");
const { ROOT, run } = require("../common/run.js");
const { initCode } = require("../gas/abi.js");
const { ZERO } = require("./chain.js");
const { CONTRACTS, FACTORY, saltText } = require("./contracts.js");
const { ROLE_CALLS, roleCalls } = require("./roles.js");
const { typeHashes } = require("./typehashes.js");

const OUT = path.join("out", "export");
const CACHE = path.join("cache", "export");

/** The compiled contracts. Compiled without tests and in folders of their own, so nothing else can influence them. */
function compile() {
  const all = [...CONTRACTS, ROLE_CALLS];
  const sources = all.map(({ source }) => source);
  // Warnings are the build's and the linter's business: they change no code.
  run("forge", "build", ...sources, "--force", "--deny", "never", "--out", OUT, "--cache-path", CACHE);
  const artifact = ({ name, source }) => path.join(ROOT, OUT, path.basename(source), `${name}.json`);
  return new Map(all.map((contract) => [contract.name, JSON.parse(readFileSync(artifact(contract), "utf8"))]));
}

/** The most code that a chain lets a contract have (EIP-170). */
const MAX_CODE = 24_576;

/** Sends a contract to the factory of an anvil and returns its deployment. */
function deploy(rpc, chain, { name, values }, artifact, at) {
  const { abi, deployedBytecode, metadata } = artifact;
  const size = (deployedBytecode.object.length - 2) / 2;
  if (size > MAX_CODE) throw new Error(`${name} has ${size} bytes of code; no chain takes more than ${MAX_CODE}`);
  const given = values(chain, at);
  const inputs = abi.find(({ type }) => type === "constructor")?.inputs ?? [];
  const code = initCode(artifact, given);
  const salt = run("cast", "keccak", saltText(name));
  const initCodeHash = run("cast", "keccak", code);
  const derived = run("cast", "create2", "--deployer", FACTORY, "--salt", salt, "--init-code-hash", initCodeHash);
  const address = derived.match(/0x[0-9a-fA-F]{40}/)[0];
  run("cast", "send", FACTORY, salt + code.slice(2), "--from", ACCOUNT, "--unlocked", "--rpc-url", rpc);
  const runtime = run("cast", "code", address, "--rpc-url", rpc);
  if (runtime === "0x") throw new Error(`${name}: its constructor refuses ${JSON.stringify(given)}`);
  return {
    contract: name,
    chainId: chain.chainId,
    address,
    deployer: FACTORY,
    salt,
    constructorArguments: inputs.map((input) => ({ name: input.name, type: input.type, value: given[input.name] })),
    initCode: code,
    initCodeHash,
    runtimeCodeHash: run("cast", "keccak", runtime),
    solc: metadata.compiler.version,
    abi,
  };
}

/** The text of each file of a chain's deployment, by its name. */
async function renderChain(chain, artifacts) {
  return withAnvil(chain.chainId, (rpc) => {
    const deployments = new Map();
    const at = (name) => deployments.get(name)?.address ?? ZERO;
    for (const contract of CONTRACTS.filter(({ isOn }) => isOn(chain))) {
      deployments.set(contract.name, deploy(rpc, chain, contract, artifacts.get(contract.name), at));
    }
    const files = [...deployments].map(([name, deployment]) => [`${name}.json`, deployment]);
    if (chain.granteeRegistries) files.push(["roles.json", roleCalls(rpc, chain, artifacts, at)]);
    files.push(["typehashes.json", typeHashes(rpc, chain, deployments)]);
    return new Map(files.map(([file, content]) => [file, `${JSON.stringify(content, null, 2)}\n`]));
  });
}

module.exports = { compile, renderChain };
