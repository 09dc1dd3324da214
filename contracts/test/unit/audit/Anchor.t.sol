// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IAuditAnchor} from "../../../src/audit/IAuditAnchor.sol";
import {vm} from "../../utils/Vm.sol";
import {AnchorTest} from "./AnchorTest.sol";

/// @notice See Anchor.tree.
contract AuditAnchorTest is AnchorTest {
    /// @dev Worked out with other tools: the root of one empty entry by RFC 6962, SHA-256 of a zero byte, and the heads
    /// of it and of the tree of two of them.
    bytes32 private constant ROOT_1 = 0x6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d;
    bytes32 private constant ROOT_2 = 0xfe43d66afa4a9a5c4f9c9da89f4ffb52635c8f342e7ffb731d68e36c5982072a;
    bytes32 private constant HEAD_1 = 0x00000000000000014b6785908f901d3db8d5e21e78d9f831dc4894a7e0cb643e;
    bytes32 private constant HEAD_2 = 0x00000000000000024b6173aa930eb6886caf28ec933681a2b7734da6b242eac7;

    function test_TheFirstTreeFollowsZero() public {
        vm.expectEmit(address(anchor));
        emit IAuditAnchor.Anchored(logger, LOG, 0, ROOT_1, HEAD_1);
        vm.prank(logger);
        bytes32 head = anchor.anchor(LOG, 0, ROOT_1, 1);
        vm.assertEq(head, HEAD_1, "returned");
        vm.assertEq(anchor.head(logger, LOG), HEAD_1, "stored");
    }

    function test_TheNextTreeFollowsTheHead() public {
        vm.prank(logger);
        anchor.anchor(LOG, 0, ROOT_1, 1);
        vm.expectEmit(address(anchor));
        emit IAuditAnchor.Anchored(logger, LOG, HEAD_1, ROOT_2, HEAD_2);
        vm.prank(logger);
        bytes32 head = anchor.anchor(LOG, HEAD_1, ROOT_2, 2);
        vm.assertEq(head, HEAD_2, "returned");
        vm.assertEq(anchor.head(logger, LOG), HEAD_2, "stored");
    }

    function test_AHeadCommitsToTheHistoryTheRootAndTheSize() public view {
        bytes32 head = anchor.nextHead(HEAD_1, ROOT_2, 2);
        vm.assertEq(head, HEAD_2, "head");
        vm.assertEq(_treeSize(head), 2, "its tree size");
        bytes32[3] memory others =
            [anchor.nextHead(0, ROOT_2, 2), anchor.nextHead(HEAD_1, ROOT_1, 2), anchor.nextHead(HEAD_1, ROOT_2, 3)];
        for (uint256 i = 0; i < others.length; ++i) {
            vm.assertTrue(uint192(uint256(others[i])) != uint192(uint256(head)), "the same hash");
        }
    }

    function test_RefusesAnotherPreviousHead() public {
        _expectWrongHead(HEAD_1, 0);
        bytes32 first = _anchorNext(logger, LOG, 10);
        bytes32 second = _anchorNext(logger, LOG, 20);
        _expectWrongHead(0, second);
        _expectWrongHead(first, second);
        _expectWrongHead(bytes32(uint256(second) ^ 1), second);
    }

    function test_RefusesATreeThatDoesNotGrow() public {
        vm.expectRevert(abi.encodeWithSelector(IAuditAnchor.TreeNotGrowing.selector, 0, 0));
        vm.prank(logger);
        anchor.anchor(LOG, 0, ROOT_1, 0);

        bytes32 head = _anchorNext(logger, LOG, 10);
        uint64[3] memory sizes = [uint64(10), 9, 0];
        for (uint256 i = 0; i < sizes.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IAuditAnchor.TreeNotGrowing.selector, sizes[i], 10));
            vm.prank(logger);
            anchor.anchor(LOG, head, ROOT_2, sizes[i]);
        }
    }

    function test_RefusesTheLargestTreeSizeOnly() public {
        vm.expectRevert(abi.encodeWithSelector(IAuditAnchor.TreeTooLarge.selector));
        vm.prank(logger);
        anchor.anchor(LOG, 0, ROOT_1, CLOSED);

        bytes32 head = _anchorNext(logger, LOG, CLOSED - 1);
        vm.assertEq(_treeSize(head), CLOSED - 1, "one below");
        vm.assertEq(anchor.head(logger, LOG), head, "is a head like any");
        vm.assertEq(anchor.successorOf(logger, LOG), address(0), "not closed");
    }

    function test_RefusesARootOfZero() public {
        vm.expectRevert(abi.encodeWithSelector(IAuditAnchor.ZeroRoot.selector));
        vm.prank(logger);
        anchor.anchor(LOG, 0, 0, 1);
    }

    function test_LogsAreApartByLoggerAndId() public {
        bytes32 head = _anchorNext(logger, LOG, 10);
        vm.assertEq(anchor.head(logger, OTHER_LOG), 0, "another id");
        vm.assertEq(anchor.head(successor, LOG), 0, "another logger");
        _anchorNext(logger, OTHER_LOG, 5);
        _anchorNext(successor, LOG, 3);
        vm.assertEq(anchor.head(logger, LOG), head, "untouched");

        vm.expectRevert(abi.encodeWithSelector(IAuditAnchor.WrongHead.selector, head, bytes32(0)));
        vm.prank(third);
        anchor.anchor(LOG, head, ROOT_2, 20);
    }

    /// @dev A logger sends three anchors without waiting. The chain drops the last two blocks and takes the same
    /// transactions again, in other blocks at other times.
    function test_AnchorsSentAheadApplyAgainAfterAReorganisation() public {
        bytes32 first = anchor.nextHead(0, _root(1), 1);
        bytes32 second = anchor.nextHead(first, _root(2), 2);
        bytes32 third_ = anchor.nextHead(second, _root(3), 3);
        _send(0, 1);
        uint256 fork = vm.snapshotState();
        vm.warp(NOW + 12);
        _send(first, 2);
        vm.warp(NOW + 24);
        _send(second, 3);
        vm.assertEq(anchor.head(logger, LOG), third_, "before");

        vm.assertTrue(vm.revertToState(fork), "reorganised");
        vm.warp(NOW + 36);
        vm.assertEq(anchor.head(logger, LOG), first, "taken back");
        _send(first, 2);
        _send(second, 3);
        vm.assertEq(anchor.head(logger, LOG), third_, "the same again");
    }

    function test_AnAnchorWritesTheLogsWordOnly() public {
        vm.record();
        bytes32 head = _anchorNext(logger, LOG, 10);
        (, bytes32[] memory writes) = vm.accesses(address(anchor));
        vm.assertEq(writes.length, 1, "writes");
        vm.assertEq(writes[0], _slot(logger, LOG), "the log's word");
        vm.assertEq(vm.load(address(anchor), writes[0]), head, "holds the head and no time");
    }

    function test_TakesNoEtherNoUnknownCallAndNoSpareBits() public {
        vm.deal(logger, 2);
        bytes memory call = abi.encodeCall(anchor.anchor, (LOG, 0, ROOT_1, 1));
        vm.prank(logger);
        (bool worked,) = address(anchor).call{value: 1}(call);
        vm.assertFalse(worked, "ETH with a call");
        vm.prank(logger);
        (worked,) = address(anchor).call{value: 1}("");
        vm.assertFalse(worked, "ETH alone");
        vm.prank(logger);
        (worked,) = address(anchor).call("unknown");
        vm.assertFalse(worked, "unknown call");

        bytes memory dirty =
            abi.encodeWithSelector(anchor.anchor.selector, LOG, bytes32(0), ROOT_1, uint256(1) << 64 | 1);
        vm.prank(logger);
        (worked,) = address(anchor).call(dirty);
        vm.assertFalse(worked, "a tree size beyond 64 bits");
    }

    function _send(bytes32 previousHead, uint64 treeSize) private {
        vm.prank(logger);
        anchor.anchor(LOG, previousHead, _root(treeSize), treeSize);
    }

    function _expectWrongHead(bytes32 given, bytes32 current) private {
        vm.expectRevert(abi.encodeWithSelector(IAuditAnchor.WrongHead.selector, given, current));
        vm.prank(logger);
        anchor.anchor(LOG, given, ROOT_2, 100);
    }
}
