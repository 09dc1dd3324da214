/** From JSON values to a policy document, member by member. */
import { ValidationError } from "../errors.js";
import { ACTIONS, PURPOSES, SENSITIVITIES, type Period, type PolicyDocument, type ResourceScope } from "./codes.js";
import type { Json } from "./json.js";

const KEYS = ["v", "salt", "purpose", "actions", "resources", "exclude", "period"];
const SALT = /^0x[0-9a-f]{64}$/;
const TYPE = /^[A-Z][A-Za-z]{0,63}$/;
const DAY = /^([0-9]{4})-([0-9]{2})-([0-9]{2})$/;
// No control character, no white space but single spaces inside.
const NO_CODE = /\p{Cc}|(?! )\p{White_Space}|^ | $| {2}|^$/u;
const MAX_CODE = 128;

/** Reads a document from a strict JSON value. */
export function readDocument(value: Json): PolicyDocument {
  const root = members(value, "document", KEYS);
  if (typeof root.v !== "number") throw wrongType("v", "the integer 1");
  if (root.v !== 1) throw fault("POLICY_VERSION", "v", "must be 1");
  if (typeof root.salt !== "string") throw wrongType("salt", "a string");
  if (!SALT.test(root.salt)) throw fault("POLICY_SALT", "salt", "must be 0x and 64 lowercase hexadecimal digits");
  return {
    v: 1,
    salt: root.salt as `0x${string}`,
    purpose: coded(root.purpose, "purpose", PURPOSES, 1),
    actions: coded(root.actions, "actions", ACTIONS, 1),
    resources: resources(root.resources),
    exclude: coded(root.exclude, "exclude", SENSITIVITIES, 0),
    period: period(root.period),
  };
}

function fault(code: string, member: string, reason: string): ValidationError {
  return new ValidationError(code, `${member}: ${reason}`);
}

function wrongType(member: string, what: string): ValidationError {
  return fault("POLICY_TYPE", member, `must be ${what}`);
}

/** An object with exactly these members. */
function members(value: Json | undefined, name: string, required: string[], optional: string[] = []) {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw wrongType(name, "an object");
  const keys = Object.keys(value);
  const known = (key: string) => required.includes(key) || optional.includes(key);
  if (!keys.every(known) || !required.every((key) => keys.includes(key))) {
    throw fault("POLICY_KEYS", name, "a key is unknown or missing");
  }
  return value;
}

function array(value: Json | undefined, name: string, atLeast: number): Json[] {
  if (!Array.isArray(value)) throw wrongType(name, "an array");
  if (value.length < atLeast) throw fault("POLICY_EMPTY", name, "must not be empty");
  return value;
}

function strings(value: Json | undefined, name: string, atLeast: number): string[] {
  const items = array(value, name, atLeast);
  if (!items.every((item) => typeof item === "string")) throw wrongType(name, "an array of strings");
  // JavaScript compares strings by UTF-16 code units, which is the order of the profile.
  sorted(items, name);
  if (items.some((item) => item.normalize("NFC") !== item)) {
    throw fault("POLICY_NORMAL_FORM", name, "must be in Unicode normal form C");
  }
  return items;
}

function sorted(items: string[], name: string): void {
  if (items.some((item, index) => index > 0 && !((items[index - 1] as string) < item))) {
    throw fault("POLICY_UNSORTED", name, "must be sorted and hold nothing twice");
  }
}

function coded<T extends string>(value: Json | undefined, name: string, codes: Record<T, string>, atLeast: number): T[] {
  const items = strings(value, name, atLeast);
  if (!items.every((item) => Object.hasOwn(codes, item))) {
    throw fault("POLICY_CODE", name, "holds a code that version 1 does not have");
  }
  return items as T[];
}

function resources(value: Json | undefined): ResourceScope[] {
  const scopes = array(value, "resources", 1).map(resource);
  sorted(scopes.map((scope) => scope.type), "resources");
  return scopes;
}

function resource(value: Json): ResourceScope {
  const item = members(value, "resources[]", ["type"], ["category"]);
  if (typeof item.type !== "string") throw wrongType("resources[].type", "a string");
  if (!TYPE.test(item.type)) throw fault("POLICY_CODE", "resources[].type", "must be the name of a FHIR resource type");
  if (!("category" in item)) return { type: item.type };
  const category = strings(item.category, "resources[].category", 1);
  if (!category.every(isCode)) throw fault("POLICY_CODE", "resources[].category", "must hold FHIR codes");
  return { category, type: item.type };
}

function isCode(text: string): boolean {
  return !NO_CODE.test(text) && new TextEncoder().encode(text).length <= MAX_CODE;
}

function period(value: Json | undefined): Period {
  const item = members(value, "period", ["start", "end"]);
  const [start, end] = [day(item.start, "period.start"), day(item.end, "period.end")];
  if (start !== null && end !== null && start > end) {
    throw fault("POLICY_PERIOD", "period", "must not end before it starts");
  }
  return { start, end };
}

function day(value: Json | undefined, name: string): string | null {
  if (value === null) return null;
  if (typeof value !== "string") throw wrongType(name, "a day or null");
  if (!isDay(value)) throw fault("POLICY_PERIOD", name, "must be a calendar day YYYY-MM-DD");
  return value;
}

function isDay(text: string): boolean {
  const [, year, month, date] = (DAY.exec(text) ?? []).map(Number);
  if (!year || !month || !date || month > 12) return false;
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  const days = [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
  return date <= (days[month - 1] ?? 0);
}
