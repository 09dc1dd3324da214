import assert from "node:assert/strict";
import { test } from "node:test";
import { buildPolicy, canonicalize, covers, explainPolicy, keccak256, parsePolicy, parsePolicyOf } from "../../src/policy/index.js";
import { vectors } from "./vectors.js";

interface Vectors {
  valid: { name: string; input: string; canonical: string; hash: string }[];
  invalid: { name: string; input: string; why: string; code: string }[];
  invalidBytes: { name: string; hex: string; code: string }[];
  padded: { name: string; input: string; bytes: number; hash?: string; code?: string }[];
}
const all = vectors<Vectors>("policy-hash");
const code = (expected: string) => (error: { code?: string }) => error.code === expected || assert.fail(`${error.code} instead of ${expected}: ${error}`);

for (const { name, input, canonical, hash } of all.valid) {
  test(`valid: ${name}`, () => {
    const policy = parsePolicy(input);
    assert.equal(policy.canonical, canonical);
    assert.equal(policy.hash, hash);
    assert.equal(parsePolicy(new TextEncoder().encode(input)).hash, hash);
    assert.deepEqual(parsePolicy(policy.canonical).document, policy.document);
    assert.equal(parsePolicyOf(hash, input).hash, hash);
  });
}

for (const { name, input, why, code: expected } of all.invalid) {
  test(`invalid: ${name} (${why})`, () => {
    assert.throws(() => parsePolicy(input), code(expected));
    assert.throws(() => parsePolicy(new TextEncoder().encode(input)), code(expected));
  });
}

for (const { name, hex, code: expected } of all.invalidBytes) {
  test(`invalid bytes: ${name}`, () => {
    assert.throws(() => parsePolicy(Buffer.from(hex, "hex")), code(expected));
  });
}

for (const { name, input, bytes, hash, code: expected } of all.padded) {
  test(`padded: ${name}`, () => {
    const text = input.padEnd(bytes);
    if (expected) assert.throws(() => parsePolicy(text), code(expected));
    else assert.equal(parsePolicy(text).hash, hash);
  });
}

test("a built document is sorted and reads back as itself", () => {
  for (const { input } of all.valid) {
    const { document, hash } = parsePolicy(input);
    const shuffled = {
      ...document,
      purpose: [...document.purpose].reverse(),
      exclude: [...document.exclude].reverse(),
      resources: [...document.resources].reverse().map((each) => (each.category ? { ...each, category: [...each.category].reverse() } : each)),
    };
    assert.equal(buildPolicy(shuffled).hash, hash);
  }
});

test("defaults keep back everything sensitive, and each salt is new", () => {
  const [a, b] = [buildPolicy({ resources: ["Observation"] }), buildPolicy({ resources: ["Observation"] })];
  assert.notEqual(a.hash, b.hash);
  assert.deepEqual(a.document.exclude, ["GDIS", "HIV", "PSY", "SEX", "SUD"]);
  assert.deepEqual(a.document.purpose, ["TREAT"]);
});

test("what a builder is given is checked like any document", () => {
  const build = (input: object) => () => buildPolicy({ resources: ["Observation"], ...input } as never);
  assert.throws(build({ resources: [] }), code("POLICY_EMPTY"));
  assert.throws(build({ resources: ["Observation", "Observation"] }), code("POLICY_UNSORTED"));
  assert.throws(build({ resources: [{ type: "Observation", code: ["x"] }] }), code("POLICY_KEYS"));
  assert.throws(build({ purpose: ["CURIOSITY"] }), code("POLICY_CODE"));
  assert.throws(build({ salt: "0x12" }), code("POLICY_SALT"));
  assert.throws(build({ period: { start: "2024-02-30", end: null } }), code("POLICY_PERIOD"));
});

test("a document is not taken for another hash", () => {
  const [a, b] = all.valid.filter((each, index, list) => list.findIndex((other) => other.hash === each.hash) === index);
  assert.throws(() => parsePolicyOf(a!.hash, b!.input), code("POLICY_HASH_MISMATCH"));
});

test("a policy cannot be changed after it was hashed", () => {
  const { document } = parsePolicy(all.valid[0]!.input);
  assert.throws(() => (document.purpose as string[]).push("HRESCH"), TypeError);
  assert.throws(() => Object.assign(document, { salt: "0x" }), TypeError);
});

test("less is less in every respect", () => {
  const wide = buildPolicy({ resources: ["Observation", { type: "Condition", category: ["a", "b"] }], exclude: ["HIV"], period: { start: "2020-01-01", end: null } });
  const narrow = { resources: [{ type: "Condition", category: ["a"] }], exclude: ["HIV", "PSY"], period: { start: "2021-01-01", end: "2022-01-01" } } as const;
  assert.ok(covers(wide, buildPolicy(narrow)));
  assert.ok(covers(wide, wide));
  for (const change of [
    { resources: ["Condition"] }, { resources: ["Patient"] }, { exclude: ["PSY"] as const }, { purpose: ["HRESCH"] as const },
    { period: { start: "2019-12-31", end: null } }, { period: { start: null, end: null } },
  ]) {
    assert.ok(!covers(wide, buildPolicy({ ...narrow, ...change })), JSON.stringify(change));
  }
});

test("a policy is explained in plain words", () => {
  const words = explainPolicy(buildPolicy({ resources: ["Patient", { type: "Observation", category: ["laboratory"] }], exclude: ["HIV", "PSY"] }));
  assert.equal(words.what, "Shared: measurements and test results of the kinds laboratory and name, address and date of birth.");
  assert.equal(words.notWhat, "Not shared: anything about HIV and AIDS and mental health. Not kept back: genetics, sexual and reproductive health and substance use.");
  assert.equal(words.why, "Why: to treat you.");
  assert.equal(words.when, "Records of any date, future ones too.");
});

test("keccak is the chain's, and keys are sorted by UTF-16 code units", () => {
  assert.equal(keccak256(new Uint8Array()), "0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470");
  assert.equal(canonicalize({ "\uff21": 1, "\u{1f600}": 1, a: null }), '{"a":null,"\u{1f600}":1,"\uff21":1}');
});
