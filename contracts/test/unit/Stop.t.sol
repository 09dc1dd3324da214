// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IConsents} from "../../src/consent/IConsents.sol";
import {ISubjects} from "../../src/consent/ISubjects.sol";
import {Deny, Revoke} from "../../src/consent/Intents.sol";
import {SubjectTest} from "../utils/SubjectTest.sol";
import {vm} from "../utils/Vm.sol";

/// @notice See Stop.tree.
contract StopTest is SubjectTest {
    function test_RefusesPartiesThatAreNotTwoDifferentAddresses() public {
        bytes4[2] memory stops = [IConsents.deny.selector, IConsents.revoke.selector];
        for (uint256 i = 0; i < stops.length; ++i) {
            _expectRefused(
                stops[i], address(0), address(0), CLINIC, abi.encodeWithSelector(ISubjects.ZeroSubject.selector)
            );
            _expectRefused(
                stops[i], PATIENT, PATIENT, address(0), abi.encodeWithSelector(IConsents.ZeroGrantee.selector)
            );
            _expectRefused(
                stops[i], PATIENT, PATIENT, PATIENT, abi.encodeWithSelector(IConsents.SelfConsent.selector, PATIENT)
            );
        }
    }

    function test_RefusesACallerWhoIsNotTheSubject() public {
        bytes4[2] memory stops = [IConsents.deny.selector, IConsents.revoke.selector];
        address[2] memory others = [CLINIC, STRANGER];
        for (uint256 i = 0; i < stops.length; ++i) {
            for (uint256 j = 0; j < others.length; ++j) {
                bytes memory reason = abi.encodeWithSelector(ISubjects.NotAuthorized.selector, others[j], PATIENT);
                _expectRefused(stops[i], others[j], PATIENT, CLINIC, reason);
            }
        }
    }

    function test_RevokeStopsEverySituation() public {
        for (uint256 i = 0; i < SITUATIONS; ++i) {
            _assertStops(Situation(i), IConsents.revoke.selector, IConsents.Status.Revoked);
        }
    }

    function test_DenyRefusesARequestAndRevokesAnythingElse() public {
        for (uint256 i = 0; i < SITUATIONS; ++i) {
            _assertStops(
                Situation(i),
                IConsents.deny.selector,
                Situation(i) == Situation.Requested ? IConsents.Status.Denied : IConsents.Status.Revoked
            );
        }
    }

    function test_AGrantMeantForBeforeTheStopCannotFollowIt() public {
        for (uint256 i = 0; i < SITUATIONS; ++i) {
            bytes32 scope = _scope(Situation(i));
            uint32 before = _stored(scope).version;
            _revoke(scope);
            for (uint32 version = 0; version <= before + 1; ++version) {
                vm.expectRevert(abi.encodeWithSelector(IConsents.WrongVersion.selector, version, before + 2));
                _grantAs(PATIENT, scope, NOW, NOW + DAY, version);
            }
            _assertStatus(_status(scope), IConsents.Status.Revoked, _name(Situation(i)));
        }
    }

    function test_StopsSaturateAndStillWork() public {
        IConsents.Consent memory consent;
        consent.status = IConsents.Status.Active;
        consent.validTo = UNTIL_REVOKED;
        consent.version = MAX_VERSION;
        _put(SCOPE, consent);
        for (uint256 i = 0; i < 2; ++i) {
            vm.expectEmit(address(registry));
            emit IConsents.ConsentRevoked(PATIENT, CLINIC, SCOPE, MAX_VERSION, PATIENT);
            _revoke(SCOPE);
            vm.assertEq(_stored(SCOPE).version, MAX_VERSION, "the version stays");
            _assertStatus(_status(SCOPE), IConsents.Status.Revoked, "revoked");
        }

        consent.status = IConsents.Status.Requested;
        consent.respondBy = NOW + 1;
        _put(SCOPE, consent);
        vm.expectEmit(address(registry));
        emit IConsents.ConsentDenied(PATIENT, CLINIC, SCOPE, MAX_VERSION, PATIENT);
        _deny(SCOPE);
        _assertStatus(_status(SCOPE), IConsents.Status.Denied, "denied");
    }

    function test_ASignedStopAppliesThroughItsVersionAndEndsAboveIt() public {
        for (uint256 i = 0; i < SITUATIONS; ++i) {
            bytes32 scope = _scope(Situation(i));
            uint32 current = _stored(scope).version;
            uint32[3] memory through = [current, current + 1, current + 65_536];
            for (uint256 j = 0; j < through.length; ++j) {
                uint256 before = vm.snapshotState();
                _revokeThrough(scope, through[j]);
                vm.assertEq(_stored(scope).version, through[j] + 1, _name(Situation(i)));
                _assertStatus(_status(scope), IConsents.Status.Revoked, _name(Situation(i)));
                vm.revertToState(before);

                _denyThrough(scope, through[j]);
                bool denied = Situation(i) == Situation.Requested;
                vm.assertEq(_stored(scope).version, through[j] + 1, _name(Situation(i)));
                _assertStatus(
                    _status(scope), denied ? IConsents.Status.Denied : IConsents.Status.Revoked, _name(Situation(i))
                );
                vm.revertToState(before);
            }
        }
    }

    function test_ASignedStopThatHasHadItsEffectIsRefused() public {
        for (uint256 i = 0; i < SITUATIONS; ++i) {
            bytes32 scope = _scope(Situation(i));
            uint32 current = _stored(scope).version;
            if (current != 0) {
                vm.expectRevert(_stale(current - 1, current));
                _revokeThrough(scope, current - 1);
                vm.expectRevert(_stale(current - 1, current));
                _denyThrough(scope, current - 1);
            }
            _revokeThrough(scope, current);
            vm.expectRevert(_stale(current, current + 1));
            _revokeThrough(scope, current);
        }
    }

    function test_ASignedStopAtTheLargestVersionWorksOnce() public {
        _grantAt(PATIENT, 0, 1);
        _revokeThrough(SCOPE, MAX_VERSION);
        vm.assertEq(_stored(SCOPE).version, MAX_VERSION, "saturated");
        _assertStatus(_status(SCOPE), IConsents.Status.Revoked, "revoked");

        vm.expectRevert(_stale(MAX_VERSION, MAX_VERSION));
        _revokeThrough(SCOPE, MAX_VERSION);
        vm.expectRevert(_stale(MAX_VERSION, MAX_VERSION));
        _denyThrough(SCOPE, MAX_VERSION);
        _revoke(SCOPE);
        vm.assertEq(_stored(SCOPE).version, MAX_VERSION, "a direct one still works");
    }

    function test_ASignedStopOneBelowTheLargestVersionCloses() public {
        _revokeThrough(SCOPE, MAX_VERSION - 1);
        vm.assertEq(_stored(SCOPE).version, MAX_VERSION, "closed");
        vm.expectRevert(abi.encodeWithSelector(IConsents.VersionExhausted.selector));
        _grantAt(PATIENT, 0, MAX_VERSION);
    }

    function test_OfAnEarlierEpochItRevokesAndRecordsNoLapse() public {
        _revokeAll(PATIENT, false);
        for (uint256 i = 0; i < SITUATIONS; ++i) {
            bytes32 scope = _scope(Situation(i));
            uint24 epoch = _stored(scope).epoch;
            vm.recordLogs();
            _deny(scope);
            _assertEmitted(_one(IConsents.ConsentRevoked.selector), _name(Situation(i)));
            vm.assertEq(_stored(scope).epoch, epoch, "a stop leaves the epoch of the last opening");
        }
    }

    function test_WorksWhateverIsFrozenOrUsedUp() public {
        _grantAt(PATIENT, 0, 1);
        _setRecovery(PATIENT, RECOVERER, DELAY, 1, 0);
        _propose(RECOVERER, STRANGER, 1);
        _freeze(RECOVERER, 0);
        _revoke(SCOPE);
        vm.assertEq(_stored(SCOPE).version, 2, "frozen, recovery under way");

        _putSubject(address(0), MAX24, MAX24, MAX24);
        _revoke(SCOPE);
        _revokeThrough(SCOPE, 3);
        vm.assertEq(_stored(SCOPE).version, 4, "every counter used up");
    }

    function _revokeThrough(bytes32 scope, uint32 through) private {
        vm.prank(PATIENT);
        registry.revokeBySig(Revoke(PATIENT, PATIENT, CLINIC, scope, through, UNTIL_REVOKED), _none());
    }

    function _denyThrough(bytes32 scope, uint32 through) private {
        vm.prank(PATIENT);
        registry.denyBySig(Deny(PATIENT, PATIENT, CLINIC, scope, through, UNTIL_REVOKED), _none());
    }

    function _stale(uint32 through, uint32 version) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IConsents.StaleStop.selector, through, version);
    }

    function _assertStops(Situation situation, bytes4 stop, IConsents.Status status) private {
        bytes32 scope = _scope(situation);
        IConsents.Consent memory expected = _stored(scope);
        expected.status = status;
        expected.version += 1;
        expected.changedAt = NOW;

        vm.recordLogs();
        if (_lapsed(situation)) {
            vm.expectEmit(address(registry));
            emit IConsents.ConsentExpired(PATIENT, CLINIC, scope, expected.version - 1);
        }
        bool denied = status == IConsents.Status.Denied;
        vm.expectEmit(address(registry));
        if (denied) emit IConsents.ConsentDenied(PATIENT, CLINIC, scope, expected.version, PATIENT);
        else emit IConsents.ConsentRevoked(PATIENT, CLINIC, scope, expected.version, PATIENT);
        if (stop == IConsents.deny.selector) _deny(scope);
        else _revoke(scope);

        bytes32 last = denied ? IConsents.ConsentDenied.selector : IConsents.ConsentRevoked.selector;
        _assertEmitted(
            _lapsed(situation) ? _two(IConsents.ConsentExpired.selector, last) : _one(last), _name(situation)
        );
        _assertSame(_stored(scope), expected, _name(situation));
        vm.assertFalse(_isActive(scope), _name(situation));
    }

    function _expectRefused(bytes4 stop, address caller, address subject, address grantee, bytes memory reason)
        private
    {
        vm.prank(caller);
        vm.expectRevert(reason);
        if (stop == IConsents.deny.selector) registry.deny(subject, grantee, SCOPE);
        else registry.revoke(subject, grantee, SCOPE);
    }
}
