// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {HandOver, IAuditAnchor} from "./IAuditAnchor.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";

/// @title Anchor of audit logs
/// @notice See {IAuditAnchor}.
/// @dev Immutable and without an owner. Keeps one word per log: its head, or once it is closed the largest tree size
/// and in the low 160 bits the successor. No head looks like that, since no tree has the largest size.
contract AuditAnchor is IAuditAnchor, EIP712 {
    /// @inheritdoc IAuditAnchor
    uint40 public constant MAX_SIGNATURE_LIFE = 90 days;

    /// @dev EIP-712 type of {HandOver}.
    bytes32 private constant HAND_OVER =
        keccak256("HandOver(address logger,address successor,bytes32 logId,bytes32 head,uint40 deadline)");

    /// @dev The tree size of a closed log.
    uint64 private constant CLOSED = type(uint64).max;
    uint256 private constant TREE_SIZE = 192;

    /// @dev A struct, so that a log's place is worked out once.
    struct Log {
        bytes32 word;
    }

    mapping(address logger => mapping(bytes32 logId => Log log)) private _logs;

    constructor() EIP712("Consentry", "1") {}

    /// @inheritdoc IAuditAnchor
    function anchor(bytes32 logId, bytes32 previousHead, bytes32 root, uint64 treeSize)
        external
        returns (bytes32 newHead)
    {
        Log storage log = _logs[msg.sender][logId];
        bytes32 word = log.word;
        _requireHead(word, previousHead);
        if (treeSize <= _treeSize(word)) revert TreeNotGrowing(treeSize, _treeSize(word));
        if (treeSize == CLOSED) revert TreeTooLarge();
        if (root == 0) revert ZeroRoot();

        newHead = nextHead(previousHead, root, treeSize);
        log.word = newHead;
        emit Anchored(msg.sender, logId, previousHead, root, newHead);
    }

    /// @inheritdoc IAuditAnchor
    function handOver(HandOver calldata intent, bytes calldata loggerSignature, bytes calldata successorSignature)
        external
    {
        if (intent.successor == address(0)) revert ZeroSuccessor();
        if (intent.successor == intent.logger) revert SameKey(intent.logger);
        _requireInTime(intent.deadline);
        bytes32 signed = digest(intent);
        _requireSigned(intent.logger, signed, loggerSignature);
        _requireSigned(intent.successor, signed, successorSignature);

        Log storage old = _logs[intent.logger][intent.logId];
        Log storage log = _logs[intent.successor][intent.logId];
        _requireHead(old.word, intent.head);
        if (intent.head == 0) revert LogEmpty();
        if (log.word != 0) revert SuccessorHasLog(intent.successor);

        old.word = _closed(intent.successor);
        log.word = intent.head;
        emit HandedOver(intent.logger, intent.successor, intent.logId, intent.head);
    }

    /// @inheritdoc IAuditAnchor
    function head(address logger, bytes32 logId) external view returns (bytes32 current) {
        bytes32 word = _logs[logger][logId].word;
        return _treeSize(word) == CLOSED ? bytes32(0) : word;
    }

    /// @inheritdoc IAuditAnchor
    function successorOf(address logger, bytes32 logId) external view returns (address successor) {
        bytes32 word = _logs[logger][logId].word;
        return _treeSize(word) == CLOSED ? _successor(word) : address(0);
    }

    /// @inheritdoc IAuditAnchor
    function digest(HandOver calldata intent) public view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(HAND_OVER, intent)));
    }

    /// @inheritdoc IAuditAnchor
    function nextHead(bytes32 previousHead, bytes32 root, uint64 treeSize) public pure returns (bytes32 next) {
        uint256 hash = uint256(keccak256(abi.encode(previousHead, root, treeSize)));
        // Cuts off the upper 64 bits on purpose.
        // forge-lint: disable-next-line(unsafe-typecast)
        return bytes32((uint256(treeSize) << TREE_SIZE) | uint192(hash));
    }

    /// @dev A wallet that fails, or says anything but yes, has not signed.
    function _requireSigned(address signer, bytes32 signed, bytes calldata signature) private view {
        if (signer == msg.sender) return;
        if (!SignatureChecker.isValidSignatureNowCalldata(signer, signed, signature)) revert BadSignature(signer);
    }

    function _requireInTime(uint40 deadline) private view {
        // The block time fits until the year 36812.
        uint40 time = uint40(block.timestamp);
        if (deadline < time) revert DeadlinePassed(deadline, time);
        uint40 latest = time + MAX_SIGNATURE_LIFE;
        if (deadline > latest) revert DeadlineTooFar(deadline, latest);
    }

    /// @dev Requires that the log is open and has this head.
    function _requireHead(bytes32 word, bytes32 given) private pure {
        if (_treeSize(word) == CLOSED) revert LogClosed(_successor(word));
        if (given != word) revert WrongHead(given, word);
    }

    function _closed(address successor) private pure returns (bytes32) {
        return bytes32((uint256(CLOSED) << TREE_SIZE) | uint160(successor));
    }

    function _treeSize(bytes32 word) private pure returns (uint64) {
        // Cuts off all but the tree size on purpose.
        // forge-lint: disable-next-line(unsafe-typecast)
        return uint64(bytes8(word));
    }

    function _successor(bytes32 word) private pure returns (address) {
        // Cuts off the tree size on purpose.
        // forge-lint: disable-next-line(unsafe-typecast)
        return address(uint160(uint256(word)));
    }
}
