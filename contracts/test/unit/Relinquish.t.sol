// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IConsents} from "../../src/consent/IConsents.sol";
import {Relinquish} from "../../src/consent/Intents.sol";
import {SubjectTest} from "../utils/SubjectTest.sol";
import {vm} from "../utils/Vm.sol";

/// @notice See Relinquish.tree.
contract RelinquishTest is SubjectTest {
    function test_RefusesACallerWhoIsNotTheGrantee() public {
        _setDelegate(PATIENT, PARENT, 7, 1, 0);
        address[3] memory others = [PATIENT, PARENT, STRANGER];
        for (uint256 i = 0; i < others.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IConsents.NotGrantee.selector, others[i], CLINIC));
            _relinquishAs(others[i], _scope(Situation.Active));
            vm.expectRevert(abi.encodeWithSelector(IConsents.NotGrantee.selector, others[i], CLINIC));
            _relinquishSigned(others[i], _scope(Situation.Active), 1);
        }
    }

    function test_GivesUpWhatIsOpen() public {
        Situation[3] memory open = [Situation.Requested, Situation.Active, Situation.Scheduled];
        for (uint256 i = 0; i < open.length; ++i) {
            bytes32 scope = _scope(open[i]);
            IConsents.Consent memory expected = _stored(scope);
            expected.status = IConsents.Status.Revoked;
            expected.version = 2;
            expected.changedAt = NOW;
            uint256 before = vm.snapshotState();

            vm.expectEmit(address(registry));
            emit IConsents.ConsentRevoked(PATIENT, CLINIC, scope, 2, CLINIC);
            _relinquishAs(CLINIC, scope);
            _assertSame(_stored(scope), expected, _name(open[i]));

            vm.revertToState(before);
            vm.expectEmit(address(registry));
            emit IConsents.ConsentRevoked(PATIENT, CLINIC, scope, 2, CLINIC);
            _relinquishSigned(CLINIC, scope, 1);
            _assertSame(_stored(scope), expected, _name(open[i]));
        }
    }

    function test_RefusesWhereNothingIsOpen() public {
        _expectNotOpen(Situation.None, IConsents.Status.None);
        _expectNotOpen(Situation.RequestLapsed, IConsents.Status.Expired);
        _expectNotOpen(Situation.GrantLapsed, IConsents.Status.Expired);
        _expectNotOpen(Situation.Denied, IConsents.Status.Denied);
        _expectNotOpen(Situation.Revoked, IConsents.Status.Revoked);
        _expectNotOpen(Situation.Expired, IConsents.Status.Expired);

        _revokeAll(PATIENT, false);
        _expectNotOpen(Situation.Requested, IConsents.Status.Revoked);
        _expectNotOpen(Situation.Active, IConsents.Status.Revoked);
    }

    function test_ASignedOneNamesTheCurrentVersion() public {
        uint32[3] memory wrong = [uint32(0), 2, MAX_VERSION];
        for (uint256 i = 0; i < wrong.length; ++i) {
            vm.expectRevert(_wrongVersion(wrong[i], 1));
            _relinquishSigned(CLINIC, _scope(Situation.Active), wrong[i]);
        }
    }

    function test_OneSignedForARequestAlsoGivesUpItsApproval() public {
        bytes32 scope = _scope(Situation.Requested);
        _grantAs(PATIENT, scope, NOW, NOW + DAY, 1);

        _relinquishSigned(CLINIC, scope, 1);

        _assertStatus(_status(scope), IConsents.Status.Revoked, "given up");
    }

    function test_AtTheLargestVersionItStillGivesUp() public {
        IConsents.Consent memory consent = _stored(_scope(Situation.Active));
        consent.version = MAX_VERSION;
        _put(SCOPE, consent);

        _relinquishAs(CLINIC, SCOPE);

        _assertStatus(_status(SCOPE), IConsents.Status.Revoked, "given up");
        vm.assertEq(_stored(SCOPE).version, MAX_VERSION, "the version stays");
    }

    function _expectNotOpen(Situation situation, IConsents.Status status) private {
        bytes32 scope = _scope(situation);
        uint32 version = _stored(scope).version;
        vm.expectRevert(abi.encodeWithSelector(IConsents.NotRelinquishable.selector, status));
        _relinquishAs(CLINIC, scope);
        vm.expectRevert(abi.encodeWithSelector(IConsents.NotRelinquishable.selector, status));
        _relinquishSigned(CLINIC, scope, version);
    }

    function _relinquishAs(address actor, bytes32 scope) private {
        vm.prank(actor);
        registry.relinquish(PATIENT, CLINIC, scope);
    }

    function _relinquishSigned(address actor, bytes32 scope, uint32 version) private {
        vm.prank(actor);
        registry.relinquishBySig(Relinquish(actor, PATIENT, CLINIC, scope, version, UNTIL_REVOKED), _none());
    }
}
