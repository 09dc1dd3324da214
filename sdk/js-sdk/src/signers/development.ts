import { privateKeyToAccount } from "viem/accounts";
import type { Hex } from "../hex.js";
import { digestOf } from "../intents/digest.js";
import type { Signer } from "./signer.js";

/**
 * A key in memory, for tests and local stacks, and for organisations' backends that keep their key elsewhere safe.
 * Patients' keys belong in a passkey or a wallet.
 */
export function developmentSigner(privateKey: Hex): Signer {
  const account = privateKeyToAccount(privateKey);
  return {
    address: account.address,
    async sign(domain, what) {
      return { signer: "0x", signature: await account.sign({ hash: digestOf(domain, what) }) };
    },
  };
}
