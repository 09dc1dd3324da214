// The same decisions in other contracts, each as favourable to them as the operation allows: what a first use alone
// costs (a schema, a nonce) has been paid before.
"use strict";

const { run } = require("../common/run.js");
const { CHAIN_ID, PEOPLE } = require("./chain.js");
const { ITEMS } = require("./ours.js");

const { patient, clinic, relayer } = PEOPLE;
const DAY = 86_400;
const ZERO = `0x${"0".repeat(40)}`;
const NO_REFERENCE = `0x${"0".repeat(64)}`;

const keccak = (text) => run("cast", "keccak", text);
const scope = keccak("salted policy 1");

/** Ethereum Attestation Service: consent as an attestation of 128 bytes about the grantee. */
class Attestations {
  static async on(chain, artifacts) {
    const schemas = await chain.deploy(artifacts.easSchemas);
    const eas = await chain.deploy(artifacts.eas, { registry: schemas.address });
    const schema = "address grantee,bytes32 scopeId,uint40 validFrom,uint40 validTo";
    const { logs } = await schemas.send(patient, "register", { schema, resolver: ZERO, revocable: true });
    return Object.assign(new Attestations(), { chain, eas, schema: logs[0].topics[1] });
  }

  data(item = 1) {
    const { time } = this.chain;
    const values = [clinic, keccak(`salted policy ${item}`), time, time + 365 * DAY].map(String);
    const data = run("cast", "abi-encode", "f(address,bytes32,uint40,uint40)", ...values);
    return { recipient: clinic, expirationTime: time + 365 * DAY, revocable: true, refUID: NO_REFERENCE, data, value: 0 };
  }

  attest() {
    return this.eas.send(patient, "attest", { request: { schema: this.schema, data: this.data() } });
  }

  async revoke() {
    const data = { uid: uidOf((await this.attest()).logs[0]), value: 0 };
    return this.eas.send(patient, "revoke", { request: { schema: this.schema, data } });
  }

  attestAll() {
    const data = Array.from({ length: ITEMS }, (_, i) => this.data(i));
    return this.eas.send(patient, "multiAttest", { multiRequests: [{ schema: this.schema, data }] });
  }

  async revokeAll() {
    const data = (await this.attestAll()).logs.map((log) => ({ uid: uidOf(log), value: 0 }));
    return this.eas.send(patient, "multiRevoke", { multiRequests: [{ schema: this.schema, data }] });
  }

  async attestBySignature(nonce) {
    const [data, deadline] = [this.data(), this.chain.time + DAY];
    const message = { attester: patient, schema: this.schema, ...data, nonce, deadline };
    const signature = await this.sign("Attest", ATTEST, message);
    const delegatedRequest = { schema: this.schema, data, signature, attester: patient, deadline };
    return this.eas.send(relayer, "attestByDelegation", { delegatedRequest });
  }

  async revokeBySignature(uid, nonce) {
    const [data, deadline] = [{ uid, value: 0 }, this.chain.time + DAY];
    const message = { revoker: patient, schema: this.schema, ...data, nonce, deadline };
    const signature = await this.sign("Revoke", REVOKE, message);
    const delegatedRequest = { schema: this.schema, data, signature, revoker: patient, deadline };
    return this.eas.send(relayer, "revokeByDelegation", { delegatedRequest });
  }

  async sign(name, fields, message) {
    const domain = { name: "EAS", version: "1.4.0", chainId: CHAIN_ID, verifyingContract: this.eas.address };
    const types = { [name]: fields.map(([type, field]) => ({ name: field, type })) };
    const signature = await this.chain.sign(patient, domain, types, name, message);
    const [r, s, v] = [signature.slice(2, 66), signature.slice(66, 130), signature.slice(130)];
    return { v: Number(`0x${v}`), r: `0x${r}`, s: `0x${s}` };
  }
}

// The EIP-712 structs of EAS, which its ABI does not have.
const ATTEST = [
  ["address", "attester"],
  ["bytes32", "schema"],
  ["address", "recipient"],
  ["uint64", "expirationTime"],
  ["bool", "revocable"],
  ["bytes32", "refUID"],
  ["bytes", "data"],
  ["uint256", "value"],
  ["uint256", "nonce"],
  ["uint64", "deadline"],
];
const REVOKE = [
  ["address", "revoker"],
  ["bytes32", "schema"],
  ["bytes32", "uid"],
  ["uint256", "value"],
  ["uint256", "nonce"],
  ["uint64", "deadline"],
];

