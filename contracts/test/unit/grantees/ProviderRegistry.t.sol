// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IHospitalRegistry} from "../../../src/grantees/IHospitalRegistry.sol";
import {IProviderRegistry} from "../../../src/grantees/IProviderRegistry.sol";
import {Built} from "../../utils/Built.sol";
import {vm} from "../../utils/Vm.sol";
import {GranteeCases} from "./GranteeCases.sol";
import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";

/// @notice See ProviderRegistry.tree and GranteeCases.tree. The practitioners here belong to CLINIC.
contract ProviderRegistryTest is GranteeCases {
    function test_NeedsAnAuthorityAndARegistryThatAreContracts() public {
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedInvalidAuthority.selector, STRANGER));
        Built.providers(STRANGER, address(hospitals));

        vm.expectRevert(abi.encodeWithSelector(IProviderRegistry.NoHospitals.selector, STRANGER));
        Built.providers(address(manager), STRANGER);

        vm.assertEq(providers.HOSPITALS(), address(hospitals), "hospitals");
    }

    function test_VerifyRefusesAnOrganisationThatIsNotVerified() public {
        _expectRefused(OTHER_CLINIC);
        _expectRefused(address(0));

        _verifyClinic(OTHER_CLINIC, NOW + 1);
        _suspendClinic(OTHER_CLINIC);
        _expectRefused(OTHER_CLINIC);

        _reinstateClinic(OTHER_CLINIC);
        vm.warp(NOW + 1);
        _expectRefused(OTHER_CLINIC);

        _removeClinic(CLINIC);
        _expectRefused(CLINIC);
    }

    function test_VerifyRefusesAPractitionerAsItsOwnOrganisation() public {
        vm.expectRevert(abi.encodeWithSelector(IProviderRegistry.OwnOrganization.selector, CLINIC));
        vm.prank(REGISTRAR);
        providers.verify(CLINIC, CLINIC, CREDENTIAL, NOW + DAY, 0);
    }

    function test_VerifyMovesToAnotherOrganisation() public {
        _verifyClinic(OTHER_CLINIC, UNTIL_REMOVED);
        address doctor = _grantee(Situation.Verified);
        vm.expectEmit(address(providers));
        emit IProviderRegistry.PractitionerVerified(doctor, OTHER_CLINIC, CREDENTIAL, NOW + DAY);
        _verifyDoctor(doctor, OTHER_CLINIC, NOW + DAY);
        vm.assertEq(providers.practitioners(doctor).organization, OTHER_CLINIC, "organisation");

        _suspendClinic(CLINIC);
        vm.assertTrue(providers.isVerified(doctor), "the old organisation does not matter");
        _suspendClinic(OTHER_CLINIC);
        vm.assertFalse(providers.isVerified(doctor), "the new one does");
    }

    function test_StopsKeepTheOrganisation() public {
        address doctor = _grantee(Situation.Verified);
        _suspend(SUSPENDER, doctor);
        vm.assertEq(providers.practitioners(doctor).organization, CLINIC, "suspended");
        _reinstate(REGISTRAR, doctor, NOW);
        vm.assertEq(providers.practitioners(doctor).organization, CLINIC, "reinstated");
        _remove(REGISTRAR, doctor);
        vm.assertEq(providers.practitioners(doctor).organization, CLINIC, "removed");
    }

    function test_IsVerifiedOnlyWhileTheOrganisationIs() public {
        address doctor = _grantee(Situation.Verified);
        _verifyDoctor(doctor, CLINIC, UNTIL_REMOVED);
        vm.assertTrue(providers.isVerified(doctor), "both verified");
        _suspendClinic(CLINIC);
        vm.assertFalse(providers.isVerified(doctor), "organisation suspended");
        _reinstateClinic(CLINIC);
        vm.assertTrue(providers.isVerified(doctor), "organisation reinstated");
        _removeClinic(CLINIC);
        vm.assertFalse(providers.isVerified(doctor), "organisation removed");
        _verifyClinic(CLINIC, NOW + 1);
        vm.assertTrue(providers.isVerified(doctor), "organisation verified anew");
        vm.warp(NOW + 1);
        vm.assertFalse(providers.isVerified(doctor), "organisation lapsed");
    }

    function test_OrganisationsAreNoPractitioners() public view {
        vm.assertFalse(providers.isVerified(CLINIC), "an organisation");
        vm.assertFalse(hospitals.isVerified(_grantee(Situation.Verified)), "a practitioner");
    }

    function test_IsVerifiedReadsOneWordOfEachRegistry() public {
        address doctor = _grantee(Situation.Verified);
        vm.record();
        vm.assertTrue(providers.isVerified(doctor), "verified");
        (bytes32[] memory own,) = vm.accesses(address(providers));
        (bytes32[] memory others,) = vm.accesses(address(hospitals));
        vm.assertEq(own.length, 1, "reads");
        vm.assertEq(own[0], _slot(doctor), "the practitioner's word");
        vm.assertEq(others.length, 1, "reads of the other registry");
        vm.assertEq(others[0], _slot(CLINIC), "the organisation's word");
    }

    function test_IsVerifiedAsksNobodyAboutAPractitionerThatIsNot() public {
        vm.record();
        vm.assertFalse(providers.isVerified(_grantee(Situation.Suspended)), "suspended");
        (bytes32[] memory others,) = vm.accesses(address(hospitals));
        vm.assertEq(others.length, 0, "reads of the other registry");
    }

    function _registry() internal view override returns (IHospitalRegistry) {
        return IHospitalRegistry(address(providers));
    }

    function _prepare() internal override {
        _verifyClinic(CLINIC, UNTIL_REMOVED);
    }

    function _verifyCall(address grantee, bytes32 credential, uint40 validTo, uint40 asOf)
        internal
        pure
        override
        returns (bytes memory)
    {
        return abi.encodeCall(IProviderRegistry.verify, (grantee, CLINIC, credential, validTo, asOf));
    }

    function _state(address grantee) internal view override returns (State memory) {
        IProviderRegistry.Practitioner memory p = providers.practitioners(grantee);
        return State(p.status, p.validTo, p.changedAt);
    }

    function _emitVerified(address grantee, bytes32 credential, uint40 validTo) internal override {
        emit IProviderRegistry.PractitionerVerified(grantee, CLINIC, credential, validTo);
    }

    function _emitSuspended(address grantee, bytes32 reason) internal override {
        emit IProviderRegistry.PractitionerSuspended(grantee, CLINIC, reason);
    }

    function _emitReinstated(address grantee, bytes32 reason) internal override {
        emit IProviderRegistry.PractitionerReinstated(grantee, CLINIC, reason);
    }

    function _emitRemoved(address grantee, bytes32 reason) internal override {
        emit IProviderRegistry.PractitionerRemoved(grantee, CLINIC, reason);
    }

    function _expectRefused(address clinic) private {
        vm.expectRevert(abi.encodeWithSelector(IProviderRegistry.OrganizationNotVerified.selector, clinic));
        vm.prank(REGISTRAR);
        providers.verify(DOCTOR, clinic, CREDENTIAL, NOW + DAY, 0);
    }
}
