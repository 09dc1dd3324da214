// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {HandOver} from "../../../src/audit/IAuditAnchor.sol";
import {AnchorTest} from "../../unit/audit/AnchorTest.sol";
import {vm} from "../../utils/Vm.sol";

/// @notice See AnchorRules.tree.
contract AnchorRulesTest is AnchorTest {
    function testFuzz_AHeadIsTheSizeAndTheHashOfThreeWords(bytes32 previousHead, bytes32 root, uint64 treeSize)
        public
        view
    {
        bytes32 head = anchor.nextHead(previousHead, root, treeSize);
        bytes32 hash = keccak256(bytes.concat(previousHead, root, bytes24(0), bytes8(treeSize)));
        vm.assertEq(_treeSize(head), treeSize, "tree size");
        vm.assertEq(uint192(uint256(head)), uint192(uint256(hash)), "hash");
    }

    function testFuzz_AnchorsExactlyWhatFollowsTheStoredHead(
        bytes32 word,
        bytes32 previousHead,
        bytes32 root,
        uint64 treeSize,
        uint8 dice
    ) public {
        // Mostly the right head, sizes near the stored one and the largest, sometimes a closed log.
        if (dice % 8 == 0) word |= bytes32(uint256(CLOSED) << 192);
        if (dice / 8 % 4 != 0) previousHead = word;
        if (dice / 32 % 2 == 0) treeSize = _nearSize(word, treeSize);
        if (dice / 64 % 4 == 0) root = 0;
        vm.store(address(anchor), _slot(logger, LOG), word);

        vm.prank(logger);
        (bool worked,) = address(anchor).call(abi.encodeCall(anchor.anchor, (LOG, previousHead, root, treeSize)));

        bool grows = treeSize > _treeSize(word) && treeSize != CLOSED;
        vm.assertTrue(worked == (previousHead == word && grows && root != 0), "worked");
        bytes32 expected = worked ? anchor.nextHead(word, root, treeSize) : word;
        vm.assertEq(vm.load(address(anchor), _slot(logger, LOG)), expected, "stored");
    }

    function testFuzz_NobodyMovesTheLogOfAnother(address who, bytes32 root, uint64 treeSize) public {
        vm.assume(who != logger);
        bytes32 head = _anchorNext(logger, LOG, 1);
        vm.prank(who);
        (bool worked,) = address(anchor).call(abi.encodeCall(anchor.anchor, (LOG, head, root, treeSize)));
        vm.assertFalse(worked, "followed another's head");
        vm.prank(who);
        (worked,) = address(anchor).call(abi.encodeCall(anchor.anchor, (LOG, 0, root, treeSize)));
        vm.assertTrue(worked == (root != 0 && treeSize != 0 && treeSize != CLOSED), "its own log");
        vm.assertEq(anchor.head(logger, LOG), head, "moved");
    }

    function testFuzz_HandsOverExactlyAnOpenLogToAFreshKey(bytes32 word, bytes32 taken, bytes32 named, uint8 dice)
        public
    {
        if (dice % 8 == 0) word |= bytes32(uint256(CLOSED) << 192);
        if (dice / 8 % 8 == 0) word = 0;
        if (dice / 64 % 4 != 0) (taken, named) = (0, word);
        vm.store(address(anchor), _slot(logger, LOG), word);
        vm.store(address(anchor), _slot(successor, LOG), taken);
        HandOver memory intent = HandOver(logger, successor, LOG, named, NOW);
        bytes memory call =
            abi.encodeCall(anchor.handOver, (intent, _sign(LOGGER_KEY, intent), _sign(SUCCESSOR_KEY, intent)));

        (bool worked,) = address(anchor).call(call);

        bool open = word != 0 && _treeSize(word) != CLOSED;
        vm.assertTrue(worked == (open && named == word && taken == 0), "worked");
        if (worked) {
            vm.assertEq(anchor.head(successor, LOG), word, "the successor's head");
            vm.assertEq(anchor.successorOf(logger, LOG), successor, "closed");
            (worked,) = address(anchor).call(call);
            vm.assertFalse(worked, "twice");
        } else {
            vm.assertEq(vm.load(address(anchor), _slot(logger, LOG)), word, "the logger's word");
            vm.assertEq(vm.load(address(anchor), _slot(successor, LOG)), taken, "the successor's word");
        }
    }

    function testFuzz_NoOtherKeySigns(uint256 key, bool forSuccessor) public {
        key = 1 + key % (type(uint128).max);
        _anchorNext(logger, LOG, 1);
        HandOver memory intent = _intent();
        bytes memory right = _sign(forSuccessor ? LOGGER_KEY : SUCCESSOR_KEY, intent);
        bytes memory wrong = _sign(key, intent);
        (bytes memory first, bytes memory second) = forSuccessor ? (right, wrong) : (wrong, right);
        (bool worked,) = address(anchor).call(abi.encodeCall(anchor.handOver, (intent, first, second)));
        vm.assertFalse(worked, "handed over");
    }

    function testFuzz_AnchorsSentAheadApplyAtAnyTime(uint32[6] memory growth, uint32[6] memory waits) public {
        bytes32 head = 0;
        uint64 treeSize = 0;
        for (uint256 i = 0; i < growth.length; ++i) {
            vm.warp(block.timestamp + waits[i]);
            bytes32 previous = head;
            treeSize += uint64(growth[i]) + 1;
            head = anchor.nextHead(previous, _root(treeSize), treeSize);
            vm.prank(logger);
            anchor.anchor(LOG, previous, _root(treeSize), treeSize);
        }
        vm.assertEq(anchor.head(logger, LOG), head, "as worked out ahead");
    }

    /// @dev One of the sizes around the stored one, or the largest two.
    function _nearSize(bytes32 word, uint64 value) private pure returns (uint64) {
        if (value % 5 == 3) return CLOSED;
        if (value % 5 == 4) return CLOSED - 1;
        unchecked {
            return _treeSize(word) - 1 + value % 5;
        }
    }
}
