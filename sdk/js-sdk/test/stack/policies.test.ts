import assert from "node:assert/strict";
import { test } from "node:test";
import { vectors } from "../unit/vectors.js";
import { authOf, endpoints } from "./stack.js";

const auth = authOf("ops-system", "system:policy.write");

/** What the services' own reader (Rust) makes of bytes: stored under this hash, refused, or read as another document. */
async function rust(bytes: Uint8Array<ArrayBuffer> | string, hash: string): Promise<"taken" | "refused" | "another"> {
  const url = `${endpoints.indexer}/v1/policies/${hash}`;
  const headers = await auth.headers({ audience: endpoints.indexer }, "PUT", url);
  const response = await fetch(url, { method: "PUT", body: bytes, headers: { ...headers, "content-type": "application/json" } });
  const text = await response.text();
  if (response.ok) return "taken";
  if (response.status === 413 || (response.status === 400 && text.includes("Not a policy document"))) return "refused";
  assert.equal(response.status, 400, text);
  return "another";
}

const all = vectors<{ valid: { name: string; input: string; hash: string }[]; invalid: { name: string; input: string }[]; invalidBytes: { name: string; hex: string }[]; padded: { name: string; input: string; bytes: number; hash?: string }[] }>("policy-hash");
const none = `0x${"00".repeat(32)}`;

test("the services read every vector as it is written", async () => {
  for (const { name, input, hash } of all.valid) assert.equal(await rust(input, hash), "taken", name);
  for (const { name, input } of all.invalid) assert.equal(await rust(input, none), "refused", name);
  for (const { name, hex } of all.invalidBytes) assert.equal(await rust(new Uint8Array(Buffer.from(hex, "hex")), none), "refused", name);
  for (const { name, input, bytes, hash } of all.padded) assert.equal(await rust(input.padEnd(bytes), hash ?? none), hash ? "taken" : "refused", name);
});
