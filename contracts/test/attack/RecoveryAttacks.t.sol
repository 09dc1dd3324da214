// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ISubjects} from "../../src/consent/ISubjects.sol";
import {AttackTest} from "../utils/AttackTest.sol";
import {Key, KeyKind} from "../utils/SignedTest.sol";
import {vm} from "../utils/Vm.sol";

/// @notice A recoverer that turns against a patient who has only a passkey and no ETH: everything she does is signed
/// and sent by somebody else.
contract RecoveryAttack is AttackTest {
    Key private _thief;

    function setUp() public override {
        super.setUp();
        _meet(KeyKind.Passkey);
        _thief = _key(KeyKind.Eoa, "thief");
    }

    /// @dev The recoverer freezes whenever it may, for a year, to keep the patient from consenting. Without her doing
    /// anything she can consent at least every other delay.
    function test_FreezesAsOftenAsPossibleLeaveHalfOfTheTime() public {
        uint256 frozen;
        uint256 free;
        for (uint40 time = NOW; time < NOW + 360 * DAY; time += DAY / 2) {
            vm.warp(time);
            ISubjects.Subject memory state = registry.subjects(subject.id);
            if (time >= state.nextFreezeAt) {
                _freezeNow();
                state = registry.subjects(subject.id);
            } else {
                vm.prank(recoverer.id);
                (bool ok,) = address(registry).call(_callOf(_freezeAction(state.seq, time), _none()));
                vm.assertFalse(ok, "too soon");
            }
            uint256 before = vm.snapshotState();
            vm.prank(subject.id);
            (bool granted,) = address(registry)
                .call(abi.encodeCall(registry.grant, (subject.id, grantee.id, FRESH, state.seq, NOW, FOREVER, 1)));
            vm.assertTrue(granted == (time >= state.frozenUntil), "by the clock");
            vm.revertToState(before);
            if (granted) ++free;
            else ++frozen;
        }
        vm.assertTrue(free >= frozen, "at least half");
        vm.assertTrue(frozen > 0, "it did freeze");
    }

    /// @dev The same, and the patient does something: one signature ends a freeze, another gets rid of the recoverer
    /// for good, whatever is frozen.
    function test_TwoSignaturesEndAllFreezing() public {
        _freezeNow();
        _land(_signedUnfreeze(subject, 2, SOON));
        _land(_signedGrant(subject, FRESH, 2, 1));
        vm.assertTrue(_active(FRESH), "consents at once");

        vm.warp(NOW + 2 * DELAY);
        _freezeNow();
        _land(_signedRemovalOfRecovery(subject, 2));
        vm.warp(NOW + 4 * DELAY);
        vm.prank(recoverer.id);
        (bool ok, bytes memory answer) = address(registry).call(_callOf(_freezeAction(3, NOW + 4 * DELAY), _none()));
        vm.assertFalse(ok, "no more");
        vm.assertEq(
            answer,
            abi.encodeWithSelector(ISubjects.NotRecoverer.selector, recoverer.id, subject.id),
            "it is no recoverer"
        );
    }

    /// @dev While frozen every stop works.
    function test_AFreezeKeepsNoStopOff() public {
        _freezeNow();
        for (uint256 i = 0; i < KINDS; ++i) {
            Action memory action = _action(Kind(i));
            // Invalidating names the seq of before the freeze, which is past.
            if (!action.isStop || action.kind == Kind.Invalidate) continue;
            uint256 before = vm.snapshotState();
            _assertWorks(action, _prove(action.by, action.structHash), "frozen");
            vm.revertToState(before);
        }
        _land(_signedInvalidate(subject, 2));
    }

    /// @dev The recoverer proposes its own key and waits. The patient, who cannot send a transaction, signs a veto;
    /// whoever she trusts sends it, at the last second.
    function test_TheftDuringTheDelayEndsWithAVetoRelayedByAnyone() public {
        _proposeNow(_thief.id, 2);
        _freezeNow();
        vm.warp(NOW + DELAY - 1);
        _tryToTakeOver(2, abi.encodeWithSelector(ISubjects.NotReady.selector, NOW + DELAY));
        _land(_signedVeto(subject, 2));
        vm.warp(NOW + DELAY);
        _tryToTakeOver(2, abi.encodeWithSelector(ISubjects.NoProposal.selector, 2, 2));
    }

    /// @dev The recoverer sees the veto on its way and proposes anew before it, so that the veto names another. The
    /// delay begins anew as well; the patient may sign vetoes ahead, or get rid of the recoverer.
    function test_AProposalThatDodgesTheVeto() public {
        _proposeNow(_thief.id, 2);
        vm.warp(NOW + DELAY - 10);
        bytes memory veto = _signedVeto(subject, 2);
        _proposeNow(_thief.id, 3);
        _fails(veto, abi.encodeWithSelector(ISubjects.NoProposal.selector, 2, 3), "dodged");
        vm.warp(NOW + DELAY);
        _tryToTakeOver(2, abi.encodeWithSelector(ISubjects.NoProposal.selector, 2, 3));
        _tryToTakeOver(3, abi.encodeWithSelector(ISubjects.NotReady.selector, NOW + 2 * DELAY - 10));

        bytes memory ahead = _signedVeto(subject, 4);
        _land(_signedVeto(subject, 3));
        _proposeNow(_thief.id, 4);
        _land(ahead);
        _proposeNow(_thief.id, 5);
        _land(_signedRemovalOfRecovery(subject, 2));
        vm.warp(NOW + 10 * DELAY);
        _tryToTakeOver(5, abi.encodeWithSelector(ISubjects.NoProposal.selector, 5, 5));
    }

    /// @dev A veto is sent again against a later proposal that the patient wants. It names its proposal.
    function test_AVetoSentAgain() public {
        bytes memory veto = _signedVeto(subject, 1);
        _land(veto);
        _proposeNow(successor.id, 2);
        _fails(veto, abi.encodeWithSelector(ISubjects.NoProposal.selector, 1, 2), "of another proposal");
    }

    /// @dev The thief carries out a recovery with a key that never agreed: to lock the patient out, or to make somebody
    /// responsible who knows of nothing.
    function test_ARecoveryToAKeyThatDidNotAgree() public {
        _proposeNow(STRANGER, 2);
        vm.warp(NOW + DELAY);
        vm.prank(recoverer.id);
        vm.expectRevert(_badSignature(STRANGER));
        registry.recover(subject.id, 2, _accept(_thief, subject.id, 1));
    }

    /// @dev Everything that the patient had signed before a recovery is void after it, the new key's hands are free,
    /// and the recoverer is no recoverer any more.
    function test_NothingHeldBackSurvivesARecovery() public {
        bytes memory grant = _signedGrant(subject, FRESH, 1, 1);
        bytes memory byDelegate = _signedGrant(delegate, FRESH, 1, 1);
        vm.warp(NOW + DELAY);
        registry.recover(subject.id, 1, _accept(successor, subject.id, 1));

        _fails(grant, _notAuthorized(subject.id), "the old key's");
        _fails(byDelegate, _notAuthorized(delegate.id), "its delegate's");
        _land(_signedGrant(successor, FRESH, 2, 1));
        vm.assertTrue(_active(FRESH), "the new key's");
    }

    function _tryToTakeOver(uint32 proposalId, bytes memory reason) private {
        vm.prank(_thief.id);
        vm.expectRevert(reason);
        registry.recover(subject.id, proposalId, _noAcceptance());
        vm.assertEq(registry.subjects(subject.id).controller, subject.id, "the patient's");
    }

    /// @dev The recoverer's freeze for a seq at a time.
    function _freezeAction(uint24 seq, uint40 deadline) private view returns (Action memory action) {
        action = _action(Kind.Freeze);
        action.fields = abi.encode(recoverer.id, subject.id, seq, deadline);
    }

    function _notAuthorized(address actor) private view returns (bytes memory) {
        return abi.encodeWithSelector(ISubjects.NotAuthorized.selector, actor, subject.id);
    }
}
