// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {SituationTest} from "../utils/SituationTest.sol";
import {vm} from "../utils/Vm.sol";

/// @notice One whole transaction a test, against its goal. Under `--isolate` the measure includes the 21,000 of a
/// transaction and its call data; `.gas-snapshot` keeps the numbers.
contract ConsentGasTest is SituationTest {
    function test_GasOfGrant() public {
        _grantAs(PATIENT, SCOPE, NOW, NOW + DAY, 1);
        _assertAtMost(51_800);
    }

    function test_GasOfApproval() public {
        _grantAs(PATIENT, _scope(Situation.Requested), NOW, NOW + DAY, 1);
        _assertAtMost(34_800);
    }

    function test_GasOfRenewal() public {
        _grantAs(PATIENT, _scope(Situation.Active), NOW, NOW + DAY, 2);
        _assertAtMost(34_800);
    }

    function test_GasOfGrantOverALapse() public {
        _grantAs(PATIENT, _scope(Situation.GrantLapsed), NOW, NOW + DAY, 2);
        _assertAtMost(37_100);
    }

    function test_GasOfRequest() public {
        _requestAs(CLINIC, SCOPE, NOW + DAY, 1);
        _assertAtMost(51_800);
    }

    function test_GasOfRevoke() public {
        _revoke(_scope(Situation.Active));
        _assertAtMost(33_500);
    }

    function test_GasOfDeny() public {
        _deny(_scope(Situation.Requested));
        _assertAtMost(33_500);
    }

    function test_GasOfExpire() public {
        registry.expire(PATIENT, CLINIC, _scope(Situation.GrantLapsed));
        _assertAtMost(32_800);
    }

    function test_GasOfIsActive() public view {
        registry.isActive(PATIENT, CLINIC, _scope(Situation.Active));
        _assertAtMost(5400);
    }

    function _assertAtMost(uint256 goal) private view {
        vm.assertLe(vm.lastCallGas().gasTotalUsed, goal, "gas");
    }
}
