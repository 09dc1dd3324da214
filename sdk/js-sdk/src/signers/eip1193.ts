import { SignerError } from "../errors.js";
import { isAddress, isBytes, sameHex, type Address } from "../hex.js";
import { typesOf } from "../intents/types.js";
import type { Signer } from "./signer.js";

/** What EIP-1193 asks of a wallet. */
export interface Eip1193Provider {
  /** Asks the wallet. */
  request(call: { method: string; params?: unknown }): Promise<unknown>;
}

const DOMAIN_TYPE = [
  { name: "name", type: "string" }, { name: "version", type: "string" },
  { name: "chainId", type: "uint256" }, { name: "verifyingContract", type: "address" },
];
/** The person said no. */
const USER_REJECTED = 4001;

/** A wallet in the browser. Asks for an account if none is named; the wallet shows the typed data that is signed. */
export async function eip1193Signer(provider: Eip1193Provider, account?: Address): Promise<Signer> {
  const accounts = await ask(provider, account ? "eth_accounts" : "eth_requestAccounts");
  const offered = Array.isArray(accounts) ? accounts.filter(isAddress) : [];
  const address = account === undefined ? offered[0] : offered.find((each) => sameHex(each, account));
  if (address === undefined) {
    throw new SignerError("SIGNER_WRONG_ACCOUNT", account ? `the wallet does not offer ${account}; switch to it` : "the wallet offers no account; unlock it");
  }
  return {
    address,
    async sign(domain, what) {
      const chain = await ask(provider, "eth_chainId");
      if (Number(chain) !== domain.chainId) {
        throw new SignerError("SIGNER_WRONG_CHAIN", `the wallet is on chain ${Number(chain)}; switch it to chain ${domain.chainId}`);
      }
      const typed = {
        domain, types: { EIP712Domain: DOMAIN_TYPE, ...typesOf(what.action) }, primaryType: what.action, message: what.message,
      };
      // A uint256 is a bigint here, and decimal text in JSON.
      const text = JSON.stringify(typed, (_, value: unknown) => (typeof value === "bigint" ? value.toString() : value));
      const signature = await ask(provider, "eth_signTypedData_v4", [address, text]);
      if (!isBytes(signature) || signature === "0x") throw new SignerError("SIGNER_UNAVAILABLE", "the wallet gave no signature");
      return { signer: "0x", signature };
    },
  };
}

async function ask(provider: Eip1193Provider, method: string, params?: unknown): Promise<unknown> {
  try {
    return await provider.request(params === undefined ? { method } : { method, params });
  } catch (cause) {
    if ((cause as { code?: unknown } | null)?.code === USER_REJECTED) {
      throw new SignerError("SIGNER_REFUSED", "the wallet's owner declined", { cause });
    }
    throw new SignerError("SIGNER_UNAVAILABLE", `the wallet does not answer ${method}`, { cause });
  }
}
