// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {AuditAnchor} from "../../../src/audit/AuditAnchor.sol";
import {HandOver} from "../../../src/audit/IAuditAnchor.sol";
import {Built} from "../../utils/Built.sol";
import {vm} from "../../utils/Vm.sol";

/// @notice An anchor, loggers with keys, and short forms of what tests do with them.
abstract contract AnchorTest {
    uint40 internal constant NOW = 1_800_000_000;
    uint40 internal constant DAY = 1 days;
    uint64 internal constant CLOSED = type(uint64).max;

    uint256 internal constant LOGGER_KEY = uint256(keccak256("logger"));
    uint256 internal constant SUCCESSOR_KEY = uint256(keccak256("successor"));
    uint256 internal constant THIRD_KEY = uint256(keccak256("third"));
    bytes32 internal constant LOG = keccak256("log");
    bytes32 internal constant OTHER_LOG = keccak256("other log");

    AuditAnchor internal anchor;
    address internal logger;
    address internal successor;
    address internal third;

    function setUp() public virtual {
        vm.warp(NOW);
        anchor = Built.anchor();
        logger = vm.addr(LOGGER_KEY);
        successor = vm.addr(SUCCESSOR_KEY);
        third = vm.addr(THIRD_KEY);
    }

    /// @dev Anchors the next tree of a log.
    function _anchorNext(address who, bytes32 logId, uint64 treeSize) internal returns (bytes32) {
        bytes32 previous = anchor.head(who, logId);
        vm.prank(who);
        return anchor.anchor(logId, previous, _root(treeSize), treeSize);
    }

    function _root(uint64 treeSize) internal pure returns (bytes32) {
        return keccak256(abi.encode("root", treeSize));
    }

    /// @dev The hand-over of LOG from the logger to the successor, as it stands.
    function _intent() internal view returns (HandOver memory) {
        return HandOver(logger, successor, LOG, anchor.head(logger, LOG), NOW + DAY);
    }

    function _sign(uint256 key, HandOver memory intent) internal view returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, anchor.digest(intent));
        return abi.encodePacked(r, s, v);
    }

    /// @dev Hands LOG over with both signatures, sent by a stranger.
    function _handOver(HandOver memory intent) internal {
        anchor.handOver(intent, _sign(LOGGER_KEY, intent), _sign(SUCCESSOR_KEY, intent));
    }

    /// @dev Where a log's word is kept.
    function _slot(address who, bytes32 logId) internal pure returns (bytes32) {
        return keccak256(abi.encode(logId, keccak256(abi.encode(who, 2))));
    }

    function _treeSize(bytes32 head) internal pure returns (uint64) {
        return uint64(uint256(head) >> 192);
    }
}
