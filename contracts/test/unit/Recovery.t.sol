// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ISubjects} from "../../src/consent/ISubjects.sol";
import {Acceptance} from "../../src/consent/Intents.sol";
import {Key, KeyKind} from "../utils/SignedTest.sol";
import {SubjectTest} from "../utils/SubjectTest.sol";
import {vm} from "../utils/Vm.sol";

/// @notice See Recovery.tree.
contract RecoveryTest is SubjectTest {
    Key private _new;

    function setUp() public override {
        super.setUp();
        _new = _key(KeyKind.Eoa, "new controller");
    }

    function test_OnlyTheControllerNamesARecoverer() public {
        _setRecovery(PATIENT, RECOVERER, DELAY, 1, 0);
        address[3] memory others = [RECOVERER, CLINIC, STRANGER];
        for (uint256 i = 0; i < others.length; ++i) {
            vm.expectRevert(_notAuthorized(others[i]));
            _setRecovery(others[i], others[i], DELAY, 2, 0);
            vm.expectRevert(_notAuthorized(others[i]));
            _setRecovery(others[i], address(0), 0, 2, 0);
        }
    }

    function test_RefusesAnotherSeqNonceOrUsedUpCounters() public {
        _invalidate(PATIENT, 0);
        vm.expectRevert(_wrongSeq(0, 1));
        _setRecovery(PATIENT, RECOVERER, DELAY, 1, 0);
        uint32[3] memory wrong = [uint32(0), 2, MAX32];
        for (uint256 i = 0; i < wrong.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(ISubjects.WrongNonce.selector, wrong[i], 1));
            _setRecovery(PATIENT, RECOVERER, DELAY, wrong[i], 1);
        }

        _putRecoveryNonce(MAX32 - 2);
        _setRecovery(PATIENT, RECOVERER, DELAY, MAX32 - 1, 1);
        vm.expectRevert(abi.encodeWithSelector(ISubjects.NonceExhausted.selector));
        _setRecovery(PATIENT, RECOVERER, DELAY, MAX32, 1);
        _putRecoveryNonce(0);
        _putSubject(address(0), 0, MAX24, 0);
        vm.expectRevert(abi.encodeWithSelector(ISubjects.AuthEpochExhausted.selector));
        _setRecovery(PATIENT, RECOVERER, DELAY, 1, 0);
        _putSubject(address(0), 0, 0, MAX24);
        vm.expectRevert(abi.encodeWithSelector(ISubjects.SeqExhausted.selector));
        _setRecovery(PATIENT, RECOVERER, DELAY, 1, MAX24);
    }

    function test_RefusesTheControllerAsRecovererAndDelaysOutOfBounds() public {
        vm.expectRevert(abi.encodeWithSelector(ISubjects.SameParty.selector, PATIENT));
        _setRecovery(PATIENT, PATIENT, DELAY, 1, 0);

        uint32[4] memory wrong = [uint32(0), 48 hours - 1, 90 days + 1, MAX32];
        for (uint256 i = 0; i < wrong.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(ISubjects.BadDelay.selector, wrong[i]));
            _setRecovery(PATIENT, RECOVERER, wrong[i], 1, 0);
        }
        _setRecovery(PATIENT, RECOVERER, 48 hours, 1, 0);
        _setRecovery(PATIENT, RECOVERER, 90 days, 2, 0);
    }

    function test_StoresARecoveryAndCancelsAProposal() public {
        _putSubject(address(0), 4, 5, 6);
        vm.expectEmit(address(registry));
        emit ISubjects.RecoverySet(PATIENT, RECOVERER, DELAY, 1, 6, 4, 5, PATIENT);
        _setRecovery(PATIENT, RECOVERER, DELAY, 1, 6);
        _assertRecovery(ISubjects.Recovery(RECOVERER, DELAY, 5, 1));
        _assertSubject(ISubjects.Subject(PATIENT, 4, 5, 6, 0, 0), "the subject stays");

        _propose(RECOVERER, _new.id, 1);
        _freeze(RECOVERER, 6);
        _setRecovery(PATIENT, RECOVERER, 7 days, 2, 7);
        _assertRecovery(ISubjects.Recovery(RECOVERER, 7 days, 5, 2));
        _expectNoRecovery(1);
        _propose(RECOVERER, _new.id, 2);
        vm.assertEq(registry.proposals(PATIENT).readyAt, NOW + 7 days, "the new delay");
    }

    function test_NamingNobodyTakesAnyHigherNonceAndOutrunsSettingsHeldBack() public {
        _setRecovery(PATIENT, RECOVERER, DELAY, 1, 0);
        _propose(RECOVERER, _new.id, 1);
        for (uint32 nonce = 0; nonce < 2; ++nonce) {
            vm.expectRevert(abi.encodeWithSelector(ISubjects.StaleThrough.selector, nonce, 1));
            _setRecovery(PATIENT, address(0), 0, nonce, 0);
        }
        vm.expectRevert(abi.encodeWithSelector(ISubjects.BadDelay.selector, 1));
        _setRecovery(PATIENT, address(0), 1, 2, 0);

        vm.expectEmit(address(registry));
        emit ISubjects.RecoverySet(PATIENT, address(0), 0, 5, 0, 0, 0, PATIENT);
        _setRecovery(PATIENT, address(0), 0, 5, 77);

        _assertRecovery(ISubjects.Recovery(address(0), 0, 0, 5));
        _expectNoRecovery(1);
        _expectNotRecoverer(RECOVERER);
        _expectNotRecoverer(address(0));
        for (uint32 nonce = 2; nonce < 6; ++nonce) {
            vm.expectRevert(abi.encodeWithSelector(ISubjects.WrongNonce.selector, nonce, 6));
            _setRecovery(PATIENT, RECOVERER, DELAY, nonce, 0);
        }
        _putSubject(address(0), MAX24, MAX24, MAX24);
        _setRecovery(PATIENT, address(0), 0, MAX32, 0);
        vm.assertEq(registry.recoveries(PATIENT).nonce, MAX32, "whatever is used up");
        vm.expectRevert(abi.encodeWithSelector(ISubjects.StaleThrough.selector, MAX32, MAX32));
        _setRecovery(PATIENT, address(0), 0, MAX32, 0);
    }

    function test_OnlyTheRecovererProposes() public {
        _expectNotRecoverer(address(0));
        _setRecovery(PATIENT, RECOVERER, DELAY, 1, 0);
        _expectNotRecoverer(PATIENT);
        _expectNotRecoverer(CLINIC);

        _revokeAll(PATIENT, true);
        _expectNotRecoverer(RECOVERER);

        _putSubject(address(0), 0, MAX24 - 1, 0);
        _setRecovery(PATIENT, RECOVERER, DELAY, 2, 0);
        _propose(RECOVERER, _new.id, 1);
        _revokeAll(PATIENT, true);
        _expectNotRecoverer(RECOVERER);
        _expectNoRecovery(1);
    }

    function test_RefusesToProposeNobodyWhoHasControlOrAnotherNumber() public {
        _setRecovery(PATIENT, RECOVERER, DELAY, 1, 0);
        vm.expectRevert(abi.encodeWithSelector(ISubjects.ZeroController.selector));
        _propose(RECOVERER, address(0), 1);
        vm.expectRevert(abi.encodeWithSelector(ISubjects.AlreadyController.selector, PATIENT));
        _propose(RECOVERER, PATIENT, 1);
        uint32[3] memory wrong = [uint32(0), 2, MAX32];
        for (uint256 i = 0; i < wrong.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(ISubjects.WrongNonce.selector, wrong[i], 1));
            _propose(RECOVERER, _new.id, wrong[i]);
        }
        _putProposalId(MAX32 - 1);
        vm.expectRevert(abi.encodeWithSelector(ISubjects.NonceExhausted.selector));
        _propose(RECOVERER, _new.id, MAX32);
    }

    function test_AProposalTakesTheDelayAndReplacesTheLast() public {
        _putSubject(address(0), 4, 5, 6);
        _setRecovery(PATIENT, RECOVERER, DELAY, 1, 6);
        vm.expectEmit(address(registry));
        emit ISubjects.RecoveryProposed(PATIENT, STRANGER, 1, NOW + DELAY, 6, 4, 5, RECOVERER);
        _propose(RECOVERER, STRANGER, 1);

        vm.warp(NOW + 10);
        _propose(RECOVERER, _new.id, 2);
        ISubjects.Proposal memory proposal = registry.proposals(PATIENT);
        vm.assertEq(proposal.newController, _new.id, "who");
        vm.assertEq(proposal.readyAt, NOW + 10 + DELAY, "when");
        vm.assertEq(proposal.id, 2, "number");
        vm.assertEq(proposal.authEpoch, 5, "authEpoch");
        vm.warp(NOW + 10 + DELAY);
        vm.expectRevert(abi.encodeWithSelector(ISubjects.NoProposal.selector, 1, 2));
        registry.recover(PATIENT, 1, _noAcceptance());
    }

    function test_TheControllerVetoesOnce() public {
        _setRecovery(PATIENT, RECOVERER, DELAY, 1, 0);
        vm.expectRevert(abi.encodeWithSelector(ISubjects.NoProposal.selector, 0, 0));
        _veto(PATIENT, 0);
        _propose(RECOVERER, _new.id, 1);
        vm.expectRevert(_notAuthorized(RECOVERER));
        _veto(RECOVERER, 1);
        for (uint32 id = 0; id < 4; id += 2) {
            vm.expectRevert(abi.encodeWithSelector(ISubjects.NoProposal.selector, id, 1));
            _veto(PATIENT, id);
        }

        vm.expectEmit(address(registry));
        emit ISubjects.RecoveryVetoed(PATIENT, 1, 0, 0, 0, PATIENT);
        _veto(PATIENT, 1);

        vm.expectRevert(abi.encodeWithSelector(ISubjects.NoProposal.selector, 1, 1));
        _veto(PATIENT, 1);
        _expectNoRecovery(1);
    }

    function test_AVetoWorksWhateverIsFrozenOrUsedUp() public {
        _setRecovery(PATIENT, RECOVERER, DELAY, 1, 0);
        _propose(RECOVERER, _new.id, 1);
        _freeze(RECOVERER, 0);
        _veto(PATIENT, 1);
        _expectNoRecovery(1);

        _propose(RECOVERER, _new.id, 2);
        _putSubject(address(0), MAX24, 0, MAX24);
        _veto(PATIENT, 2);
        _expectNoRecovery(2);
    }

    function test_RecoversOnceTheDelayIsOverAndTheNewKeyAgrees() public {
        _setDelegate(PATIENT, PARENT, 7, 1, 0);
        _setRecovery(PATIENT, RECOVERER, DELAY, 1, 0);
        _propose(RECOVERER, _new.id, 1);
        Acceptance memory agreement = _accept(_new, PATIENT, 0);

        vm.warp(NOW + DELAY - 1);
        vm.expectRevert(abi.encodeWithSelector(ISubjects.NotReady.selector, NOW + DELAY));
        registry.recover(PATIENT, 1, agreement);

        vm.warp(NOW + DELAY);
        vm.expectRevert(abi.encodeWithSelector(ISubjects.BadSignature.selector, _new.id));
        registry.recover(PATIENT, 1, Acceptance(NOW + DELAY, _none()));
        vm.expectRevert(abi.encodeWithSelector(ISubjects.BadSignature.selector, _new.id));
        registry.recover(PATIENT, 1, _accept(_new, PATIENT, 1));

        vm.expectEmit(address(registry));
        emit ISubjects.ControllerChanged(PATIENT, _new.id, 1, 0, 1, RECOVERER);
        registry.recover(PATIENT, 1, agreement);

        _assertSubject(ISubjects.Subject(_new.id, 0, 1, 1, 0, 0), "after it");
        _expectNotRecoverer(RECOVERER);
        _expectNoRecovery(1);
        vm.expectRevert(_notAuthorized(PATIENT));
        _grantAt(PATIENT, 1, 1);
        vm.expectRevert(_notAuthorized(PARENT));
        _grantAt(PARENT, 1, 1);
    }

    function test_TheNewControllerMayCallAndEndsAFreeze() public {
        _setRecovery(PATIENT, RECOVERER, DELAY, 1, 0);
        _propose(RECOVERER, _new.id, 1);
        vm.warp(NOW + DELAY - 10);
        _freeze(RECOVERER, 0);
        vm.warp(NOW + DELAY);
        vm.prank(_new.id);
        registry.recover(PATIENT, 1, _noAcceptance());

        _assertSubject(ISubjects.Subject(_new.id, 0, 1, 2, 0, NOW + 3 * DELAY - 10), "after it");
        vm.prank(_new.id);
        registry.grant(PATIENT, CLINIC, SCOPE, 2, NOW, UNTIL_REVOKED, 1);
        vm.assertTrue(_isActive(SCOPE), "not frozen");
    }

    function test_AProposalIsCancelledByWhatTheControllerDecides() public {
        _setRecovery(PATIENT, RECOVERER, DELAY, 1, 0);
        _propose(RECOVERER, _new.id, 1);
        for (uint256 way = 0; way < 4; ++way) {
            uint256 before = vm.snapshotState();
            if (way == 0) _rotate(PATIENT, _key(KeyKind.Eoa, "another"), 0);
            if (way == 1) _setRecovery(PATIENT, address(0), 0, 2, 0);
            if (way == 2) _setRecovery(PATIENT, RECOVERER, DELAY, 2, 0);
            if (way == 3) _revokeAll(PATIENT, true);
            _expectNoRecovery(1);
            vm.revertToState(before);
        }

        _revokeAll(PATIENT, false);
        _invalidate(PATIENT, 1);
        vm.warp(NOW + DELAY);
        registry.recover(PATIENT, 1, _accept(_new, PATIENT, 2));
        vm.assertEq(_subject().controller, _new.id, "neither of these cancels it");
    }

    function test_WithTheSeqUsedUpNothingRecovers() public {
        _setRecovery(PATIENT, RECOVERER, DELAY, 1, 0);
        _propose(RECOVERER, _new.id, 1);
        _putSubject(address(0), 0, 0, MAX24);
        vm.warp(NOW + DELAY);
        vm.prank(_new.id);
        vm.expectRevert(abi.encodeWithSelector(ISubjects.SeqExhausted.selector));
        registry.recover(PATIENT, 1, _noAcceptance());
    }

    function _expectNotRecoverer(address actor) private {
        bytes memory reason = abi.encodeWithSelector(ISubjects.NotRecoverer.selector, actor, PATIENT);
        uint24 seq = _subject().seq;
        uint32 next = registry.proposals(PATIENT).id + 1;
        vm.expectRevert(reason);
        _propose(actor, _new.id, next);
        vm.expectRevert(reason);
        _freeze(actor, seq);
    }

    /// @dev Whoever asks, and when it would have been ready.
    function _expectNoRecovery(uint32 proposalId) private {
        uint256 time = vm.getBlockTimestamp();
        uint32 last = registry.proposals(PATIENT).id;
        vm.warp(time + 91 days);
        vm.prank(_new.id);
        vm.expectRevert(abi.encodeWithSelector(ISubjects.NoProposal.selector, proposalId, last));
        registry.recover(PATIENT, proposalId, _noAcceptance());
        vm.warp(time);
    }

    function _assertRecovery(ISubjects.Recovery memory expected) private view {
        ISubjects.Recovery memory actual = registry.recoveries(PATIENT);
        vm.assertEq(actual.recoverer, expected.recoverer, "recoverer");
        vm.assertEq(actual.delay, expected.delay, "delay");
        vm.assertEq(actual.authEpoch, expected.authEpoch, "authEpoch");
        vm.assertEq(actual.nonce, expected.nonce, "nonce");
    }
}
