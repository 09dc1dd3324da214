// The local chain, as its operator.
import { endpoints } from "./stack.mjs";

async function rpc(method, params = []) {
  const reply = await fetch(endpoints.chain.rpc, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }) });
  const { result, error } = await reply.json();
  if (error) throw new Error(`${method}: ${error.message}`);
  return result;
}

/** Runs something with a chain that makes no blocks by itself, and lets it make them again. */
export async function withoutBlocks(act) {
  await rpc("evm_setAutomine", [false]);
  try {
    return await act();
  } finally {
    await rpc("evm_setAutomine", [true]);
    await rpc("anvil_mine", ["0x1"]);
  }
}
