#!/usr/bin/env node
// Writes sdk/vectors/{consent-id,intents}.json. Their expected values are not this SDK's: digests are asked of the
// exported contracts (IntentLens and ConsentRegistry, on an anvil of our own), what the registry does not know
// (statements to the directory) and all signatures are Foundry's `cast`. With --check, fails when a file is stale.
import { spawn, execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { once } from "node:events";
import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";
import { p256 } from "@noble/curves/nist.js";
import { concat, createPublicClient, encodeAbiParameters, http, keccak256, pad, toHex } from "viem";
import { privateKeyToAddress } from "viem/accounts";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const deployed = (name) => JSON.parse(readFileSync(`${root}contracts/deployments/local/${name}.json`, "utf8"));
const [registry, lens, verifier, typehashes, hospitals, providers, manager] = [
  "ConsentRegistry", "IntentLens", "ERC7913WebAuthnVerifier", "typehashes", "HospitalRegistry", "ProviderRegistry", "AccessManager",
].map(deployed);
const cast = (...args) => execFileSync(`${root}contracts/node_modules/.bin/cast`, args, { encoding: "utf8" }).trim();

const MAX40 = 2 ** 40 - 1;
const KEYS = { owner: `0x${"01".repeat(32)}`, grantee: `0x${"02".repeat(32)}`, other: `0x${"03".repeat(32)}` };
const [owner, grantee, other] = Object.values(KEYS).map((key) => privateKeyToAddress(key));
const policies = JSON.parse(readFileSync(`${root}sdk/vectors/policy-hash.json`, "utf8"));
const scopes = policies.valid.filter((each) => each.name.startsWith("the same document with salt")).map((each) => each.hash);
const [scopeId, otherScope] = scopes;

/** A chain of our own with what is needed of the deployment. */
async function chain() {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address();
  probe.close();
  await once(probe, "close");
  const node = spawn(`${root}contracts/node_modules/.bin/anvil`, ["--port", String(port), "--silent", "--chain-id", "31337"], { stdio: "ignore" });
  const client = createPublicClient({ transport: http(`http://127.0.0.1:${port}`, { retryCount: 40, retryDelay: 50 }) });
  await client.getChainId();
  const from = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266";
  for (const each of [manager, hospitals, providers, registry, lens, verifier]) {
    const hash = await client.request({
      method: "eth_sendTransaction",
      params: [{ from, to: each.deployer, data: concat([each.salt, each.initCode]), gas: toHex(12_000_000) }],
    });
    await client.waitForTransactionReceipt({ hash, pollingInterval: 20 });
    const code = await client.getCode({ address: each.address });
    if (!code || keccak256(code) !== each.runtimeCodeHash) throw new Error(`${each.contract} did not land at its address`);
  }
  return { client, stop: () => node.kill() };
}

/** The EIP-712 types that a type string declares. */
function typesOf(encoded) {
  const types = {};
  for (const [, name, fields] of encoded.matchAll(/(\w+)\(([^)]*)\)/g)) {
    types[name] = fields.split(",").map((field) => {
      const [type, fieldName] = field.split(" ");
      return { name: fieldName, type };
    });
  }
  return types;
}

const domain = {
  name: "Consentry", version: "1", chainId: 31337, verifyingContract: registry.address,
};
const DIRECTORY = {
  Bind: "Bind(string tenant,bytes32 patientRefHash,address subject,uint256 nonce,uint64 deadline)",
  Endorse: "Endorse(string tenant,bytes32 patientRefHash,address subject,address newSubject,uint256 nonce,uint64 deadline)",
  LiftStop: "LiftStop(string tenant,bytes32 patientRefHash,address subject,bytes16 stop,uint64 deadline)",
  BindGrantee: "BindGrantee(string tenant,string organization,string practitioner,address grantee,uint256 nonce,uint64 deadline)",
};
const typeOf = (name) => DIRECTORY[name] ?? typehashes.types[name].type;

function typedData(name, message, over = domain) {
  const types = {
    EIP712Domain: [
      { name: "name", type: "string" }, { name: "version", type: "string" },
      { name: "chainId", type: "uint256" }, { name: "verifyingContract", type: "address" },
    ],
    ...typesOf(typeOf(name)),
  };
  return { types, primaryType: name, domain: over, message };
}

