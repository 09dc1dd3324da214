// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IConsents} from "../../src/consent/IConsents.sol";
import {SubjectTest} from "../utils/SubjectTest.sol";
import {vm} from "../utils/Vm.sol";

/// @notice See Expire.tree.
contract ExpireTest is SubjectTest {
    function test_RecordsALapseOnceForAnyone() public {
        Situation[2] memory lapsed = [Situation.RequestLapsed, Situation.GrantLapsed];
        for (uint256 i = 0; i < lapsed.length; ++i) {
            bytes32 scope = _scope(lapsed[i]);
            IConsents.Consent memory expected = _stored(scope);
            expected.status = IConsents.Status.Expired;
            expected.changedAt = NOW;
            _assertStatus(_status(scope), IConsents.Status.Expired, "expired before it is recorded");

            vm.recordLogs();
            vm.expectEmit(address(registry));
            emit IConsents.ConsentExpired(PATIENT, CLINIC, scope, expected.version);
            vm.prank(STRANGER);
            registry.expire(PATIENT, CLINIC, scope);

            _assertEmitted(_one(IConsents.ConsentExpired.selector), _name(lapsed[i]));
            _assertSame(_stored(scope), expected, _name(lapsed[i]));
            _assertStatus(_status(scope), IConsents.Status.Expired, "expired after it is recorded");

            _expectNotLapsed(scope, IConsents.Status.Expired);
        }
    }

    function test_RefusesWhereNothingHasLapsed() public {
        _expectNotLapsed(_scope(Situation.None), IConsents.Status.None);
        _expectNotLapsed(_scope(Situation.Requested), IConsents.Status.Requested);
        _expectNotLapsed(_scope(Situation.Active), IConsents.Status.Active);
        _expectNotLapsed(_scope(Situation.Scheduled), IConsents.Status.Active);
        _expectNotLapsed(_scope(Situation.Denied), IConsents.Status.Denied);
        _expectNotLapsed(_scope(Situation.Revoked), IConsents.Status.Revoked);
        _expectNotLapsed(_scope(Situation.Expired), IConsents.Status.Expired);
    }

    function test_RefusesALapseOfAnEarlierEpoch() public {
        _revokeAll(PATIENT, false);
        _expectNotLapsed(_scope(Situation.RequestLapsed), IConsents.Status.Revoked);
        _expectNotLapsed(_scope(Situation.GrantLapsed), IConsents.Status.Revoked);
    }

    function test_AtTheLargestVersionItStillRecords() public {
        IConsents.Consent memory consent = _stored(_scope(Situation.GrantLapsed));
        consent.version = MAX_VERSION;
        _put(SCOPE, consent);

        registry.expire(PATIENT, CLINIC, SCOPE);

        _assertStatus(_stored(SCOPE).status, IConsents.Status.Expired, "expired");
        vm.assertEq(_stored(SCOPE).version, MAX_VERSION, "the version stays");
    }

    function _expectNotLapsed(bytes32 scope, IConsents.Status status) private {
        vm.prank(PATIENT);
        vm.expectRevert(abi.encodeWithSelector(IConsents.NotLapsed.selector, status));
        registry.expire(PATIENT, CLINIC, scope);
    }
}
