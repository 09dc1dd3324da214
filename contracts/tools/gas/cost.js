// What the chain itself charges, by the rules of osaka.
"use strict";

const TRANSACTION = 21_000;
const NEW_WORD = 22_100;
const CHANGED_WORD = 5_000;

/** Gas of call data: 16 for a byte, 4 for a zero. */
function callDataGas(data) {
  const bytes = data.slice(2).match(/../g) ?? [];
  return bytes.reduce((sum, byte) => sum + (byte === "00" ? 4 : 16), 0);
}

/** Gas of an event: 375, 375 for each topic, 8 for each byte. */
function logGas({ topics, data }) {
  return 375 * (1 + topics.length) + 8 * (data.length / 2 - 1);
}

function storageGas([before, after]) {
  if (before === after) return 0;
  return before === 0n ? NEW_WORD : CHANGED_WORD;
}

const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);

/**
 * The floor under a transaction: nobody who takes this call data, ends with these words of storage and emits these
 * events can pay less. It reads nothing and checks nothing, not even a signature.
 */
async function floorOf(chain, transaction) {
  const storage = (await chain.changes(transaction)).map(storageGas);
  return TRANSACTION + callDataGas(transaction.input) + sum(storage) + sum(transaction.logs.map(logGas));
}

/** What the code of a transaction used, without the transaction itself. */
function executionGas({ gas, input }) {
  return gas - TRANSACTION - callDataGas(input);
}

module.exports = { executionGas, floorOf };
