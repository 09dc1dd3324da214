/** The registrar's wallet: what it may do now, and sending a change by it. Reads go through the wallet's own node. */
import { SignerError, type Eip1193Provider } from "@consentry/sdk";
import { decodeFunctionResult, encodeFunctionData, parseAbi, type Address, type Hex } from "viem";

const MANAGED = parseAbi(["function authority() view returns (address)"]);
const MANAGER = parseAbi([
  "function canCall(address caller, address target, bytes4 selector) view returns (bool immediate, uint32 delay)",
  "function hashOperation(address caller, address target, bytes data) view returns (bytes32)",
  "function getSchedule(bytes32 id) view returns (uint48)",
  "function schedule(address target, bytes data, uint48 when) returns (bytes32, uint32)",
  "function execute(address target, bytes data) payable returns (uint32)",
]);
const USER_REJECTED = 4001;
const RECEIPT_EVERY_MS = 1_000;
const RECEIPT_WITHIN_MS = 120_000;

/** What an account may do about one call: at once; after a delay; now, because its delay is over; or not at all. */
export type Right = { may: "now" } | { may: "schedule"; delay: number } | { may: "wait"; readyAt: number } | { may: "execute" } | { may: "nothing" };

declare global {
  interface Window { ethereum?: Eip1193Provider }
}

/** The wallet in this browser, if there is one. */
export function walletHere(): Eip1193Provider | undefined {
  return window.ethereum;
}

/** A wallet that is open, on the right chain. */
export class Wallet {
  readonly account: Address;
  readonly #provider: Eip1193Provider;

  private constructor(provider: Eip1193Provider, account: Address) {
    this.#provider = provider;
    this.account = account;
  }

  /** Asks the person to connect it. */
  static async connect(provider: Eip1193Provider, chainId: number): Promise<Wallet> {
    const accounts = (await ask(provider, "eth_requestAccounts")) as Address[];
    const [account] = accounts;
    if (account === undefined) throw new SignerError("SIGNER_UNAVAILABLE", "the wallet offers no account");
    if (Number(await ask(provider, "eth_chainId")) !== chainId) throw new SignerError("SIGNER_WRONG_CHAIN", `the wallet is on another chain than ${chainId}`);
    return new Wallet(provider, account);
  }

  /** What the AccessManager lets this account do about a call of `target`. */
  async rightTo(target: Address, data: Hex, now: number): Promise<Right> {
    const manager = await this.#manager(target);
    const args = [this.account, target, data.slice(0, 10) as Hex] as const;
    const [immediate, delay] = decodeFunctionResult({ abi: MANAGER, functionName: "canCall", data: await this.#read(manager, encodeFunctionData({ abi: MANAGER, functionName: "canCall", args })) });
    if (immediate) return { may: "now" };
    if (delay === 0) return { may: "nothing" };
    const id = decodeFunctionResult({ abi: MANAGER, functionName: "hashOperation", data: await this.#read(manager, encodeFunctionData({ abi: MANAGER, functionName: "hashOperation", args: [this.account, target, data] })) });
    const readyAt = decodeFunctionResult({ abi: MANAGER, functionName: "getSchedule", data: await this.#read(manager, encodeFunctionData({ abi: MANAGER, functionName: "getSchedule", args: [id] })) });
    if (readyAt === 0) return { may: "schedule", delay };
    return readyAt <= now ? { may: "execute" } : { may: "wait", readyAt };
  }

  /** Sends the call, or the AccessManager's word for it, and waits until a block has it. Throws where it was refused. */
  async send(target: Address, data: Hex, how: "now" | "schedule" | "execute", signal?: AbortSignal): Promise<Hex> {
    const manager = how === "now" ? undefined : await this.#manager(target);
    const call = manager === undefined ? { to: target, data }
      : { to: manager, data: how === "schedule" ? encodeFunctionData({ abi: MANAGER, functionName: "schedule", args: [target, data, 0] }) : encodeFunctionData({ abi: MANAGER, functionName: "execute", args: [target, data] }) };
    const hash = (await ask(this.#provider, "eth_sendTransaction", [{ from: this.account, ...call }])) as Hex;
    const until = Date.now() + RECEIPT_WITHIN_MS;
    while (Date.now() < until) {
      signal?.throwIfAborted();
      const receipt = (await ask(this.#provider, "eth_getTransactionReceipt", [hash])) as { status: Hex } | null;
      if (receipt !== null) {
        if (Number(receipt.status) === 1) return hash;
        throw new SignerError("INTENT_FAILED", "the registry refused the change");
      }
      await new Promise((resolve) => setTimeout(resolve, RECEIPT_EVERY_MS));
    }
    throw new SignerError("FINALITY_TIMEOUT", `no block has ${hash} yet`);
  }

  async #manager(target: Address): Promise<Address> {
    return decodeFunctionResult({ abi: MANAGED, functionName: "authority", data: await this.#read(target, encodeFunctionData({ abi: MANAGED, functionName: "authority" })) });
  }

  async #read(to: Address, data: Hex): Promise<Hex> {
    return (await ask(this.#provider, "eth_call", [{ from: this.account, to, data }, "latest"])) as Hex;
  }
}

async function ask(provider: Eip1193Provider, method: string, params?: unknown): Promise<unknown> {
  try {
    return await provider.request(params === undefined ? { method } : { method, params });
  } catch (cause) {
    const isRefused = (cause as { code?: unknown } | null)?.code === USER_REJECTED;
    throw new SignerError(isRefused ? "SIGNER_REFUSED" : "SIGNER_UNAVAILABLE", `the wallet does not do ${method}`, { cause });
  }
}
