/** What the page under test does, with the built package as an application bundles it. */
import * as browser from "@consentry/sdk/browser";
import { checkSignature, consentIdOf, digestOf, eip1193Signer, fromWire, passkeySigner, type Domain, type Hex, type Signable } from "@consentry/sdk/intents";
import { buildPolicy, explainPolicy, parsePolicy } from "@consentry/sdk/policy";
import { createConsentry, type ConsentryError, type Deployment } from "@consentry/sdk";

interface PolicyVectors {
  valid: { name: string; input: string; canonical: string; hash: string }[];
  invalid: { name: string; input: string; code: string }[];
  invalidBytes: { name: string; hex: string; code: string }[];
  padded: { name: string; input: string; bytes: number; hash?: string; code?: string }[];
}
interface IntentVectors {
  cases: (Signable & { name: string; digest: Hex; signedBy: string; signature: Hex; compactSignature: Hex })[];
  keys: Record<string, { address: Hex }>;
  invalidSignatures: { name: string; actor: Hex; digest: Hex; signature: Hex; code: string }[];
  invalidWire: { name: string; json: unknown; code: string }[];
}
interface IdVectors { cases: (Parameters<typeof consentIdOf>[0] & { name: string; policy: string; consentId: Hex })[] }

const codeOf = async (work: () => unknown) => {
  try {
    await work();
    return "nothing was refused";
  } catch (error) {
    return (error as ConsentryError).code;
  }
};
const bytesOf = (hex: string) => Uint8Array.from(hex.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));

/** Policies: what is wrong, by name; and how many were looked at. */
async function policies(all: PolicyVectors) {
  const wrong: string[] = [];
  const expect = (name: string, is: unknown, must: unknown) => is === must || wrong.push(`${name}: ${String(is)} instead of ${String(must)}`);
  for (const { name, input, canonical, hash } of all.valid) {
    const policy = parsePolicy(input);
    expect(name, policy.canonical, canonical);
    expect(name, policy.hash, hash);
  }
  for (const { name, input, code } of all.invalid) expect(name, await codeOf(() => parsePolicy(input)), code);
  for (const { name, hex, code } of all.invalidBytes) expect(name, await codeOf(() => parsePolicy(bytesOf(hex))), code);
  for (const { name, input, bytes, hash, code } of all.padded) {
    const padded = input.padEnd(bytes);
    expect(name, hash === undefined ? await codeOf(() => parsePolicy(padded)) : parsePolicy(padded).hash, hash ?? code);
  }
  const built = buildPolicy({ resources: ["Observation"], purpose: ["TREAT"] });
  expect("built here", parsePolicy(built.canonical).hash, built.hash);
  expect("explained", explainPolicy(built).what.includes("measurements and test results"), true);
  return { wrong, looked: all.valid.length + all.invalid.length + all.invalidBytes.length + all.padded.length };
}

async function intents(domain: Domain, all: IntentVectors, ids: IdVectors) {
  const wrong: string[] = [];
  const expect = (name: string, is: unknown, must: unknown) => is === must || wrong.push(`${name}: ${String(is)} instead of ${String(must)}`);
  for (const { name, digest, signedBy, signature, compactSignature, ...what } of all.cases) {
    expect(name, digestOf(domain, what as Signable), digest);
    for (const each of [signature, compactSignature]) await checkSignature(all.keys[signedBy]!.address, digest, each).catch((error: unknown) => wrong.push(`${name}: ${String(error)}`));
  }
  for (const { name, actor, digest, signature, code } of all.invalidSignatures) expect(name, await codeOf(() => checkSignature(actor, digest, signature)), code);
  for (const { name, json, code } of all.invalidWire) expect(name, await codeOf(() => fromWire(json)), code);
  for (const { name, policy, consentId, ...of } of ids.cases) expect(name, consentIdOf({ ...of, scopeId: parsePolicy(policy).hash }), consentId);
  return { wrong, looked: all.cases.length + all.invalidSignatures.length + all.invalidWire.length + ids.cases.length };
}

/** Makes a passkey and signs with it what a portal would. */
async function signs(domain: Domain, verifier: Hex, what: Signable) {
  const made = (await navigator.credentials.create({
    publicKey: {
      rp: { id: location.hostname, name: "Consentry" }, user: { id: new Uint8Array([1]), name: "p-1", displayName: "p-1" }, challenge: new Uint8Array(32),
      pubKeyCredParams: [{ type: "public-key", alg: -7 }], authenticatorSelection: { userVerification: "required" },
    },
  })) as PublicKeyCredential;
  const spki = new Uint8Array((made.response as AuthenticatorAttestationResponse).getPublicKey()!);
  const hex = (bytes: Uint8Array): Hex => `0x${Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
  const [x, y] = [hex(spki.slice(-64, -32)), hex(spki.slice(-32))];
  const key = { credentialId: new Uint8Array(made.rawId), x, y, rpId: location.hostname };
  const signer = passkeySigner(key, verifier);
  const elsewhere = passkeySigner({ ...key, credentialId: new Uint8Array([9]) }, verifier);
  const refusing = AbortSignal.timeout(500);
  return { x, y, digest: digestOf(domain, what), address: signer.address, ...(await signer.sign(domain, what)), unknownKey: await elsewhere.sign(domain, what, refusing).then(() => "signed", (error: unknown) => (error as { code?: string; name?: string }).code ?? "refused") };
}

/** A session of this page's own server: cookie, guard, and paths that are this origin's. */
async function session() {
  const found = await browser.browserSession();
  if (found === undefined) return undefined;
  const deployment: Deployment = await found.deployment();
  const keys = await createConsentry({ deployment, auth: found }).keys.list();
  return { identity: found.identity, services: deployment.services, keys: keys.length, url: found.signInUrl({ acr: "aal2" }) };
}

Object.assign(globalThis, { sdk: { policies, intents, signs, session, eip1193Signer } });
