// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IConsentRegistry} from "../../src/IConsentRegistry.sol";
import {SituationTest} from "../utils/SituationTest.sol";
import {vm} from "../utils/Vm.sol";

/// @notice See Expire.tree.
contract ExpireTest is SituationTest {
    function test_RecordsALapseOnceForAnyone() public {
        Situation[2] memory lapsed = [Situation.RequestLapsed, Situation.GrantLapsed];
        for (uint256 i = 0; i < lapsed.length; ++i) {
            bytes32 scope = _scope(lapsed[i]);
            IConsentRegistry.Consent memory expected = _stored(scope);
            expected.status = IConsentRegistry.Status.Expired;
            expected.changedAt = NOW;
            _assertStatus(_status(scope), IConsentRegistry.Status.Expired, "expired before it is recorded");

            vm.recordLogs();
            vm.expectEmit(address(registry));
            emit IConsentRegistry.ConsentExpired(PATIENT, CLINIC, scope, expected.version);
            vm.prank(STRANGER);
            registry.expire(PATIENT, CLINIC, scope);

            _assertEmitted(_one(IConsentRegistry.ConsentExpired.selector), _name(lapsed[i]));
            _assertSame(_stored(scope), expected, _name(lapsed[i]));
            _assertStatus(_status(scope), IConsentRegistry.Status.Expired, "expired after it is recorded");

            _expectNotLapsed(scope, IConsentRegistry.Status.Expired);
        }
    }

    function test_RefusesWhereNothingHasLapsed() public {
        _expectNotLapsed(_scope(Situation.None), IConsentRegistry.Status.None);
        _expectNotLapsed(_scope(Situation.Requested), IConsentRegistry.Status.Requested);
        _expectNotLapsed(_scope(Situation.Active), IConsentRegistry.Status.Active);
        _expectNotLapsed(_scope(Situation.Scheduled), IConsentRegistry.Status.Active);
        _expectNotLapsed(_scope(Situation.Denied), IConsentRegistry.Status.Denied);
        _expectNotLapsed(_scope(Situation.Revoked), IConsentRegistry.Status.Revoked);
        _expectNotLapsed(_scope(Situation.Expired), IConsentRegistry.Status.Expired);
    }

    function _expectNotLapsed(bytes32 scope, IConsentRegistry.Status status) private {
        vm.prank(PATIENT);
        vm.expectRevert(abi.encodeWithSelector(IConsentRegistry.NotLapsed.selector, status));
        registry.expire(PATIENT, CLINIC, scope);
    }
}
