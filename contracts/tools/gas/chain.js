// A chain of its own for each measurement: anvil, in which only what is asked for happens, at times that do not depend
// on the clock.
"use strict";

const { withAnvil } = require("../common/anvil.js");
const { callData, initCode } = require("./abi.js");

const CHAIN_ID = 31337;
const START = 1_800_000_000;
const BLOCK_TIME = 12;
/** The most gas that osaka lets a transaction have. */
const GAS = "0x1000000";

/** Who takes part: development accounts of every anvil whose addresses have no zero byte, which would be cheaper. */
const PEOPLE = {
  patient: "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266",
  clinic: "0x70997970C51812dc3A010C7d01b50e0d17dc79C8",
  relayer: "0x90F79bf6EB2c4f870365E785982E1f101E93b906",
  relative: "0x15d34AAf54267DB7D7c367839AAf71A00A2C6A65",
};

/** A contract on a chain. */
class Contract {
  constructor(chain, abi, address) {
    Object.assign(this, { chain, abi, address });
  }

  /** Sends a call and returns what became of it. */
  send(from, name, values) {
    return this.chain.send(from, this.address, callData(this.abi, name, values));
  }

  /** What a call answers, as it comes. */
  view(name, values) {
    return this.chain.rpc("eth_call", [{ to: this.address, data: callData(this.abi, name, values) }, "latest"]);
  }
}

/** The name of a compiled contract, as forge or as hardhat writes it. */
function nameOf({ contractName, metadata }) {
  return contractName ?? Object.values(metadata.settings.compilationTarget)[0];
}

class Chain {
  constructor(url) {
    Object.assign(this, { url, time: START, ids: 0 });
  }

  async rpc(method, params) {
    const body = JSON.stringify({ jsonrpc: "2.0", id: ++this.ids, method, params });
    const headers = { "content-type": "application/json" };
    const response = await fetch(this.url, { method: "POST", headers, body, signal: AbortSignal.timeout(60_000) });
    const { result, error } = await response.json();
    if (error) throw new Error(`${method}: ${error.message} ${error.data ?? ""}`);
    return result;
  }

  /** Lets at least this many seconds pass. */
  wait(seconds) {
    this.time += seconds;
  }

  /** Sends a transaction in a block of its own. */
  async send(from, to, data) {
    this.time += BLOCK_TIME;
    await this.rpc("evm_setNextBlockTimestamp", [this.time]);
    const receipt = await this.rpc("eth_sendTransactionSync", [{ from, to, data, gas: GAS }]);
    if (receipt.status !== "0x1") {
      await this.rpc("eth_call", [{ from, to, data }, "latest"]);
      throw new Error(`transaction to ${to} failed: ${data}`);
    }
    return { ...receipt, gas: Number(receipt.gasUsed), input: data };
  }

  /** Remembers the present state; the function it returns goes back to it, as often as asked. */
  async keep() {
    const { time } = this;
    let id = await this.rpc("evm_snapshot", []);
    return async () => {
      await this.rpc("evm_revert", [id]);
      id = await this.rpc("evm_snapshot", []);
      this.time = time;
    };
  }

  deploy(artifact, values) {
    return this.deployAs(PEOPLE.relative, artifact, values);
  }

  async deployAs(from, artifact, values) {
    const { contractAddress } = await this.send(from, undefined, initCode(artifact, values)).catch((error) => {
      throw new Error(`${nameOf(artifact)} cannot be deployed: ${error.message}`);
    });
    return new Contract(this, artifact.abi, contractAddress);
  }

  /** The storage words that a transaction changed, as pairs of what was before and after. */
  async changes({ transactionHash }) {
    const options = { tracer: "prestateTracer", tracerConfig: { diffMode: true } };
    const { pre, post } = await this.rpc("debug_traceTransaction", [transactionHash, options]);
    return Object.keys(post).flatMap((address) => {
      const before = pre[address]?.storage ?? {};
      const after = post[address].storage ?? {};
      const slots = new Set([...Object.keys(before), ...Object.keys(after)]);
      return [...slots].map((slot) => [BigInt(before[slot] ?? 0), BigInt(after[slot] ?? 0)]);
    });
  }

  /** The EIP-712 signature of one of the people. */
  sign(from, domain, types, primaryType, message) {
    const EIP712Domain = Object.keys(domain).map((name) => ({ name, type: DOMAIN_TYPES[name] }));
    const data = { types: { EIP712Domain, ...types }, primaryType, domain, message };
    return this.rpc("eth_signTypedData_v4", [from, data]);
  }
}

const DOMAIN_TYPES = { name: "string", version: "string", chainId: "uint256", verifyingContract: "address" };

/** Runs `work` on a fresh chain with the rules of a hard fork; the chain ends with it. */
function withChain(hardfork, work) {
  const options = ["--timestamp", String(START), "--gas-price", "0", "--block-base-fee-per-gas", "0"];
  return withAnvil(CHAIN_ID, (url) => work(new Chain(url)), { hardfork, options });
}

module.exports = { CHAIN_ID, PEOPLE, withChain };
