// Compiles as the npm package `solc` does, in parts side by side (see parts.js).
"use strict";

const os = require("node:os");
const { Worker, isMainThread, parentPort, workerData } = require("node:worker_threads");
const { divide, embedding, unite } = require("./parts.js");

/** What the compiler answers to a standard JSON input. */
async function compile(text) {
  const input = JSON.parse(text);
  const errors = embedding(input).map((message) => failure(message));
  if (errors.length > 0) return { errors };

  const waiting = divide(input).map((part, index) => ({ part, index }));
  const outputs = [];
  const work = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) outputs[next.index] = await compilePart(next.part);
  };
  await Promise.all(waiting.slice(0, os.availableParallelism()).map(work));
  return unite(outputs);
}

function failure(message) {
  const text = `Error: ${message}`;
  return { component: "general", errorCode: "0", formattedMessage: text, message, severity: "error", type: "Error" };
}

function compilePart(input) {
  return new Promise((resolve, reject) => {
    const worker = new Worker(__filename, { workerData: JSON.stringify(input) });
    worker.once("message", (output) => resolve(JSON.parse(output)));
    worker.once("error", reject);
    worker.once("exit", () => reject(new Error("the compiler ended without an answer")));
  });
}

if (!isMainThread) parentPort.postMessage(require("solc").compile(workerData));

module.exports = { compile };
