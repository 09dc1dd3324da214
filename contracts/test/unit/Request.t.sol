// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IConsents} from "../../src/consent/IConsents.sol";
import {ISubjects} from "../../src/consent/ISubjects.sol";
import {SubjectTest} from "../utils/SubjectTest.sol";
import {vm} from "../utils/Vm.sol";

/// @notice See Request.tree.
contract RequestTest is SubjectTest {
    function test_RefusesPartiesThatAreNotTwoDifferentAddresses() public {
        vm.prank(CLINIC);
        vm.expectRevert(abi.encodeWithSelector(ISubjects.ZeroSubject.selector));
        registry.request(address(0), CLINIC, SCOPE, NOW, NOW + DAY, NOW + DAY, 1);

        vm.prank(address(0));
        vm.expectRevert(abi.encodeWithSelector(IConsents.ZeroGrantee.selector));
        registry.request(PATIENT, address(0), SCOPE, NOW, NOW + DAY, NOW + DAY, 1);

        vm.prank(CLINIC);
        vm.expectRevert(abi.encodeWithSelector(IConsents.SelfConsent.selector, CLINIC));
        registry.request(CLINIC, CLINIC, SCOPE, NOW, NOW + DAY, NOW + DAY, 1);
    }

    function test_RefusesACallerWhoIsNotTheGrantee() public {
        vm.expectRevert(abi.encodeWithSelector(IConsents.NotGrantee.selector, PATIENT, CLINIC));
        _requestAs(PATIENT, SCOPE, NOW + DAY, 1);

        vm.expectRevert(abi.encodeWithSelector(IConsents.NotGrantee.selector, STRANGER, CLINIC));
        _requestAs(STRANGER, SCOPE, NOW + DAY, 1);
    }

    function test_RefusesAWindowThatIsEmptyOrOver() public {
        _expectWindowRefused(NOW + 5, NOW + 5, abi.encodeWithSelector(IConsents.EmptyWindow.selector, NOW + 5, NOW + 5));
        _expectWindowRefused(NOW + 5, NOW + 4, abi.encodeWithSelector(IConsents.EmptyWindow.selector, NOW + 5, NOW + 4));
        _expectWindowRefused(
            UNTIL_REVOKED,
            UNTIL_REVOKED,
            abi.encodeWithSelector(IConsents.EmptyWindow.selector, UNTIL_REVOKED, UNTIL_REVOKED)
        );
        _expectWindowRefused(NOW - 5, NOW, abi.encodeWithSelector(IConsents.WindowOver.selector, NOW, NOW));
    }

    function test_RefusesATimeToAnswerThatIsPassedOrTooFar() public {
        vm.expectRevert(abi.encodeWithSelector(IConsents.RespondByPassed.selector, NOW, NOW));
        _requestAs(CLINIC, SCOPE, NOW, 1);

        uint40 latest = NOW + 90 days;
        vm.expectRevert(abi.encodeWithSelector(IConsents.RespondByTooFar.selector, latest + 1, latest));
        _requestAs(CLINIC, SCOPE, latest + 1, 1);

        _requestAs(CLINIC, SCOPE, latest, 1);
        vm.assertEq(_stored(SCOPE).respondBy, latest, "the limit itself is allowed");
    }

    function test_RefusesAVersionOtherThanTheNext() public {
        bytes32 denied = _scope(Situation.Denied);
        uint32[3] memory wrong = [uint32(0), 2, 4];
        for (uint256 i = 0; i < wrong.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IConsents.WrongVersion.selector, wrong[i], 3));
            _requestAs(CLINIC, denied, NOW + DAY, wrong[i]);
        }
    }

    function test_RefusesWhenTheVersionCounterIsUsedUp() public {
        IConsents.Consent memory consent;
        consent.status = IConsents.Status.Revoked;
        for (uint32 short = 0; short < 2; ++short) {
            consent.version = MAX_VERSION - short;
            _put(SCOPE, consent);
            vm.expectRevert(abi.encodeWithSelector(IConsents.VersionExhausted.selector));
            _requestAs(CLINIC, SCOPE, NOW + DAY, MAX_VERSION);
        }
    }

    function test_RefusesWhereOneIsRequestedOrActive() public {
        _expectNotRequestable(Situation.Requested, IConsents.Status.Requested);
        _expectNotRequestable(Situation.Active, IConsents.Status.Active);
        _expectNotRequestable(Situation.Scheduled, IConsents.Status.Active);
    }

    function test_StoresARequestWhereNothingIsOpen() public {
        Situation[6] memory open = [
            Situation.None,
            Situation.RequestLapsed,
            Situation.GrantLapsed,
            Situation.Denied,
            Situation.Revoked,
            Situation.Expired
        ];
        for (uint256 i = 0; i < open.length; ++i) {
            bytes32 scope = _scope(open[i]);
            uint32 version = _stored(scope).version + 1;

            vm.recordLogs();
            if (_lapsed(open[i])) {
                vm.expectEmit(address(registry));
                emit IConsents.ConsentExpired(PATIENT, CLINIC, scope, version - 1);
            }
            vm.expectEmit(address(registry));
            emit IConsents.ConsentRequested(PATIENT, CLINIC, scope, NOW, NOW + 30 * DAY, NOW + DAY, version, CLINIC);
            _requestAs(CLINIC, scope, NOW + DAY, version);

            bytes32 requested = IConsents.ConsentRequested.selector;
            _assertEmitted(
                _lapsed(open[i]) ? _two(IConsents.ConsentExpired.selector, requested) : _one(requested), _name(open[i])
            );
            _assertSame(
                _stored(scope),
                IConsents.Consent({
                    status: IConsents.Status.Requested,
                    validFrom: NOW,
                    validTo: NOW + 30 * DAY,
                    version: version,
                    epoch: 0,
                    changedAt: NOW,
                    respondBy: NOW + DAY
                }),
                _name(open[i])
            );
            vm.assertFalse(_isActive(scope), "a request allows nothing");
        }
    }

    function test_AfterRevokeAllItStoresARequestEverywhereAtTheNewEpoch() public {
        _revokeAll(PATIENT, false);
        for (uint256 i = 0; i < SITUATIONS; ++i) {
            bytes32 scope = _scope(Situation(i));
            vm.recordLogs();
            _requestAs(CLINIC, scope, NOW + DAY, _stored(scope).version + 1);

            _assertEmitted(_one(IConsents.ConsentRequested.selector), _name(Situation(i)));
            vm.assertEq(_stored(scope).epoch, 1, _name(Situation(i)));
            _assertStatus(_status(scope), IConsents.Status.Requested, _name(Situation(i)));
        }
    }

    function test_RefusesWhenTheEpochCounterIsUsedUp() public {
        _putSubject(address(0), MAX24 - 1, 0, 0);
        _requestAs(CLINIC, SCOPE, NOW + DAY, 1);
        _assertStatus(_status(SCOPE), IConsents.Status.Requested, "the last epoch works");

        _putSubject(address(0), MAX24, 0, 0);
        vm.expectRevert(abi.encodeWithSelector(ISubjects.EpochExhausted.selector));
        _requestAs(CLINIC, SCOPE, NOW + DAY, 2);
    }

    function test_WorksWhileFrozenAndWithTheSeqUsedUp() public {
        _setRecovery(PATIENT, RECOVERER, DELAY, 1, 0);
        _freeze(RECOVERER, 0);
        _requestAs(CLINIC, SCOPE, NOW + DAY, 1);
        _assertStatus(_status(SCOPE), IConsents.Status.Requested, "frozen");

        _putSubject(address(0), 0, 0, MAX24);
        _requestAs(CLINIC, keccak256("another scope"), NOW + DAY, 1);
        _assertStatus(_status(keccak256("another scope")), IConsents.Status.Requested, "seq used up");
    }

    function _expectNotRequestable(Situation situation, IConsents.Status status) private {
        vm.expectRevert(abi.encodeWithSelector(IConsents.NotRequestable.selector, status));
        _requestAs(CLINIC, _scope(situation), NOW + DAY, 2);
    }

    function _expectWindowRefused(uint40 validFrom, uint40 validTo, bytes memory reason) private {
        vm.prank(CLINIC);
        vm.expectRevert(reason);
        registry.request(PATIENT, CLINIC, SCOPE, validFrom, validTo, NOW + DAY, 1);
    }
}
