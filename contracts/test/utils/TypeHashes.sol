// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {
    AcceptControl,
    Batch,
    Deny,
    Freeze,
    Grant,
    Invalidate,
    Op,
    ProposeRecovery,
    Relinquish,
    RemoveDelegate,
    Request,
    Revoke,
    RevokeAll,
    Rotate,
    SetDelegate,
    SetRecovery,
    Unfreeze,
    Veto
} from "../../src/consent/Intents.sol";

/// @title What a wallet signs
/// @notice The EIP-712 types as a wallet shows them, written down a second time: a test that signed with the sources'
/// own hashes would not notice when a type changes under the wallets in use.
library TypeHashes {
    bytes32 internal constant REQUEST = keccak256(
        "Request(address actor,address subject,address grantee,bytes32 scopeId,uint40 validFrom,uint40 validTo,"
        "uint40 respondBy,uint32 version,uint40 deadline)"
    );
    bytes32 internal constant GRANT = keccak256(
        "Grant(address actor,address subject,address grantee,bytes32 scopeId,uint24 seq,uint40 validFrom,"
        "uint40 validTo,uint32 version,uint40 deadline)"
    );
    bytes32 internal constant DENY = keccak256(
        "Deny(address actor,address subject,address grantee,bytes32 scopeId,uint32 throughVersion,uint40 deadline)"
    );
    bytes32 internal constant REVOKE = keccak256(
        "Revoke(address actor,address subject,address grantee,bytes32 scopeId,uint32 throughVersion,uint40 deadline)"
    );
    bytes32 internal constant RELINQUISH = keccak256(
        "Relinquish(address actor,address subject,address grantee,bytes32 scopeId,uint32 version,uint40 deadline)"
    );
    bytes32 internal constant OP =
        keccak256("Op(uint8 kind,address grantee,bytes32 scopeId,uint40 validFrom,uint40 validTo,uint32 version)");
    bytes32 internal constant BATCH = keccak256(
        "Batch(address actor,address subject,uint8 mode,uint24 seq,Op[] ops,uint40 deadline)"
        "Op(uint8 kind,address grantee,bytes32 scopeId,uint40 validFrom,uint40 validTo,uint32 version)"
    );
    bytes32 internal constant REVOKE_ALL = keccak256(
        "RevokeAll(address actor,address subject,uint24 throughEpoch,uint24 throughSeq,bool dropDelegates,"
        "uint40 deadline)"
    );
    bytes32 internal constant INVALIDATE =
        keccak256("Invalidate(address actor,address subject,uint24 throughSeq,uint40 deadline)");
    bytes32 internal constant ROTATE =
        keccak256("Rotate(address actor,address subject,address newController,uint24 seq,uint40 deadline)");
    bytes32 internal constant ACCEPT_CONTROL =
        keccak256("AcceptControl(address actor,address subject,uint24 seq,uint40 deadline)");
    bytes32 internal constant SET_DELEGATE = keccak256(
        "SetDelegate(address actor,address subject,address delegate,uint8 rights,uint40 validFrom,uint40 validTo,"
        "uint32 nonce,uint24 seq,uint40 deadline)"
    );
    bytes32 internal constant REMOVE_DELEGATE =
        keccak256("RemoveDelegate(address actor,address subject,address delegate,uint32 throughNonce,uint40 deadline)");
    bytes32 internal constant SET_RECOVERY = keccak256(
        "SetRecovery(address actor,address subject,address recoverer,uint32 delay,uint32 nonce,uint24 seq,"
        "uint40 deadline)"
    );
    bytes32 internal constant PROPOSE_RECOVERY = keccak256(
        "ProposeRecovery(address actor,address subject,address newController,uint32 proposalId,uint40 deadline)"
    );
    bytes32 internal constant VETO = keccak256("Veto(address actor,address subject,uint32 proposalId,uint40 deadline)");
    bytes32 internal constant FREEZE = keccak256("Freeze(address actor,address subject,uint24 seq,uint40 deadline)");
    bytes32 internal constant UNFREEZE =
        keccak256("Unfreeze(address actor,address subject,uint24 seq,uint40 deadline)");

    function hash(Request memory intent) internal pure returns (bytes32) {
        return keccak256(abi.encode(REQUEST, intent));
    }

    function hash(Grant memory intent) internal pure returns (bytes32) {
        return keccak256(abi.encode(GRANT, intent));
    }

    function hash(Deny memory intent) internal pure returns (bytes32) {
        return keccak256(abi.encode(DENY, intent));
    }

    function hash(Revoke memory intent) internal pure returns (bytes32) {
        return keccak256(abi.encode(REVOKE, intent));
    }

    function hash(Relinquish memory intent) internal pure returns (bytes32) {
        return keccak256(abi.encode(RELINQUISH, intent));
    }

    function hash(Batch memory intent) internal pure returns (bytes32) {
        bytes memory items;
        for (uint256 i = 0; i < intent.ops.length; ++i) {
            Op memory op = intent.ops[i];
            items = bytes.concat(
                items,
                keccak256(abi.encode(OP, uint8(op.kind), op.grantee, op.scopeId, op.validFrom, op.validTo, op.version))
            );
        }
        return keccak256(
            abi.encode(
                BATCH, intent.actor, intent.subject, uint8(intent.mode), intent.seq, keccak256(items), intent.deadline
            )
        );
    }

    function hash(RevokeAll memory intent) internal pure returns (bytes32) {
        return keccak256(abi.encode(REVOKE_ALL, intent));
    }

    function hash(Invalidate memory intent) internal pure returns (bytes32) {
        return keccak256(abi.encode(INVALIDATE, intent));
    }

    function hash(Rotate memory intent) internal pure returns (bytes32) {
        return keccak256(abi.encode(ROTATE, intent));
    }

    function hash(AcceptControl memory intent) internal pure returns (bytes32) {
        return keccak256(abi.encode(ACCEPT_CONTROL, intent));
    }

    function hash(SetDelegate memory intent) internal pure returns (bytes32) {
        return keccak256(abi.encode(SET_DELEGATE, intent));
    }

    function hash(RemoveDelegate memory intent) internal pure returns (bytes32) {
        return keccak256(abi.encode(REMOVE_DELEGATE, intent));
    }

    function hash(SetRecovery memory intent) internal pure returns (bytes32) {
        return keccak256(abi.encode(SET_RECOVERY, intent));
    }

    function hash(ProposeRecovery memory intent) internal pure returns (bytes32) {
        return keccak256(abi.encode(PROPOSE_RECOVERY, intent));
    }

    function hash(Veto memory intent) internal pure returns (bytes32) {
        return keccak256(abi.encode(VETO, intent));
    }

    function hash(Freeze memory intent) internal pure returns (bytes32) {
        return keccak256(abi.encode(FREEZE, intent));
    }

    function hash(Unfreeze memory intent) internal pure returns (bytes32) {
        return keccak256(abi.encode(UNFREEZE, intent));
    }
}
