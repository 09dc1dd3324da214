// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ConsentRegistry} from "../../src/consent/ConsentRegistry.sol";
import {IConsents} from "../../src/consent/IConsents.sol";
import {ISubjects} from "../../src/consent/ISubjects.sol";
import {Proof, Revoke} from "../../src/consent/Intents.sol";
import {KINDS, Kind} from "../utils/Acts.sol";
import {MoodyRegistry} from "../utils/MoodyRegistry.sol";
import {vm} from "../utils/Vm.sol";
import {Finding, SIGHTS, Sight} from "./Cast.sol";
import {ConsentHandler} from "./ConsentHandler.sol";

/// @notice See ConsentInvariants.tree.
contract ConsentInvariants {
    uint40 private constant NOW = 1_800_000_000;

    ConsentHandler internal _handler;
    ConsentRegistry internal _registry;

    function setUp() public {
        vm.warp(NOW);
        _handler = _create();
        _registry = _handler.REGISTRY();
    }

    /// @notice Tells forge to call nothing but the handler.
    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_handler);
    }

    /// @notice One campaign serves all of it: its moves are what takes time.
    function invariant_TheRulesHold() public {
        _assertNothingHappenedThatMustNot();
        _assertEventsRebuildTheWholeState();
        // The state as it is, for each of the two.
        uint256 snapshot = vm.snapshotState();
        _assertStatusIsStableAcrossRevokeAlls();
        vm.revertToState(snapshot);
        _assertTheControllerCanRevoke();
        vm.revertToState(snapshot);
    }

    /// @dev What the handler looks for after every landing.
    function _assertNothingHappenedThatMustNot() private view {
        _assertNever(Finding.StopLost, "a consent is Active by a grant signed before a stop");
        _assertNever(Finding.WronglyActive, "active is not what was authorised");
        _assertNever(Finding.CounterDropped, "a counter went down");
        _assertNever(Finding.StopRefused, "a stop by the controller failed");
        _assertNever(Finding.OutlivedRotation, "a delegate or proposal outlived a rotation");
        _assertNever(Finding.StaleOpening, "something signed before the openings were voided opened something");
        _assertNever(Finding.AppliedTwice, "a signature was applied twice");
        _assertNever(Finding.OutlivedRevokeAll, "a consent outlived revokeAll");
        _assertNever(Finding.Trespass, "somebody acted for another");
        _assertNever(Finding.LapseChangedStatus, "recording a lapse changed a status");
        _assertNever(Finding.SelfGrant, "a grantee caused a consent to be active");
        _assertNever(Finding.BatchDiffers, "a batch differs from the sequence of its items");
        _assertNever(Finding.EthTaken, "a call with ETH was carried out");
        _assertNever(Finding.FalseEvent, "an event that cannot be, or about something else");
        _assertNever(Finding.RuleBroken, "the registry and the rules disagree");
        vm.assertEq(address(_registry).balance, 0, "the registry holds ETH");
    }

    function _assertEventsRebuildTheWholeState() private view {
        for (uint256 i = 0; i < 6; ++i) {
            (address subject, address grantee, bytes32 scope) = _handler.consentAt(i);
            bytes32 folded = keccak256(abi.encode(_handler.consentKnown(i)));
            vm.assertEq(keccak256(abi.encode(_registry.consents(_handler.idAt(i)))), folded, "consent");
            uint256 status = uint256(_handler.statusAt(i, block.timestamp));
            vm.assertEq(uint256(_registry.statusOf(subject, grantee, scope)), status, "effective status");
        }
        for (uint256 i = 0; i < 2; ++i) {
            address subject = _handler.keyAt(i);
            vm.assertEq(
                keccak256(abi.encode(_registry.subjects(subject))),
                keccak256(abi.encode(_handler.subjectKnown(i))),
                "subject"
            );
            vm.assertEq(
                keccak256(abi.encode(_registry.recoveries(subject))),
                keccak256(abi.encode(_handler.recoveryKnown(i))),
                "recovery"
            );
            vm.assertEq(
                keccak256(abi.encode(_registry.proposals(subject))),
                keccak256(abi.encode(_handler.proposalKnown(i))),
                "proposal"
            );
            for (uint256 key = 0; key < 8; ++key) {
                vm.assertEq(
                    keccak256(abi.encode(_registry.delegates(subject, _handler.keyAt(key)))),
                    keccak256(abi.encode(_handler.delegateKnown(i, key))),
                    "delegate"
                );
            }
        }
    }

    /// @dev Whatever is frozen, pending, exhausted or hostile.
    function _assertTheControllerCanRevoke() private {
        _handler.MOODY().set(MoodyRegistry.Mood.Bomb);
        for (uint256 i = 0; i < 6; ++i) {
            (address subject, address grantee, bytes32 scope) = _handler.consentAt(i);
            uint32 version = _registry.consents(_handler.idAt(i)).version;
            address controller = _registry.subjects(subject).controller;
            // Signed, too, as long as there is a version above.
            Revoke memory intent = Revoke(controller, subject, grantee, scope, version, type(uint40).max);
            if (version != type(uint32).max) {
                vm.prank(controller);
                _registry.revokeBySig(intent, Proof("", ""));
                _assertRevoked(i, "revoked by an intent");
            }
            vm.prank(controller);
            _registry.revoke(subject, grantee, scope);
            _assertRevoked(i, "revoked");
            vm.assertTrue(_registry.consents(_handler.idAt(i)).version >= version, "version");
        }
    }

    function _assertStatusIsStableAcrossRevokeAlls() private {
        for (uint256 i = 0; i < 6; i += 3) {
            (address subject,,) = _handler.consentAt(i);
            address controller = _registry.subjects(subject).controller;
            IConsents.Status[3] memory once;
            for (uint256 round = 0; round < 3; ++round) {
                vm.prank(controller);
                _registry.revokeAll(subject, round == 1);
                vm.warp(block.timestamp + round * 40);
                for (uint256 j = 0; j < 3; ++j) {
                    (, address grantee, bytes32 scope) = _handler.consentAt(i + j);
                    IConsents.Status status = _registry.statusOf(subject, grantee, scope);
                    if (round == 0) once[j] = status;
                    vm.assertEq(uint256(status), uint256(once[j]), "status after another revokeAll");
                    vm.assertFalse(_registry.isActive(subject, grantee, scope), "active after revokeAll");
                }
            }
        }
    }

    /// @notice The handler's own moves reach what matters, so the invariants above have something to hold over.
    function test_TheHandlerReachesEverythingThatMatters() public virtual {
        _roll(2000);
        for (uint256 i = 0; i < KINDS; ++i) {
            vm.assertTrue(_handler.applied(Kind(i)) >= 3, "a kind is hardly ever applied");
        }
        for (uint256 i = 1; i <= uint256(type(IConsents.Status).max); ++i) {
            vm.assertTrue(_handler.reached(IConsents.Status(i)) >= 10, "a status is hardly ever reached");
        }
        for (uint256 i = 0; i < SIGHTS; ++i) {
            bool late = Sight(i) == Sight.StopAtTheEnd || Sight(i) == Sight.Exhausted;
            if (!late) vm.assertTrue(_handler.sights(Sight(i)) >= 3, "a situation is hardly ever met");
        }
        invariant_TheRulesHold();
    }

    function _create() internal virtual returns (ConsentHandler) {
        return ConsentHandler(vm.deployCode("ConsentHandler.sol:ConsentHandler", abi.encode(false, false)));
    }

    /// @dev Moves as forge makes them, always the same.
    function _roll(uint256 moves) internal {
        for (uint256 i = 0; i < moves; ++i) {
            uint256 seed = uint256(keccak256(abi.encode("a move", i)));
            if (seed % 8 < 2) _handler.decide(seed);
            else if (seed % 8 == 2) _handler.relay(seed);
            else if (seed % 8 == 3) _handler.trespass(seed);
            else if (seed % 8 == 4) _handler.pass(seed);
            else if (seed % 8 == 5) _handler.finalise();
            else if (seed % 8 == 6) _handler.reorganise(seed);
            else _handler.unsettle(seed);
        }
    }

    function _assertRevoked(uint256 index, string memory what) private view {
        (address subject, address grantee, bytes32 scope) = _handler.consentAt(index);
        uint256 status = uint256(_registry.statusOf(subject, grantee, scope));
        vm.assertEq(status, uint256(IConsents.Status.Revoked), what);
        vm.assertFalse(_registry.isActive(subject, grantee, scope), what);
    }

    function _assertNever(Finding finding, string memory what) private view {
        vm.assertEq(_handler.found(finding), 0, what);
    }
}

/// @notice The same where every counter is nearly used up.
contract ConsentInvariantsAtTheEnd is ConsentInvariants {
    /// @notice Reaches the end itself, in several ways.
    function test_TheHandlerReachesEverythingThatMatters() public override {
        _roll(2000);
        vm.assertTrue(_handler.sights(Sight.StopAtTheEnd) >= 10, "hardly any stop at the largest version");
        vm.assertTrue(_handler.sights(Sight.Exhausted) >= 10, "hardly any refusal for a counter used up");
        invariant_TheRulesHold();
    }

    function _create() internal override returns (ConsentHandler) {
        return ConsentHandler(vm.deployCode("ConsentHandler.sol:ConsentHandler", abi.encode(true, false)));
    }
}
