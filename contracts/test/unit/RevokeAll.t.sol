// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IConsents} from "../../src/consent/IConsents.sol";
import {ISubjects} from "../../src/consent/ISubjects.sol";
import {Invalidate, RevokeAll} from "../../src/consent/Intents.sol";
import {SubjectTest} from "../utils/SubjectTest.sol";
import {vm} from "../utils/Vm.sol";

/// @notice See RevokeAll.tree.
contract RevokeAllTest is SubjectTest {
    function test_RefusesWhoIsNotTheController() public {
        _setDelegate(PATIENT, PARENT, 7, 1, 0);
        address[3] memory others = [PARENT, CLINIC, STRANGER];
        for (uint256 i = 0; i < others.length; ++i) {
            vm.expectRevert(_notAuthorized(others[i]));
            _revokeAll(others[i], false);
            vm.expectRevert(_notAuthorized(others[i]));
            _revokeAllThrough(others[i], 0, 0, false);
            vm.expectRevert(_notAuthorized(others[i]));
            _invalidate(others[i], 0);
        }

        address[2] memory callers = [STRANGER, address(0)];
        for (uint256 i = 0; i < callers.length; ++i) {
            vm.prank(callers[i]);
            vm.expectRevert(abi.encodeWithSelector(ISubjects.ZeroSubject.selector));
            registry.revokeAll(address(0), true);
            vm.prank(callers[i]);
            vm.expectRevert(abi.encodeWithSelector(ISubjects.ZeroSubject.selector));
            registry.invalidate(Invalidate(callers[i], address(0), 0, NOW), _none());
        }
    }

    function test_TakesBackWhatIsOpenAndLeavesTheRest() public {
        for (uint24 round = 1; round < 3; ++round) {
            vm.expectEmit(address(registry));
            emit ISubjects.AllConsentsRevoked(PATIENT, round, round, 0, PATIENT);
            _revokeAll(PATIENT, false);

            _assertSubject(ISubjects.Subject(PATIENT, round, 0, round, 0, 0), "after it");
            for (uint256 i = 0; i < SITUATIONS; ++i) {
                IConsents.Status expected = IConsents.Status.Revoked;
                if (Situation(i) == Situation.None) expected = IConsents.Status.None;
                if (Situation(i) == Situation.Denied) expected = IConsents.Status.Denied;
                if (Situation(i) == Situation.Expired) expected = IConsents.Status.Expired;
                _assertStatus(_status(_scope(Situation(i))), expected, _name(Situation(i)));
                vm.assertFalse(_isActive(_scope(Situation(i))), _name(Situation(i)));
            }
        }
    }

    function test_LeavesTheStoredConsentsAsTheyAre() public {
        IConsents.Consent memory before = _stored(_scope(Situation.Active));
        _revokeAll(PATIENT, true);
        _assertSame(_stored(_scope(Situation.Active)), before, "as stored");
    }

    function test_DropsDelegatesAndRecoveryOnlyIfToldTo() public {
        _setDelegate(PATIENT, PARENT, 7, 1, 0);
        _setRecovery(PATIENT, RECOVERER, DELAY, 1, 0);
        _propose(RECOVERER, STRANGER, 1);

        _revokeAll(PATIENT, false);
        _grantAt(PARENT, 1, 1);
        _propose(RECOVERER, STRANGER, 2);

        vm.expectEmit(address(registry));
        emit ISubjects.AllConsentsRevoked(PATIENT, 2, 2, 1, PATIENT);
        _revokeAll(PATIENT, true);

        _assertSubject(ISubjects.Subject(PATIENT, 2, 1, 2, 0, 0), "after it");
        (uint8 rights,) = registry.rightsOf(PATIENT, PARENT);
        vm.assertEq(rights, 0, "no rights");
        vm.expectRevert(_notAuthorized(PARENT));
        _grantAt(PARENT, 2, 2);
        vm.expectRevert(abi.encodeWithSelector(ISubjects.NotRecoverer.selector, RECOVERER, PATIENT));
        _propose(RECOVERER, STRANGER, 3);
        vm.warp(NOW + DELAY);
        vm.expectRevert(abi.encodeWithSelector(ISubjects.NoProposal.selector, 2, 2));
        registry.recover(PATIENT, 2, _noAcceptance());
    }

    function test_ASignedOneAppliesThroughItsEpochAndRaisesSeqAboveBoth() public {
        _putSubject(address(0), 5, 3, 9);
        vm.expectRevert(abi.encodeWithSelector(ISubjects.StaleThrough.selector, 4, 5));
        _revokeAllThrough(PATIENT, 4, 9, false);

        uint24[3] memory throughEpoch = [uint24(5), 6, 4000];
        uint24[3] memory throughSeq = [uint24(9), 8, 700];
        uint24[3] memory seqAfter = [uint24(10), 10, 701];
        for (uint256 i = 0; i < 3; ++i) {
            uint256 before = vm.snapshotState();
            vm.expectEmit(address(registry));
            emit ISubjects.AllConsentsRevoked(PATIENT, seqAfter[i], throughEpoch[i] + 1, 3, PATIENT);
            _revokeAllThrough(PATIENT, throughEpoch[i], throughSeq[i], false);
            _assertSubject(ISubjects.Subject(PATIENT, throughEpoch[i] + 1, 3, seqAfter[i], 0, 0), "signed");

            vm.expectRevert(
                abi.encodeWithSelector(ISubjects.StaleThrough.selector, throughEpoch[i], throughEpoch[i] + 1)
            );
            _revokeAllThrough(PATIENT, throughEpoch[i], throughSeq[i], false);
            vm.revertToState(before);
        }
    }

    function test_AtTheLargestCountersADirectOneSucceedsAndThereIsNothingLeftToRevoke() public {
        _putSubject(address(0), MAX24 - 1, MAX24 - 1, MAX24 - 1);
        _grantAt(PATIENT, MAX24 - 1, 1);
        for (uint256 i = 0; i < 2; ++i) {
            _revokeAll(PATIENT, true);
            _assertSubject(ISubjects.Subject(PATIENT, MAX24, MAX24, MAX24, 0, 0), "saturated");
            vm.assertFalse(_isActive(SCOPE), "revoked");
        }
        vm.expectRevert(abi.encodeWithSelector(ISubjects.StaleThrough.selector, MAX24, MAX24));
        _revokeAllThrough(PATIENT, MAX24, MAX24, true);
    }

    function test_SignedThroughTheLargestEpochItWorksOnce() public {
        _grantAt(PATIENT, 0, 1);
        _revokeAllThrough(PATIENT, MAX24, MAX24, true);
        _assertSubject(ISubjects.Subject(PATIENT, MAX24, 1, MAX24, 0, 0), "closed for ever");
        vm.assertFalse(_isActive(SCOPE), "revoked");
        vm.expectRevert(abi.encodeWithSelector(ISubjects.StaleThrough.selector, MAX24, MAX24));
        _revokeAllThrough(PATIENT, MAX24, MAX24, true);
    }

    function test_InvalidateRaisesSeqAboveWhatItNamesAndNothingElse() public {
        _putSubject(address(0), 5, 3, 9);
        vm.expectRevert(abi.encodeWithSelector(ISubjects.StaleThrough.selector, 8, 9));
        _invalidate(PATIENT, 8);

        uint24[3] memory through = [uint24(9), 10, 4000];
        for (uint256 i = 0; i < 3; ++i) {
            uint256 before = vm.snapshotState();
            vm.expectEmit(address(registry));
            emit ISubjects.SignaturesInvalidated(PATIENT, through[i] + 1, 5, 3, PATIENT);
            _invalidate(PATIENT, through[i]);
            _assertSubject(ISubjects.Subject(PATIENT, 5, 3, through[i] + 1, 0, 0), "after it");
            vm.revertToState(before);
        }
    }

    function test_InvalidateThroughTheLargestSeqClosesItForEver() public {
        _invalidate(PATIENT, MAX24);
        vm.assertEq(_subject().seq, MAX24, "closed");
        vm.expectRevert(abi.encodeWithSelector(ISubjects.SeqExhausted.selector));
        _grantAt(PATIENT, MAX24, 1);
        vm.expectRevert(abi.encodeWithSelector(ISubjects.StaleThrough.selector, MAX24, MAX24));
        _invalidate(PATIENT, MAX24);
    }

    function test_InvalidateLeavesConsentsAndDelegates() public {
        _setDelegate(PATIENT, PARENT, 7, 1, 0);
        _invalidate(PATIENT, 0);
        vm.assertTrue(_isActive(_scope(Situation.Active)), "active");
        _grantAt(PARENT, 1, 1);
        vm.assertTrue(_isActive(SCOPE), "the delegate still grants");
    }

    function _revokeAllThrough(address actor, uint24 epoch, uint24 seq, bool dropDelegates) private {
        vm.prank(actor);
        registry.revokeAllBySig(RevokeAll(actor, PATIENT, epoch, seq, dropDelegates, UNTIL_REVOKED), _none());
    }
}
