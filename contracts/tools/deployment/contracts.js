// Which contracts a deployment has, in the order in which each can name those before it.
"use strict";

const OPENZEPPELIN = "node_modules/@openzeppelin/contracts";

/** The CREATE2 factory that is on every usual chain (and on anvil): call data is salt ++ init code. */
const FACTORY = "0x4e59b44847b379578588920cA78FbF26c0B4956C";

/** What depends on whether the chain has registries of grantees. */
const hasRegistries = (chain) => chain.granteeRegistries !== null;

/**
 * Each contract with its source, the arguments of its constructor (`at(name)` is the address of one before it), and
 * whether a chain has it.
 */
const CONTRACTS = [
  {
    name: "AccessManager",
    source: `${OPENZEPPELIN}/access/manager/AccessManager.sol`,
    values: (chain) => ({ initialAdmin: chain.granteeRegistries.firstAdmin }),
    isOn: hasRegistries,
  },
  {
    name: "HospitalRegistry",
    source: "src/grantees/HospitalRegistry.sol",
    values: (chain, at) => ({ authority: at("AccessManager") }),
    isOn: hasRegistries,
  },
  {
    name: "ProviderRegistry",
    source: "src/grantees/ProviderRegistry.sol",
    values: (chain, at) => ({ authority: at("AccessManager"), hospitals: at("HospitalRegistry") }),
    isOn: hasRegistries,
  },
  {
    name: "ConsentRegistry",
    source: "src/consent/ConsentRegistry.sol",
    values: (chain, at) => ({ hospitals: at("HospitalRegistry"), providers: at("ProviderRegistry") }),
    isOn: () => true,
  },
  { name: "AuditAnchor", source: "src/audit/AuditAnchor.sol", values: () => ({}), isOn: () => true },
  {
    name: "ERC7913WebAuthnVerifier",
    source: `${OPENZEPPELIN}/utils/cryptography/verifiers/ERC7913WebAuthnVerifier.sol`,
    values: () => ({}),
    isOn: () => true,
  },
  { name: "IntentLens", source: "src/consent/IntentLens.sol", values: () => ({}), isOn: () => true },
];

/** A contract's salt is the hash of this text; the number changes with a version that keeps its name. */
function saltText(name) {
  return `consentry.${name}.1`;
}

module.exports = { CONTRACTS, FACTORY, saltText };
