// See `typescript`, which starts this.
import { createInterface } from "node:readline";
import { parsePolicy } from "../../../sdk/js-sdk/dist/policy/index.js";

function answer(bytes) {
  try {
    return parsePolicy(bytes).hash;
  } catch (error) {
    if (error.kind !== "Validation") throw error;
    return error.code;
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${answer(Buffer.from(line, "hex"))}\n`);
}
