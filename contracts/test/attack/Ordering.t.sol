// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IConsents} from "../../src/consent/IConsents.sol";
import {BatchMode, Op} from "../../src/consent/Intents.sol";
import {AttackTest} from "../utils/AttackTest.sol";
import {vm} from "../utils/Vm.sol";

/// @notice A relayer, a clinic or a reorg lands what was signed in the order that suits it. A stop and whatever was
/// signed before it end not active, in every order.
contract OrderingAttack is AttackTest {
    /// @dev The patient renewed, then changed her mind. The relayer held the renewal back and sends it just before the
    /// revoke, so that the revoke no longer names the version it finds. It names every version up to the renewal's.
    function test_ARenewalHeldBackAndRelayedBeforeTheRevoke() public {
        bytes memory renewal = _signedGrant(subject, GIVEN, 1, 2);
        bytes memory revoke = _signedRevoke(subject, GIVEN, 2);
        _inBothOrders(renewal, revoke, GIVEN);
    }

    /// @dev The patient approved a request, then denied it. The approval lands first; the denial finds no request any
    /// more, and revokes.
    function test_ADenialAfterTheApproval() public {
        bytes memory approval = _signedGrant(subject, ASKED, 1, 1);
        bytes memory denial = _signedDeny(subject, ASKED, 2);
        _inBothOrders(approval, denial, ASKED);

        _land(approval);
        _land(denial);
        vm.assertTrue(_statusNow(ASKED) == IConsents.Status.Revoked, "a consent denied is revoked");
    }

    /// @dev The patient signed her first grant and took it back before it was sent. Nothing is there to revoke yet; the
    /// revoke lands all the same and is above the grant.
    function test_AFirstGrantSubmittedAfterItsStop() public {
        bytes memory grant = _signedGrant(subject, FRESH, 1, 1);
        _inBothOrders(grant, _signedRevoke(subject, FRESH, 1), FRESH);
        _inBothOrders(grant, _signedDeny(subject, FRESH, 1), FRESH);
    }

    /// @dev Every stop against every grant that can be signed before it, in both orders: signed, by a batch in either
    /// mode, direct, by a delegate; one consent, all of them, or the signatures.
    function test_EveryStopAgainstEveryEarlierGrant() public {
        bytes32[3] memory scopes = [FRESH, ASKED, GIVEN];
        uint32[3] memory next = [uint32(1), 1, 2];
        for (uint256 i = 0; i < 3; ++i) {
            bytes32 scope = scopes[i];
            bytes[4] memory grants = [
                _signedGrant(subject, scope, 1, next[i]),
                _signedGrant(delegate, scope, 1, next[i]),
                _signedBatch(subject, BatchMode.Atomic, 1, _items(_grantItem(scope, next[i]))),
                _signedBatch(delegate, BatchMode.Try, 1, _items(_grantItem(scope, next[i])))
            ];
            // A wallet signs a stop through the version it sees plus 1.
            uint32 through = _versionNow(scope) + 1;
            bytes[8] memory stops = [
                _signedRevoke(subject, scope, through),
                _signedRevoke(delegate, scope, through),
                _signedDeny(subject, scope, through),
                _signedDeny(delegate, scope, through),
                _signedBatch(subject, BatchMode.Atomic, 0, _items(_revokeItem(scope, through))),
                _signedBatch(subject, BatchMode.Try, 0, _items(_revokeItem(scope, through))),
                _signedRevokeAll(subject, 1, 1, false),
                _signedRevokeAll(subject, 1, 1, true)
            ];
            for (uint256 g = 0; g < grants.length; ++g) {
                for (uint256 s = 0; s < stops.length; ++s) {
                    _inBothOrders(grants[g], stops[s], scope);
                }
            }
        }
    }

    /// @dev A reorg takes the renewal out of the chain again, and the relayer lands the revoke, signed for the state
    /// after it, on the shorter chain first. Then the renewal comes back.
    function test_AReorgBetweenTheRenewalAndItsRevoke() public {
        bytes memory renewal = _signedGrant(subject, GIVEN, 1, 2);
        uint256 fork = vm.snapshotState();
        _land(renewal);
        bytes memory revoke = _signedRevoke(subject, GIVEN, _versionNow(GIVEN) + 1);
        vm.revertToState(fork);

        _land(revoke);
        _fails(renewal, _wrongVersion(2, 5), "the renewal comes too late");
        _assertStopped(GIVEN, "on the other side of the reorg");
    }

    /// @dev A wallet that does not wait for finality grants on a version that a reorg then takes back. The plain revoke
    /// ends the version there is and so does not reach that grant; the one that names the version does (ADR 0013).
    function test_APlainRevokeDoesNotReachAGrantOnAVersionTakenBack() public {
        uint256 fork = vm.snapshotState();
        _land(_signedGrant(subject, GIVEN, 1, 2));
        bytes memory hasty = _signedGrant(subject, GIVEN, 1, _versionNow(GIVEN) + 1);
        vm.revertToState(fork);

        vm.prank(subject.id);
        registry.revoke(subject.id, grantee.id, GIVEN);
        _land(hasty);
        vm.assertTrue(_active(GIVEN), "the plain form names no version");

        vm.revertToState(fork);
        _land(_signedRevoke(subject, GIVEN, 3));
        _fails(hasty, _wrongVersion(3, 5), "the other names it");
        _assertStopped(GIVEN, "by the version it names");
    }

    /// @dev The clinic sees the patient's grant on its way and files a request for much more time just before it, at
    /// the version the grant leads to. The grant then approves that request: but for the window that the patient
    /// signed.
    function test_ARequestRacingAGrant() public {
        bytes memory grant = _signedGrant(subject, FRESH, 1, 1);
        vm.prank(grantee.id);
        registry.request(subject.id, grantee.id, FRESH, NOW, FOREVER, NOW + DAY, 1);
        _land(grant);
        IConsents.Consent memory consent = registry.consents(registry.consentId(subject.id, grantee.id, FRESH));
        vm.assertEq(consent.validTo, NOW + 100 * DAY, "the patient's window");
        vm.assertEq(consent.version, 1, "an approval");

        vm.prank(grantee.id);
        vm.expectRevert(abi.encodeWithSelector(IConsents.NotRequestable.selector, IConsents.Status.Active));
        registry.request(subject.id, grantee.id, FRESH, NOW, FOREVER, NOW + DAY, 2);
    }

    /// @dev The patient approves what she saw; the clinic withdraws that request and files another in its place. The
    /// approval is for the one that she saw.
    function test_ARequestSwappedUnderItsApproval() public {
        bytes memory approval = _signedGrant(subject, ASKED, 1, 1);
        vm.prank(grantee.id);
        registry.relinquish(subject.id, grantee.id, ASKED);
        vm.prank(grantee.id);
        registry.request(subject.id, grantee.id, ASKED, NOW, FOREVER, NOW + DAY, 3);
        _fails(approval, _wrongVersion(1, 3), "another request");
    }

    /// @dev A clinic sees a batch on its way and gives up the consent that one item renews, so that the whole fails and
    /// the stops in it with it. Stops alone do not fail by that, nor do batches that try.
    function test_AnItemOfABatchFrontRun() public {
        Op[] memory mixed = new Op[](2);
        (mixed[0], mixed[1]) = (_grantItem(GIVEN, 2), _revokeItem(ASKED, 2));
        bytes memory atomic = _signedBatch(subject, BatchMode.Atomic, 1, mixed);
        bytes memory tries = _signedBatch(subject, BatchMode.Try, 1, mixed);
        Op[] memory stops = new Op[](2);
        (stops[0], stops[1]) = (_revokeItem(GIVEN, 1), _revokeItem(ASKED, 2));
        bytes memory stopsAlone = _signedBatch(subject, BatchMode.Atomic, 1, stops);
        vm.prank(grantee.id);
        registry.relinquish(subject.id, grantee.id, GIVEN);

        _fails(atomic, _wrongVersion(2, 3), "all or nothing");
        uint256 before = vm.snapshotState();
        _land(tries);
        _assertStopped(ASKED, "by the batch that tries");
        vm.revertToState(before);
        _land(stopsAlone);
        _assertStopped(ASKED, "by the stops alone");
    }

    /// @dev Somebody lands one of the stops of a batch beforehand (the patient had signed it apart, too).
    function test_AStopOfABatchLandedBeforehand() public {
        Op[] memory stops = new Op[](2);
        (stops[0], stops[1]) = (_revokeItem(GIVEN, 2), _revokeItem(ASKED, 2));
        bytes memory batch = _signedBatch(subject, BatchMode.Atomic, 1, stops);
        _land(_signedRevoke(subject, GIVEN, 2));
        _land(batch);
        _assertStopped(ASKED, "the others land");
    }

    /// @dev A delegate's transaction waits in the mempool while the patient revokes everything and drops nobody.
    function test_ADelegatesTransactionThatOutlivesRevokeAll() public {
        _land(_signedRevokeAll(subject, 1, 1, false));
        vm.prank(delegate.id);
        vm.expectRevert(_wrongSeq(1, 2));
        registry.grant(subject.id, grantee.id, FRESH, 1, NOW, NOW + DAY, 1);
    }

    /// @dev A grantee keeps giving up and asking anew, so that the version runs away from a revoke that is under way.
    /// The revoke fails; but then no grant that the patient has signed fits any more either.
    function test_AVersionThatRunsAwayFromARevoke() public {
        bytes memory renewal = _signedGrant(subject, GIVEN, 1, 2);
        bytes memory revoke = _signedRevoke(subject, GIVEN, 2);
        vm.prank(grantee.id);
        registry.relinquish(subject.id, grantee.id, GIVEN);
        vm.prank(grantee.id);
        registry.request(subject.id, grantee.id, GIVEN, NOW, FOREVER, NOW + DAY, 3);
        _fails(revoke, _staleStop(2, 3), "stale");
        _fails(renewal, _wrongVersion(2, 3), "and so is the grant");
        _assertStopped(GIVEN, "only asked for");
    }

    /// @dev A clinic floods the patient with requests. They allow nothing, they lapse, each can be denied, and all of
    /// them together are gone with one revokeAll; consents and signatures of others are untouched.
    function test_RequestSpam() public {
        bytes memory grant = _signedGrant(subject, FRESH, 1, 1);
        for (uint256 i = 1; i <= 100; ++i) {
            vm.prank(STRANGER);
            registry.request(subject.id, STRANGER, bytes32(i), NOW, FOREVER, NOW + 90 * DAY, 1);
        }
        for (uint32 i = 1; i < 20; ++i) {
            vm.prank(subject.id);
            registry.deny(subject.id, STRANGER, bytes32(uint256(1)));
            vm.prank(STRANGER);
            registry.request(subject.id, STRANGER, bytes32(uint256(1)), NOW, FOREVER, NOW + DAY, 2 * i + 1);
        }
        _land(grant);
        vm.assertTrue(_active(FRESH) && _active(GIVEN), "others are untouched");
        for (uint256 i = 1; i <= 100; ++i) {
            vm.assertFalse(registry.isActive(subject.id, STRANGER, bytes32(i)), "a request allows nothing");
        }
        uint256 before = vm.snapshotState();
        vm.warp(NOW + 90 * DAY);
        _assertNothingAsked(IConsents.Status.Expired);
        vm.revertToState(before);
        _land(_signedRevokeAll(subject, 1, 1, false));
        _assertNothingAsked(IConsents.Status.Revoked);
    }

    function _assertNothingAsked(IConsents.Status expected) private view {
        for (uint256 i = 1; i <= 100; ++i) {
            _assertStatus(registry.statusOf(subject.id, STRANGER, bytes32(i)), expected, "gone");
        }
    }

    /// @dev Lands a grant and a stop, first the one, then the other, each again at the end, and checks that the consent
    /// ends not active. The stop always lands.
    function _inBothOrders(bytes memory grant, bytes memory stop, bytes32 scope) private {
        uint256 before = vm.snapshotState();
        _land(grant);
        vm.assertTrue(_active(scope), "the grant works");
        _land(stop);
        _relay(grant);
        _relay(stop);
        _assertStopped(scope, "grant, then stop");
        vm.revertToState(before);

        _land(stop);
        _relay(grant);
        _assertStopped(scope, "stop, then grant");
        _relay(stop);
        _relay(grant);
        _assertStopped(scope, "both again");
        vm.revertToState(before);
    }

    function _items(Op memory op) private pure returns (Op[] memory items) {
        items = new Op[](1);
        items[0] = op;
    }
}
