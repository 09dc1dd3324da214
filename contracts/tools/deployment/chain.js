// What differs from chain to chain: contracts/chains/<name>.json.
"use strict";

const { readFileSync, readdirSync } = require("node:fs");
const path = require("node:path");
const { ROOT } = require("../gas/run.js");

const FOLDER = path.join(ROOT, "chains");
const ZERO = `0x${"0".repeat(40)}`;

/** How each field of a chain's file is checked. All are required, so that nothing is decided by leaving it out. */
const FIELDS = {
  chainId: { is: (value) => Number.isSafeInteger(value) && value > 0, wanted: "a positive number" },
  admin: { is: isAddress, wanted: "an address other than zero" },
  granteeRegistries: { is: (value) => typeof value === "boolean", wanted: "true or false" },
};

function isAddress(value) {
  return typeof value === "string" && /^0x[0-9a-fA-F]{40}$/.test(value) && value !== ZERO;
}

/** The names of all chains that have a file. */
function chainNames() {
  return readdirSync(FOLDER)
    .filter((file) => file.endsWith(".json"))
    .map((file) => path.basename(file, ".json"))
    .sort();
}

/** A chain's configuration, with its name. */
function readChain(name) {
  const names = chainNames();
  if (!names.includes(name)) {
    throw new Error(`there is no contracts/chains/${name}.json; the chains are: ${names.join(", ")}`);
  }
  const file = `contracts/chains/${name}.json`;
  let chain;
  try {
    chain = JSON.parse(readFileSync(path.join(FOLDER, `${name}.json`), "utf8"));
  } catch (error) {
    throw new Error(`${file} is not JSON: ${error.message}`);
  }
  for (const [field, { is, wanted }] of Object.entries(FIELDS)) {
    if (!is(chain[field])) throw new Error(`${file}: ${field} must be ${wanted}, not ${JSON.stringify(chain[field])}`);
  }
  const unknown = Object.keys(chain).find((field) => !(field in FIELDS));
  if (unknown !== undefined) throw new Error(`${file}: there is no setting ${unknown}`);
  return { name, ...chain };
}

module.exports = { ZERO, chainNames, readChain };
