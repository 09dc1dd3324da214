// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Roles} from "../../../script/Roles.sol";
import {HospitalRegistry} from "../../../src/grantees/HospitalRegistry.sol";
import {IGrantees} from "../../../src/grantees/IGrantees.sol";
import {ProviderRegistry} from "../../../src/grantees/ProviderRegistry.sol";
import {Built} from "../../utils/Built.sol";
import {vm} from "../../utils/Vm.sol";
import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";

/// @notice Both registries under one AccessManager, their keepers, and short forms of what tests do with them.
abstract contract GranteeTest {
    uint40 internal constant NOW = 1_800_000_000;
    /// @dev When everything was deployed.
    uint40 internal constant BEFORE = NOW - 1000;
    uint40 internal constant DAY = 1 days;
    uint40 internal constant UNTIL_REMOVED = type(uint40).max;

    address internal constant ADMIN = address(uint160(uint256(keccak256("admin"))));
    address internal constant REGISTRAR = address(uint160(uint256(keccak256("registrar"))));
    address internal constant SUSPENDER = address(uint160(uint256(keccak256("suspender"))));
    address internal constant STRANGER = address(uint160(uint256(keccak256("stranger"))));
    address internal constant CLINIC = address(uint160(uint256(keccak256("clinic"))));
    address internal constant OTHER_CLINIC = address(uint160(uint256(keccak256("other clinic"))));
    address internal constant DOCTOR = address(uint160(uint256(keccak256("doctor"))));

    bytes32 internal constant CREDENTIAL = keccak256("a salted hash of a credential");
    bytes32 internal constant REASON = keccak256("a salted hash of a reason");

    AccessManager internal manager;
    HospitalRegistry internal hospitals;
    ProviderRegistry internal providers;

    function setUp() public virtual {
        vm.warp(BEFORE);
        manager = Built.manager(address(this));
        hospitals = Built.hospitals(address(manager));
        providers = Built.providers(address(manager), address(hospitals));
        Roles.setUp(manager, address(hospitals), address(providers), _plan(), address(this));
        vm.warp(NOW);
    }

    /// @dev Without delays, so that a test's decision takes effect at once.
    function _plan() internal pure virtual returns (Roles.Plan memory) {
        return Roles.Plan({admin: ADMIN, adminDelay: 0, registrar: REGISTRAR, registrarDelay: 0, suspender: SUSPENDER});
    }

    function _verifyClinic(address clinic, uint40 validTo) internal {
        uint40 asOf = hospitals.organizations(clinic).changedAt;
        vm.prank(REGISTRAR);
        hospitals.verify(clinic, CREDENTIAL, validTo, asOf);
    }

    function _verifyDoctor(address doctor, address clinic, uint40 validTo) internal {
        uint40 asOf = providers.practitioners(doctor).changedAt;
        vm.prank(REGISTRAR);
        providers.verify(doctor, clinic, CREDENTIAL, validTo, asOf);
    }

    function _suspendClinic(address clinic) internal {
        vm.prank(SUSPENDER);
        hospitals.suspend(clinic, REASON);
    }

    function _reinstateClinic(address clinic) internal {
        uint40 asOf = hospitals.organizations(clinic).changedAt;
        vm.prank(REGISTRAR);
        hospitals.reinstate(clinic, REASON, asOf);
    }

    function _removeClinic(address clinic) internal {
        vm.prank(REGISTRAR);
        hospitals.remove(clinic, REASON);
    }

    function _suspendDoctor(address doctor) internal {
        vm.prank(SUSPENDER);
        providers.suspend(doctor, REASON);
    }

    /// @dev Where both registries keep a grantee's word.
    function _slot(address grantee) internal pure returns (bytes32) {
        return keccak256(abi.encode(grantee, 1));
    }

    function _assertStatus(IGrantees.Status actual, IGrantees.Status expected, string memory what) internal pure {
        vm.assertEq(uint256(actual), uint256(expected), what);
    }
}
