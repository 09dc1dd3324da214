/**
 * Decisions sent directly: a transaction of one's own in place of the relay.
 *
 * @module
 */
import { keccak256, toHex } from "viem/utils";
import type { Carried, Carrier, IntentProgress, SavedDecision, SentTransaction } from "../client/carrier.js";
import type { Deployment } from "../client/deployment.js";
import { ChainError, ConflictError, ConsentryError, SignerError, ValidationError } from "../errors.js";
import { isAddress, isHash, type Address, type Hex } from "../hex.js";
import type { HttpOptions } from "../http.js";
import { domainOf } from "../intents/types.js";
import type { SignedIntent } from "../intents/wire.js";
import type { Eip1193Provider } from "../signers/eip1193.js";
import { calldataOf, DOMAIN_CALL, errorName, isDomain } from "./calls.js";
import { Node, NodeRefusal } from "./node.js";

export { calldataOf } from "./calls.js";

/** What is signed to pay: a transaction of type 2. */
export interface DirectTransaction {
  readonly type: "eip1559";
  readonly chainId: number;
  readonly nonce: number;
  readonly to: Address;
  readonly data: Hex;
  readonly gas: bigint;
  readonly maxFeePerGas: bigint;
  readonly maxPriorityFeePerGas: bigint;
}

/** An account that signs transactions here: a local account of viem is one. */
export interface PayerAccount {
  readonly address: Address;
  /** Signs, and sends nothing. */
  signTransaction(transaction: DirectTransaction): Promise<Hex>;
}

/** By what, and at whose cost. */
export interface DirectOptions extends HttpOptions {
  /** A node: its URL, or an EIP-1193 provider, as a wallet is. */
  readonly node: string | Eip1193Provider;
  /** Who pays: an account that signs here, or the address of one that the wallet behind `node` has. */
  readonly payer: PayerAccount | Address;
}

/** Per cent of the estimate: what a call needs can grow until it is in a block. */
const GAS_MARGIN = 120n;

/**
 * Sends decisions as transactions, for `createConsentry({ direct })`. Whoever decided is who signed, not who pays; if they
 * are the same, the transaction is the signature. Gateways hear of a stop that was sent directly when a block has it, not
 * before, as they do by the relay. What the registry would refuse is not sent. Fees are set once, at twice the base fee.
 */
export function sendDirectly(options: DirectOptions): Carrier {
  return new Direct(options);
}

class Direct implements Carrier {
  readonly #node: Node;
  readonly #account: PayerAccount | undefined;
  readonly #isChecked = new Set<string>();
  /** One nonce after the other. */
  #turn: Promise<unknown> = Promise.resolve();
  readonly sender: Address;

  constructor({ node, payer, ...http }: DirectOptions) {
    this.#node = new Node(node, http);
    this.#account = typeof payer === "string" ? undefined : payer;
    this.sender = typeof payer === "string" ? payer : payer.address;
    if (!isAddress(this.sender)) throw new ValidationError("INVALID_REQUEST", "`payer` is an account or an address");
  }

