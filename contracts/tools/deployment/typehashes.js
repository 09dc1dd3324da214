// The EIP-712 types that people sign, for wallets and SDKs: written from the structs in IntentLens's ABI, and compared
// with the hashes that the deployed IntentLens and the deployed registry use.
"use strict";

const { run } = require("../gas/run.js");

const DOMAIN = "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)";
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

/** The type string of every struct: the lens has a function `hash<Struct>` for each intent. */
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

/** The content of typehashes.json. */
function typeHashes(rpc, chain, deployments) {
  const { abi, address: lens } = deployments.get("IntentLens");
  const { address: registry } = deployments.get("ConsentRegistry");
  const known = lensHashes(rpc, lens);
  const types = {};
  for (const [name, type] of typeStrings(abi)) {
    types[name] = { type, typeHash: run("cast", "keccak", type) };
    expectSame(known.get(name), types[name].typeHash, `type hash of ${name}`);
  }
  expectSame(known.size, Object.keys(types).length, "number of types");

  const domain = { name: "Consentry", version: "1", chainId: chain.chainId, verifyingContract: registry };
  const hashes = [DOMAIN, domain.name, domain.version].map((text) => run("cast", "keccak", text));
  const values = [...hashes, domain.chainId, domain.verifyingContract].map(String);
  const separator = run("cast", "keccak", run("cast", "abi-encode", "f(bytes32,bytes32,bytes32,uint256,address)", ...values));
  const signature = "domainSeparator(address)(bytes32)";
  expectSame(run("cast", "call", lens, signature, registry, "--rpc-url", rpc), separator, "domain separator");
  const own = run("cast", "call", registry, "eip712Domain()(bytes1,string,string,uint256,address,bytes32,uint256[])", "--rpc-url", rpc);
  const given = ["0x0f", `"${domain.name}"`, `"${domain.version}"`, String(domain.chainId), domain.verifyingContract];
  expectSame(own.split("\n").slice(0, given.length).join(" ").replace(/ \[[0-9.e]+\]/, ""), given.join(" "), "domain");
  return { domain: { ...domain, type: DOMAIN, typeHash: hashes[0], separator }, types };
}

module.exports = { typeHashes };
