/**
 * Policy documents: what a patient shares, and the hash that stands for it on the chain.
 *
 * @module
 */
export { ConsentryError, ValidationError, type ErrorDetails, type ErrorKind } from "../errors.js";
export { canonicalize, keccak256 } from "./canonical.js";
export { ACTIONS, PURPOSES, SENSITIVITIES } from "./codes.js";
export type { Action, Period, PolicyDocument, Purpose, ResourceScope, Sensitivity, Terms } from "./codes.js";
export { explainPolicy, type Explanation } from "./explain.js";
export { buildPolicy, covers, MAX_BYTES, parsePolicy, parsePolicyOf, Policy, type PolicyInput } from "./policy.js";
