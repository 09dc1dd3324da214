import assert from "node:assert/strict";
import { test } from "node:test";
import { keccak256, stringToHex } from "viem/utils";
import {
  checkSignature, consentIdOf, developmentSigner, digestOf, domainOf, eip1193Signer, encodeAssertion, fromWire, isStop, passkeySigner,
  patientRefHash, signerIdOf, signIntent, toWire, typesOf, type Address, type Hex, type Signable,
} from "../../src/intents/index.js";
import { parsePolicy } from "../../src/policy/index.js";
import { vectors } from "./vectors.js";

interface Case { name: string; action: string; signedBy: string; message: Record<string, unknown>; digest: Hex; signature: Hex; compactSignature: Hex }
interface Vectors {
  domain: { chainId: number; verifyingContract: Address };
  keys: Record<string, { privateKey: Hex; address: Address }>;
  types: Record<string, { type: string; typeHash: Hex }>;
  cases: Case[];
  patientRefHash: { fhirId: string; hash: Hex };
  passkey: { verifier: Address; x: Hex; y: Hex; signer: Hex; actor: Address; digest: Hex; rpId: string; authenticatorData: Hex; clientDataJSON: string; derHighS: Hex; signature: Hex };
  invalidSignatures: { name: string; actor: Address; digest: Hex; signature: Hex; code: string }[];
  invalidWire: { name: string; json: unknown; code: string }[];
}
const all = vectors<Vectors>("intents");
const domain = domainOf({ chainId: all.domain.chainId, registry: all.domain.verifyingContract });
const signable = ({ action, message }: Case) => ({ action, message }) as unknown as Signable;
const bytes = (hex: Hex) => new Uint8Array(Buffer.from(hex.slice(2), "hex"));
const find = (name: string) => all.cases.find((each) => each.name === name)!;

for (const [action, { type, typeHash }] of Object.entries(all.types)) {
  test(`type of ${action}`, () => {
    const own = Object.entries(typesOf(action)).map(([name, fields]) => `${name}(${fields.map((field) => `${field.type} ${field.name}`).join(",")})`).join("");
    assert.equal(own, type);
    assert.equal(keccak256(stringToHex(own)), typeHash);
  });
}

for (const each of all.cases) {
  test(`signed: ${each.name}`, async () => {
    const { privateKey, address } = all.keys[each.signedBy]!;
    assert.equal(digestOf(domain, signable(each)), each.digest);
    const proof = await developmentSigner(privateKey).sign(domain, signable(each));
    assert.deepEqual(proof, { signer: "0x", signature: each.signature });
    await checkSignature(address, each.digest, each.signature);
    await checkSignature(address, each.digest, each.compactSignature);
  });
}

for (const { name, actor, digest, signature, code } of all.invalidSignatures) {
  test(`signature refused: ${name}`, () => assert.rejects(checkSignature(actor, digest, signature), { code }));
}

for (const { name, json, code } of all.invalidWire) {
  test(`wire refused: ${name}`, () => assert.throws(() => fromWire(json), { code }));
}

test("what is signed goes over the wire as it is", async () => {
  const each = find("a revocation without end");
  const signed = await signIntent(developmentSigner(all.keys.owner!.privateKey), domain, signable(each) as never);
  assert.deepEqual(toWire(signed), { action: "Revoke", intent: each.message, proof: { signer: "0x", signature: each.signature } });
  const batch = find("approve less: deny one, grant another");
  assert.deepEqual(toWire({ ...signable(batch), proof: signed.proof } as never).intent, batch.message);
});

for (const each of vectors<{ cases: { name: string; chainId: number; registry: Address; subject: Address; grantee: Address; policy: string; scopeId: Hex; consentId: Hex }[] }>("consent-id").cases) {
  test(`consent id: ${each.name}`, () => {
    assert.equal(parsePolicy(each.policy).hash, each.scopeId);
    assert.equal(consentIdOf(each), each.consentId);
  });
}