const patientRefHash = (fhirId) => keccak256(toHex(`Patient/${fhirId}`));
const both = { actor: owner, subject: owner, grantee, scopeId };
const window = { validFrom: 1_900_000_000, validTo: 1_902_592_000 };
const op = (kind, scope, version, when = { validFrom: 0, validTo: 0 }) => ({ kind, grantee, scopeId: scope, ...when, version });
const ordered = (ops) => [...ops].sort((a, b) => (a.scopeId < b.scopeId ? -1 : 1));

const CASES = [
  ["a request", "Request", "grantee", { actor: grantee, subject: owner, grantee, scopeId, ...window, respondBy: 1_900_086_400, version: 1, deadline: 1_900_003_600 }],
  ["a grant for thirty days", "Grant", "owner", { ...both, seq: 0, ...window, version: 1, deadline: 1_900_003_600 }],
  ["a grant until revoked", "Grant", "owner", { ...both, seq: 3, validFrom: 1_900_000_000, validTo: MAX40, version: 5, deadline: 1_900_003_600 }],
  ["a grant with every counter at its end", "Grant", "owner", { ...both, seq: 2 ** 24 - 1, validFrom: 0, validTo: MAX40, version: 2 ** 32 - 1, deadline: MAX40 }],
  ["a grant by a delegate", "Grant", "other", { ...both, actor: other, seq: 1, ...window, version: 2, deadline: 1_900_003_600 }],
  ["a denial", "Deny", "owner", { ...both, throughVersion: 2, deadline: MAX40 }],
  ["a revocation without end", "Revoke", "owner", { ...both, throughVersion: 7, deadline: MAX40 }],
  ["a revocation with a deadline", "Revoke", "owner", { ...both, throughVersion: 1, deadline: 1_900_003_600 }],
  ["a relinquishment", "Relinquish", "grantee", { actor: grantee, subject: owner, grantee, scopeId, version: 2, deadline: 1_900_003_600 }],
  ["approve less: deny one, grant another", "Batch", "owner", { actor: owner, subject: owner, mode: 0, seq: 4, ops: ordered([op(1, scopeId, 2), op(0, otherScope, 1, window)]), deadline: 1_900_003_600 }],
  ["a batch of stops", "Batch", "owner", { actor: owner, subject: owner, mode: 1, seq: 0, ops: ordered([op(2, scopeId, 9), op(2, otherScope, 1)]), deadline: MAX40 }],
  ["stop everything", "RevokeAll", "owner", { actor: owner, subject: owner, throughEpoch: 1, throughSeq: 2, dropDelegates: false, deadline: MAX40 }],
  ["stop everything and drop delegates", "RevokeAll", "owner", { actor: owner, subject: owner, throughEpoch: 0, throughSeq: 0, dropDelegates: true, deadline: MAX40 }],
  ["void what is signed", "Invalidate", "owner", { actor: owner, subject: owner, throughSeq: 5, deadline: MAX40 }],
  ["a rotation", "Rotate", "owner", { actor: owner, subject: owner, newController: other, seq: 1, deadline: 1_900_003_600 }],
  ["accepting control", "AcceptControl", "other", { actor: other, subject: owner, seq: 1, deadline: 1_900_003_600 }],
  ["a delegate", "SetDelegate", "owner", { actor: owner, subject: owner, delegate: other, rights: 3, ...window, nonce: 1, seq: 0, deadline: 1_900_003_600 }],
  ["removing a delegate", "RemoveDelegate", "owner", { actor: owner, subject: owner, delegate: other, throughNonce: 1, deadline: MAX40 }],
  ["a recoverer", "SetRecovery", "owner", { actor: owner, subject: owner, recoverer: other, delay: 172_800, nonce: 1, seq: 0, deadline: 1_900_003_600 }],
  ["proposing a recovery", "ProposeRecovery", "other", { actor: other, subject: owner, newController: other, proposalId: 1, deadline: 1_900_003_600 }],
  ["a veto", "Veto", "owner", { actor: owner, subject: owner, proposalId: 1, deadline: MAX40 }],
  ["a freeze", "Freeze", "other", { actor: other, subject: owner, seq: 0, deadline: 1_900_003_600 }],
  ["an unfreeze", "Unfreeze", "owner", { actor: owner, subject: owner, seq: 0, deadline: 1_900_003_600 }],
  ["binding a key", "Bind", "owner", { tenant: "general-hospital", patientRefHash: patientRefHash("p-1"), subject: owner, nonce: "1", deadline: 2_000_000_000 }],
  ["binding a key with the largest nonce, a tenant beyond ASCII", "Bind", "owner", { tenant: "شفاخانه", patientRefHash: patientRefHash("p-1"), subject: owner, nonce: (2n ** 256n - 1n).toString(), deadline: 2_000_000_000 }],
  ["endorsing another key", "Endorse", "owner", { tenant: "general-hospital", patientRefHash: patientRefHash("p-1"), subject: owner, newSubject: other, nonce: "2", deadline: 2_000_000_000 }],
  ["lifting a stop", "LiftStop", "owner", { tenant: "general-hospital", patientRefHash: patientRefHash("p-1"), subject: owner, stop: `0x${"5c".repeat(16)}`, deadline: 2_000_000_000 }],
  ["binding an organisation's address", "BindGrantee", "grantee", { tenant: "general-hospital", organization: "clinic-a", practitioner: "", grantee, nonce: "1", deadline: 2_000_000_000 }],
  ["binding a practitioner's address", "BindGrantee", "grantee", { tenant: "general-hospital", organization: "clinic-a", practitioner: "dr-7", grantee, nonce: "2", deadline: 2_000_000_000 }],
];