  async send(signed: SignedIntent, _: Hex, deployment: Deployment, signal?: AbortSignal): Promise<Carried> {
    await this.#check(deployment, signal);
    const call = { from: this.sender, to: deployment.registry, data: calldataOf(signed) };
    const sent = this.#turn.then(() => this.#sendNext(call, deployment.chainId, signal));
    this.#turn = sent.catch(() => undefined);
    return new Sent(this.#node, await sent);
  }

  resume({ transaction }: SavedDecision): Carried {
    const { hash, raw } = transaction ?? {};
    if (transaction === undefined || !isHash(hash) || (raw !== undefined && keccak256(raw) !== hash)) {
      throw new ValidationError("INVALID_REQUEST", "this is not what `pending.toJSON()` gave");
    }
    return new Sent(this.#node, transaction);
  }

  async #sendNext(call: { from: Address; to: Address; data: Hex }, chainId: number, signal?: AbortSignal): Promise<SentTransaction> {
    let gas: bigint;
    try {
      await this.#node.ask("eth_call", [call, "latest"], signal);
      gas = ((await this.#node.number("eth_estimateGas", [call], signal)) * GAS_MARGIN) / 100n;
    } catch (error) {
      throw this.#refused(error);
    }
    return this.#account === undefined ? this.#byWallet({ ...call, gas: toHex(gas) }, signal) : this.#byAccount(this.#account, call, gas, chainId, signal);
  }

  /** The wallet asks its owner, signs, and sends it again where need be. */
  async #byWallet(call: object, signal?: AbortSignal): Promise<SentTransaction> {
    let hash: unknown;
    try {
      hash = await this.#node.ask("eth_sendTransaction", [call], signal);
    } catch (error) {
      throw this.#refused(error);
    }
    if (!isHash(hash)) throw new SignerError("SIGNER_UNAVAILABLE", "the wallet gave no transaction");
    return { hash, sender: this.sender };
  }

  async #byAccount(account: PayerAccount, { to, data }: { to: Address; data: Hex }, gas: bigint, chainId: number, signal?: AbortSignal): Promise<SentTransaction> {
    const nonce = Number(await this.#node.number("eth_getTransactionCount", [this.sender, "pending"], signal));
    const head = await this.#node.ask<{ baseFeePerGas?: Hex } | null>("eth_getBlockByNumber", ["latest", false], signal);
    const tip = await this.#node.number("eth_maxPriorityFeePerGas", [], signal);
    const maxFeePerGas = 2n * BigInt(head?.baseFeePerGas ?? 0) + tip;
    const raw = await account.signTransaction({ type: "eip1559", chainId, nonce, to, data, gas, maxFeePerGas, maxPriorityFeePerGas: tip });
    const transaction: SentTransaction = { hash: keccak256(raw), raw, sender: this.sender, nonce };
    try {
      await this.#node.ask("eth_sendRawTransaction", [raw], signal);
    } catch (error) {
      if (error instanceof NodeRefusal) {
        // An answer may have got lost, and the transaction not.
        if ((await this.#node.ask("eth_getTransactionByHash", [transaction.hash], signal)) == null) throw this.#notTaken(error);
      } else if (!(error instanceof ConsentryError && error.retryable)) throw error;
      // Whether it arrived is not known: the wait finds out, and sends the same bytes again.
    }
    return transaction;
  }

  /** Nothing is sent to another chain, or to what is no registry. */
  async #check(deployment: Deployment, signal?: AbortSignal): Promise<void> {
    const { chainId, registry } = deployment;
    // A wallet can be switched to another chain at any time.
    const there = Number(await this.#node.number("eth_chainId", [], signal));
    if (there !== chainId) {
      if (this.#account === undefined) throw new SignerError("SIGNER_WRONG_CHAIN", `the wallet is on chain ${there}; switch it to chain ${chainId}. Nothing was sent`);
      throw new ChainError("WRONG_DEPLOYMENT", `the node is on chain ${there}, the deployment says chain ${chainId}; name a node of that chain. Nothing was sent`);
    }
    const known = `${chainId}:${registry}`;
    if (this.#isChecked.has(known)) return;
    const answer = await this.#node.ask("eth_call", [{ to: registry, data: DOMAIN_CALL }, "latest"], signal).catch((error: unknown) => {
      if (error instanceof NodeRefusal) return undefined;
      throw error;
    });
    if (!isDomain(answer, domainOf(deployment))) {
      throw new ChainError("WRONG_DEPLOYMENT", `at ${registry} on chain ${chainId} there is no consent registry; correct the deployment. Nothing was sent`);
    }
    this.#isChecked.add(known);
  }

  #refused(error: unknown): unknown {
    if (!(error instanceof NodeRefusal)) return error;
    const name = errorName(error.data);
    if (name === "DeadlinePassed") return new ConflictError("DEADLINE_PASSED", "the signature's deadline is over; decide anew", { cause: error });
    if (name === undefined && !error.isRevert) return this.#notTaken(error);
    return new ConflictError("REFUSED_BY_REGISTRY", `the registry would refuse it (${name ?? error.message}), so it was not sent; read the state and decide again`, { cause: error });
  }

  #notTaken(error: NodeRefusal): SignerError {
    const advice = error.lacksCoins ? "; it needs coins" : "";
    return new SignerError("SIGNER_UNAVAILABLE", `the node does not take the transaction of ${this.sender}: ${error.message}${advice}`, { cause: error });
  }
}

interface Receipt { status?: Hex; blockNumber?: Hex }

/** A transaction on its way. */
class Sent implements Carried {
  readonly #node: Node;
  #transaction: SentTransaction;

  constructor(node: Node, transaction: SentTransaction) {
    this.#node = node;
    this.#transaction = transaction;
  }

  saved() {
    return { transaction: this.#transaction };
  }

  /** Where it is. One that no node knows is sent again: the same bytes, never another nonce. */
  async look(signal?: AbortSignal): Promise<IntentProgress> {
    const { hash, raw } = this.#transaction;
    const receipt = await this.#receipt(signal);
    if (receipt !== undefined) return this.#mined(receipt, signal);
    const known = await this.#node.ask<{ nonce?: Hex } | null>("eth_getTransactionByHash", [hash], signal);
    if (known?.nonce !== undefined) this.#transaction = { ...this.#transaction, nonce: Number(known.nonce) };
    const submitted: IntentProgress = { state: "submitted", transaction: hash };
    if (known != null) return submitted;
    if (raw !== undefined) {
      try {
        await this.#node.ask("eth_sendRawTransaction", [raw], signal);
        return submitted;
      } catch (error) {
        if (!(error instanceof NodeRefusal)) throw error;
      }
    }
    // It is known already, or its nonce was used. Only a final block tells for good that another transaction used it.
    return (await this.#isOvertaken(signal)) ? { state: "failed", reason: "another transaction of its sender took its place", transaction: hash } : submitted;
  }

  async #isOvertaken(signal?: AbortSignal): Promise<boolean> {
    const { sender, nonce } = this.#transaction;
    if (nonce === undefined) return false;
    const used = await this.#node.number("eth_getTransactionCount", [sender, "finalized"], signal);
    return used > BigInt(nonce) && (await this.#receipt(signal)) === undefined;
  }

  async #receipt(signal?: AbortSignal): Promise<Receipt | undefined> {
    return (await this.#node.ask<Receipt | null>("eth_getTransactionReceipt", [this.#transaction.hash], signal)) ?? undefined;
  }

  async #mined({ status, blockNumber }: Receipt, signal?: AbortSignal): Promise<IntentProgress> {
    const { hash: transaction } = this.#transaction;
    const block = Number(blockNumber);
    if (Number(status) !== 1) return { state: "failed", reason: "its transaction reverted", transaction, blockNumber: block };
    const final = await this.#node.ask<{ number?: Hex } | null>("eth_getBlockByNumber", ["finalized", false], signal);
    return { state: Number(final?.number ?? -1) >= block ? "final" : "included", transaction, blockNumber: block };
  }
}
