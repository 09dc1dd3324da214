// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ISubjects} from "../../src/consent/ISubjects.sol";
import {Key, KeyKind} from "../utils/SignedTest.sol";
import {SubjectTest} from "../utils/SubjectTest.sol";
import {vm} from "../utils/Vm.sol";

/// @notice See Freeze.tree.
contract FreezeTest is SubjectTest {
    function setUp() public override {
        super.setUp();
        _putSubject(address(0), 4, 5, 6);
        _setRecovery(PATIENT, RECOVERER, DELAY, 1, 6);
    }

    function test_OnlyTheRecovererFreezes() public {
        address[3] memory others = [PATIENT, CLINIC, STRANGER];
        for (uint256 i = 0; i < others.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(ISubjects.NotRecoverer.selector, others[i], PATIENT));
            _freeze(others[i], 6);
        }
    }

    function test_RefusesAnotherOrAUsedUpSeq() public {
        vm.expectRevert(_wrongSeq(5, 6));
        _freeze(RECOVERER, 5);
        vm.expectRevert(_wrongSeq(7, 6));
        _freeze(RECOVERER, 7);

        _putSubject(address(0), 4, 5, MAX24);
        vm.expectRevert(abi.encodeWithSelector(ISubjects.SeqExhausted.selector));
        _freeze(RECOVERER, MAX24);
    }

    function test_FreezesForTheDelayAndLeavesWhatIsOpen() public {
        vm.expectEmit(address(registry));
        emit ISubjects.SubjectFrozen(PATIENT, NOW + DELAY, NOW + 2 * DELAY, 7, 4, 5, RECOVERER);
        _freeze(RECOVERER, 6);
        _assertSubject(ISubjects.Subject(PATIENT, 4, 5, 7, NOW + DELAY, NOW + 2 * DELAY), "after it");

        _putSubject(address(0), 0, 5, 8);
        vm.assertTrue(_isActive(_scope(Situation.Active)), "consents stay");
    }

    function test_WaitsTwiceTheDelayWhateverHappensBetween() public {
        _freeze(RECOVERER, 6);
        uint40 next = NOW + 2 * DELAY;
        _unfreeze(PATIENT, 7);
        vm.expectRevert(abi.encodeWithSelector(ISubjects.FreezeTooSoon.selector, next));
        _freeze(RECOVERER, 7);
        _setRecovery(PATIENT, STRANGER, DELAY, 2, 7);
        vm.expectRevert(abi.encodeWithSelector(ISubjects.FreezeTooSoon.selector, next));
        _freeze(STRANGER, 7);
        Key memory new_ = _key(KeyKind.Eoa, "new controller");
        _rotate(PATIENT, new_, 7);
        _setRecovery(new_.id, RECOVERER, 7 days, 3, 8);

        vm.warp(next - 1);
        vm.expectRevert(abi.encodeWithSelector(ISubjects.FreezeTooSoon.selector, next));
        _freeze(RECOVERER, 8);
        vm.warp(next);
        _freeze(RECOVERER, 8);
        _assertSubject(ISubjects.Subject(new_.id, 4, 6, 9, next + 7 days, next + 14 days), "the next one");
    }

    function test_StopsGrantsAndNewDelegatesOfEverybodyUntilItsEnd() public {
        _setDelegate(PATIENT, PARENT, 7, 1, 6);
        _freeze(RECOVERER, 6);
        bytes memory frozen = abi.encodeWithSelector(ISubjects.Frozen.selector, NOW + DELAY);
        for (uint40 time = NOW; time < NOW + DELAY; time += DELAY - 1) {
            vm.warp(time);
            vm.expectRevert(frozen);
            _grantAt(PATIENT, 7, 1);
            vm.expectRevert(frozen);
            _grantAt(PARENT, 7, 1);
            vm.expectRevert(frozen);
            _setDelegate(PATIENT, STRANGER, 7, 1, 7);
        }

        vm.warp(NOW + DELAY);
        vm.prank(PARENT);
        registry.grant(PATIENT, CLINIC, SCOPE, 7, NOW, NOW + 10 * DAY, 1);
        vm.assertTrue(_isActive(SCOPE), "over");
        vm.assertEq(_subject().frozenUntil, NOW + DELAY, "the past end is still read");
    }

    function test_OnlyTheControllerUnfreezes() public {
        _freeze(RECOVERER, 6);
        address[3] memory others = [RECOVERER, CLINIC, STRANGER];
        for (uint256 i = 0; i < others.length; ++i) {
            vm.expectRevert(_notAuthorized(others[i]));
            _unfreeze(others[i], 7);
        }
        vm.expectRevert(_wrongSeq(6, 7));
        _unfreeze(PATIENT, 6);
    }

    function test_UnfreezingEndsAFreezeThatHolds() public {
        vm.expectRevert(abi.encodeWithSelector(ISubjects.NotFrozen.selector));
        _unfreeze(PATIENT, 6);

        _freeze(RECOVERER, 6);
        vm.warp(NOW + DELAY - 1);
        vm.expectEmit(address(registry));
        emit ISubjects.SubjectUnfrozen(PATIENT, 7, 4, 5, PATIENT);
        _unfreeze(PATIENT, 7);
        _assertSubject(ISubjects.Subject(PATIENT, 4, 5, 7, 0, NOW + 2 * DELAY), "after it");
        _setDelegate(PATIENT, PARENT, 7, 1, 7);
        vm.expectRevert(abi.encodeWithSelector(ISubjects.NotFrozen.selector));
        _unfreeze(PATIENT, 7);
    }

    function test_AFreezeThatIsOverCannotBeEnded() public {
        _freeze(RECOVERER, 6);
        vm.warp(NOW + DELAY);
        vm.expectRevert(abi.encodeWithSelector(ISubjects.NotFrozen.selector));
        _unfreeze(PATIENT, 7);
    }
}
