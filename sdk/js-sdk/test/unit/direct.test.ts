import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { encodeAbiParameters, encodeErrorResult, encodeFunctionData, keccak256, parseTransaction, recoverTransactionAddress, type Abi } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { calldataOf, sendDirectly, type DirectOptions } from "../../src/direct/index.js";
import { developmentSigner, type Eip1193Provider, type Hex, type Resumable, type WaitStatus } from "../../src/index.js";
import type { SignedIntent } from "../../src/intents/index.js";
import { services } from "./fake.js";
import { root, vectors } from "./vectors.js";
import { consent, grantee, hash, owner, registry, row, World } from "./world.js";

const { abi } = JSON.parse(readFileSync(`${root}contracts/deployments/local/ConsentRegistry.json`, "utf8")) as { abi: Abi };
const payer = privateKeyToAccount(`0x${"05".repeat(32)}`);
const revert = (errorName: string, args: unknown[] = []) => ({ code: 3, message: "execution reverted", data: encodeErrorResult({ abi, errorName, args }) });
const domain = (chainId: bigint, at: Hex) => encodeAbiParameters(
  ["bytes1", "string", "string", "uint256", "address", "bytes32", "uint256[]"].map((type) => ({ type })),
  ["0x0f", "Consentry", "1", chainId, at, hash("00"), []],
);

/** A node with a memory pool. */
class Chain {
  id = 31337;
  domain: unknown = domain(31337n, registry);
  refusal: object | undefined;
  sendRefusal: object | undefined;
  down: string | undefined;
  pool = new Map<string, { raw?: Hex; nonce: Hex }>();
  receipts = new Map<string, object>();
  finalized = 0;
  used = 4;
  calls: { method: string; params: unknown[] }[] = [];

  readonly provider: Eip1193Provider = { request: async ({ method, params }) => this.answer(method, params as string[]) };
  readonly fake = services(async (seen) => {
    const { method, params } = JSON.parse(seen.body) as { method: string; params: string[] };
    try {
      return { json: { jsonrpc: "2.0", id: 1, result: this.answer(method, params) ?? null } };
    } catch (error) {
      if (error instanceof TypeError) return error;
      return { json: { jsonrpc: "2.0", id: 1, error } };
    }
  });

  answer(method: string, params: string[]): unknown {
    this.calls.push({ method, params });
    if (this.down === method) throw new TypeError("connection reset");
    const [first] = params as unknown as { from?: Hex }[];
    switch (method) {
      case "eth_chainId": return `0x${this.id.toString(16)}`;
      case "eth_call":
        if (first?.from === undefined) return this.domain;
        if (this.refusal) throw this.refusal;
        return "0x";
      case "eth_estimateGas": return "0x186a0";
      case "eth_getTransactionCount": return `0x${(params[1] === "finalized" ? this.used : this.used + this.pool.size).toString(16)}`;
      case "eth_maxPriorityFeePerGas": return "0x2";
      case "eth_getBlockByNumber": return params[0] === "finalized" ? { number: `0x${this.finalized.toString(16)}` } : { baseFeePerGas: "0x64" };
      case "eth_sendRawTransaction": return this.#take(params[0] as Hex);
      case "eth_sendTransaction":
        if (this.sendRefusal) throw this.sendRefusal;
        this.pool.set(hash("77"), { nonce: "0x4" });
        return hash("77");
      case "eth_getTransactionByHash": return this.pool.get(params[0]!) ?? null;
      case "eth_getTransactionReceipt": return this.receipts.get(params[0]!) ?? null;
      default: throw new Error(`this node has no ${method}`);
    }
  }

  #take(raw: Hex): Hex {
    if (this.sendRefusal) throw this.sendRefusal;
    this.pool.set(keccak256(raw), { raw, nonce: "0x4" });
    return keccak256(raw);
  }

  sent(): Hex[] {
    return this.calls.filter((each) => each.method === "eth_sendRawTransaction").map((each) => each.params[0] as Hex);
  }

  mine(blockNumber: number, status = "0x1"): Hex {
    const [name] = [...this.pool.keys()];
    this.receipts.set(name!, { status, blockNumber: `0x${blockNumber.toString(16)}` });
    return name as Hex;
  }
}

function here(options: Partial<DirectOptions> = {}) {
  const [world, chain] = [new World(), new Chain()];
  const direct = sendDirectly({ node: chain.provider, payer, ...options });
  return { world, chain, client: world.client({ direct }) };
}