test("stops are told from what opens something", () => {
  assert.ok(isStop(signable(find("a batch of stops")) as never));
  assert.ok(!isStop(signable(find("approve less: deny one, grant another")) as never));
  assert.ok(isStop(signable(find("stop everything")) as never));
  assert.ok(!isStop(signable(find("a grant until revoked")) as never));
});

test("a patient is named by a hash", () => {
  assert.equal(patientRefHash(all.patientRefHash.fhirId), all.patientRefHash.hash);
});

test("a passkey's assertion becomes what the deployed verifier takes, with a low s", async () => {
  const { passkey } = all;
  const parts = { authenticatorData: bytes(passkey.authenticatorData), clientDataJSON: new TextEncoder().encode(passkey.clientDataJSON), signature: bytes(passkey.derHighS) };
  assert.equal(signerIdOf(passkey.signer).toLowerCase(), passkey.actor.toLowerCase());
  let asked: PublicKeyCredentialRequestOptions | undefined;
  const signer = passkeySigner({ credentialId: new Uint8Array([1, 2]), x: passkey.x, y: passkey.y, rpId: passkey.rpId }, passkey.verifier, (options) => {
    asked = options;
    return Promise.resolve(parts);
  });
  assert.equal(signer.address.toLowerCase(), passkey.actor.toLowerCase());
  const proof = await signer.sign(domain, signable(find("a revocation without end")).action === "Revoke" ? revocationOf(passkey.digest) : never());
  assert.deepEqual(proof, { signer: passkey.signer, signature: passkey.signature });
  assert.equal(asked?.userVerification, "required");
  assert.equal(Buffer.from(asked?.challenge as ArrayBuffer).toString("hex"), passkey.digest.slice(2));
  assert.throws(() => encodeAssertion(all.cases[0]!.digest, parts), { code: "SIGNER_UNAVAILABLE" });
});

function revocationOf(digest: Hex): Signable {
  return signable(all.cases.find((each) => each.digest === digest)!);
}
function never(): never {
  throw new Error("unreachable");
}

test("a wallet is shown the typed data of the right chain, and its refusal is told apart", async () => {
  const each = find("binding a key with the largest nonce, a tenant beyond ASCII");
  const { address } = all.keys.owner!;
  const calls: { method: string; params?: unknown }[] = [];
  let chain = "0x7a69";
  const provider = {
    async request(call: { method: string; params?: unknown }) {
      calls.push(call);
      if (call.method === "eth_chainId") return chain;
      if (call.method === "eth_signTypedData_v4") return each.signature;
      return [address];
    },
  };
  const signer = await eip1193Signer(provider);
  const statement = { action: "Bind", message: { ...each.message, nonce: BigInt(each.message.nonce as string) } } as Signable;
  assert.equal((await signer.sign(domain, statement)).signature, each.signature);
  const [account, text] = calls.at(-1)!.params as [string, string];
  assert.equal(account, address);
  assert.deepEqual(JSON.parse(text).message, each.message);
  assert.equal(JSON.parse(text).primaryType, "Bind");
  chain = "0x1";
  await assert.rejects(signer.sign(domain, statement), { code: "SIGNER_WRONG_CHAIN", kind: "Signer" });
  await assert.rejects(eip1193Signer(provider, all.keys.other!.address), { code: "SIGNER_WRONG_ACCOUNT" });
  const refusing = { request: () => Promise.reject(Object.assign(new Error("no"), { code: 4001 })) };
  await assert.rejects(eip1193Signer(refusing), { code: "SIGNER_REFUSED" });
});

test("text that cannot be written is not replaced and signed", () => {
  const bind = find(all.cases.find(({ action }) => action === "Bind")!.name);
  const broken = { action: "Bind", message: { ...bind.message, tenant: "a\ud800" } } as unknown as Signable;
  assert.throws(() => digestOf(domain, broken), { code: "INTENT_FORM" });
  assert.throws(() => patientRefHash("\udc00"), { code: "INTENT_FORM" });
});
