// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IConsents} from "../../src/consent/IConsents.sol";
import {ISubjects} from "../../src/consent/ISubjects.sol";
import {SituationTest} from "../utils/SituationTest.sol";
import {vm} from "../utils/Vm.sol";

/// @notice See Grant.tree.
contract GrantTest is SituationTest {
    function test_RefusesPartiesThatAreNotTwoDifferentAddresses() public {
        vm.prank(address(0));
        vm.expectRevert(abi.encodeWithSelector(ISubjects.ZeroSubject.selector));
        registry.grant(address(0), CLINIC, SCOPE, 0, NOW, NOW + DAY, 1);

        vm.prank(PATIENT);
        vm.expectRevert(abi.encodeWithSelector(IConsents.ZeroGrantee.selector));
        registry.grant(PATIENT, address(0), SCOPE, 0, NOW, NOW + DAY, 1);

        vm.prank(PATIENT);
        vm.expectRevert(abi.encodeWithSelector(IConsents.SelfConsent.selector, PATIENT));
        registry.grant(PATIENT, PATIENT, SCOPE, 0, NOW, NOW + DAY, 1);
    }

    function test_RefusesACallerWhoIsNotTheSubject() public {
        bytes32 requested = _scope(Situation.Requested);
        vm.expectRevert(abi.encodeWithSelector(ISubjects.NotAuthorized.selector, CLINIC, PATIENT));
        _grantAs(CLINIC, requested, NOW, NOW + DAY, 1);

        vm.expectRevert(abi.encodeWithSelector(ISubjects.NotAuthorized.selector, STRANGER, PATIENT));
        _grantAs(STRANGER, requested, NOW, NOW + DAY, 1);
    }

    function test_RefusesAWindowThatIsEmptyOrOver() public {
        vm.expectRevert(abi.encodeWithSelector(IConsents.EmptyWindow.selector, NOW + 5, NOW + 5));
        _grantAs(PATIENT, SCOPE, NOW + 5, NOW + 5, 1);

        vm.expectRevert(abi.encodeWithSelector(IConsents.EmptyWindow.selector, NOW + 5, NOW + 4));
        _grantAs(PATIENT, SCOPE, NOW + 5, NOW + 4, 1);

        vm.expectRevert(abi.encodeWithSelector(IConsents.EmptyWindow.selector, UNTIL_REVOKED, UNTIL_REVOKED));
        _grantAs(PATIENT, SCOPE, UNTIL_REVOKED, UNTIL_REVOKED, 1);

        vm.expectRevert(abi.encodeWithSelector(IConsents.WindowOver.selector, NOW, NOW));
        _grantAs(PATIENT, SCOPE, NOW - 5, NOW, 1);
    }

    function test_TakesWindowsThatStartInThePastOrNeverEnd() public {
        _grantAs(PATIENT, SCOPE, 0, UNTIL_REVOKED, 1);
        vm.assertTrue(_isActive(SCOPE), "active at once");

        vm.warp(UNTIL_REVOKED - 1);
        vm.assertTrue(_isActive(SCOPE), "active until revoked");
    }

    function test_GrantsRenewsAndApprovesAtTheRightVersion() public {
        for (uint256 i = 0; i < SITUATIONS; ++i) {
            Situation situation = Situation(i);
            bytes32 scope = _scope(situation);
            uint32 version = _stored(scope).version + (situation == Situation.Requested ? 0 : 1);

            vm.recordLogs();
            if (_lapsed(situation)) {
                vm.expectEmit(address(registry));
                emit IConsents.ConsentExpired(PATIENT, CLINIC, scope, version - 1);
            }
            vm.expectEmit(address(registry));
            emit IConsents.ConsentCreated(PATIENT, CLINIC, scope, NOW - 7, NOW + 7, version, PATIENT);
            _grantAs(PATIENT, scope, NOW - 7, NOW + 7, version);

            bytes32 created = IConsents.ConsentCreated.selector;
            _assertEmitted(
                _lapsed(situation) ? _two(IConsents.ConsentExpired.selector, created) : _one(created), _name(situation)
            );
            _assertSame(
                _stored(scope),
                IConsents.Consent({
                    status: IConsents.Status.Active,
                    validFrom: NOW - 7,
                    validTo: NOW + 7,
                    version: version,
                    epoch: 0,
                    changedAt: NOW,
                    respondBy: 0
                }),
                _name(situation)
            );
            vm.assertTrue(_isActive(scope), _name(situation));
        }
    }

    function test_RefusesEveryOtherVersion() public {
        for (uint256 i = 0; i < SITUATIONS; ++i) {
            Situation situation = Situation(i);
            bytes32 scope = _scope(situation);
            uint32 current = _stored(scope).version;
            uint32 expected = situation == Situation.Requested ? current : current + 1;
            for (uint32 given = 0; given < current + 4; ++given) {
                if (given == expected) continue;
                vm.expectRevert(abi.encodeWithSelector(IConsents.WrongVersion.selector, given, expected));
                _grantAs(PATIENT, scope, NOW, NOW + DAY, given);
            }
        }
    }

    function test_RefusesWhenTheVersionCounterIsUsedUp() public {
        IConsents.Consent memory consent;
        consent.status = IConsents.Status.Revoked;
        for (uint32 short = 0; short < 2; ++short) {
            consent.version = MAX_VERSION - short;
            _put(SCOPE, consent);
            vm.expectRevert(abi.encodeWithSelector(IConsents.VersionExhausted.selector));
            _grantAs(PATIENT, SCOPE, NOW, NOW + DAY, MAX_VERSION);
        }
    }

    function test_ApprovesTheRequestThatReachedTheLastVersion() public {
        IConsents.Consent memory consent;
        consent.status = IConsents.Status.Revoked;
        consent.version = MAX_VERSION - 2;
        _put(SCOPE, consent);
        _requestAs(CLINIC, SCOPE, NOW + DAY, MAX_VERSION - 1);

        _grantAs(PATIENT, SCOPE, NOW, NOW + DAY, MAX_VERSION - 1);

        vm.assertTrue(_isActive(SCOPE), "approved");
    }
}
