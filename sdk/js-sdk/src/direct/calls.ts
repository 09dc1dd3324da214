/** What the registry takes and gives, as bytes. */
import { concat, decodeAbiParameters, encodeAbiParameters, toFunctionSelector } from "viem/utils";
import { REGISTRY_ERRORS } from "../generated/registry-errors.js";
import { isBytes, sameHex, type Hex } from "../hex.js";
import { fieldsOf, typesOf, type ActionName, type Domain } from "../intents/types.js";
import type { Proof, SignedIntent } from "../intents/wire.js";

interface Parameter { readonly name?: string; readonly type: string; readonly components?: readonly Parameter[] }

/** Actions whose plain name is taken by a form without a struct. */
const BY_SIGNATURE: ReadonlySet<string> = new Set(["Request", "Grant", "Deny", "Revoke", "Relinquish", "RevokeAll"]);
const PROOF: Parameter = { type: "tuple", components: [{ name: "signer", type: "bytes" }, { name: "signature", type: "bytes" }] };
const ACCEPTANCE: Parameter = { type: "tuple", components: [{ name: "deadline", type: "uint40" }, { ...PROOF, name: "proof" }] };

/** The call of the registry's function that takes a decision, to be sent by anyone. */
export function calldataOf(signed: SignedIntent): Hex {
  const { action, message, proof, acceptance } = signed;
  if (action === "Recover") {
    const { subject, proposalId, deadline } = message;
    return call("recover", [{ type: "address" }, { type: "uint32" }, ACCEPTANCE], [subject, proposalId, { deadline, proof }]);
  }
  const name = `${action.charAt(0).toLowerCase()}${action.slice(1)}${BY_SIGNATURE.has(action) ? "BySig" : ""}`;
  const agreed: { deadline: number; proof: Proof }[] = acceptance ? [acceptance] : [];
  return call(name, [struct(action), PROOF, ...agreed.map(() => ACCEPTANCE)], [message, proof, ...agreed]);
}

function struct(action: ActionName): Parameter {
  const components = fieldsOf(action).map(({ name, type }) => (type === "Op[]" ? { name, type: "tuple[]", components: typesOf("Batch").Op ?? [] } : { name, type }));
  return { type: "tuple", components };
}

function call(name: string, parameters: readonly Parameter[], values: readonly unknown[]): Hex {
  return concat([toFunctionSelector(`${name}(${parameters.map(signature).join(",")})`), encodeAbiParameters(parameters, values)]);
}

function signature({ type, components }: Parameter): string {
  return components === undefined ? type : `(${components.map(signature).join(",")})${type.slice("tuple".length)}`;
}

/** Asks a contract for its EIP-712 domain (ERC-5267). */
export const DOMAIN_CALL = toFunctionSelector("eip712Domain()");

/** Whether an answer to {@link DOMAIN_CALL} is this domain: whether a registry of ours is there. */
export function isDomain(answer: unknown, domain: Domain): boolean {
  const types = ["bytes1", "string", "string", "uint256", "address", "bytes32", "uint256[]"].map((type) => ({ type }));
  try {
    const [, name, version, chainId, contract] = decodeAbiParameters(types, answer as Hex) as readonly unknown[];
    return name === domain.name && version === domain.version && chainId === BigInt(domain.chainId) && sameHex(String(contract), domain.verifyingContract);
  } catch {
    return false;
  }
}

/** The name of the registry's error that a node gave as data, or nothing. */
export function errorName(data: Hex | undefined): string | undefined {
  return isBytes(data) ? REGISTRY_ERRORS[data.slice(0, 10).toLowerCase()] : undefined;
}
