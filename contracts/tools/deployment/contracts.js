// Which contracts a deployment has, in the order in which each can name those before it.
"use strict";

const { ZERO } = require("./chain.js");

const OPENZEPPELIN = "node_modules/@openzeppelin/contracts";

/** The CREATE2 factory that is on every usual chain (and on anvil): call data is salt ++ init code. */
const FACTORY = "0x4e59b44847b379578588920cA78FbF26c0B4956C";

/** Each contract with its source and the arguments of its constructor: `at(name)` is the address of one before it. */
const CONTRACTS = [
  {
    name: "AccessManager",
    source: `${OPENZEPPELIN}/access/manager/AccessManager.sol`,
    values: (chain) => ({ initialAdmin: chain.admin }),
  },
  {
    name: "ConsentRegistry",
    source: "src/consent/ConsentRegistry.sol",
    values: (chain) => ({ hospitals: ZERO, providers: ZERO }),
  },
  {
    name: "ERC7913WebAuthnVerifier",
    source: `${OPENZEPPELIN}/utils/cryptography/verifiers/ERC7913WebAuthnVerifier.sol`,
    values: () => ({}),
  },
  { name: "IntentLens", source: "src/consent/IntentLens.sol", values: () => ({}) },
];

/** A contract's salt is the hash of this text; the number changes with a version that keeps its name. */
function saltText(name) {
  return `consentry.${name}.1`;
}

module.exports = { CONTRACTS, FACTORY, saltText };