test("every decision becomes the call that the registry's ABI says", () => {
  const { cases } = vectors<{ cases: { name: string; action: string; message: Record<string, never>; signature: Hex }[] }>("intents");
  const checked = new Set<string>();
  for (const { name, action, message, signature } of cases) {
    if (["AcceptControl", "Bind", "Endorse", "LiftStop", "BindGrantee"].includes(action)) continue;
    const proof = { signer: "0x", signature } as const;
    const acceptance = { deadline: 7, proof };
    const signed = { action, message, proof, ...(action === "Rotate" && { acceptance }) } as unknown as SignedIntent;
    const lower = `${action[0]!.toLowerCase()}${action.slice(1)}`;
    const functionName = abi.some((each) => each.type === "function" && each.name === `${lower}BySig`) ? `${lower}BySig` : lower;
    assert.equal(calldataOf(signed), encodeFunctionData({ abi, functionName, args: [message, proof, ...(action === "Rotate" ? [acceptance] : [])] }), name);
    checked.add(action);
  }
  assert.equal(checked.size, 16);
  const recover = { action: "Recover", message: { actor: grantee, subject: owner.address, proposalId: 3, seq: 1, deadline: 9 }, proof: { signer: "0x", signature: "0x01" } } as const;
  assert.equal(calldataOf(recover), encodeFunctionData({ abi, functionName: "recover", args: [owner.address, 3, { deadline: 9, proof: recover.proof }] }));
});

test("a decision is simulated, signed by who pays, and sent once, past the relay", async () => {
  const { world, chain, client } = here();
  const pending = await client.consents.revoke(consent);
  assert.equal(world.handedIn.length, 0);
  const [raw] = chain.sent();
  const transaction = parseTransaction(raw!);
  assert.equal(await recoverTransactionAddress({ serializedTransaction: raw as never }), payer.address);
  assert.deepEqual([transaction.to, transaction.nonce, transaction.gas, transaction.maxFeePerGas, transaction.maxPriorityFeePerGas, transaction.chainId], [registry, 4, 120_000n, 202n, 2n, 31337]);
  const order = chain.calls.map((each) => each.method);
  assert.ok(order.lastIndexOf("eth_call") < order.indexOf("eth_sendRawTransaction"));
  // The patient's own signature is in the call, since somebody else pays.
  assert.equal(transaction.data?.includes(owner.address.slice(2).toLowerCase()), true);
  const signed = chain.mine(7);
  world.rows = [row({ version: 5, status: "REVOKED", txHash: signed })];
  chain.finalized = 7;
  assert.equal((await pending.waitForRevoked())?.status, "REVOKED");
});

test("who sends a decision of their own does not sign it besides", async () => {
  const chain = new Chain();
  const signer = { ...developmentSigner(`0x${"05".repeat(32)}`), sign: () => assert.fail("nothing was to be signed") };
  const client = new World().client({ signer, direct: sendDirectly({ node: chain.provider, payer }) });
  await client.consents.revokeAll();
  assert.equal(chain.sent().length, 1);
});

test("what got lost is sent again: the same bytes, never another nonce", async () => {
  const { world, chain, client } = here();
  const pending = await client.consents.revoke(consent);
  const [lost] = [...chain.pool];
  chain.pool.clear();
  const seen: WaitStatus[] = [];
  const onStatus = (status: WaitStatus) => {
    seen.push(status);
    if (status.intent === "submitted") {
      world.rows = [row({ version: 5, status: "REVOKED", txHash: chain.mine(7) })];
      chain.finalized = 7;
    }
  };
  world.rows = [row()];
  await pending.waitForRevoked({ onStatus });
  assert.deepEqual(chain.sent(), [lost![1].raw, lost![1].raw]);
  assert.deepEqual(seen.map((each) => each.intent), ["submitted", "final"]);
});

test("a reorganisation that drops it reopens the wait, and it is sent again", async () => {
  const { world, chain, client } = here();
  world.rows = [row({ version: 2, status: "REVOKED" })];
  const pending = await client.consents.create({ grantee, policy: client.policies.build({ resources: ["Patient"] }) });
  const name = chain.mine(7);
  world.rows = [row({ txHash: name, finality: "latest" })];
  const seen: [string, boolean][] = [];
  const active = await pending.waitForActive({
    onStatus: ({ intent, reorganised }) => {
      seen.push([intent, reorganised]);
      if (seen.length === 1) {
        chain.receipts.clear();
        chain.pool.clear();
        world.rows = [row({ version: 2, status: "REVOKED" })];
      }
      if (seen.length === 2) {
        chain.mine(9);
        world.rows = [row({ txHash: name, blockNo: 9 })];
      }
    },
  });
  assert.equal(active.blockNumber, 9);
  assert.deepEqual(seen.map((each) => each[0]), ["included", "submitted", "included"]);
  assert.equal(seen[1]![1], true);
  assert.equal(new Set(chain.sent()).size, 1);
});

test("an answer that was lost is no reason to send another, and a wait finds it in another process too", async () => {
  const { world, chain, client } = here();
  chain.down = "eth_sendRawTransaction";
  const pending = await client.consents.revoke(consent);
  const saved = JSON.parse(JSON.stringify(pending)) as Resumable;
  chain.down = undefined;
  world.rows = [row({ version: 5, status: "REVOKED" })];
  const again = world.client({ direct: sendDirectly({ node: chain.provider, payer }) }).consents.resume(saved);
  await again.waitForRevoked({ onStatus: () => { chain.mine(7); chain.finalized = 7; } });
  assert.equal(new Set(chain.sent()).size, 1);
  assert.throws(() => world.client().consents.resume(saved), { code: "INVALID_REQUEST", message: /sent directly/ });
  const changed = { ...saved, transaction: { ...saved.transaction!, raw: `${saved.transaction!.raw!.slice(0, -2)}00` as Hex } };
  assert.throws(() => client.consents.resume(changed), { code: "INVALID_REQUEST" });
});

