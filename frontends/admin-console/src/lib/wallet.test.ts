import { decodeFunctionData, encodeFunctionResult, parseAbi, type Hex } from "viem";
import { expect, test } from "vitest";
import { Wallet } from "./wallet.js";

const abi = parseAbi([
  "function authority() view returns (address)",
  "function canCall(address caller, address target, bytes4 selector) view returns (bool immediate, uint32 delay)",
  "function hashOperation(address caller, address target, bytes data) view returns (bytes32)",
  "function getSchedule(bytes32 id) view returns (uint48)",
  "function schedule(address target, bytes data, uint48 when) returns (bytes32, uint32)",
  "function execute(address target, bytes data) payable returns (uint32)",
]);
const ACCOUNT = `0x${"a1".repeat(20)}` as const;
const MANAGER = `0x${"b2".repeat(20)}` as const;
const TARGET = `0x${"c3".repeat(20)}` as const;
const DATA: Hex = `0x95bb05c8${"00".repeat(32)}`;
const NOW = 1_000;

/** A wallet whose chain answers as an AccessManager would. */
function walletWith({ immediate = false, delay = 0, readyAt = 0, status = "0x1", chain = "0x7a69", refuses = false }) {
  const sent: { to: string; data: Hex }[] = [];
  const provider = {
    async request({ method, params }: { method: string; params?: unknown }) {
      const [first] = (params ?? []) as [{ to: string; data: Hex }];
      switch (method) {
        case "eth_requestAccounts": return [ACCOUNT];
        case "eth_chainId": return chain;
        case "eth_sendTransaction":
          if (refuses) throw Object.assign(new Error("no"), { code: 4001 });
          sent.push(first);
          return `0x${"ee".repeat(32)}`;
        case "eth_getTransactionReceipt": return { status };
        case "eth_call": {
          const { functionName } = decodeFunctionData({ abi, data: first.data });
          if (functionName === "authority") return encodeFunctionResult({ abi, functionName, result: MANAGER });
          if (functionName === "canCall") return encodeFunctionResult({ abi, functionName, result: [immediate, delay] });
          if (functionName === "hashOperation") return encodeFunctionResult({ abi, functionName, result: `0x${"11".repeat(32)}` });
          if (functionName === "getSchedule") return encodeFunctionResult({ abi, functionName, result: readyAt });
        }
      }
      throw new Error(`unexpected ${method}`);
    },
  };
  return { provider, sent };
}

test.each([
  [{ immediate: true }, { may: "now" }],
  [{}, { may: "nothing" }],
  [{ delay: 3600 }, { may: "schedule", delay: 3600 }],
  [{ delay: 3600, readyAt: NOW + 5 }, { may: "wait", readyAt: NOW + 5 }],
  [{ delay: 3600, readyAt: NOW }, { may: "execute" }],
])("what an account may do follows from the AccessManager: %j", async (chain, right) => {
  const wallet = await Wallet.connect(walletWith(chain).provider, 31337);
  expect(await wallet.rightTo(TARGET, DATA, NOW)).toEqual(right);
});

test("without a delay the registry is called; with one the AccessManager", async () => {
  const { provider, sent } = walletWith({});
  const wallet = await Wallet.connect(provider, 31337);
  await wallet.send(TARGET, DATA, "now");
  await wallet.send(TARGET, DATA, "schedule");
  await wallet.send(TARGET, DATA, "execute");
  expect(sent[0]).toMatchObject({ to: TARGET, data: DATA });
  expect(sent[1]?.to.toLowerCase()).toBe(MANAGER);
  expect(decodeFunctionData({ abi, data: sent[1]!.data }).functionName).toBe("schedule");
  expect(decodeFunctionData({ abi, data: sent[2]!.data }).functionName).toBe("execute");
});

test("another chain, a refusal and a reverted transaction are three different faults", async () => {
  await expect(Wallet.connect(walletWith({ chain: "0x1" }).provider, 31337)).rejects.toMatchObject({ code: "SIGNER_WRONG_CHAIN" });
  const refusing = await Wallet.connect(walletWith({ refuses: true }).provider, 31337);
  await expect(refusing.send(TARGET, DATA, "now")).rejects.toMatchObject({ code: "SIGNER_REFUSED" });
  const reverted = await Wallet.connect(walletWith({ status: "0x0" }).provider, 31337);
  await expect(reverted.send(TARGET, DATA, "now")).rejects.toMatchObject({ code: "INTENT_FAILED" });
});