/** The identifier that an attestation's event carries. */
function uidOf({ data }) {
  return data.slice(0, 66);
}

const EAS_ROWS = [
  { name: "attest, 128 bytes", ours: "grant", run: (eas) => eas.attest() },
  {
    name: "attestByDelegation, 128 bytes",
    ours: "grant by signature",
    run: async (eas) => {
      await eas.attestBySignature(0);
      return eas.attestBySignature(1);
    },
  },
  { name: `multiAttest of ${ITEMS}, an item`, ours: `batch of ${ITEMS} grants, an item`, items: ITEMS, run: (eas) => eas.attestAll() },
  { name: "revoke", ours: "revoke", run: (eas) => eas.revoke() },
  {
    name: "revokeByDelegation",
    ours: "revoke by signature",
    run: async (eas) => {
      const uid = uidOf((await eas.attestBySignature(0)).logs[0]);
      return eas.revokeBySignature(uid, 1);
    },
  },
  { name: `multiRevoke of ${ITEMS}, an item`, ours: `batch of ${ITEMS} stops, an item`, items: ITEMS, run: (eas) => eas.revokeAll() },
];

const ROLE_ROWS = [
  { name: "grantRole", ours: "grant", run: (roles) => roles.send(patient, "grantRole", ROLE) },
  {
    name: "revokeRole (its slot is cleared, for a refund)",
    ours: "revoke",
    run: async (roles) => {
      await roles.send(patient, "grantRole", ROLE);
      return roles.send(patient, "revokeRole", ROLE);
    },
  },
];
const ROLE = { role: scope, account: clinic };

const DELEGATION = { identity: patient, delegateType: scope, delegate: clinic };
const addDelegate = (registry, delegate = clinic) =>
  registry.send(patient, "addDelegate", { ...DELEGATION, delegate, validity: 365 * DAY });
const DID_ROWS = [
  { name: "addDelegate, first of an identity", ours: "grant", run: (registry) => addDelegate(registry) },
  {
    name: "addDelegate, next",
    ours: "grant",
    run: async (registry) => {
      await addDelegate(registry, relayer);
      return addDelegate(registry);
    },
  },
  {
    name: "revokeDelegate",
    ours: "revoke",
    run: async (registry) => {
      await addDelegate(registry);
      return registry.send(patient, "revokeDelegate", DELEGATION);
    },
  },
];

const NAIVE = { grantee: clinic, scopeId: scope };
const naiveGrant = (naive) =>
  naive.send(patient, "grant", { ...NAIVE, validFrom: naive.chain.time, validTo: naive.chain.time + 365 * DAY });
const NAIVE_ROWS = [
  { name: "grant", ours: "grant", run: naiveGrant },
  {
    name: "revoke",
    ours: "revoke",
    run: async (naive) => {
      await naiveGrant(naive);
      return naive.send(patient, "revoke", NAIVE);
    },
  },
];

const PEERS = [
  { peer: "Ethereum Attestation Service", rows: EAS_ROWS, deploy: Attestations.on },
  { peer: "OpenZeppelin AccessControl", rows: ROLE_ROWS, deploy: (chain, { roles }) => chain.deployAs(patient, roles) },
  { peer: "ERC-1056", rows: DID_ROWS, deploy: (chain, { did }) => chain.deploy(did) },
  { peer: "naive registry of six words", rows: NAIVE_ROWS, deploy: (chain, { naive }) => chain.deploy(naive) },
];

/** Measures every operation of the peers. */
async function measurePeers(chain, artifacts) {
  const measured = [];
  for (const { peer, rows, deploy } of PEERS) {
    const deployed = await deploy(chain, artifacts);
    const back = await chain.keep();
    for (const { name, ours, items = 1, run } of rows) {
      await back();
      measured.push({ peer, name, ours, gas: Math.ceil((await run(deployed)).gas / items) });
    }
  }
  return measured;
}

/** The hand-written floor, sent the very call data of a grant of ours. */
async function measureFloor(chain, artifacts, input) {
  const { address } = await chain.deploy(artifacts.floor);
  return (await chain.send(patient, address, input)).gas;
}

module.exports = { measureFloor, measurePeers };
