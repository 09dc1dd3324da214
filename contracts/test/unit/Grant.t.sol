// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IConsents} from "../../src/consent/IConsents.sol";
import {ISubjects} from "../../src/consent/ISubjects.sol";
import {SubjectTest} from "../utils/SubjectTest.sol";
import {vm} from "../utils/Vm.sol";

/// @notice See Grant.tree.
contract GrantTest is SubjectTest {
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

    function test_RefusesEverySeqButTheSubjects() public {
        _invalidate(PATIENT, 4);
        uint24[4] memory wrong = [uint24(0), 4, 6, MAX24];
        for (uint256 i = 0; i < wrong.length; ++i) {
            vm.expectRevert(_wrongSeq(wrong[i], 5));
            _grantAt(PATIENT, wrong[i], 1);
        }

        _grantAt(PATIENT, 5, 1);
        vm.assertTrue(_isActive(SCOPE), "granted");
    }

    function test_LeavesTheSeqAsItIs() public {
        _grantAt(PATIENT, 0, 1);
        _grantAt(PATIENT, 0, 2);

        vm.assertEq(_subject().seq, 0, "several grants share a seq");
    }

    function test_RefusesWhenTheSeqCounterIsUsedUp() public {
        _putSubject(address(0), 0, 0, MAX24 - 1);
        _grantAt(PATIENT, MAX24 - 1, 1);
        vm.assertTrue(_isActive(SCOPE), "the last seq works");

        _putSubject(address(0), 0, 0, MAX24);
        vm.expectRevert(abi.encodeWithSelector(ISubjects.SeqExhausted.selector));
        _grantAt(PATIENT, MAX24, 2);
    }

    function test_RefusesWhenTheEpochCounterIsUsedUp() public {
        _putSubject(address(0), MAX24 - 1, 0, 0);
        _grantAt(PATIENT, 0, 1);
        vm.assertTrue(_isActive(SCOPE), "the last epoch works");

        _putSubject(address(0), MAX24, 0, 0);
        vm.assertFalse(_isActive(SCOPE), "and ends");
        vm.expectRevert(abi.encodeWithSelector(ISubjects.EpochExhausted.selector));
        _grantAt(PATIENT, 0, 2);
    }

    function test_RefusesWhileFrozen() public {
        _setRecovery(PATIENT, RECOVERER, DELAY, 1, 0);
        _freeze(RECOVERER, 0);
        vm.expectRevert(abi.encodeWithSelector(ISubjects.Frozen.selector, NOW + DELAY));
        _grantAt(PATIENT, 1, 1);
        vm.expectRevert(_wrongSeq(0, 1));
        _grantAt(PATIENT, 0, 1);

        vm.warp(NOW + DELAY - 1);
        vm.expectRevert(abi.encodeWithSelector(ISubjects.Frozen.selector, NOW + DELAY));
        _grantAs(PATIENT, SCOPE, 1);

        vm.warp(NOW + DELAY);
        _grantAs(PATIENT, SCOPE, 1);
        vm.assertTrue(_isActive(SCOPE), "a freeze ends by itself");
    }

    function test_AfterRevokeAllItTakesTheNextVersionEverywhereAndRewritesTheEpoch() public {
        _revokeAll(PATIENT, false);
        for (uint256 i = 0; i < SITUATIONS; ++i) {
            bytes32 scope = _scope(Situation(i));
            uint32 before = _stored(scope).version;
            vm.expectRevert(_wrongVersion(before, before + 1));
            _grantAs(PATIENT, scope, before);

            vm.recordLogs();
            _grantAs(PATIENT, scope, before + 1);
            _assertEmitted(_one(IConsents.ConsentCreated.selector), _name(Situation(i)));
            vm.assertEq(_stored(scope).epoch, 1, _name(Situation(i)));
            vm.assertTrue(_isActive(scope), _name(Situation(i)));
        }
    }

    function test_RefusesAGranteeThatDecidesForTheSubject() public {
        _setDelegate(PATIENT, CLINIC, 7, 1, 0);
        vm.expectRevert(abi.encodeWithSelector(IConsents.GranteeCannotGrant.selector, CLINIC));
        _grantAt(CLINIC, 0, 1);

        _putSubject(CLINIC, 0, 0, 0);
        vm.expectRevert(abi.encodeWithSelector(IConsents.GranteeCannotGrant.selector, CLINIC));
        _grantAt(CLINIC, 0, 1);
    }

    /// @dev For a day around now, under the subject's seq of 1.
    function _grantAs(address actor, bytes32 scope, uint32 version) private {
        vm.prank(actor);
        registry.grant(PATIENT, CLINIC, scope, 1, NOW, NOW + 10 * DAY, version);
    }
}
