// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IHospitalRegistry} from "../../../src/grantees/IHospitalRegistry.sol";
import {Built} from "../../utils/Built.sol";
import {vm} from "../../utils/Vm.sol";
import {GranteeCases} from "./GranteeCases.sol";
import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";

/// @notice See HospitalRegistry.tree and GranteeCases.tree.
contract HospitalRegistryTest is GranteeCases {
    function test_NeedsAnAuthorityThatIsAContract() public {
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedInvalidAuthority.selector, STRANGER));
        Built.hospitals(STRANGER);
    }

    function test_IsVerifiedReadsOneWord() public {
        vm.record();
        vm.assertTrue(hospitals.isVerified(_grantee(Situation.Verified)), "verified");
        (bytes32[] memory reads,) = vm.accesses(address(hospitals));
        vm.assertEq(reads.length, 1, "reads");
        vm.assertEq(reads[0], _slot(_grantee(Situation.Verified)), "the organisation's word");
    }

    function _registry() internal view override returns (IHospitalRegistry) {
        return hospitals;
    }

    function _prepare() internal override {}

    function _verifyCall(address grantee, bytes32 credential, uint40 validTo, uint40 asOf)
        internal
        pure
        override
        returns (bytes memory)
    {
        return abi.encodeCall(IHospitalRegistry.verify, (grantee, credential, validTo, asOf));
    }

    function _state(address grantee) internal view override returns (State memory) {
        IHospitalRegistry.Organization memory o = hospitals.organizations(grantee);
        return State(o.status, o.validTo, o.changedAt);
    }

    function _emitVerified(address grantee, bytes32 credential, uint40 validTo) internal override {
        emit IHospitalRegistry.OrganizationVerified(grantee, credential, validTo);
    }

    function _emitSuspended(address grantee, bytes32 reason) internal override {
        emit IHospitalRegistry.OrganizationSuspended(grantee, reason);
    }

    function _emitReinstated(address grantee, bytes32 reason) internal override {
        emit IHospitalRegistry.OrganizationReinstated(grantee, reason);
    }

    function _emitRemoved(address grantee, bytes32 reason) internal override {
        emit IHospitalRegistry.OrganizationRemoved(grantee, reason);
    }
}
