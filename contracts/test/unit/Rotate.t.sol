// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IConsents} from "../../src/consent/IConsents.sol";
import {ISubjects} from "../../src/consent/ISubjects.sol";
import {AcceptControl, Acceptance, Rotate} from "../../src/consent/Intents.sol";
import {Key, KeyKind} from "../utils/SignedTest.sol";
import {SubjectTest} from "../utils/SubjectTest.sol";
import {TypeHashes} from "../utils/TypeHashes.sol";
import {vm} from "../utils/Vm.sol";

/// @notice See Rotate.tree.
contract RotateTest is SubjectTest {
    Key private _new;

    function setUp() public override {
        super.setUp();
        _new = _key(KeyKind.Eoa, "new controller");
    }

    function test_RefusesWhoIsNotTheController() public {
        _setDelegate(PATIENT, PARENT, 7, 1, 0);
        address[3] memory others = [PARENT, CLINIC, _new.id];
        for (uint256 i = 0; i < others.length; ++i) {
            vm.expectRevert(_notAuthorized(others[i]));
            _rotate(others[i], _new, 0);
        }

        _rotate(PATIENT, _new, 0);
        Key memory third = _key(KeyKind.Eoa, "third");
        vm.expectRevert(_notAuthorized(PATIENT));
        _rotate(PATIENT, third, 1);

        vm.prank(address(0));
        vm.expectRevert(abi.encodeWithSelector(ISubjects.ZeroSubject.selector));
        registry.rotate(Rotate(address(0), address(0), _new.id, 0, NOW), _none(), _accept(_new, address(0), 0));
    }

    function test_RefusesAnotherOrAUsedUpSeq() public {
        _invalidate(PATIENT, 2);
        uint24[3] memory wrong = [uint24(0), 2, 4];
        for (uint256 i = 0; i < wrong.length; ++i) {
            vm.expectRevert(_wrongSeq(wrong[i], 3));
            _rotate(PATIENT, _new, wrong[i]);
        }

        _putSubject(address(0), 0, 0, MAX24);
        vm.expectRevert(abi.encodeWithSelector(ISubjects.SeqExhausted.selector));
        _rotate(PATIENT, _new, MAX24);

        _putSubject(address(0), 0, 0, MAX24 - 1);
        _rotate(PATIENT, _new, MAX24 - 1);
        vm.assertEq(_subject().seq, MAX24, "the last one");
    }

    function test_RefusesNobodyAndWhoHasControlAlready() public {
        vm.prank(PATIENT);
        vm.expectRevert(abi.encodeWithSelector(ISubjects.ZeroController.selector));
        registry.rotate(Rotate(PATIENT, PATIENT, address(0), 0, NOW), _none(), _noAcceptance());

        vm.prank(PATIENT);
        vm.expectRevert(abi.encodeWithSelector(ISubjects.AlreadyController.selector, PATIENT));
        registry.rotate(Rotate(PATIENT, PATIENT, PATIENT, 0, NOW), _none(), _noAcceptance());

        _rotate(PATIENT, _new, 0);
        vm.expectRevert(abi.encodeWithSelector(ISubjects.AlreadyController.selector, _new.id));
        _rotate(_new.id, _new, 1);
    }

    function test_RefusesWithoutTheNewKeysAgreement() public {
        Rotate memory intent = Rotate(PATIENT, PATIENT, _new.id, 0, NOW);
        bytes memory bad = abi.encodeWithSelector(ISubjects.BadSignature.selector, _new.id);

        _expectNoRotation(intent, Acceptance(NOW, _none()), bad);
        _expectNoRotation(intent, _accept(_new, CLINIC, 0), bad);
        _expectNoRotation(intent, _accept(_new, PATIENT, 1), bad);
        Acceptance memory other = _accept(_key(KeyKind.Eoa, "another"), PATIENT, 0);
        _expectNoRotation(intent, other, bad);
        other = _accept(_new, PATIENT, 0);
        other.deadline -= 1;
        _expectNoRotation(intent, other, bad);

        other.deadline = NOW - 1;
        _expectNoRotation(intent, other, abi.encodeWithSelector(ISubjects.DeadlinePassed.selector, NOW - 1, NOW));
        other.deadline = NOW + 90 days + 1;
        _expectNoRotation(
            intent, other, abi.encodeWithSelector(ISubjects.DeadlineTooFar.selector, NOW + 90 days + 1, NOW + 90 days)
        );
    }

    function test_AnAgreementLastsThroughItsDeadline() public {
        Acceptance memory agreement;
        agreement.deadline = NOW;
        agreement.proof = _prove(_new, TypeHashes.hash(AcceptControl(_new.id, PATIENT, 0, NOW)));
        vm.prank(PATIENT);
        registry.rotate(Rotate(PATIENT, PATIENT, _new.id, 0, NOW), _none(), agreement);
        vm.assertEq(_subject().controller, _new.id, "in its last second");
    }

    function test_TheNewKeyMaySendItAndSignsNothing() public {
        Key memory old = _key(KeyKind.Eoa, "old");
        _putSubject(old.id, 0, 0, 0);
        Rotate memory intent = Rotate(old.id, PATIENT, CLINIC, 0, NOW);
        vm.prank(CLINIC);
        registry.rotate(intent, _prove(old, TypeHashes.hash(intent)), _noAcceptance());
        vm.assertEq(_subject().controller, CLINIC, "rotated");
    }

    function test_HandsControlOverAndVoidsWhatTheOldKeySet() public {
        _setDelegate(PATIENT, PARENT, 7, 1, 0);
        _setRecovery(PATIENT, RECOVERER, DELAY, 1, 0);
        _propose(RECOVERER, STRANGER, 1);
        _freeze(RECOVERER, 0);

        vm.expectEmit(address(registry));
        emit ISubjects.ControllerChanged(PATIENT, _new.id, 2, 0, 1, PATIENT);
        _rotate(PATIENT, _new, 1);

        _assertSubject(ISubjects.Subject(_new.id, 0, 1, 2, 0, NOW + 2 * DELAY), "after it");
        vm.assertTrue(_isActive(_scope(Situation.Active)), "consents stay");
        _expectPowerless(PATIENT);
        _expectPowerless(PARENT);
        vm.expectRevert(abi.encodeWithSelector(ISubjects.NotRecoverer.selector, RECOVERER, PATIENT));
        _propose(RECOVERER, STRANGER, 2);
        vm.expectRevert(abi.encodeWithSelector(ISubjects.NotRecoverer.selector, RECOVERER, PATIENT));
        _freeze(RECOVERER, 2);
        vm.expectRevert(abi.encodeWithSelector(ISubjects.NoProposal.selector, 1, 1));
        _veto(_new.id, 1);
        vm.warp(NOW + DELAY);
        vm.expectRevert(abi.encodeWithSelector(ISubjects.NoProposal.selector, 1, 1));
        registry.recover(PATIENT, 1, _noAcceptance());

        vm.warp(NOW);
        _grantAt(_new.id, 2, 1);
        vm.assertTrue(_isActive(SCOPE), "the new key grants");
    }

    function test_AwayAndBackStoresNothingAsTheController() public {
        Key memory self = _key(KeyKind.Eoa, "a subject with a key");
        vm.prank(self.id);
        registry.rotate(Rotate(self.id, self.id, _new.id, 0, NOW), _none(), _accept(_new, self.id, 0));
        vm.expectEmit(address(registry));
        emit ISubjects.ControllerChanged(self.id, self.id, 2, 0, 2, _new.id);
        vm.prank(_new.id);
        registry.rotate(Rotate(_new.id, self.id, self.id, 1, NOW), _none(), _accept(self, self.id, 1));

        vm.assertEq(
            uint256(vm.load(address(registry), _slotOf(self.id, 2))),
            (uint256(2) << 184) | (uint256(2) << 208),
            "the subject's word"
        );
        vm.assertEq(registry.subjects(self.id).controller, self.id, "its own controller");
    }

    function test_AGranteeMayControlButNeverGrantsToItself() public {
        vm.prank(PATIENT);
        registry.rotate(Rotate(PATIENT, PATIENT, _new.id, 0, NOW), _none(), _accept(_new, PATIENT, 0));
        vm.prank(_new.id);
        vm.expectRevert(abi.encodeWithSelector(IConsents.GranteeCannotGrant.selector, _new.id));
        registry.grant(PATIENT, _new.id, SCOPE, 1, NOW, NOW + DAY, 1);
    }

    function test_WithAuthEpochUsedUpNothingSetBeforeCounts() public {
        _putSubject(address(0), 0, MAX24 - 1, 0);
        _setDelegate(PATIENT, PARENT, 7, 1, 0);
        _rotate(PATIENT, _new, 0);
        vm.assertEq(_subject().authEpoch, MAX24, "the last one");
        _expectPowerless(PARENT);

        Key memory third = _key(KeyKind.Eoa, "third");
        _rotate(_new.id, third, 1);
        _assertSubject(ISubjects.Subject(third.id, 0, MAX24, 2, 0, 0), "still hands over");
    }

    function _expectPowerless(address who) private {
        bytes32 scope = _scope(Situation.Active);
        uint24 seq = _subject().seq;
        vm.expectRevert(_notAuthorized(who));
        _grantAt(who, seq, 1);
        vm.expectRevert(_notAuthorized(who));
        vm.prank(who);
        registry.revoke(PATIENT, CLINIC, scope);
        vm.expectRevert(_notAuthorized(who));
        vm.prank(who);
        registry.deny(PATIENT, CLINIC, scope);
        vm.expectRevert(_notAuthorized(who));
        _revokeAll(who, true);
        vm.expectRevert(_notAuthorized(who));
        _setDelegate(who, STRANGER, 7, 1, seq);
        vm.expectRevert(_notAuthorized(who));
        _unfreeze(who, seq);
    }

    function _expectNoRotation(Rotate memory intent, Acceptance memory agreement, bytes memory reason) private {
        vm.prank(PATIENT);
        vm.expectRevert(reason);
        registry.rotate(intent, _none(), agreement);
    }
}
