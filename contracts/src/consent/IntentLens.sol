// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IntentHashes} from "./IntentHashes.sol";
import {
    AcceptControl,
    Batch,
    Deny,
    Freeze,
    Grant,
    Invalidate,
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
import {MAX_OPS, MAX_RECOVERY_DELAY, MAX_RESPONSE_TIME, MAX_SIGNATURE_LIFE, MIN_RECOVERY_DELAY} from "./Limits.sol";
import {Signers} from "./Signers.sol";
import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";

/// @title Intent lens
/// @notice Answers what a wallet or a relayer wants to know before it signs or sends, without an indexer: what the
/// intents hash to, what is signed for a registry, which address stands for a passkey, which limits hold. It has no
/// state and no rights; the registry does not know it.
/// @dev Apart from the registry so that this code does not count towards the size of the registry and the cost of its
/// dispatch. It shares the registry's libraries, so both give the same hashes. Several structs have the same fields, so
/// the functions are named after them instead of overloaded.
contract IntentLens {
    /// @notice The type hash of a struct.
    struct TypeHash {
        /// The struct's name.
        string name;
        /// keccak256 of its EIP-712 type string.
        bytes32 typeHash;
    }

    /// @notice What a registry allows at most or at least; times in seconds.
    struct Limits {
        /// How long a request may stay open.
        uint40 maxResponseTime;
        /// How far ahead the deadline of a signature may lie that is no stop's.
        uint40 maxSignatureLife;
        /// The shortest delay of a recovery.
        uint32 minRecoveryDelay;
        /// The longest delay of a recovery.
        uint32 maxRecoveryDelay;
        /// How many items a batch may have.
        uint16 maxOps;
    }

    bytes32 private constant DOMAIN =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
    bytes32 private constant NAME = keccak256("Consentry");
    bytes32 private constant VERSION = keccak256("1");

    /// @notice The limits of a registry of this version.
    /// @return all All of them.
    function limits() external pure returns (Limits memory all) {
        // forge-lint: disable-next-line(unsafe-typecast)
        return Limits(MAX_RESPONSE_TIME, MAX_SIGNATURE_LIFE, MIN_RECOVERY_DELAY, MAX_RECOVERY_DELAY, uint16(MAX_OPS));
    }

    /// @notice The type hash of every intent, and of what they contain.
    /// @return all Names and hashes.
    function typeHashes() external pure returns (TypeHash[] memory all) {
        all = new TypeHash[](18);
        all[0] = TypeHash("Request", IntentHashes.REQUEST);
        all[1] = TypeHash("Grant", IntentHashes.GRANT);
        all[2] = TypeHash("Deny", IntentHashes.DENY);
        all[3] = TypeHash("Revoke", IntentHashes.REVOKE);
        all[4] = TypeHash("Relinquish", IntentHashes.RELINQUISH);
        all[5] = TypeHash("Op", IntentHashes.OP);
        all[6] = TypeHash("Batch", IntentHashes.BATCH);
        all[7] = TypeHash("RevokeAll", IntentHashes.REVOKE_ALL);
        all[8] = TypeHash("Invalidate", IntentHashes.INVALIDATE);
        all[9] = TypeHash("Rotate", IntentHashes.ROTATE);
        all[10] = TypeHash("AcceptControl", IntentHashes.ACCEPT_CONTROL);
        all[11] = TypeHash("SetDelegate", IntentHashes.SET_DELEGATE);
        all[12] = TypeHash("RemoveDelegate", IntentHashes.REMOVE_DELEGATE);
        all[13] = TypeHash("SetRecovery", IntentHashes.SET_RECOVERY);
        all[14] = TypeHash("ProposeRecovery", IntentHashes.PROPOSE_RECOVERY);
        all[15] = TypeHash("Veto", IntentHashes.VETO);
        all[16] = TypeHash("Freeze", IntentHashes.FREEZE);
        all[17] = TypeHash("Unfreeze", IntentHashes.UNFREEZE);
    }

    /// @notice The EIP-712 domain separator of a registry on this chain.
    /// @param registry The registry's address.
    /// @return separator The separator.
    function domainSeparator(address registry) public view returns (bytes32 separator) {
        return keccak256(abi.encode(DOMAIN, NAME, VERSION, block.chainid, registry));
    }

    /// @notice The id of a consent in a registry on this chain, which need not exist.
    /// @param registry The registry's address.
    /// @param subject The patient's address.
    /// @param grantee The organisation's address.
    /// @param scopeId The salted hash of the policy.
    /// @return id The id.
    function consentId(address registry, address subject, address grantee, bytes32 scopeId)
        external
        view
        returns (bytes32 id)
    {
        return keccak256(abi.encode(block.chainid, registry, subject, grantee, scopeId));
    }

    /// @notice The address that stands for an ERC-7913 signer, a passkey for instance: the actor of what it signs.
    /// @param signer The verifier's 20 bytes followed by the key.
    /// @return id The address.
    function signerId(bytes calldata signer) external pure returns (address id) {
        return Signers.id(signer);
    }

    /// @notice The struct hash of an intent.
    /// @param intent The intent.
    /// @return structHash The hash.
    function hashRequest(Request calldata intent) external pure returns (bytes32 structHash) {
        return IntentHashes.hash(intent);
    }

    /// @notice What is signed for an intent.
    /// @param registry The registry it is meant for.
    /// @param intent The intent.
    /// @return signed The EIP-712 digest.
    function digestRequest(address registry, Request calldata intent) external view returns (bytes32 signed) {
        return _digest(registry, IntentHashes.hash(intent));
    }

    /// @notice The struct hash of an intent.
    /// @param intent The intent.
    /// @return structHash The hash.
    function hashGrant(Grant calldata intent) external pure returns (bytes32 structHash) {
        return IntentHashes.hash(intent);
    }

    /// @notice What is signed for an intent.
    /// @param registry The registry it is meant for.
    /// @param intent The intent.
    /// @return signed The EIP-712 digest.
    function digestGrant(address registry, Grant calldata intent) external view returns (bytes32 signed) {
        return _digest(registry, IntentHashes.hash(intent));
    }

    /// @notice The struct hash of an intent.
    /// @param intent The intent.
    /// @return structHash The hash.
    function hashDeny(Deny calldata intent) external pure returns (bytes32 structHash) {
        return IntentHashes.hash(intent);
    }

    /// @notice What is signed for an intent.
    /// @param registry The registry it is meant for.
    /// @param intent The intent.
    /// @return signed The EIP-712 digest.
    function digestDeny(address registry, Deny calldata intent) external view returns (bytes32 signed) {
        return _digest(registry, IntentHashes.hash(intent));
    }

    /// @notice The struct hash of an intent.
    /// @param intent The intent.
    /// @return structHash The hash.
    function hashRevoke(Revoke calldata intent) external pure returns (bytes32 structHash) {
        return IntentHashes.hash(intent);
    }

    /// @notice What is signed for an intent.
    /// @param registry The registry it is meant for.
    /// @param intent The intent.
    /// @return signed The EIP-712 digest.
    function digestRevoke(address registry, Revoke calldata intent) external view returns (bytes32 signed) {
        return _digest(registry, IntentHashes.hash(intent));
    }

    /// @notice The struct hash of an intent.
    /// @param intent The intent.
    /// @return structHash The hash.
    function hashRelinquish(Relinquish calldata intent) external pure returns (bytes32 structHash) {
        return IntentHashes.hash(intent);
    }

    /// @notice What is signed for an intent.
    /// @param registry The registry it is meant for.
    /// @param intent The intent.
    /// @return signed The EIP-712 digest.
    function digestRelinquish(address registry, Relinquish calldata intent) external view returns (bytes32 signed) {
        return _digest(registry, IntentHashes.hash(intent));
    }

    /// @notice The struct hash of an intent.
    /// @param intent The intent.
    /// @return structHash The hash.
    function hashBatch(Batch calldata intent) external pure returns (bytes32 structHash) {
        return IntentHashes.hash(intent);
    }

    /// @notice What is signed for an intent.
    /// @param registry The registry it is meant for.
    /// @param intent The intent.
    /// @return signed The EIP-712 digest.
    function digestBatch(address registry, Batch calldata intent) external view returns (bytes32 signed) {
        return _digest(registry, IntentHashes.hash(intent));
    }

    /// @notice The struct hash of an intent.
    /// @param intent The intent.
    /// @return structHash The hash.
    function hashRevokeAll(RevokeAll calldata intent) external pure returns (bytes32 structHash) {
        return IntentHashes.hash(intent);
    }

    /// @notice What is signed for an intent.
    /// @param registry The registry it is meant for.
    /// @param intent The intent.
    /// @return signed The EIP-712 digest.
    function digestRevokeAll(address registry, RevokeAll calldata intent) external view returns (bytes32 signed) {
        return _digest(registry, IntentHashes.hash(intent));
    }

    /// @notice The struct hash of an intent.
    /// @param intent The intent.
    /// @return structHash The hash.
    function hashInvalidate(Invalidate calldata intent) external pure returns (bytes32 structHash) {
        return IntentHashes.hash(intent);
    }

    /// @notice What is signed for an intent.
    /// @param registry The registry it is meant for.
    /// @param intent The intent.
    /// @return signed The EIP-712 digest.
    function digestInvalidate(address registry, Invalidate calldata intent) external view returns (bytes32 signed) {
        return _digest(registry, IntentHashes.hash(intent));
    }

    /// @notice The struct hash of an intent.
    /// @param intent The intent.
    /// @return structHash The hash.
    function hashRotate(Rotate calldata intent) external pure returns (bytes32 structHash) {
        return IntentHashes.hash(intent);
    }

    /// @notice What is signed for an intent.
    /// @param registry The registry it is meant for.
    /// @param intent The intent.
    /// @return signed The EIP-712 digest.
    function digestRotate(address registry, Rotate calldata intent) external view returns (bytes32 signed) {
        return _digest(registry, IntentHashes.hash(intent));
    }

    /// @notice The struct hash of an intent.
    /// @param intent The intent.
    /// @return structHash The hash.
    function hashAcceptControl(AcceptControl calldata intent) external pure returns (bytes32 structHash) {
        return IntentHashes.hash(intent);
    }

    /// @notice What is signed for an intent.
    /// @param registry The registry it is meant for.
    /// @param intent The intent.
    /// @return signed The EIP-712 digest.
    function digestAcceptControl(address registry, AcceptControl calldata intent)
        external
        view
        returns (bytes32 signed)
    {
        return _digest(registry, IntentHashes.hash(intent));
    }

    /// @notice The struct hash of an intent.
    /// @param intent The intent.
    /// @return structHash The hash.
    function hashSetDelegate(SetDelegate calldata intent) external pure returns (bytes32 structHash) {
        return IntentHashes.hash(intent);
    }

    /// @notice What is signed for an intent.
    /// @param registry The registry it is meant for.
    /// @param intent The intent.
    /// @return signed The EIP-712 digest.
    function digestSetDelegate(address registry, SetDelegate calldata intent) external view returns (bytes32 signed) {
        return _digest(registry, IntentHashes.hash(intent));
    }

    /// @notice The struct hash of an intent.
    /// @param intent The intent.
    /// @return structHash The hash.
    function hashRemoveDelegate(RemoveDelegate calldata intent) external pure returns (bytes32 structHash) {
        return IntentHashes.hash(intent);
    }

    /// @notice What is signed for an intent.
    /// @param registry The registry it is meant for.
    /// @param intent The intent.
    /// @return signed The EIP-712 digest.
    function digestRemoveDelegate(address registry, RemoveDelegate calldata intent)
        external
        view
        returns (bytes32 signed)
    {
        return _digest(registry, IntentHashes.hash(intent));
    }

    /// @notice The struct hash of an intent.
    /// @param intent The intent.
    /// @return structHash The hash.
    function hashSetRecovery(SetRecovery calldata intent) external pure returns (bytes32 structHash) {
        return IntentHashes.hash(intent);
    }

    /// @notice What is signed for an intent.
    /// @param registry The registry it is meant for.
    /// @param intent The intent.
    /// @return signed The EIP-712 digest.
    function digestSetRecovery(address registry, SetRecovery calldata intent) external view returns (bytes32 signed) {
        return _digest(registry, IntentHashes.hash(intent));
    }

    /// @notice The struct hash of an intent.
    /// @param intent The intent.
    /// @return structHash The hash.
    function hashProposeRecovery(ProposeRecovery calldata intent) external pure returns (bytes32 structHash) {
        return IntentHashes.hash(intent);
    }

    /// @notice What is signed for an intent.
    /// @param registry The registry it is meant for.
    /// @param intent The intent.
    /// @return signed The EIP-712 digest.
    function digestProposeRecovery(address registry, ProposeRecovery calldata intent)
        external
        view
        returns (bytes32 signed)
    {
        return _digest(registry, IntentHashes.hash(intent));
    }

    /// @notice The struct hash of an intent.
    /// @param intent The intent.
    /// @return structHash The hash.
    function hashVeto(Veto calldata intent) external pure returns (bytes32 structHash) {
        return IntentHashes.hash(intent);
    }

    /// @notice What is signed for an intent.
    /// @param registry The registry it is meant for.
    /// @param intent The intent.
    /// @return signed The EIP-712 digest.
    function digestVeto(address registry, Veto calldata intent) external view returns (bytes32 signed) {
        return _digest(registry, IntentHashes.hash(intent));
    }

    /// @notice The struct hash of an intent.
    /// @param intent The intent.
    /// @return structHash The hash.
    function hashFreeze(Freeze calldata intent) external pure returns (bytes32 structHash) {
        return IntentHashes.hash(intent);
    }

    /// @notice What is signed for an intent.
    /// @param registry The registry it is meant for.
    /// @param intent The intent.
    /// @return signed The EIP-712 digest.
    function digestFreeze(address registry, Freeze calldata intent) external view returns (bytes32 signed) {
        return _digest(registry, IntentHashes.hash(intent));
    }

    /// @notice The struct hash of an intent.
    /// @param intent The intent.
    /// @return structHash The hash.
    function hashUnfreeze(Unfreeze calldata intent) external pure returns (bytes32 structHash) {
        return IntentHashes.hash(intent);
    }

    /// @notice What is signed for an intent.
    /// @param registry The registry it is meant for.
    /// @param intent The intent.
    /// @return signed The EIP-712 digest.
    function digestUnfreeze(address registry, Unfreeze calldata intent) external view returns (bytes32 signed) {
        return _digest(registry, IntentHashes.hash(intent));
    }

    function _digest(address registry, bytes32 structHash) private view returns (bytes32) {
        return MessageHashUtils.toTypedDataHash(domainSeparator(registry), structHash);
    }
}
