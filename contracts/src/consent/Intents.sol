// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

// What people sign: one EIP-712 struct for each action, in the order of the action's arguments. In all of them
//
// - `actor` is who decides and signs, `subject` the patient's address the action is about;
// - `deadline` is the last second at which the signature works. A stop's may be `type(uint40).max`; any other lies at
//   most {MAX_SIGNATURE_LIFE} ahead.
//
// An opening signs exact counters, so that it applies once and to the state its signer saw. A stop signs `through...`:
// it applies while the counter is not above that value and then sets it above, so that nothing held back can follow it.

/// @notice A grantee asks for consent. See {IConsents.request}.
struct Request {
    address actor;
    address subject;
    address grantee;
    bytes32 scopeId;
    uint40 validFrom;
    uint40 validTo;
    uint40 respondBy;
    uint32 version;
    uint40 deadline;
}

/// @notice The subject gives or renews consent. See {IConsents.grant}.
struct Grant {
    address actor;
    address subject;
    address grantee;
    bytes32 scopeId;
    uint24 seq;
    uint40 validFrom;
    uint40 validTo;
    uint32 version;
    uint40 deadline;
}

/// @notice The subject refuses a request. See {IConsents.deny}.
struct Deny {
    address actor;
    address subject;
    address grantee;
    bytes32 scopeId;
    uint32 throughVersion;
    uint40 deadline;
}

/// @notice The subject takes consent back. See {IConsents.revoke}.
struct Revoke {
    address actor;
    address subject;
    address grantee;
    bytes32 scopeId;
    uint32 throughVersion;
    uint40 deadline;
}

/// @notice A grantee gives up a request or a consent. See {IConsents.relinquish}.
struct Relinquish {
    address actor;
    address subject;
    address grantee;
    bytes32 scopeId;
    uint32 version;
    uint40 deadline;
}

/// @notice What an item of a batch does.
enum OpKind {
    Grant,
    Deny,
    Revoke
}

/// @notice Whether a batch is all or nothing.
enum BatchMode {
    /// Every item applies, or none. A batch of stops alone still skips those that are stale: they have had their
    /// effect.
    Atomic,
    /// Items that are stale are skipped.
    Try
}

/// @notice One item of a batch, about the batch's subject.
/// @dev `version` is a grant's version or a stop's `throughVersion`; a stop's window is not looked at.
struct Op {
    OpKind kind;
    address grantee;
    bytes32 scopeId;
    uint40 validFrom;
    uint40 validTo;
    uint32 version;
}

/// @notice Several decisions of one actor about one subject. See {IConsents.batch}.
/// @dev `seq` counts for the grants; without one it is not looked at.
struct Batch {
    address actor;
    address subject;
    BatchMode mode;
    uint24 seq;
    Op[] ops;
    uint40 deadline;
}

/// @notice The subject takes back every consent and every grant signed but not yet applied. See {ISubjects.revokeAll}.
struct RevokeAll {
    address actor;
    address subject;
    uint24 throughEpoch;
    uint24 throughSeq;
    bool dropDelegates;
    uint40 deadline;
}

/// @notice The subject voids every grant signed but not yet applied. See {ISubjects.invalidate}.
struct Invalidate {
    address actor;
    address subject;
    uint24 throughSeq;
    uint40 deadline;
}

/// @notice The controller hands the subject to another key. See {ISubjects.rotate}.
struct Rotate {
    address actor;
    address subject;
    address newController;
    uint24 seq;
    uint40 deadline;
}

/// @notice A key accepts to control a subject: the second signature of a rotation or recovery.
struct AcceptControl {
    address actor;
    address subject;
    uint24 seq;
    uint40 deadline;
}

/// @notice The controller gives a delegate rights. See {ISubjects.setDelegate}.
struct SetDelegate {
    address actor;
    address subject;
    address delegate;
    uint8 rights;
    uint40 validFrom;
    uint40 validTo;
    uint32 nonce;
    uint24 seq;
    uint40 deadline;
}

/// @notice The controller takes a delegate's rights back. See {ISubjects.removeDelegate}.
struct RemoveDelegate {
    address actor;
    address subject;
    address delegate;
    uint32 throughNonce;
    uint40 deadline;
}

/// @notice The controller names who may recover the subject, or nobody. See {ISubjects.setRecovery}.
struct SetRecovery {
    address actor;
    address subject;
    address recoverer;
    uint32 delay;
    uint32 nonce;
    uint24 seq;
    uint40 deadline;
}

/// @notice The recoverer proposes another controller. See {ISubjects.proposeRecovery}.
struct ProposeRecovery {
    address actor;
    address subject;
    address newController;
    uint32 proposalId;
    uint40 deadline;
}

/// @notice The controller refuses a recovery. See {ISubjects.veto}.
struct Veto {
    address actor;
    address subject;
    uint32 proposalId;
    uint40 deadline;
}

/// @notice The recoverer stops new grants for a while. See {ISubjects.freeze}.
struct Freeze {
    address actor;
    address subject;
    uint24 seq;
    uint40 deadline;
}

/// @notice The controller ends a freeze. See {ISubjects.unfreeze}.
struct Unfreeze {
    address actor;
    address subject;
    uint24 seq;
    uint40 deadline;
}

/// @notice How an actor vouches for an intent. Both fields empty: by sending it itself.
/// @dev Not part of what is signed.
struct Proof {
    /// Empty for an address (an EOA's 65 or, by EIP-2098, 64 bytes; or ERC-1271). Else an ERC-7913 signer, verifier and
    /// key, whose id is the actor, see {IntentLens.signerId}.
    bytes signer;
    /// The signature, as its kind of signer has it.
    bytes signature;
}

/// @notice A new controller's agreement, see {AcceptControl}. Not looked at where the new controller itself calls.
struct Acceptance {
    uint40 deadline;
    Proof proof;
}
