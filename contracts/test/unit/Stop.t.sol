// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IConsents} from "../../src/consent/IConsents.sol";
import {ISubjects} from "../../src/consent/ISubjects.sol";
import {SituationTest} from "../utils/SituationTest.sol";
import {vm} from "../utils/Vm.sol";

/// @notice See Stop.tree.
contract StopTest is SituationTest {
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
