/** A node of the chain, asked by JSON-RPC: at a URL, or whatever a wallet is connected to. */
import { ConsentryError, SignerError, UnavailableError } from "../errors.js";
import { isBytes, type Hex } from "../hex.js";
import { Http, jsonOf, orAborted, type HttpOptions } from "../http.js";
import type { Eip1193Provider } from "../signers/eip1193.js";

type Request = (method: string, params: readonly unknown[], signal?: AbortSignal) => Promise<unknown>;

const USER_REJECTED = 4001;

/** A node said no. */
export class NodeRefusal extends Error {
  /** What the call reverted with. */
  readonly data: Hex | undefined;
  readonly isRevert: boolean;
  readonly lacksCoins: boolean;

  constructor(says: string, code: unknown, data: Hex | undefined) {
    super(says);
    this.data = data;
    this.isRevert = data !== undefined || code === 3 || /revert/i.test(says);
    this.lacksCoins = /insufficient funds|not have enough funds/i.test(says);
  }
}

/** A node. */
export class Node {
  readonly #request: Request;

  constructor(at: string | Eip1193Provider, options: HttpOptions) {
    this.#request = typeof at === "string" ? atUrl(at, options) : async (method, params) => at.request({ method, params });
  }

  /** Asks it. A refusal is {@link NodeRefusal}; one that cannot be reached is `UNAVAILABLE`. */
  async ask<T = unknown>(method: string, params: readonly unknown[], signal?: AbortSignal): Promise<T> {
    signal?.throwIfAborted();
    const asked = this.#request(method, params, signal).catch((error: unknown) => {
      signal?.throwIfAborted();
      throw faultOf(method, error);
    });
    return (await orAborted(asked, signal)) as T;
  }

  /** A quantity. */
  async number(method: string, params: readonly unknown[], signal?: AbortSignal): Promise<bigint> {
    const quantity = await this.ask(method, params, signal);
    if (typeof quantity !== "string" || !/^0x[0-9a-f]+$/i.test(quantity)) {
      throw new UnavailableError("UNEXPECTED_ANSWER", `the node's answer to ${method} is no quantity`);
    }
    return BigInt(quantity);
  }
}

function atUrl(url: string, options: HttpOptions): Request {
  const http = new Http(options);
  return async (method, params, signal) => {
    // Reading changes nothing, and the same signed bytes can be sent again.
    const answer = await http.send({
      url, method: "POST", idempotent: true, signal, headers: { "content-type": "application/json" },
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }),
    });
    const { result, error } = jsonOf<{ result?: unknown; error?: { code?: number; message?: string; data?: unknown } }>(answer);
    if (error) throw Object.assign(new Error(error.message), error);
    return result;
  };
}

function faultOf(method: string, error: unknown): ConsentryError | NodeRefusal {
  // This SDK's own errors, of a node at a URL.
  if (error instanceof ConsentryError) return error;
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
  if (code === USER_REJECTED) return new SignerError("SIGNER_REFUSED", "the wallet's owner declined", { cause: error });
  if (typeof code === "number") return new NodeRefusal(typeof message === "string" ? message : "no reason given", code, dataOf(error));
  return new UnavailableError("UNAVAILABLE", `the node does not answer ${method}; check its address and your connection`, { cause: error });
}

/** Wallets put the node's own error into theirs. */
function dataOf(error: unknown, depth = 0): Hex | undefined {
  if (isBytes(error) && error !== "0x") return error;
  if (typeof error !== "object" || error === null || depth > 4) return undefined;
  const { data, cause, error: inner, originalError } = error as Record<string, unknown>;
  for (const each of [data, cause, inner, originalError]) {
    const found = dataOf(each, depth + 1);
    if (found !== undefined) return found;
  }
  return undefined;
}
