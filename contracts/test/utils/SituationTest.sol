// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {RegistryTest} from "./RegistryTest.sol";
import {vm} from "./Vm.sol";

/// @notice One consent, under a scope of its own, in every situation that a transition can meet at time `NOW`.
abstract contract SituationTest is RegistryTest {
    enum Situation {
        None,
        Requested,
        RequestLapsed,
        Active,
        Scheduled,
        GrantLapsed,
        Denied,
        Revoked,
        Expired
    }

    uint256 internal constant SITUATIONS = uint256(type(Situation).max) + 1;
    uint40 internal constant START = NOW - 1000;

    function setUp() public virtual override {
        super.setUp();
        vm.warp(START);
        _requestAs(CLINIC, _scope(Situation.Requested), NOW + 1, 1);
        _requestAs(CLINIC, _scope(Situation.RequestLapsed), NOW, 1);
        _grantAs(PATIENT, _scope(Situation.Active), START, NOW + 1, 1);
        _grantAs(PATIENT, _scope(Situation.Scheduled), NOW + 1, NOW + DAY, 1);
        _grantAs(PATIENT, _scope(Situation.GrantLapsed), START, NOW, 1);
        _requestAs(CLINIC, _scope(Situation.Denied), NOW, 1);
        _deny(_scope(Situation.Denied));
        _grantAs(PATIENT, _scope(Situation.Revoked), START, NOW, 1);
        _revoke(_scope(Situation.Revoked));
        _grantAs(PATIENT, _scope(Situation.Expired), START - 1, START + 1, 1);
        vm.warp(START + 1);
        registry.expire(PATIENT, CLINIC, _scope(Situation.Expired));
        vm.warp(NOW);
    }

    function _scope(Situation situation) internal pure returns (bytes32) {
        return keccak256(abi.encode("situation", situation));
    }

    /// @dev Whether a time has passed that nobody has recorded.
    function _lapsed(Situation situation) internal pure returns (bool) {
        return situation == Situation.RequestLapsed || situation == Situation.GrantLapsed;
    }

    function _name(Situation situation) internal pure returns (string memory) {
        string[9] memory names = [
            "none", "requested", "request lapsed", "active", "scheduled", "grant lapsed", "denied", "revoked", "expired"
        ];
        return names[uint256(situation)];
    }
}
