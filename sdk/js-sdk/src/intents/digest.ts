import { concat, encodeAbiParameters, hashTypedData, keccak256, recoverAddress, stringToHex } from "viem/utils";
import { ValidationError } from "../errors.js";
import { sameHex, type Address, type Hex } from "../hex.js";
import { typesOf, type Domain, type Signable } from "./types.js";

/** Keeps the ids of ERC-7913 signers apart from all other hashes. */
const SIGNER_TAG = stringToHex("Consentry ERC-7913 signer");
const HALF_ORDER = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0n;

/** What is signed for a deployment. It names the intent. */
export function digestOf(domain: Domain, { action, message }: Signable): Hex {
  for (const { name, type } of typesOf(action)[action] ?? []) {
    if (type === "string") whole(name, (message as Record<string, unknown>)[name]);
  }
  const typed = { domain, types: typesOf(action), primaryType: action, message };
  return hashTypedData(typed as unknown as Parameters<typeof hashTypedData>[0]);
}

/** `keccak256(abi.encode(chainId, registry, subject, grantee, scopeId))`. */
export function consentIdOf(of: { chainId: number; registry: Address; subject: Address; grantee: Address; scopeId: Hex }): Hex {
  const types = ["uint256", "address", "address", "address", "bytes32"].map((type) => ({ type }));
  return keccak256(encodeAbiParameters(types, [BigInt(of.chainId), of.registry, of.subject, of.grantee, of.scopeId]));
}

/** The address that stands for an ERC-7913 signer: a verifier's 20 bytes, then the key. */
export function signerIdOf(signer: Hex): Address {
  return `0x${keccak256(concat([SIGNER_TAG, signer])).slice(-40)}`;
}

/** The hash under which a FHIR patient id enters a signed statement. */
export function patientRefHash(fhirId: string): Hex {
  whole("fhirId", fhirId);
  return keccak256(stringToHex(`Patient/${fhirId}`));
}

/** A lone surrogate has no form in UTF-8: it would be replaced, and something else be signed. */
function whole(name: string, text: unknown): void {
  if (typeof text !== "string" || !text.isWellFormed()) throw new ValidationError("INTENT_FORM", `\`${name}\` must be a string of whole characters`);
}

/** Checks that an ordinary key signed a digest, as strictly as the registry does: 65 bytes with v 27 or 28, or 64 by EIP-2098; low s. */
export async function checkSignature(actor: Address, digest: Hex, signature: Hex): Promise<void> {
  const full = expand(signature);
  let signer: Address;
  try {
    signer = await recoverAddress({ hash: digest, signature: full });
  } catch (cause) {
    throw new ValidationError("SIGNATURE_MALFORMED", "the signature is malformed", { cause });
  }
  if (!sameHex(signer, actor)) throw new ValidationError("SIGNATURE_WRONG_SIGNER", "the signature is another key's");
}

/** The 65-byte form. */
function expand(signature: Hex): Hex {
  const malformed = () => new ValidationError("SIGNATURE_MALFORMED", "the signature is malformed");
  let [r, s, v] = [signature.slice(2, 66), signature.slice(66, 130), signature.slice(130).toLowerCase()];
  if (signature.length === 130) {
    const word = BigInt(`0x${s}`);
    v = word >> 255n ? "1c" : "1b";
    s = (word & ((1n << 255n) - 1n)).toString(16).padStart(64, "0");
  }
  if (r.length + s.length !== 128 || !["1b", "1c"].includes(v) || BigInt(`0x${s}`) > HALF_ORDER) throw malformed();
  return `0x${r}${s}${v}`;
}
