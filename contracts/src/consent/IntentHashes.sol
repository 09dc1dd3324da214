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
} from "./Intents.sol";

/// @title Struct hashes of the intents
/// @notice `hashStruct` of EIP-712 for each struct in `Intents.sol`.
library IntentHashes {
    bytes32 internal constant REQUEST = keccak256(
        "Request(address actor,address subject,address grantee,bytes32 scopeId,uint40 validFrom,"
        "uint40 validTo,uint40 respondBy,uint32 version,uint40 deadline)"
    );
    bytes32 internal constant GRANT = keccak256(
        "Grant(address actor,address subject,address grantee,bytes32 scopeId,uint24 seq,uint40 validFrom,"
        "uint40 validTo,uint32 version,uint40 deadline)"
    );
    bytes32 internal constant DENY = keccak256(
        "Deny(address actor,address subject,address grantee,bytes32 scopeId,uint32 throughVersion," "uint40 deadline)"
    );
    bytes32 internal constant REVOKE = keccak256(
        "Revoke(address actor,address subject,address grantee,bytes32 scopeId,uint32 throughVersion," "uint40 deadline)"
    );
    bytes32 internal constant RELINQUISH = keccak256(
        "Relinquish(address actor,address subject,address grantee,bytes32 scopeId,uint32 version," "uint40 deadline)"
    );
    bytes32 internal constant OP =
        keccak256("Op(uint8 kind,address grantee,bytes32 scopeId,uint40 validFrom,uint40 validTo,uint32 version)");
    bytes32 internal constant BATCH = keccak256(
        "Batch(address actor,address subject,uint8 mode,uint24 seq,Op[] ops,uint40 deadline)Op(uint8 kind,"
        "address grantee,bytes32 scopeId,uint40 validFrom,uint40 validTo,uint32 version)"
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
        "SetDelegate(address actor,address subject,address delegate,uint8 rights,uint40 validFrom,"
        "uint40 validTo,uint32 nonce,uint24 seq,uint40 deadline)"
    );
    bytes32 internal constant REMOVE_DELEGATE =
        keccak256("RemoveDelegate(address actor,address subject,address delegate,uint32 throughNonce,uint40 deadline)");
    bytes32 internal constant SET_RECOVERY = keccak256(
        "SetRecovery(address actor,address subject,address recoverer,uint32 delay,uint32 nonce,uint24 seq,"
        "uint40 deadline)"
    );
    bytes32 internal constant PROPOSE_RECOVERY = keccak256(
        "ProposeRecovery(address actor,address subject,address newController,uint32 proposalId," "uint40 deadline)"
    );
    bytes32 internal constant VETO = keccak256("Veto(address actor,address subject,uint32 proposalId,uint40 deadline)");
    bytes32 internal constant FREEZE = keccak256("Freeze(address actor,address subject,uint24 seq,uint40 deadline)");
    bytes32 internal constant UNFREEZE =
        keccak256("Unfreeze(address actor,address subject,uint24 seq,uint40 deadline)");

    /// @notice The struct hash.
    /// @param intent The struct.
    /// @return The hash.
    function hash(Request calldata intent) internal pure returns (bytes32) {
        uint256 start;
        assembly ("memory-safe") {
            start := intent
        }
        return _hash(REQUEST, start, 9);
    }

    /// @notice The struct hash.
    /// @param intent The struct.
    /// @return The hash.
    function hash(Grant calldata intent) internal pure returns (bytes32) {
        uint256 start;
        assembly ("memory-safe") {
            start := intent
        }
        return _hash(GRANT, start, 9);
    }

    /// @notice The struct hash.
    /// @param intent The struct.
    /// @return The hash.
    function hash(Deny calldata intent) internal pure returns (bytes32) {
        uint256 start;
        assembly ("memory-safe") {
            start := intent
        }
        return _hash(DENY, start, 6);
    }

    /// @notice The struct hash.
    /// @param intent The struct.
    /// @return The hash.
    function hash(Revoke calldata intent) internal pure returns (bytes32) {
        uint256 start;
        assembly ("memory-safe") {
            start := intent
        }
        return _hash(REVOKE, start, 6);
    }

    /// @notice The struct hash.
    /// @param intent The struct.
    /// @return The hash.
    function hash(Relinquish calldata intent) internal pure returns (bytes32) {
        uint256 start;
        assembly ("memory-safe") {
            start := intent
        }
        return _hash(RELINQUISH, start, 6);
    }

    /// @notice The struct hash.
    /// @param intent The struct.
    /// @return The hash.
    function hash(Batch calldata intent) internal pure returns (bytes32) {
        return keccak256(
            abi.encode(
                BATCH, intent.actor, intent.subject, intent.mode, intent.seq, _hashItems(intent.ops), intent.deadline
            )
        );
    }

    /// @notice The struct hash.
    /// @param intent The struct.
    /// @return The hash.
    function hash(RevokeAll calldata intent) internal pure returns (bytes32) {
        uint256 start;
        assembly ("memory-safe") {
            start := intent
        }
        return _hash(REVOKE_ALL, start, 6);
    }

    /// @notice The struct hash.
    /// @param intent The struct.
    /// @return The hash.
    function hash(Invalidate calldata intent) internal pure returns (bytes32) {
        uint256 start;
        assembly ("memory-safe") {
            start := intent
        }
        return _hash(INVALIDATE, start, 4);
    }

    /// @notice The struct hash.
    /// @param intent The struct.
    /// @return The hash.
    function hash(Rotate calldata intent) internal pure returns (bytes32) {
        uint256 start;
        assembly ("memory-safe") {
            start := intent
        }
        return _hash(ROTATE, start, 5);
    }

    /// @notice The struct hash.
    /// @param intent The struct.
    /// @return The hash.
    function hash(AcceptControl memory intent) internal pure returns (bytes32) {
        return keccak256(abi.encode(ACCEPT_CONTROL, intent));
    }

    /// @notice The struct hash.
    /// @param intent The struct.
    /// @return The hash.
    function hash(SetDelegate calldata intent) internal pure returns (bytes32) {
        uint256 start;
        assembly ("memory-safe") {
            start := intent
        }
        return _hash(SET_DELEGATE, start, 9);
    }

    /// @notice The struct hash.
    /// @param intent The struct.
    /// @return The hash.
    function hash(RemoveDelegate calldata intent) internal pure returns (bytes32) {
        uint256 start;
        assembly ("memory-safe") {
            start := intent
        }
        return _hash(REMOVE_DELEGATE, start, 5);
    }

    /// @notice The struct hash.
    /// @param intent The struct.
    /// @return The hash.
    function hash(SetRecovery calldata intent) internal pure returns (bytes32) {
        uint256 start;
        assembly ("memory-safe") {
            start := intent
        }
        return _hash(SET_RECOVERY, start, 7);
    }

    /// @notice The struct hash.
    /// @param intent The struct.
    /// @return The hash.
    function hash(ProposeRecovery calldata intent) internal pure returns (bytes32) {
        uint256 start;
        assembly ("memory-safe") {
            start := intent
        }
        return _hash(PROPOSE_RECOVERY, start, 5);
    }

    /// @notice The struct hash.
    /// @param intent The struct.
    /// @return The hash.
    function hash(Veto calldata intent) internal pure returns (bytes32) {
        uint256 start;
        assembly ("memory-safe") {
            start := intent
        }
        return _hash(VETO, start, 4);
    }

    /// @notice The struct hash.
    /// @param intent The struct.
    /// @return The hash.
    function hash(Freeze calldata intent) internal pure returns (bytes32) {
        uint256 start;
        assembly ("memory-safe") {
            start := intent
        }
        return _hash(FREEZE, start, 4);
    }

    /// @notice The struct hash.
    /// @param intent The struct.
    /// @return The hash.
    function hash(Unfreeze calldata intent) internal pure returns (bytes32) {
        uint256 start;
        assembly ("memory-safe") {
            start := intent
        }
        return _hash(UNFREEZE, start, 4);
    }

    /// @dev The hash of an array: of the concatenated struct hashes of its items.
    function _hashItems(Op[] calldata ops) private pure returns (bytes32 itemsHash) {
        bytes32 typeHash = OP;
        assembly ("memory-safe") {
            let item := mload(0x40)
            let hashes := add(item, 0xe0)
            mstore(item, typeHash)
            for { let i := 0 } lt(i, ops.length) { i := add(i, 1) } {
                calldatacopy(add(item, 0x20), add(ops.offset, mul(i, 0xc0)), 0xc0)
                mstore(add(hashes, shl(5, i)), keccak256(item, 0xe0))
            }
            itemsHash := keccak256(hashes, shl(5, ops.length))
        }
    }

    /// @dev The hash of a struct of plain words, straight from the call data, beyond the memory in use. Whoever uses a
    /// field has it checked for spare bits; a wallet signs none.
    function _hash(bytes32 typeHash, uint256 start, uint256 words) private pure returns (bytes32 structHash) {
        assembly ("memory-safe") {
            let at := mload(0x40)
            mstore(at, typeHash)
            calldatacopy(add(at, 0x20), start, shl(5, words))
            structHash := keccak256(at, add(0x20, shl(5, words)))
        }
    }
}