const structOf = (message) => JSON.parse(JSON.stringify(message));
const sign = (data, key) => cast("wallet", "sign", "--private-key", key, "--data", JSON.stringify(data));
const compact = (signature) => {
  const [r, s, v] = [signature.slice(2, 66), signature.slice(66, 130), Number.parseInt(signature.slice(130), 16)];
  return `0x${r}${((BigInt(`0x${s}`) | (BigInt(v - 27) << 255n))).toString(16).padStart(64, "0")}`;
};
const N = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
const highS = (signature) => {
  const s = N - BigInt(`0x${signature.slice(66, 130)}`);
  const v = signature.endsWith("1b") ? "1c" : "1b";
  return `${signature.slice(0, 66)}${s.toString(16).padStart(64, "0")}${v}`;
};

async function intents({ client }) {
  const cases = [];
  for (const [name, action, by, message] of CASES) {
    const data = typedData(action, structOf(message));
    // `cast` hashes as Rust does (alloy); the contracts' word counts where they have one.
    const signature = sign(data, KEYS[by]);
    const digest = DIRECTORY[action]
      ? null
      : await client.readContract({ address: lens.address, abi: lens.abi, functionName: `digest${action}`, args: [registry.address, message] });
    cases.push({ name, action, signedBy: by, message: structOf(message), digest, signature, compactSignature: compact(signature) });
  }
  for (const each of cases) {
    // Whoever recovers the signer from digest and signature has checked the digest: cast signed the typed data itself.
    each.digest ??= directoryDigest(each.action, each.message);
    const verified = cast("wallet", "verify", "--no-hash", "--address", privateKeyToAddress(KEYS[each.signedBy]), each.digest, each.signature);
    if (!/succeeded/i.test(verified)) throw new Error(`${each.name}: ${verified}`);
  }
  return cases;
}

/** The digest of a statement by cast's own ABI coder and keccak; `cast wallet verify` then confirms it. */
function directoryDigest(action, message) {
  const fields = typesOf(typeOf(action))[action];
  const words = fields.map(({ name, type }) => {
    if (type === "string") return cast("keccak", toHex(message[name]));
    if (type.startsWith("bytes")) return pad(message[name], { dir: "right", size: 32 });
    return cast("abi-encode", `f(${type})`, String(message[name]));
  });
  const struct = cast("keccak", concat([cast("keccak", toHex(typeOf(action))), ...words]));
  return cast("keccak", concat(["0x1901", typehashes.domain.separator, struct]));
}

