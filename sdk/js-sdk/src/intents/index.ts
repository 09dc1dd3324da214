/**
 * What is signed, how, and by which keys.
 *
 * @module
 */
export { checkSignature, consentIdOf, digestOf, patientRefHash, signerIdOf } from "./digest.js";
export { domainOf, isStop, signedPart, typesOf, UNLIMITED } from "./types.js";
export type { ActionName, Decision, Domain, Field, Intent, Message, Op, Recover, Signable, Statement, StatementName } from "./types.js";
export { fromWire, toWire, type Acceptance, type Proof, type SignedIntent, type WireIntent } from "./wire.js";
export { developmentSigner } from "../signers/development.js";
export { eip1193Signer, type Eip1193Provider } from "../signers/eip1193.js";
export { encodeAssertion, passkeySigner, type AssertionParts, type AssertionSource, type Passkey } from "../signers/passkey.js";
export { signIntent, type Signer } from "../signers/signer.js";
export type { Address, Hex } from "../hex.js";
