// What differs from chain to chain: chains/<name>.json.
"use strict";

const { readFileSync, readdirSync } = require("node:fs");
const path = require("node:path");
const { ROOT } = require("../common/run.js");

const ZERO = `0x${"0".repeat(40)}`;

const ADDRESS = { is: isAddress, wanted: "an address other than zero" };
const DELAY = { is: (value) => Number.isInteger(value) && value >= 0 && value < 2 ** 32, wanted: "seconds" };

/** How each setting of a chain is checked. All are required, so that nothing is decided by leaving it out. */
const CHAIN = {
  chainId: { is: (value) => Number.isSafeInteger(value) && value > 0, wanted: "a positive number" },
  granteeRegistries: { is: isObject, wanted: "who keeps the registries of grantees, or null to have none" },
};

/** Who keeps the registries of grantees, as in script/Roles.sol. */
const GRANTEE_REGISTRIES = {
  firstAdmin: ADDRESS,
  admin: ADDRESS,
  adminDelay: DELAY,
  registrar: ADDRESS,
  registrarDelay: DELAY,
  suspender: ADDRESS,
};

function isAddress(value) {
  return typeof value === "string" && /^0x[0-9a-fA-F]{40}$/.test(value) && value !== ZERO;
}

function isObject(value) {
  return typeof value === "object" && !Array.isArray(value);
}

/** Throws unless `settings` has exactly these fields, each as wanted. */
function requireSettings(settings, fields, where) {
  for (const [field, { is, wanted }] of Object.entries(fields)) {
    const value = settings[field];
    if (!is(value)) throw new Error(`${where}${field} must be ${wanted}; it is ${JSON.stringify(value) ?? "missing"}`);
  }
  const unknown = Object.keys(settings).find((field) => !(field in fields));
  if (unknown !== undefined) throw new Error(`${where}${unknown} is no setting`);
}

/** The folder of chains/ and deployments/, relative to contracts/: the empty string is contracts/ itself. */
function folderOf(option = "") {
  return option === "" ? "" : path.relative(ROOT, path.resolve(ROOT, option));
}

/** The names of all chains that have a file. */
function chainNames(folder) {
  return readdirSync(path.join(ROOT, folder, "chains"))
    .filter((file) => file.endsWith(".json"))
    .map((file) => path.basename(file, ".json"))
    .sort();
}

/** A chain's configuration, with its name and folder. */
function readChain(name, folder) {
  const names = chainNames(folder);
  const file = path.join("contracts", folder, "chains", `${name}.json`);
  if (!names.includes(name)) throw new Error(`there is no ${file}; the chains are: ${names.join(", ")}`);
  let chain;
  try {
    chain = JSON.parse(readFileSync(path.join(ROOT, folder, "chains", `${name}.json`), "utf8"));
  } catch (error) {
    throw new Error(`${file} is not JSON: ${error.message}`);
  }
  requireSettings(chain, CHAIN, `${file}: `);
  if (chain.granteeRegistries) requireSettings(chain.granteeRegistries, GRANTEE_REGISTRIES, `${file}: granteeRegistries.`);
  return { name, folder, ...chain };
}

module.exports = { ZERO, chainNames, folderOf, readChain };
