// Divides what forge asks of the compiler into parts, each small enough for the compiler's memory, and puts the answers
// together.
"use strict";

/** For tests that run so shortly that optimizing them takes far longer than it saves. */
const UNOPTIMIZED = { viaIR: false, optimizer: { enabled: false } };

/** A source belongs to the first part that its path fits. What takes longest comes first. */
const PARTS = [
  { files: /^test\/(invariant|symbolic)\// },
  { files: /^test\/(fuzz|gas)\// },
  { files: /^test\/(attack|unit)\//, settings: UNOPTIMIZED },
  { files: /^/ },
];

const isCode = (output) => /^(evm|ir|metadata|\*)/.test(output);

/** The inputs of the parts. Each has all sources, so that what is compiled does not depend on the division. */
function divide(input) {
  const files = Object.entries(input.settings.outputSelection);
  if (!files.some(([, outputs]) => Object.values(outputs).flat().some(isCode))) return [input];
  const partOf = (file) => PARTS.find((part) => part.files.test(file));
  return PARTS.map((part) => {
    const outputSelection = Object.fromEntries(files.filter(([file]) => partOf(file) === part));
    return { ...input, settings: { ...input.settings, ...part.settings, outputSelection } };
  }).filter(({ settings }) => Object.keys(settings.outputSelection).length > 0);
}

/** One answer from those of the parts, each of which says what there is to say about all sources. */
function unite(outputs) {
  const errors = new Map(outputs.flatMap(({ errors = [] }) => errors.map((error) => [JSON.stringify(error), error])));
  return { errors: [...errors.values()], sources: gather(outputs, "sources"), contracts: gather(outputs, "contracts") };
}

/** What the answers say about each file under a heading. */
function gather(outputs, heading) {
  const all = {};
  for (const [file, said] of outputs.flatMap((output) => Object.entries(output[heading] ?? {}))) {
    all[file] = { ...all[file], ...said };
  }
  return all;
}

/**
 * Tests that have a contract of `src` or of a package in their own code, by `new` or `creationCode`. It would be
 * compiled as the test is and not as it is deployed; test/utils/Built.sol deploys it from its artifact.
 */
function embedding({ sources }) {
  const texts = Object.entries(sources).map(([file, { content }]) => [file, content]);
  const isTest = ([file]) => file.startsWith("test/");
  const deployable = texts.filter((source) => !isTest(source));
  const names = new Set(deployable.flatMap(([, text]) => text.match(/(?<=^contract )\w+/gm) ?? []));
  return texts.filter(isTest).flatMap(([file, text]) =>
    [...text.matchAll(/\bnew (\w+)\(|\btype\((\w+)\)\.(?:creation|runtime)Code/g)]
      .map((match) => match[1] ?? match[2])
      .filter((name) => names.has(name))
      .map((name) => `${file} has ${name} in its code: take it from test/utils/Built.sol`),
  );
}

module.exports = { divide, embedding, unite };
