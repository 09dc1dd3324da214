// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Roles} from "../../../script/Roles.sol";
import {IGrantees} from "../../../src/grantees/IGrantees.sol";
import {IHospitalRegistry} from "../../../src/grantees/IHospitalRegistry.sol";
import {IProviderRegistry} from "../../../src/grantees/IProviderRegistry.sol";
import {Built} from "../../utils/Built.sol";
import {vm} from "../../utils/Vm.sol";
import {GranteeTest} from "./GranteeTest.sol";
import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";
import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {IAccessManager} from "@openzeppelin/contracts/access/manager/IAccessManager.sol";

/// @dev Makes the library's calls from a contract of its own, so that a test can see it revert.
contract RolesCaller {
    function setUpRoles(IAccessManager manager, address hospitals, address providers, Roles.Plan memory plan) external {
        Roles.setUp(manager, hospitals, providers, plan, address(this));
    }
}

/// @notice See Roles.tree: the registries as they are meant to be run, with delays.
contract RolesTest is GranteeTest {
    uint32 private constant REGISTRAR_DELAY = 2 days;
    uint32 private constant ADMIN_DELAY = 5 days;

    function test_ASuspenderActsAtOnceAndDoesNothingElse() public {
        _schedule(address(hospitals), _verifyCall(CLINIC, 0));
        vm.warp(NOW + REGISTRAR_DELAY);
        _execute(address(hospitals), _verifyCall(CLINIC, 0));

        _suspendClinic(CLINIC);
        vm.assertFalse(hospitals.isVerified(CLINIC), "suspended at once");
        _expectUnauthorized(SUSPENDER, address(hospitals), _reinstateCall(CLINIC, NOW + REGISTRAR_DELAY));
        _expectUnauthorized(SUSPENDER, address(hospitals), _verifyCall(OTHER_CLINIC, 0));
        _expectUnauthorized(SUSPENDER, address(hospitals), abi.encodeCall(IHospitalRegistry.remove, (CLINIC, REASON)));
        _expectUnauthorized(SUSPENDER, address(providers), abi.encodeCall(IProviderRegistry.remove, (DOCTOR, REASON)));
    }

    function test_ARegistrarWaitsOutTheDelay() public {
        bytes[4] memory calls = [
            _verifyCall(CLINIC, 0),
            abi.encodeCall(IHospitalRegistry.reinstate, (CLINIC, REASON, 0)),
            abi.encodeCall(IHospitalRegistry.remove, (CLINIC, REASON)),
            abi.encodeCall(IProviderRegistry.verify, (DOCTOR, CLINIC, CREDENTIAL, UNTIL_REMOVED, 0))
        ];
        for (uint256 i = 0; i < calls.length; ++i) {
            address target = i == 3 ? address(providers) : address(hospitals);
            bytes32 operation = manager.hashOperation(REGISTRAR, target, calls[i]);
            vm.expectRevert(abi.encodeWithSelector(IAccessManager.AccessManagerNotScheduled.selector, operation));
            vm.prank(REGISTRAR);
            (bool reverted,) = target.call(calls[i]);
            vm.assertTrue(reverted, "refused unscheduled");

            _schedule(target, calls[i]);
            vm.warp(block.timestamp + REGISTRAR_DELAY - 1);
            vm.expectRevert(abi.encodeWithSelector(IAccessManager.AccessManagerNotReady.selector, operation));
            vm.prank(REGISTRAR);
            (reverted,) = target.call(calls[i]);
            vm.assertTrue(reverted, "refused too early");
        }
        vm.warp(block.timestamp + 1);
        _execute(address(hospitals), calls[0]);
        vm.assertTrue(hospitals.isVerified(CLINIC), "verified after the delay");
        _execute(address(providers), calls[3]);
        vm.assertTrue(providers.isVerified(DOCTOR), "practitioner too");
    }

    function test_ARegistrarCannotSuspend() public {
        bytes memory suspend = abi.encodeCall(IHospitalRegistry.suspend, (CLINIC, REASON));
        _expectUnauthorized(REGISTRAR, address(hospitals), suspend);
        _expectUnauthorized(REGISTRAR, address(providers), suspend);
    }

    function test_ARenewalThatWaitsCannotUndoASuspension() public {
        uint40 verifiedAt = _verified(CLINIC);
        _schedule(address(hospitals), _verifyCall(CLINIC, verifiedAt));
        _suspendClinic(CLINIC);
        vm.warp(block.timestamp + REGISTRAR_DELAY);

        vm.expectRevert(abi.encodeWithSelector(IGrantees.WrongStatus.selector, CLINIC, IGrantees.Status.Suspended));
        vm.prank(REGISTRAR);
        hospitals.verify(CLINIC, CREDENTIAL, UNTIL_REMOVED, verifiedAt);
    }

    function test_AReinstatementThatWaitsCannotUndoTheNextSuspension() public {
        _verified(CLINIC);
        _suspendClinic(CLINIC);
        uint40 first = hospitals.organizations(CLINIC).changedAt;
        _schedule(address(hospitals), _reinstateCall(CLINIC, first));
        bytes memory again = abi.encodeCall(IHospitalRegistry.reinstate, (CLINIC, keccak256("another"), first));
        _schedule(address(hospitals), again);
        vm.warp(block.timestamp + REGISTRAR_DELAY);
        _execute(address(hospitals), _reinstateCall(CLINIC, first));
        vm.warp(block.timestamp + 1);
        _suspendClinic(CLINIC);

        vm.expectRevert(abi.encodeWithSelector(IGrantees.ChangedSince.selector, first, uint40(block.timestamp)));
        vm.prank(REGISTRAR);
        hospitals.reinstate(CLINIC, keccak256("another"), first);
        vm.assertFalse(hospitals.isVerified(CLINIC), "suspended still");
    }

    function test_ARenewalThatWaitsCannotUndoARemoval() public {
        uint40 verifiedAt = _verified(CLINIC);
        _schedule(address(hospitals), abi.encodeCall(IHospitalRegistry.remove, (CLINIC, REASON)));
        _schedule(address(hospitals), _verifyCall(CLINIC, verifiedAt));
        vm.warp(block.timestamp + REGISTRAR_DELAY);
        _execute(address(hospitals), abi.encodeCall(IHospitalRegistry.remove, (CLINIC, REASON)));

        vm.expectRevert(abi.encodeWithSelector(IGrantees.ChangedSince.selector, verifiedAt, uint40(block.timestamp)));
        vm.prank(REGISTRAR);
        hospitals.verify(CLINIC, CREDENTIAL, UNTIL_REMOVED, verifiedAt);
    }

    function test_ASuspenderCancelsWhatARegistrarScheduled() public {
        bytes memory call = _verifyCall(CLINIC, 0);
        _schedule(address(hospitals), call);
        vm.prank(SUSPENDER);
        manager.cancel(REGISTRAR, address(hospitals), call);
        vm.warp(block.timestamp + REGISTRAR_DELAY);

        bytes32 operation = manager.hashOperation(REGISTRAR, address(hospitals), call);
        vm.expectRevert(abi.encodeWithSelector(IAccessManager.AccessManagerNotScheduled.selector, operation));
        vm.prank(REGISTRAR);
        hospitals.verify(CLINIC, CREDENTIAL, UNTIL_REMOVED, 0);
    }

    function test_TheDeployerKeepsNothing() public {
        (bool isAdmin,) = manager.hasRole(Roles.ADMIN, address(this));
        vm.assertFalse(isAdmin, "deployer");
        (bool planned, uint32 delay) = manager.hasRole(Roles.ADMIN, ADMIN);
        vm.assertTrue(planned, "admin");
        vm.assertEq(delay, ADMIN_DELAY, "admin's delay");
        vm.expectRevert(
            abi.encodeWithSelector(IAccessManager.AccessManagerUnauthorizedAccount.selector, address(this), Roles.ADMIN)
        );
        manager.grantRole(Roles.REGISTRAR, address(this), 0);
    }

    function test_TheAdminAppointsOnlyAfterItsDelay() public {
        bytes memory call = abi.encodeCall(IAccessManager.grantRole, (Roles.REGISTRAR, STRANGER, 0));
        bytes32 operation = manager.hashOperation(ADMIN, address(manager), call);
        vm.expectRevert(abi.encodeWithSelector(IAccessManager.AccessManagerNotScheduled.selector, operation));
        vm.prank(ADMIN);
        manager.grantRole(Roles.REGISTRAR, STRANGER, 0);

        vm.prank(ADMIN);
        manager.schedule(address(manager), call, 0);
        vm.warp(block.timestamp + ADMIN_DELAY);
        vm.prank(ADMIN);
        manager.grantRole(Roles.REGISTRAR, STRANGER, 0);
        vm.prank(STRANGER);
        hospitals.verify(CLINIC, CREDENTIAL, UNTIL_REMOVED, 0);
        vm.assertTrue(hospitals.isVerified(CLINIC), "the new registrar's decision");
    }

    function test_NobodyButTheManagerMovesTheAuthority() public {
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, ADMIN));
        vm.prank(ADMIN);
        hospitals.setAuthority(address(this));
    }

    function test_ADeployerMayStayTheAdmin() public {
        RolesCaller caller = new RolesCaller();
        AccessManager own = Built.manager(address(caller));
        Roles.Plan memory plan = _plan();
        plan.admin = address(caller);
        caller.setUpRoles(own, address(hospitals), address(providers), plan);
        (bool isAdmin, uint32 delay) = own.hasRole(Roles.ADMIN, address(caller));
        vm.assertTrue(isAdmin, "admin");
        vm.assertEq(delay, ADMIN_DELAY, "with the delay planned");
    }

    function test_EveryRoleNeedsAHolder() public {
        RolesCaller caller = new RolesCaller();
        AccessManager own = Built.manager(address(caller));
        for (uint64 role = 0; role < 3; ++role) {
            Roles.Plan memory plan = _plan();
            if (role == Roles.ADMIN) plan.admin = address(0);
            else if (role == Roles.REGISTRAR) plan.registrar = address(0);
            else plan.suspender = address(0);
            vm.expectRevert(abi.encodeWithSelector(Roles.NoHolder.selector, role));
            caller.setUpRoles(own, address(hospitals), address(providers), plan);
        }
    }

    function _plan() internal pure override returns (Roles.Plan memory plan) {
        plan = super._plan();
        plan.registrarDelay = REGISTRAR_DELAY;
        plan.adminDelay = ADMIN_DELAY;
    }

    /// @dev Verifies an organisation the slow way.
    function _verified(address clinic) private returns (uint40 at) {
        _schedule(address(hospitals), _verifyCall(clinic, 0));
        vm.warp(block.timestamp + REGISTRAR_DELAY);
        _execute(address(hospitals), _verifyCall(clinic, 0));
        vm.warp(block.timestamp + 1);
        return hospitals.organizations(clinic).changedAt;
    }

    function _schedule(address target, bytes memory call) private {
        vm.prank(REGISTRAR);
        manager.schedule(target, call, 0);
    }

    function _execute(address target, bytes memory call) private {
        vm.prank(REGISTRAR);
        manager.execute(target, call);
    }

    function _verifyCall(address clinic, uint40 asOf) private pure returns (bytes memory) {
        return abi.encodeCall(IHospitalRegistry.verify, (clinic, CREDENTIAL, UNTIL_REMOVED, asOf));
    }

    function _reinstateCall(address clinic, uint40 asOf) private pure returns (bytes memory) {
        return abi.encodeCall(IHospitalRegistry.reinstate, (clinic, REASON, asOf));
    }

    function _expectUnauthorized(address caller, address target, bytes memory call) private {
        vm.prank(caller);
        (bool worked, bytes memory data) = target.call(call);
        vm.assertFalse(worked, "allowed");
        vm.assertEq(data, abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, caller), "reason");
    }
}
