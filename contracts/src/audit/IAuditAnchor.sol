// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @notice A log passes from its logger's key to a successor's. Both sign this. See {IAuditAnchor.handOver}.
/// @dev `head` is the log's head at that moment; `deadline` is the last second at which the signatures work.
struct HandOver {
    address logger;
    address successor;
    bytes32 logId;
    bytes32 head;
    uint40 deadline;
}

/// @title Anchor of audit logs
/// @notice Records the growing tree of an audit log, one head after the other, so that nobody, its keeper included, can
/// later show another past.
/// @dev For anyone; each log belongs to whoever anchors it, as (logger, logId). The rules:
///
/// - A head is one word: the tree size in the upper 64 bits, then the low 192 bits of
///   `keccak256(abi.encode(previousHead, root, treeSize))`, which hashes three words of 32 bytes. The first previous
///   head is zero. So a head stands for the whole history before it.
/// - Anchoring names the head it follows, and the tree must have grown. A head holds no time: transactions that were
///   sent one after the other without waiting apply again, in the same order, after a reorganisation of the chain.
///   When a tree was anchored is the time of its event's block.
/// - `root` is the Merkle tree hash of RFC 6962, section 2.1: SHA-256, with prefixes that tell leaves from nodes, left
///   and right in order. It is recorded, not checked: that a tree extends the one before is for a consistency proof of
///   that RFC to show. OpenZeppelin's `MerkleProof` sorts its pairs and verifies no proof against such a root.
/// - The largest tree size means closed: no tree has it, and under its old key a log that was handed over can never be
///   anchored again.
///
/// The EIP-712 domain is (`Consentry`, `1`, chain id, this contract), see ERC-5267. The events rebuild every stored
/// bit.
interface IAuditAnchor {
    /// @notice A tree was anchored.
    /// @param logger Who anchored it.
    /// @param logId Which of the logger's logs.
    /// @param previousHead The head before; zero for the first tree.
    /// @param root The root by RFC 6962.
    /// @param head The head from now on; its upper 64 bits are the tree size.
    event Anchored(address indexed logger, bytes32 indexed logId, bytes32 previousHead, bytes32 root, bytes32 head);

    /// @notice A log passed to a successor, under the same id and with the same head. The old one is closed.
    /// @param logger Whose log it was.
    /// @param successor Whose log it is now.
    /// @param logId The id.
    /// @param head The head.
    event HandedOver(address indexed logger, address indexed successor, bytes32 indexed logId, bytes32 head);

    /// @notice The log has moved on, or the caller named the wrong head.
    /// @param given The head given.
    /// @param current The head.
    error WrongHead(bytes32 given, bytes32 current);

    /// @notice The tree must be larger than the one before.
    /// @param given The tree size given.
    /// @param current That of the head.
    error TreeNotGrowing(uint64 given, uint64 current);

    /// @notice No tree is that large: the largest number means closed.
    error TreeTooLarge();

    /// @notice No tree has a root of zero.
    error ZeroRoot();

    /// @notice The log was handed over.
    /// @param successor Who has it now.
    error LogClosed(address successor);

    /// @notice Nothing was anchored, so there is nothing to hand over.
    error LogEmpty();

    /// @notice The successor already has, or had, a log of this id.
    /// @param successor The successor given.
    error SuccessorHasLog(address successor);

    /// @notice The successor is the zero address.
    error ZeroSuccessor();

    /// @notice The successor is the logger itself.
    /// @param logger The address given for both.
    error SameKey(address logger);

    /// @notice The signatures are no longer valid.
    /// @param deadline The last second at which they were.
    /// @param time The block time.
    error DeadlinePassed(uint40 deadline, uint40 time);

    /// @notice The signatures would be valid too long.
    /// @param deadline The deadline given.
    /// @param latest The latest allowed.
    error DeadlineTooFar(uint40 deadline, uint40 latest);

    /// @notice This is not the signature of the one who must sign.
    /// @param signer Who must.
    error BadSignature(address signer);

    /// @notice Anchors the next tree of one of the caller's logs.
    /// @param logId Which log; any number the caller chose.
    /// @param previousHead The head it follows; zero for the first tree.
    /// @param root The root by RFC 6962; not zero.
    /// @param treeSize The number of entries, more than before.
    /// @return newHead The head from now on, see {nextHead}.
    function anchor(bytes32 logId, bytes32 previousHead, bytes32 root, uint64 treeSize)
        external
        returns (bytes32 newHead);

    /// @notice Passes a log to a successor's key and closes the old one for good. Anyone may send it.
    /// @dev Works once: the old log is closed, also for every other hand-over that was signed.
    /// @param intent What both sign.
    /// @param loggerSignature The logger's: 65 bytes of an EOA, or what a wallet takes by ERC-1271. Not looked at where
    /// the logger itself calls.
    /// @param successorSignature The successor's agreement, likewise. Not looked at where the successor itself calls.
    function handOver(HandOver calldata intent, bytes calldata loggerSignature, bytes calldata successorSignature)
        external;

    /// @notice The longest time a signature may be valid, in seconds.
    /// @return The number of seconds.
    function MAX_SIGNATURE_LIFE() external view returns (uint40);

    /// @notice The head of a log.
    /// @param logger Whose log.
    /// @param logId Which of them.
    /// @return current The head; zero if nothing was anchored, and after a hand-over, see {successorOf}.
    function head(address logger, bytes32 logId) external view returns (bytes32 current);

    /// @notice Who got a log that was handed over; may have handed it on.
    /// @param logger Whose log it was.
    /// @param logId Which of them.
    /// @return successor The successor; zero if it was not handed over.
    function successorOf(address logger, bytes32 logId) external view returns (address successor);

    /// @notice The head that a tree leads to.
    /// @param previousHead The head before; zero for the first tree.
    /// @param root The root by RFC 6962.
    /// @param treeSize The number of entries.
    /// @return next The head.
    function nextHead(bytes32 previousHead, bytes32 root, uint64 treeSize) external pure returns (bytes32 next);

    /// @notice What is signed for a hand-over: keccak256(0x1901 ‖ domain separator ‖ struct hash), by EIP-712.
    /// @param intent The struct.
    /// @return The digest.
    function digest(HandOver calldata intent) external view returns (bytes32);
}