async function passkey({ client }, digest) {
  const secret = Uint8Array.from({ length: 32 }, () => 7);
  const point = p256.getPublicKey(secret, false);
  const [x, y] = [toHex(point.slice(1, 33)), toHex(point.slice(33))];
  const key = concat([x, y]);
  const signer = concat([verifier.address, key]).toLowerCase();
  const sha256 = (...parts) => parts.reduce((hash, part) => hash.update(part), createHash("sha256")).digest();
  const clientDataJSON = JSON.stringify({
    type: "webauthn.get", challenge: Buffer.from(digest.slice(2), "hex").toString("base64url"), origin: "http://localhost:7010", crossOrigin: false,
  });
  const authenticatorData = Buffer.concat([sha256("localhost"), Buffer.from([0x05, 0, 0, 0, 9])]);
  const signed = p256.sign(sha256(authenticatorData, sha256(clientDataJSON)), secret, { prehash: false, lowS: true });
  const [r, s] = [signed.r, signed.s].map((each) => toHex(each, { size: 32 }));
  const signature = encodeAbiParameters(
    [{ type: "bytes32" }, { type: "bytes32" }, { type: "uint256" }, { type: "uint256" }, { type: "bytes" }, { type: "bytes" }],
    [r, s, BigInt(clientDataJSON.indexOf('"challenge"')), BigInt(clientDataJSON.indexOf('"type"')), toHex(authenticatorData), toHex(clientDataJSON)],
  );
  const actor = await client.readContract({ address: lens.address, abi: lens.abi, functionName: "signerId", args: [signer] });
  const yes = await client.readContract({ address: verifier.address, abi: verifier.abi, functionName: "verify", args: [key, digest, signature] });
  if (yes !== "0x024ad318") throw new Error("the deployed verifier refuses the passkey's signature");
  return {
    note: "What an authenticator and a browser give for a digest, and the signature that the registry takes for it. `der` is the authenticator's form, with a high s.",
    verifier: verifier.address, x, y, signer, actor, digest, rpId: "localhost",
    authenticatorData: toHex(authenticatorData), clientDataJSON,
    derHighS: `0x${new p256.Signature(signed.r, p256.CURVE.n - signed.s).toDERHex()}`,
    signature,
  };
}

async function consentIds({ client }) {
  const cases = [];
  const of = (subject, to, scope) => client.readContract({ address: registry.address, abi: registry.abi, functionName: "consentId", args: [subject, to, scope] });
  for (const [name, subject, to, document] of [
    ["a patient and a clinic", owner, grantee, policies.valid[0]],
    ["the same two, another salt", owner, grantee, policies.valid.find((each) => each.hash === scopeId)],
    ["the same policy, the two swapped", grantee, owner, policies.valid[0]],
    ["another patient", other, grantee, policies.valid[0]],
  ]) {
    cases.push({ name, chainId: 31337, registry: registry.address, subject, grantee: to, policy: document.input, scopeId: document.hash, consentId: await of(subject, to, document.hash) });
  }
  // Elsewhere the contract cannot be asked: cast's ABI coder and keccak.
  const elsewhere = { chainId: 1, registry: other };
  const encoded = cast("abi-encode", "f(uint256,address,address,address,bytes32)", "1", other, owner, grantee, policies.valid[0].hash);
  cases.push({ name: "another chain and registry", ...elsewhere, subject: owner, grantee, policy: policies.valid[0].input, scopeId: policies.valid[0].hash, consentId: cast("keccak", encoded) });
  return { note: "keccak256(abi.encode(chainId, registry, subject, grantee, scopeId)), asked of the contract. The scope id is the hash of the policy document.", cases };
}

function negatives(cases) {
  const revoke = cases.find((each) => each.name === "a revocation without end");
  const base = { action: "Revoke", message: revoke.message, actor: owner, digest: revoke.digest };
  const byOther = sign(typedData("Revoke", revoke.message), KEYS.other);
  const elsewhere = sign(typedData("Revoke", revoke.message, { ...domain, chainId: 1 }), KEYS.owner);
  const byAnother = sign(typedData("Revoke", revoke.message, { ...domain, verifyingContract: other }), KEYS.owner);
  const deny = sign(typedData("Deny", revoke.message), KEYS.owner);
  const later = sign(typedData("Revoke", { ...revoke.message, throughVersion: 8 }), KEYS.owner);
  const wrong = "SIGNATURE_WRONG_SIGNER", malformed = "SIGNATURE_MALFORMED";
  return [
    ["another key's", byOther, wrong], ["for another chain", elsewhere, wrong], ["for another registry", byAnother, wrong], ["the same members as a denial", deny, wrong],
    ["for another version", later, wrong], ["with a high s (malleable)", highS(revoke.signature), malformed],
    ["with v 0 or 1", `${revoke.signature.slice(0, 130)}0${Number.parseInt(revoke.signature.slice(130), 16) - 27}`, malformed],
    ["cut short", revoke.signature.slice(0, 128), malformed], ["zeros", `0x${"00".repeat(65)}`, malformed], ["empty", "0x", malformed],
  ].map(([name, signature, code]) => ({ name, ...base, signature, code }));
}

