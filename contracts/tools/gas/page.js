// The generated part of docs/contracts.md.
"use strict";

const BEGIN = "<!-- gas: begin; written by `npm run gas` -->";
const END = "<!-- gas: end -->";

/** Peers whose code is in no npm package, so that this script cannot run it: what they or others say. */
const NOT_MEASURED = [
  { peer: "delegate.xyz v2", name: "delegateAll, without rights [^1]", ours: "grant", gas: 157_525 },
  { peer: "delegate.xyz v2", name: "delegateAll, taken back [^2]", ours: "revoke", gas: 31_402 },
];
const NOTES = [
  "[^1]: Not measured here: the registry's code is in no npm package that we know of. Its own repository publishes",
  "    135,825 in `gasbenchmark10mil`, without the 21,000 of a transaction and the 700 of this call's data.",
  "[^2]: Not measured here, for the same reason: the figure our specification was written with.",
];

const number = (value) => String(value).replace(/\B(?=(\d{3})+$)/g, ",");

function table(head, rows) {
  const line = (cells) => `| ${cells.join(" | ")} |`;
  const rule = head.map((_, column) => (column < head.findIndex((name) => name === "gas") ? "---" : "---:"));
  return [line(head), line(rule), ...rows.map(line)].join("\n");
}

/** How a figure stands to its goal. */
function standing(gas, goal) {
  if (goal === undefined) return "";
  if (gas <= goal) return `${number(goal - gas)} below`;
  return `**${number(gas - goal)} above**`;
}

function oursTable(ours) {
  const rows = ours.map(({ name, gas, goal, floor }) => [
    name,
    number(gas),
    goal === undefined ? "" : number(goal),
    standing(gas, goal),
    floor === undefined ? "" : number(floor),
    floor === undefined ? "" : number(gas - floor),
  ]);
  return table(["operation", "gas", "goal", "against the goal", "floor", "above the floor"], rows);
}

function peersTable(ours, peers) {
  const all = [...peers, ...NOT_MEASURED.map((row) => ({ ...row, isQuoted: true }))];
  const rows = all.map(({ peer, name, ours: like, gas, isQuoted }) => {
    const same = ours.find((row) => row.name === like);
    if (same === undefined) throw new Error(`no row ${like} to compare ${peer}: ${name} with`);
    const cells = [number(gas), (gas / same.gas).toFixed(2)];
    return [peer, name, ...(isQuoted ? cells.map((cell) => `*${cell}*`) : cells), `${like}: ${number(same.gas)}`];
  });
  return table(["peer", "operation", "gas", "times ours", "ours"], rows);
}

/** The generated part. */
function render({ settings, ours, peers, floor }) {
  const { compiler, runs, evm } = settings;
  const grant = ours.find(({ name }) => name === "grant");
  return [
    "Written by `npm --prefix contracts run gas`, in one run; `gas:check` fails when it is stale. Each figure is the gas",
    `of a whole transaction on an anvil node with the rules of ${evm}, its 21,000 and its call data included; an item's is`,
    `its share of one. Ours is compiled as it is deployed: solc ${compiler}, via IR, optimizer with ${number(runs)} runs.`,
    "",
    oursTable(ours),
    "",
    "The floor is what the chain charges for the transaction, its call data, the words of storage it changes and the",
    "events it emits: reading, checking and recovering a signature come on top. Under a grant it is",
    `${number(grant.floor)}; a contract written by hand that does nothing else used ${number(floor)} with the same call data.`,
    "Organisations and practitioners are checked in the HospitalRegistry and the ProviderRegistry. Without the",
    "precompile (a chain before osaka; here prague) a passkey's cost varies with its signature by some thousands.",
    "",
    peersTable(ours, peers),
    "",
    "Peers keep less or more than we do: a role has no window, an attestation keeps its data as well. What a first use",
    "alone costs (a schema, a nonce) was paid before. EAS and ERC-1056 run the bytecode of their npm packages; the other",
    "measured ones are compiled as ours are.",
    "",
    ...NOTES,
  ].join("\n");
}

/** A page with its generated part replaced. */
function replaced(page, text) {
  const [begin, end] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`the page lacks the lines ${BEGIN} and ${END}`);
  return `${page.slice(0, begin + BEGIN.length)}\n${text}\n${page.slice(end)}`;
}

module.exports = { render, replaced };
