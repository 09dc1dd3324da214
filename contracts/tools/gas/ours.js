// Our operations, each one transaction on a chain of its own state.
"use strict";

const { run } = require("../common/run.js");
const { typesOf } = require("./abi.js");
const { CHAIN_ID, PEOPLE } = require("./chain.js");
const { executionGas, floorOf } = require("./cost.js");
const { Passkey } = require("./passkey.js");

const { patient, clinic, relayer, relative } = PEOPLE;
const DAY = 86_400;
const UNLIMITED = 2 ** 40 - 1;
const ITEMS = 50;
const GRANT_RIGHT = 4;
/** Entries of an audit log that is long enough for call data as dear as it gets. */
const FIRST_SIZE = 0x0101010101;
const OP = { grant: 0, revoke: 2 };
const NOBODY = `0x${"0".repeat(40)}`;
const NO_PROOF = { signer: "0x", signature: "0x" };

const scope = (name) => run("cast", "keccak", `salted policy ${name}`);

/** A registry and what its parties do with it; every function sends one transaction. */
class Bench {
  constructor(chain, registry, passkey) {
    Object.assign(this, { chain, registry, passkey });
    this.domain = { name: "Consentry", version: "1", chainId: CHAIN_ID, verifyingContract: registry.address };
    this.one = scope(1);
  }

  get soon() {
    return this.chain.time + DAY;
  }

  consent(subject = patient) {
    return { subject, grantee: clinic, scopeId: this.one };
  }

  window(end = this.chain.time + 365 * DAY) {
    return { validFrom: this.chain.time, validTo: end };
  }

  request(grantee = clinic, registry = this.registry) {
    const what = { subject: patient, grantee, scopeId: this.one, ...this.window(), version: 1 };
    return registry.send(grantee, "request", { ...what, respondBy: this.chain.time + 30 * DAY });
  }

  grant(version = 1, end = undefined) {
    return this.registry.send(patient, "grant", { ...this.consent(), ...this.window(end), version, seq: 0 });
  }

  stop(name) {
    return this.registry.send(patient, name, this.consent());
  }

  /** A grant for the subject that is the signer itself. */
  grantIntent(actor) {
    return { actor, ...this.consent(actor), ...this.window(), version: 1, seq: 0, deadline: this.soon };
  }

  revokeIntent() {
    return { actor: patient, ...this.consent(), throughVersion: 2, deadline: UNLIMITED };
  }

  batchIntent(kind, version) {
    const window = kind === OP.grant ? this.window() : { validFrom: 0, validTo: 0 };
    const scopes = Array.from({ length: ITEMS }, (_, i) => scope(i)).sort();
    const ops = scopes.map((scopeId) => ({ kind, grantee: clinic, scopeId, ...window, version }));
    return { actor: patient, subject: patient, mode: 0, seq: 0, ops, deadline: this.soon };
  }

  batch(intent) {
    return this.registry.send(patient, "batch", { intent, proof: NO_PROOF });
  }

  /** The proof of one of the people over an intent. */
  async signed(by, struct, intent) {
    const types = typesOf(this.registry.abi, struct);
    return { signer: "0x", signature: await this.chain.sign(by, this.domain, types, struct, intent) };
  }

  /** The intent of an address, relayed by another. */
  async relay(name, struct, intent, compact = false) {
    const proof = await this.signed(intent.actor, struct, intent);
    if (compact) proof.signature = compacted(proof.signature);
    return this.registry.send(relayer, name, { intent, proof });
  }

  /** An intent that its actor sends itself. */
  act(name, intent) {
    return this.registry.send(intent.actor, name, { intent, proof: NO_PROOF });
  }

  /** A grant by the passkey, relayed. */
  grantByPasskey() {
    const intent = this.grantIntent(this.passkey.id);
    const proof = this.passkey.prove(digest(this.domain, "Grant", typesOf(this.registry.abi, "Grant"), intent));
    return this.registry.send(relayer, "grantBySig", { intent, proof });
  }

  /** The next root of a hospital's audit log. */
  async anchorLog(treeSize) {
    const log = { logId: scope("log") };
    const previousHead = await this.anchor.view("head", { logger: clinic, ...log });
    return this.anchor.send(clinic, "anchor", { ...log, previousHead, root: scope(treeSize), treeSize });
  }

  /** The new controller's agreement. */
  async acceptance(actor, subject, seq) {
    const types = { AcceptControl: ACCEPT_CONTROL };
    const message = { actor, subject, seq, deadline: this.soon };
    const signature = await this.chain.sign(actor, this.domain, types, "AcceptControl", message);
    return { deadline: this.soon, proof: { signer: "0x", signature } };
  }
}

