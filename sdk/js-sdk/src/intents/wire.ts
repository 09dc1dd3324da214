/** A signed intent as it travels in JSON between wallets, the relay and gateways. Reading is strict. */
import { ValidationError } from "../errors.js";
import { isAddress, isBytes, isHash, type Hex } from "../hex.js";
import { fieldsOf, typesOf, type ActionName, type Decision, type Field, type Message } from "./types.js";

/** An actor's signature. `signer` is `0x` for an address's; else the ERC-7913 signer, verifier and key. */
export interface Proof {
  readonly signer: Hex;
  readonly signature: Hex;
}

/** A decision with its actor's signature. */
export type SignedIntent = Decision & { readonly proof: Proof; readonly acceptance?: Acceptance };

/** A new controller's agreement. */
export interface Acceptance {
  readonly deadline: number;
  readonly proof: Proof;
}

const MAX_OPS = 256;
const MAX_SIGNER = 1024;
const MAX_SIGNATURE = 8192;
const RELAYED: readonly ActionName[] = [
  "Request", "Grant", "Deny", "Revoke", "Relinquish", "Batch", "RevokeAll", "Invalidate", "Rotate", "SetDelegate",
  "RemoveDelegate", "SetRecovery", "ProposeRecovery", "Veto", "Freeze", "Unfreeze",
];

function form(member: string, what: string): ValidationError {
  return new ValidationError("INTENT_FORM", `\`${member}\` must be ${what}`);
}

/** The JSON value that the relay takes. What it would refuse as unreadable is refused here. */
export function toWire(signed: SignedIntent): WireIntent {
  const { action, message, proof, acceptance } = signed;
  const wire = { action, intent: message, proof, ...(acceptance && { acceptance }) };
  return fromWire(wire);
}

/** An intent in JSON. */
export interface WireIntent {
  readonly action: ActionName | "Recover";
  readonly intent: Message<ActionName> | Record<string, unknown>;
  readonly proof: Proof;
  readonly acceptance?: Acceptance;
}

/** Reads a JSON value strictly. */
export function fromWire(value: unknown): WireIntent {
  const body = object(value, "the body");
  const action = member(body, "action");
  if (typeof action !== "string") throw form("action", "a string");
  const [intent, proof] = [member(body, "intent"), member(body, "proof")];
  if (action !== "Recover" && !RELAYED.includes(action as ActionName)) {
    throw new ValidationError("INTENT_UNKNOWN_ACTION", "`action` is none of the registry's; it is spelled like the signed struct, for example Revoke");
  }
  struct(intent, "intent", fieldsOf(action as ActionName | "Recover"));
  readProof(proof);
  const known = ["action", "intent", "proof"];
  if (action === "Rotate") {
    readAcceptance(member(body, "acceptance"));
    known.push("acceptance");
  }
  exactly(body, known, "the body");
  return body as unknown as WireIntent;
}

function readProof(value: unknown): void {
  const proof = object(value, "proof");
  for (const [name, most] of [["signer", MAX_SIGNER], ["signature", MAX_SIGNATURE]] as const) {
    const bytes = member(proof, name);
    if (!isBytes(bytes)) throw form(name, "0x and an even number of hex digits");
    if (bytes.length / 2 - 1 > most) throw form(name, `at most ${most} bytes long`);
  }
  if (proof.signature === "0x") throw form("signature", `1 to ${MAX_SIGNATURE} bytes long`);
  exactly(proof, ["signer", "signature"], "proof");
}

function readAcceptance(value: unknown): void {
  const acceptance = object(value, "acceptance");
  check(member(acceptance, "deadline"), { name: "deadline", type: "uint40" });
  readProof(member(acceptance, "proof"));
  exactly(acceptance, ["deadline", "proof"], "acceptance");
}

function struct(value: unknown, parent: string, fields: readonly Field[]): void {
  const found = object(value, parent);
  for (const field of fields) check(member(found, field.name), field);
  exactly(found, fields.map((field) => field.name), parent);
  if (fields.some((field) => field.type === "Op[]") && (found.mode as number) > 1) {
    throw form("mode", "0 (all or nothing) or 1 (skip what is stale)");
  }
  if (parent === "ops" && (found.kind as number) > 2) throw form("kind", "0 (grant), 1 (deny) or 2 (revoke)");
}

function check(value: unknown, { name, type }: Field): void {
  if (type === "address" && !isAddress(value)) throw form(name, "0x and 40 hex digits");
  if (type === "bytes32" && !isHash(value)) throw form(name, "0x and 64 hex digits");
  if (type === "bool" && typeof value !== "boolean") throw form(name, "true or false");
  if (type === "Op[]") {
    if (!Array.isArray(value) || value.length === 0 || value.length > MAX_OPS) throw form(name, `an array of 1 to ${MAX_OPS} items`);
    for (const op of value) struct(op, "ops", typesOf("Batch").Op ?? []);
  }
  if (type.startsWith("uint")) {
    const largest = 2 ** Number(type.slice(4)) - 1;
    if (!Number.isSafeInteger(value) || Object.is(value, -0) || (value as number) < 0 || (value as number) > largest) {
      throw form(name, `an integer from 0 to ${largest}`);
    }
  }
}

function object(value: unknown, name: string): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw form(name, "an object");
  return value as Record<string, unknown>;
}

function member(of: Record<string, unknown>, name: string): unknown {
  if (!Object.hasOwn(of, name)) throw new ValidationError("INTENT_MISSING", `the member \`${name}\` is missing`);
  return of[name];
}

function exactly(of: Record<string, unknown>, names: readonly string[], parent: string): void {
  if (Object.keys(of).some((name) => !names.includes(name))) {
    throw new ValidationError("INTENT_UNKNOWN_MEMBER", `\`${parent}\` has a member that is unknown for this action`);
  }
}
