/** What people sign: the EIP-712 structs of the registry and of the directory, and their types in TypeScript. */
import type { Address, Hex } from "../hex.js";

/** The EIP-712 domain of one deployment. */
export interface Domain {
  readonly name: "Consentry";
  readonly version: "1";
  readonly chainId: number;
  readonly verifyingContract: Address;
}

/** The domain of a registry. */
export function domainOf(deployment: { chainId: number; registry: Address }): Domain {
  return { name: "Consentry", version: "1", chainId: deployment.chainId, verifyingContract: deployment.registry };
}

/** The largest value of 40 bits: a stop's deadline without end, and a window's end until revoked. */
export const UNLIMITED = 2 ** 40 - 1;

/** The members of every struct, in the order in which they are hashed. */
const STRUCTS = {
  Request: "address grantee,bytes32 scopeId,uint40 validFrom,uint40 validTo,uint40 respondBy,uint32 version,uint40 deadline",
  Grant: "address grantee,bytes32 scopeId,uint24 seq,uint40 validFrom,uint40 validTo,uint32 version,uint40 deadline",
  Deny: "address grantee,bytes32 scopeId,uint32 throughVersion,uint40 deadline",
  Revoke: "address grantee,bytes32 scopeId,uint32 throughVersion,uint40 deadline",
  Relinquish: "address grantee,bytes32 scopeId,uint32 version,uint40 deadline",
  Batch: "uint8 mode,uint24 seq,Op[] ops,uint40 deadline",
  RevokeAll: "uint24 throughEpoch,uint24 throughSeq,bool dropDelegates,uint40 deadline",
  Invalidate: "uint24 throughSeq,uint40 deadline",
  Rotate: "address newController,uint24 seq,uint40 deadline",
  AcceptControl: "uint24 seq,uint40 deadline",
  SetDelegate: "address delegate,uint8 rights,uint40 validFrom,uint40 validTo,uint32 nonce,uint24 seq,uint40 deadline",
  RemoveDelegate: "address delegate,uint32 throughNonce,uint40 deadline",
  SetRecovery: "address recoverer,uint32 delay,uint32 nonce,uint24 seq,uint40 deadline",
  ProposeRecovery: "address newController,uint32 proposalId,uint40 deadline",
  Veto: "uint32 proposalId,uint40 deadline",
  Freeze: "uint24 seq,uint40 deadline",
  Unfreeze: "uint24 seq,uint40 deadline",
} as const;

const STATEMENTS = {
  Bind: "string tenant,bytes32 patientRefHash,address subject,uint256 nonce,uint64 deadline",
  Endorse: "string tenant,bytes32 patientRefHash,address subject,address newSubject,uint256 nonce,uint64 deadline",
  LiftStop: "string tenant,bytes32 patientRefHash,address subject,bytes16 stop,uint64 deadline",
  BindGrantee: "string tenant,string organization,string practitioner,address grantee,uint256 nonce,uint64 deadline",
} as const;

const RECOVER = "address actor,address subject,uint32 proposalId,uint24 seq,uint40 deadline";
const OP = "uint8 kind,address grantee,bytes32 scopeId,uint40 validFrom,uint40 validTo,uint32 version";

/** A struct that the registry takes. */
export type ActionName = keyof typeof STRUCTS;
/** A statement to the directory. */
export type StatementName = keyof typeof STATEMENTS;

interface Members {
  address: Address; bytes32: Hex; bytes16: Hex; string: string; bool: boolean;
  uint8: number; uint24: number; uint32: number; uint40: number; uint64: number; uint256: bigint | string;
  "Op[]": readonly Op[];
}
type Split<S extends string> = S extends `${infer Head},${infer Rest}` ? Head | Split<Rest> : S;
type Fields<S extends string> = {
  [F in Split<S> as F extends `${string} ${infer Name}` ? Name : never]: F extends `${infer Type extends keyof Members} ${string}` ? Members[Type] : never;
};

/** One item of a batch. `kind` is 0 to grant, 1 to deny, 2 to revoke. */
export type Op = Fields<typeof OP>;
/** What is signed for an action. */
export type Message<A extends ActionName | StatementName> = A extends ActionName
  ? { actor: Address; subject: Address } & Fields<(typeof STRUCTS)[A]>
  : A extends StatementName ? Fields<(typeof STATEMENTS)[A]> : never;

/** A decision that is to be signed. */
export type Intent = { [A in ActionName]: { readonly action: A; readonly message: Message<A> } }[ActionName];
/** A statement that is to be signed. */
export type Statement = { [A in StatementName]: { readonly action: A; readonly message: Message<A> } }[StatementName];
/** Anything that a signer signs. */
export type Signable = Intent | Statement;

/**
 * Carrying out a recovery. Anyone may ask for it; what is signed is the new controller's agreement, so that the actor is
 * the new controller.
 */
export interface Recover {
  readonly action: "Recover";
  readonly message: { readonly actor: Address; readonly subject: Address; readonly proposalId: number; readonly seq: number; readonly deadline: number };
}
/** Anything that the registry takes. */
export type Decision = Intent | Recover;

/** What the actor of a decision signs. */
export function signedPart(decision: Decision): Intent {
  if (decision.action !== "Recover") return decision;
  const { actor, subject, seq, deadline } = decision.message;
  return { action: "AcceptControl", message: { actor, subject, seq, deadline } };
}

/** A member of a struct. */
export interface Field {
  readonly name: string;
  readonly type: string;
}

function fields(encoded: string): Field[] {
  return encoded.split(",").map((field) => {
    const [type = "", name = ""] = field.split(" ");
    return { name, type };
  });
}

/** The members of an action's message, in the order in which the registry takes them. */
export function fieldsOf(action: ActionName | "Recover"): Field[] {
  return fields(action === "Recover" ? RECOVER : `address actor,address subject,${STRUCTS[action]}`);
}

/** The EIP-712 types of a struct, in the form that wallets and viem take. */
export function typesOf(action: string): Record<string, Field[]> {
  if (Object.hasOwn(STATEMENTS, action)) return { [action]: fields(STATEMENTS[action as StatementName]) };
  if (!Object.hasOwn(STRUCTS, action)) throw new TypeError(`no struct is called ${action}`);
  const own = fieldsOf(action as ActionName);
  return action === "Batch" ? { Batch: own, Op: fields(OP) } : { [action]: own };
}

/** Whether an action takes access away and nothing else: what must take effect before the chain has it. */
export function isStop(intent: Decision): boolean {
  if (intent.action === "Batch") return intent.message.ops.every((op) => op.kind !== 0);
  return intent.action === "Revoke" || intent.action === "Deny" || intent.action === "RevokeAll";
}
