// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {AuditAnchor} from "../../../src/audit/AuditAnchor.sol";
import {HandOver, IAuditAnchor} from "../../../src/audit/IAuditAnchor.sol";
import {Built} from "../../utils/Built.sol";
import {vm} from "../../utils/Vm.sol";
import {AnchorTest} from "./AnchorTest.sol";
import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {IERC5267} from "@openzeppelin/contracts/interfaces/IERC5267.sol";

/// @dev A wallet that takes exactly one digest as signed, whatever the signature.
contract Wallet is IERC1271 {
    bytes32 public agreed;

    function agree(bytes32 digest) external {
        agreed = digest;
    }

    function isValidSignature(bytes32 digest, bytes calldata) external view returns (bytes4) {
        return digest == agreed ? IERC1271.isValidSignature.selector : bytes4(0);
    }
}

/// @notice See HandOver.tree.
contract HandOverTest is AnchorTest {
    /// @dev The order of secp256k1.
    uint256 private constant ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141;

    bytes32 private _head;

    function setUp() public override {
        super.setUp();
        _anchorNext(logger, LOG, 10);
        _head = _anchorNext(logger, LOG, 20);
    }

    function test_AnyoneMaySendBothSignatures() public {
        _expectHandedOver();
        _handOver(_intent());
        _assertHandedOver();
    }

    function test_TheLoggerMaySendItselfWithTheSuccessorsSignature() public {
        HandOver memory intent = _intent();
        bytes memory agreement = _sign(SUCCESSOR_KEY, intent);
        _expectHandedOver();
        vm.prank(logger);
        anchor.handOver(intent, "", agreement);
        _assertHandedOver();
    }

    function test_TheSuccessorMaySendItselfWithTheLoggersSignature() public {
        HandOver memory intent = _intent();
        bytes memory signature = _sign(LOGGER_KEY, intent);
        _expectHandedOver();
        vm.prank(successor);
        anchor.handOver(intent, signature, "");
        _assertHandedOver();
    }

    function test_WalletsSignByErc1271() public {
        (logger, successor) = (address(new Wallet()), address(new Wallet()));
        _head = _anchorNext(logger, LOG, 10);
        HandOver memory intent = _intent();
        Wallet(logger).agree(anchor.digest(intent));
        vm.expectRevert(abi.encodeWithSelector(IAuditAnchor.BadSignature.selector, successor));
        anchor.handOver(intent, "any", "any");

        Wallet(successor).agree(anchor.digest(intent));
        _expectHandedOver();
        anchor.handOver(intent, "any", "any");
        _assertHandedOver();
    }

    function test_RefusesASignatureOfSomebodyElse() public {
        HandOver memory intent = _intent();
        _expectBadSignature(intent, logger, _sign(SUCCESSOR_KEY, intent), _sign(SUCCESSOR_KEY, intent));
        _expectBadSignature(intent, logger, _sign(THIRD_KEY, intent), _sign(SUCCESSOR_KEY, intent));
        _expectBadSignature(intent, logger, "", _sign(SUCCESSOR_KEY, intent));
        _expectBadSignature(intent, successor, _sign(LOGGER_KEY, intent), _sign(LOGGER_KEY, intent));
        _expectBadSignature(intent, successor, _sign(LOGGER_KEY, intent), "");
    }

    function test_RefusesMalformedSignatures() public {
        HandOver memory intent = _intent();
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(LOGGER_KEY, anchor.digest(intent));
        bytes memory agreement = _sign(SUCCESSOR_KEY, intent);
        bytes32 highS = bytes32(ORDER - uint256(s));
        _expectBadSignature(intent, logger, abi.encodePacked(r, highS, v == 27 ? uint8(28) : uint8(27)), agreement);
        _expectBadSignature(intent, logger, abi.encodePacked(r, s, v - 27), agreement);
        _expectBadSignature(intent, logger, abi.encodePacked(r, s), agreement);
        _expectBadSignature(intent, logger, abi.encodePacked(r, s, v, uint8(0)), agreement);
        _expectBadSignature(intent, logger, new bytes(65), agreement);
    }

    function test_RefusesSignaturesOfAnythingElse() public {
        HandOver memory signed = _intent();
        bytes memory signature = _sign(LOGGER_KEY, signed);
        bytes memory agreement = _sign(SUCCESSOR_KEY, signed);
        for (uint256 field = 0; field < 4; ++field) {
            HandOver memory intent = _intent();
            if (field == 0) intent.successor = third;
            else if (field == 1) intent.logId = OTHER_LOG;
            else if (field == 2) intent.head = bytes32(uint256(_head) ^ 1);
            else intent.deadline += 1;
            _expectBadSignature(intent, logger, signature, agreement);
        }
    }

    function test_RefusesSignaturesForAnotherChainOrContract() public {
        HandOver memory intent = _intent();
        bytes memory signature = _sign(LOGGER_KEY, intent);
        bytes memory agreement = _sign(SUCCESSOR_KEY, intent);

        vm.chainId(77);
        _expectBadSignature(intent, logger, signature, agreement);
        vm.chainId(31337);

        AuditAnchor here = anchor;
        anchor = Built.anchor();
        vm.assertEq(_replay(here), anchor.head(logger, LOG), "the same log on both");
        _expectBadSignature(intent, logger, signature, agreement);
    }

    function test_RefusesADeadlineThatIsPassedOrTooFar() public {
        HandOver memory intent = _intent();
        intent.deadline = NOW - 1;
        vm.expectRevert(abi.encodeWithSelector(IAuditAnchor.DeadlinePassed.selector, NOW - 1, NOW));
        anchor.handOver(intent, "", "");

        uint40 latest = NOW + 90 days;
        vm.assertEq(anchor.MAX_SIGNATURE_LIFE(), 90 days, "the limit");
        intent.deadline = latest + 1;
        vm.expectRevert(abi.encodeWithSelector(IAuditAnchor.DeadlineTooFar.selector, latest + 1, latest));
        anchor.handOver(intent, "", "");

        uint256 fork = vm.snapshotState();
        intent.deadline = latest;
        _handOver(intent);
        vm.assertTrue(vm.revertToState(fork), "back");
        intent.deadline = NOW;
        _handOver(intent);
        _assertHandedOver();
    }

    function test_RefusesAHeadThatHasMovedOn() public {
        HandOver memory intent = _intent();
        bytes memory signature = _sign(LOGGER_KEY, intent);
        bytes memory agreement = _sign(SUCCESSOR_KEY, intent);
        bytes32 current = _anchorNext(logger, LOG, 30);
        vm.expectRevert(abi.encodeWithSelector(IAuditAnchor.WrongHead.selector, _head, current));
        anchor.handOver(intent, signature, agreement);
    }

    function test_RefusesAnEmptyLog() public {
        HandOver memory intent = _intent();
        intent.logId = OTHER_LOG;
        intent.head = 0;
        vm.expectRevert(abi.encodeWithSelector(IAuditAnchor.LogEmpty.selector));
        this.handOver(intent);
    }

    function test_RefusesASuccessorThatHasOrHadTheLog() public {
        HandOver memory intent = _intent();
        HandOver memory away = HandOver(successor, third, LOG, _anchorNext(successor, LOG, 1), NOW + DAY);
        vm.expectRevert(abi.encodeWithSelector(IAuditAnchor.SuccessorHasLog.selector, successor));
        this.handOver(intent);

        // The successor gives its own away: its namespace stays taken.
        anchor.handOver(away, _sign(SUCCESSOR_KEY, away), _sign(THIRD_KEY, away));
        vm.expectRevert(abi.encodeWithSelector(IAuditAnchor.SuccessorHasLog.selector, successor));
        this.handOver(intent);
    }

    function test_RefusesNobodyAndTheLoggerItselfAsSuccessor() public {
        HandOver memory intent = _intent();
        intent.successor = address(0);
        vm.expectRevert(abi.encodeWithSelector(IAuditAnchor.ZeroSuccessor.selector));
        vm.prank(logger);
        anchor.handOver(intent, "", new bytes(65));

        intent.successor = logger;
        vm.expectRevert(abi.encodeWithSelector(IAuditAnchor.SameKey.selector, logger));
        vm.prank(logger);
        anchor.handOver(intent, "", "");
    }

    function test_AClosedLogStaysClosed() public {
        HandOver memory intent = _intent();
        HandOver memory toThird = _intent();
        toThird.successor = third;
        _handOver(intent);

        bytes32 tombstone = vm.load(address(anchor), _slot(logger, LOG));
        bytes32[3] memory heads = [bytes32(0), _head, tombstone];
        for (uint256 i = 0; i < heads.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IAuditAnchor.LogClosed.selector, successor));
            vm.prank(logger);
            anchor.anchor(LOG, heads[i], _root(30), 30);
        }

        vm.expectRevert(abi.encodeWithSelector(IAuditAnchor.LogClosed.selector, successor));
        this.handOver(intent);
        bytes memory signature = _sign(LOGGER_KEY, toThird);
        bytes memory agreement = _sign(THIRD_KEY, toThird);
        vm.expectRevert(abi.encodeWithSelector(IAuditAnchor.LogClosed.selector, successor));
        anchor.handOver(toThird, signature, agreement);

        HandOver memory back = HandOver(successor, logger, LOG, _head, NOW + DAY);
        signature = _sign(SUCCESSOR_KEY, back);
        agreement = _sign(LOGGER_KEY, back);
        vm.expectRevert(abi.encodeWithSelector(IAuditAnchor.SuccessorHasLog.selector, logger));
        anchor.handOver(back, signature, agreement);
    }

    function test_TheSuccessorGoesOnFromTheHead() public {
        _handOver(_intent());
        bytes32 next = anchor.nextHead(_head, _root(30), 30);
        vm.expectEmit(address(anchor));
        emit IAuditAnchor.Anchored(successor, LOG, _head, _root(30), next);
        _anchorNext(successor, LOG, 30);

        vm.expectRevert(abi.encodeWithSelector(IAuditAnchor.TreeNotGrowing.selector, 30, 30));
        vm.prank(successor);
        anchor.anchor(LOG, next, _root(30), 30);
    }

    function test_OtherLogsOfBothStayWithThem() public {
        bytes32 other = _anchorNext(logger, OTHER_LOG, 7);
        _handOver(_intent());
        vm.assertEq(anchor.head(logger, OTHER_LOG), other, "the logger's");
        vm.assertEq(anchor.head(successor, OTHER_LOG), 0, "the successor's");
        _anchorNext(logger, OTHER_LOG, 8);
    }

    function test_TheDigestIsThatOfEip712() public view {
        bytes32 domain = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256("Consentry"),
                keccak256("1"),
                block.chainid,
                address(anchor)
            )
        );
        bytes32 structHash = keccak256(
            abi.encode(
                keccak256("HandOver(address logger,address successor,bytes32 logId,bytes32 head,uint40 deadline)"),
                logger,
                successor,
                LOG,
                _head,
                NOW + DAY
            )
        );
        vm.assertEq(anchor.digest(_intent()), keccak256(abi.encodePacked(hex"1901", domain, structHash)), "digest");

        (bytes1 fields, string memory name, string memory version, uint256 chainId, address verifier,,) =
            IERC5267(address(anchor)).eip712Domain();
        vm.assertEq(uint256(uint8(fields)), 15, "name, version, chain and contract, no salt");
        vm.assertEq(bytes(name), "Consentry", "name");
        vm.assertEq(bytes(version), "1", "version");
        vm.assertEq(chainId, block.chainid, "chain");
        vm.assertEq(verifier, address(anchor), "contract");
    }

    /// @notice {_handOver} as one call, for `vm.expectRevert`.
    function handOver(HandOver memory intent) external {
        _handOver(intent);
    }

    /// @dev Anchors the same trees in the new contract. A head does not depend on where it is kept.
    function _replay(AuditAnchor original) private returns (bytes32) {
        _anchorNext(logger, LOG, 10);
        _anchorNext(logger, LOG, 20);
        return original.head(logger, LOG);
    }

    function _expectHandedOver() private {
        vm.expectEmit(address(anchor));
        emit IAuditAnchor.HandedOver(logger, successor, LOG, _head);
    }

    function _assertHandedOver() private view {
        vm.assertEq(anchor.head(successor, LOG), _head, "the successor's head");
        vm.assertEq(anchor.successorOf(successor, LOG), address(0), "the successor's is open");
        vm.assertEq(anchor.head(logger, LOG), 0, "the logger's head");
        vm.assertEq(anchor.successorOf(logger, LOG), successor, "who has it now");
    }

    function _expectBadSignature(HandOver memory intent, address signer, bytes memory signature, bytes memory agreement)
        private
    {
        vm.expectRevert(abi.encodeWithSelector(IAuditAnchor.BadSignature.selector, signer));
        anchor.handOver(intent, signature, agreement);
    }
}