test("what the registry would refuse is not sent, and says why", async () => {
  const { chain, client } = here();
  for (const [error, code, message] of [
    [revert("WrongVersion", [3, 4]), "REFUSED_BY_REGISTRY", /WrongVersion.*read the state/],
    [{ code: -32603, message: "Internal JSON-RPC error.", data: { originalError: revert("Frozen", [9]) } }, "REFUSED_BY_REGISTRY", /Frozen/],
    [revert("DeadlinePassed", [1, 2]), "DEADLINE_PASSED", /decide anew/],
    [{ code: 3, message: "execution reverted", data: "0xffffffff" }, "REFUSED_BY_REGISTRY", /execution reverted/],
    [{ code: -32000, message: "insufficient funds for gas * price + value" }, "SIGNER_UNAVAILABLE", /needs coins/],
  ] as const) {
    chain.refusal = error;
    await assert.rejects(client.consents.revoke(consent), { code, message });
  }
  assert.deepEqual(chain.sent(), []);
});

test("a node that does not take it says so; a transaction that failed ends the wait", async () => {
  const { world, chain, client } = here();
  chain.sendRefusal = { code: -32000, message: "insufficient funds" };
  await assert.rejects(client.consents.revoke(consent), { code: "SIGNER_UNAVAILABLE", message: new RegExp(`${payer.address}.*coins`) });
  chain.sendRefusal = undefined;
  const pending = await client.consents.revoke(consent);
  chain.mine(7, "0x0");
  world.rows = [row()];
  await assert.rejects(pending.waitForRevoked(), { code: "INTENT_FAILED", message: /reverted/ });
  const overtaken = await client.consents.revoke(consent);
  chain.pool.clear();
  chain.receipts.clear();
  chain.sendRefusal = { code: -32000, message: "nonce too low" };
  chain.used = 9;
  await assert.rejects(overtaken.waitForRevoked(), { code: "INTENT_FAILED", message: /took its place/ });
});

test("nothing is sent to another chain, or to what is no registry", async () => {
  const { chain, client } = here();
  chain.id = 1;
  await assert.rejects(client.consents.revoke(consent), { code: "WRONG_DEPLOYMENT", kind: "Chain", message: /on chain 1, the deployment says chain 31337; name a node of that chain/ });
  const wallet = here({ payer: payer.address });
  wallet.chain.id = 1;
  await assert.rejects(wallet.client.consents.revoke(consent), { code: "SIGNER_WRONG_CHAIN", message: /switch it to chain 31337/ });
  chain.id = 31337;
  for (const answer of ["0x", domain(1n, registry), domain(31337n, grantee)]) {
    chain.domain = answer;
    await assert.rejects(client.consents.revoke(consent), { code: "WRONG_DEPLOYMENT", message: /no consent registry; correct the deployment/ });
  }
  assert.deepEqual(chain.sent(), []);
});

test("a wallet pays: it is asked once, and may decline", async () => {
  const { world, chain, client } = here({ payer: payer.address });
  chain.sendRefusal = { code: 4001, message: "User rejected the request." };
  await assert.rejects(client.consents.revoke(consent), { code: "SIGNER_REFUSED", kind: "Signer" });
  chain.sendRefusal = undefined;
  const pending = await client.consents.revoke(consent);
  assert.equal(chain.calls.filter((each) => each.method === "eth_sendTransaction").length, 2);
  world.rows = [row({ version: 6, status: "REVOKED" })];
  chain.finalized = 7;
  await pending.waitForRevoked({ onStatus: () => chain.mine(7) });
  assert.deepEqual(chain.sent(), []);
});

test("a node at a URL that cannot be reached is named, with what to do", async () => {
  const world = new World();
  const down = services(() => new TypeError("fetch failed"));
  const client = world.client({ direct: sendDirectly({ node: "http://node.test", payer, fetch: down.fetch, retryDelayMs: 1 }) });
  await assert.rejects(client.consents.revoke(consent), { code: "UNAVAILABLE", retryable: true, message: /http:\/\/node\.test cannot be reached; check/ });
  const chain = new Chain();
  const good = world.client({ direct: sendDirectly({ node: "http://node.test", payer, fetch: chain.fake.fetch }) });
  await good.consents.revoke(consent);
  assert.equal(chain.sent().length, 1);
});

test("an abort ends a sending at once, and leaves nothing running", async () => {
  const chain = new Chain();
  const controller = new AbortController();
  const provider: Eip1193Provider = {
    request: async ({ method, params }) => {
      if (method === "eth_estimateGas") {
        controller.abort(new Error("enough"));
        return new Promise(() => undefined);
      }
      return chain.answer(method, params as string[]);
    },
  };
  const client = new World().client({ direct: sendDirectly({ node: provider, payer }) });
  await assert.rejects(client.consents.revoke(consent, { signal: controller.signal }), { message: "enough" });
  assert.deepEqual(chain.sent(), []);
});