// No function takes it, so the ABI does not have it.
const ACCEPT_CONTROL = [
  { name: "actor", type: "address" },
  { name: "subject", type: "address" },
  { name: "seq", type: "uint24" },
  { name: "deadline", type: "uint40" },
];

/** The 64 bytes of EIP-2098 for the 65 of (r, s, v). */
function compacted(signature) {
  const s = BigInt(`0x${signature.slice(66, 130)}`);
  const parity = BigInt(`0x${signature.slice(130)}`) - 27n;
  return signature.slice(0, 66) + (s | (parity << 255n)).toString(16).padStart(64, "0");
}

/** What EIP-712 has signed for a struct of plain fields. */
function digest(domain, name, types, values) {
  const keccak = (hex) => run("cast", "keccak", hex);
  const hashOf = (text) => keccak(`0x${Buffer.from(text).toString("hex")}`);
  const structHash = (typeText, fields) => {
    const list = fields.map(({ type }) => type);
    const encoded = ["cast", "abi-encode", `f(bytes32,${list.join(",")})`, hashOf(typeText)];
    return keccak(run(...encoded, ...fields.map(({ value }) => String(value))));
  };
  const fields = types[name].map((field) => ({ type: field.type, value: values[field.name] }));
  const typeText = `${name}(${types[name].map((field) => `${field.type} ${field.name}`).join(",")})`;
  const separator = structHash("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)", [
    { type: "bytes32", value: hashOf(domain.name) },
    { type: "bytes32", value: hashOf(domain.version) },
    { type: "uint256", value: domain.chainId },
    { type: "address", value: domain.verifyingContract },
  ]);
  return keccak(`0x1901${separator.slice(2)}${structHash(typeText, fields).slice(2)}`);
}

/** Every row: its name, its goal if it has one, among how many items it is shared, and its transaction. */
const ROWS = [
  { name: "request", goal: 51_800, run: (b) => b.request() },
  { name: "request by a verified organisation", goal: 57_000, run: (b) => b.request(clinic, b.checking) },
  { name: "request by a verified practitioner", run: (b) => b.request(relative, b.checking) },
  { name: "grant", goal: 51_800, run: (b) => b.grant() },
  { name: "grant by signature", goal: 61_500, run: (b) => b.relay("grantBySig", "Grant", b.grantIntent(patient)) },
  {
    name: "grant by compact signature (EIP-2098)",
    goal: 61_500,
    run: (b) => b.relay("grantBySig", "Grant", b.grantIntent(patient), true),
  },
  { name: "grant by passkey, with the precompile", goal: 82_000, run: (b) => b.grantByPasskey() },
  { name: "grant by passkey, without the precompile", hardfork: "prague", run: (b) => b.grantByPasskey() },
  {
    name: "approve a request",
    goal: 34_800,
    run: async (b) => {
      await b.request();
      return b.grant(1);
    },
  },
  {
    name: "renew",
    goal: 34_800,
    run: async (b) => {
      await b.grant(1);
      return b.grant(2);
    },
  },
  {
    name: "grant over a lapse",
    goal: 37_100,
    run: async (b) => {
      await b.grant(1, b.chain.time + DAY);
      b.chain.wait(2 * DAY);
      return b.grant(2);
    },
  },
  {
    name: "revoke",
    goal: 33_500,
    run: async (b) => {
      await b.grant();
      return b.stop("revoke");
    },
  },
  {
    name: "revoke by signature",
    goal: 41_500,
    run: async (b) => {
      await b.grant();
      return b.relay("revokeBySig", "Revoke", b.revokeIntent());
    },
  },
  {
    name: "deny",
    run: async (b) => {
      await b.request();
      return b.stop("deny");
    },
  },
  {
    name: "expire",
    goal: 32_800,
    run: async (b) => {
      await b.grant(1, b.chain.time + DAY);
      b.chain.wait(2 * DAY);
      return b.registry.send(relayer, "expire", b.consent());
    },
  },
  {
    name: "revokeAll, first of a subject",
    run: (b) => b.registry.send(patient, "revokeAll", { subject: patient, dropDelegates: false }),
  },
  {
    name: "revokeAll, next",
    goal: 29_200,
    run: async (b) => {
      const values = { subject: patient, dropDelegates: false };
      await b.registry.send(patient, "revokeAll", values);
      return b.registry.send(patient, "revokeAll", values);
    },
  },
  { name: `batch of ${ITEMS} grants, an item`, goal: 28_600, items: ITEMS, run: (b) => b.batch(b.batchIntent(OP.grant, 1)) },
  {
    name: `batch of ${ITEMS} grants by signature, an item`,
    items: ITEMS,
    run: (b) => b.relay("batch", "Batch", b.batchIntent(OP.grant, 1)),
  },
  {
    name: `batch of ${ITEMS} stops, an item`,
    goal: 28_600,
    items: ITEMS,
    run: async (b) => {
      await b.batch(b.batchIntent(OP.grant, 1));
      return b.batch(b.batchIntent(OP.revoke, 2));
    },
  },
  {
    name: "rotate to another key, which co-signs",
    run: async (b) => {
      const intent = { actor: patient, subject: patient, newController: relative, seq: 0, deadline: b.soon };
      const acceptance = await b.acceptance(relative, patient, 0);
      return b.registry.send(patient, "rotate", { intent, proof: NO_PROOF, acceptance });
    },
  },
  {
    name: "setDelegate",
    run: (b) => {
      const delegate = { delegate: relative, rights: GRANT_RIGHT, ...b.window(), nonce: 1, seq: 0 };
      return b.act("setDelegate", { actor: patient, subject: patient, ...delegate, deadline: b.soon });
    },
  },
  {
    name: "veto by signature",
    run: async (b) => {
      const [subject, deadline] = [patient, b.soon];
      const recovery = { recoverer: relative, delay: 2 * DAY, nonce: 1, seq: 0 };
      await b.act("setRecovery", { actor: patient, subject, ...recovery, deadline });
      await b.act("proposeRecovery", { actor: relative, subject, newController: clinic, proposalId: 1, deadline });
      return b.relay("veto", "Veto", { actor: patient, subject, proposalId: 1, deadline: UNLIMITED });
    },
  },
  { name: "anchor, first of a log", run: (b) => b.anchorLog(FIRST_SIZE) },
  {
    name: "anchor, next",
    goal: 31_000,
    run: async (b) => {
      await b.anchorLog(FIRST_SIZE);
      return b.anchorLog(FIRST_SIZE + 1000);
    },
  },
  {
    name: "isActive, its execution alone",
    goal: 5_400,
    isView: true,
    run: async (b) => {
      await b.grant();
      return b.registry.send(relayer, "isActive", b.consent());
    },
  },
];