/** Wire values that every reader refuses. */
function invalidWire(cases) {
  const revoke = cases.find((each) => each.name === "a revocation without end");
  const grant = cases.find((each) => each.name === "a grant for thirty days");
  const wire = (changes = {}, intent = {}, proof = {}) => ({
    action: "Revoke", intent: { ...revoke.message, ...intent }, proof: { signer: "0x", signature: revoke.signature, ...proof }, ...changes,
  });
  const without = (object, key) => Object.fromEntries(Object.entries(object).filter(([name]) => name !== key));
  return [
    ["unknown action", wire({ action: "Approve" }), "INTENT_UNKNOWN_ACTION"],
    ["action in lower case", wire({ action: "revoke" }), "INTENT_UNKNOWN_ACTION"],
    ["unknown member", wire({ memo: "x" }), "INTENT_UNKNOWN_MEMBER"],
    ["unknown member of the intent", wire({}, { version: 7 }), "INTENT_UNKNOWN_MEMBER"],
    ["unknown member of the proof", wire({}, {}, { key: "0x" }), "INTENT_UNKNOWN_MEMBER"],
    ["an acceptance that does not belong there", wire({ acceptance: { deadline: 1, proof: { signer: "0x", signature: "0x01" } } }), "INTENT_UNKNOWN_MEMBER"],
    ["missing member", wire({ intent: without(revoke.message, "throughVersion") }), "INTENT_MISSING"],
    ["a stop that names no version, as null", wire({}, { throughVersion: null }), "INTENT_FORM"],
    ["a number as a string", wire({}, { throughVersion: "7" }), "INTENT_FORM"],
    ["a version beyond 32 bits", wire({}, { throughVersion: 2 ** 32 }), "INTENT_FORM"],
    ["a negative version", wire({}, { throughVersion: -1 }), "INTENT_FORM"],
    ["a fraction", wire({}, { throughVersion: 1.5 }), "INTENT_FORM"],
    ["a deadline beyond 40 bits", wire({}, { deadline: 2 ** 40 }), "INTENT_FORM"],
    ["an address too short", wire({}, { grantee: grantee.slice(0, 40) }), "INTENT_FORM"],
    ["an address with 0X", wire({}, { grantee: grantee.replace("0x", "0X") }), "INTENT_FORM"],
    ["a scope that is no hash", wire({}, { scopeId: grantee }), "INTENT_FORM"],
    ["an empty signature", wire({}, {}, { signature: "0x" }), "INTENT_FORM"],
    ["a signature of an odd length", wire({}, {}, { signature: "0x123" }), "INTENT_FORM"],
    ["seq beyond 24 bits", { action: "Grant", intent: { ...grant.message, seq: 2 ** 24 }, proof: { signer: "0x", signature: grant.signature } }, "INTENT_FORM"],
    ["an empty batch", { action: "Batch", intent: { actor: owner, subject: owner, mode: 0, seq: 0, ops: [], deadline: MAX40 }, proof: { signer: "0x", signature: "0x01" } }, "INTENT_FORM"],
  ].map(([name, json, code]) => ({ name, json, code }));
}

async function main() {
  const node = await chain();
  try {
    const cases = await intents(node);
    const revoke = cases.find((each) => each.action === "Revoke");
    const files = {
      "consent-id.json": await consentIds(node),
      "intents.json": {
        note: "What people sign, EIP-712. Digests are the contracts' own (IntentLens), those of statements to the directory by Foundry's cast; all signatures are cast's. Numbers are JSON integers except a uint256, which is decimal text. The keys are in this file and so worth nothing.",
        domain: typehashes.domain,
        keys: Object.fromEntries(Object.entries(KEYS).map(([name, privateKey]) => [name, { privateKey, address: privateKeyToAddress(privateKey) }])),
        types: Object.fromEntries([...new Set(CASES.map(([, action]) => action))].map((name) => [name, { type: typeOf(name), typeHash: cast("keccak", toHex(typeOf(name))) }])),
        cases,
        patientRefHash: { fhirId: "p-1", hash: patientRefHash("p-1") },
        passkey: await passkey(node, revoke.digest),
        invalidSignatures: negatives(cases),
        invalidWire: invalidWire(cases),
      },
    };
    let stale = false;
    for (const [name, content] of Object.entries(files)) {
      const path = `${root}sdk/vectors/${name}`, text = `${JSON.stringify(content, null, 1)}\n`;
      if (!process.argv.includes("--check")) writeFileSync(path, text);
      else if (readFileSync(path, "utf8") !== text) {
        console.error(`stale: sdk/vectors/${name} – run npm --prefix sdk/js-sdk run vectors and commit the result`);
        stale = true;
      }
    }
    process.exitCode = stale ? 1 : 0;
  } finally {
    node.stop();
  }
}

await main();
