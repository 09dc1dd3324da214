// The EIP-712 types that people sign, for wallets and SDKs: written from the structs in the ABIs, and compared with the
// hashes and domains that the deployed contracts use.
"use strict";

const { run } = require("../common/run.js");

const DOMAIN = "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)";
const EIP5267 = "eip712Domain()(bytes1,string,string,uint256,address,bytes32,uint256[])";
/** The lens has a function of this name for each struct. */
const PREFIX = "hash";

function structName({ internalType }) {
  return internalType.match(/^struct (?:\w+\.)?(\w+)(\[\])?$/)[1];
}

/** A struct's own part of a type string, and the structs it contains. */
function encode(struct) {
  const inner = struct.components.filter(({ type }) => type.startsWith("tuple"));
  const fields = struct.components.map((field) => {
    const type = inner.includes(field) ? structName(field) + field.type.slice("tuple".length) : field.type;
    return `${type} ${field.name}`;
  });
  return { own: `${structName(struct)}(${fields.join(",")})`, inner };
}

/** The type string of every struct, and of those they contain. */
function typeStrings(abi) {
  const strings = new Map();
  for (const { name, inputs } of abi.filter(({ type, name }) => type === "function" && name.startsWith(PREFIX))) {
    const [intent] = inputs;
    const struct = structName(intent);
    if (name !== PREFIX + struct) throw new Error(`IntentLens.${name} takes ${struct}`);
    const { own, inner } = encode(intent);
    const referenced = inner.map((each) => [structName(each), encode(each)]).sort(([left], [right]) => (left < right ? -1 : 1));
    for (const [each, { own, inner }] of referenced) {
      if (inner.length !== 0) throw new Error(`${each}: structs nested twice are not supported`);
      strings.set(each, own);
    }
    strings.set(struct, own + referenced.map(([, { own }]) => own).join(""));
  }
  return new Map([...strings].sort(([left], [right]) => (left < right ? -1 : 1)));
}

/** The hashes that the deployed lens knows, by the struct's name. */
function lensHashes(rpc, address) {
  const answer = run("cast", "call", address, "typeHashes()((string,bytes32)[])", "--rpc-url", rpc);
  return new Map([...answer.matchAll(/\("(\w+)", (0x[0-9a-f]{64})\)/g)].map(([, name, hash]) => [name, hash]));
}

function expectSame(actual, expected, what) {
  if (actual !== expected) throw new Error(`${what}: the contracts have ${actual}, their types give ${expected}`);
}

/** The EIP-712 domain of a contract, compared with the one it tells. */
function domainOf(rpc, chain, address) {
  const domain = { name: "Consentry", version: "1", chainId: chain.chainId, verifyingContract: address };
  const [typeHash, ...texts] = [DOMAIN, domain.name, domain.version].map((text) => run("cast", "keccak", text));
  const values = [typeHash, ...texts, String(domain.chainId), address];
  const separator = run("cast", "keccak", run("cast", "abi-encode", "f(bytes32,bytes32,bytes32,uint256,address)", ...values));
  const own = run("cast", "call", address, EIP5267, "--rpc-url", rpc).split("\n").slice(0, 5).join(" ");
  const wanted = `0x0f "${domain.name}" "${domain.version}" ${domain.chainId} ${address}`;
  expectSame(own.replace(/ \[[0-9.e]+\]/, ""), wanted, "domain");
  return { ...domain, type: DOMAIN, typeHash, separator };
}

/** What is signed for the consent registry. */
function ofRegistry(rpc, chain, deployments) {
  const { abi, address: lens } = deployments.get("IntentLens");
  const domain = domainOf(rpc, chain, deployments.get("ConsentRegistry").address);
  const told = run("cast", "call", lens, "domainSeparator(address)(bytes32)", domain.verifyingContract, "--rpc-url", rpc);
  expectSame(told, domain.separator, "domain separator");

  const known = lensHashes(rpc, lens);
  const types = {};
  for (const [name, type] of typeStrings(abi)) {
    types[name] = { type, typeHash: run("cast", "keccak", type) };
    expectSame(known.get(name), types[name].typeHash, `type hash of ${name}`);
  }
  expectSame(known.size, Object.keys(types).length, "number of types");
  return { domain, types };
}

/** What is signed for the audit anchor, compared by the digest of a struct that is zero everywhere. */
function ofAnchor(rpc, chain, deployments) {
  const { abi, address } = deployments.get("AuditAnchor");
  const domain = domainOf(rpc, chain, address);
  const [struct] = abi.find(({ type, name }) => type === "function" && name === "handOver").inputs;
  const name = structName(struct);
  const type = encode(struct).own;
  const typeHash = run("cast", "keccak", type);
  const zeros = "0".repeat(64 * struct.components.length);
  const digest = run("cast", "keccak", `0x1901${domain.separator.slice(2)}${run("cast", "keccak", typeHash + zeros).slice(2)}`);
  const selector = run("cast", "sig", `digest(${signatureOf(struct)})`);
  expectSame(run("cast", "call", address, "--data", selector + zeros, "--rpc-url", rpc), digest, `digest of ${name}`);
  return { domain, types: { [name]: { type, typeHash } } };
}

function signatureOf(struct) {
  return `(${struct.components.map(({ type }) => type).join(",")})`;
}

/** The content of typehashes.json: of the registry, and beside it of the anchor. */
function typeHashes(rpc, chain, deployments) {
  return { ...ofRegistry(rpc, chain, deployments), auditAnchor: ofAnchor(rpc, chain, deployments) };
}

module.exports = { typeHashes };