/** Deploys what the rows need. */
async function prepare(chain, artifacts) {
  const registry = await chain.deploy(artifacts.registry, { hospitals: NOBODY, providers: NOBODY });
  const verifier = await chain.deploy(artifacts.verifier);
  const bench = new Bench(chain, registry, new Passkey(verifier.address, "a patient's passkey"));
  bench.checking = await prepareChecking(chain, artifacts);
  bench.anchor = await chain.deploy(artifacts.anchor);
  return bench;
}

/** A registry that knows one verified organisation, the clinic, and one practitioner of it, the relative. */
async function prepareChecking(chain, artifacts) {
  const authority = await chain.deploy(artifacts.authority, { initialAdmin: relayer });
  const hospitals = await chain.deploy(artifacts.hospitals, { authority: authority.address });
  const providers = await chain.deploy(artifacts.providers, { authority: authority.address, hospitals: hospitals.address });
  const checked = { credential: scope("evidence"), validTo: chain.time + 365 * DAY, asOf: 0 };
  await hospitals.send(relayer, "verify", { organization: clinic, ...checked });
  await providers.send(relayer, "verify", { practitioner: relative, organization: clinic, ...checked });
  return chain.deploy(artifacts.registry, { hospitals: hospitals.address, providers: providers.address });
}

/** Measures our rows that are for chains with this hard fork. */
async function measureOurs(chain, artifacts, hardfork) {
  const bench = await prepare(chain, artifacts);
  const back = await chain.keep();
  const measured = [];
  for (const { name, goal, items = 1, isView, ...row } of ROWS) {
    if ((row.hardfork ?? "osaka") !== hardfork) continue;
    await back();
    const transaction = await row.run(bench);
    const gas = isView ? executionGas(transaction) : Math.ceil(transaction.gas / items);
    const floor = isView ? undefined : Math.ceil((await floorOf(chain, transaction)) / items);
    measured.push({ name, goal, gas, floor, order: ROWS.findIndex((each) => each.name === name), transaction });
  }
  return measured;
}

module.exports = { ITEMS, measureOurs };
