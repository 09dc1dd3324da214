// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ConsentRegistry} from "../../../src/consent/ConsentRegistry.sol";
import {IConsents} from "../../../src/consent/IConsents.sol";
import {Built} from "../../utils/Built.sol";
import {vm} from "../../utils/Vm.sol";
import {GranteeTest} from "./GranteeTest.sol";

/// @notice See VerifiedRequest.tree: a consent registry that asks both registries of grantees.
contract VerifiedRequestTest is GranteeTest {
    address private constant PATIENT = address(uint160(uint256(keccak256("patient"))));

    ConsentRegistry private _consents;

    function setUp() public override {
        super.setUp();
        _consents = Built.consents(address(hospitals), address(providers));
        _verifyClinic(CLINIC, NOW + DAY);
        _verifyDoctor(DOCTOR, CLINIC, NOW + DAY);
    }

    function test_VerifiedGranteesMayAsk() public {
        _request(CLINIC, "clinic");
        _request(DOCTOR, "doctor");
        vm.assertTrue(_status(CLINIC, "clinic") == IConsents.Status.Requested, "organisation");
        vm.assertTrue(_status(DOCTOR, "doctor") == IConsents.Status.Requested, "practitioner");
    }

    function test_OthersMayNot() public {
        _expectRefused(STRANGER);
        _expectRefused(OTHER_CLINIC);
    }

    function test_ASuspendedOrganisationMayNotAskNorItsPractitioners() public {
        _suspendClinic(CLINIC);
        _expectRefused(CLINIC);
        _expectRefused(DOCTOR);
        _reinstateClinic(CLINIC);
        _request(CLINIC, "clinic");
        _request(DOCTOR, "doctor");
    }

    function test_ASuspendedPractitionerMayNotAskButItsOrganisationMay() public {
        _suspendDoctor(DOCTOR);
        _expectRefused(DOCTOR);
        _request(CLINIC, "clinic");
    }

    function test_ARemovedOrganisationMayNotAskNorItsPractitioners() public {
        _removeClinic(CLINIC);
        _expectRefused(CLINIC);
        _expectRefused(DOCTOR);
    }

    function test_NobodyMayAskFromValidToOn() public {
        vm.warp(NOW + DAY - 1);
        _request(CLINIC, "clinic");
        vm.warp(NOW + DAY);
        _expectRefused(CLINIC);
        _expectRefused(DOCTOR);
    }

    function test_TheAnswersFitTheGasTheyGet() public view {
        // What the consent registry gives each of them.
        vm.assertTrue(hospitals.isVerified{gas: 50_000}(CLINIC), "organisation");
        vm.assertTrue(providers.isVerified{gas: 50_000}(DOCTOR), "practitioner");
        // They need far less, even where nothing was touched before.
        vm.assertTrue(hospitals.isVerified{gas: 6_000}(CLINIC), "organisation, with little gas");
        vm.assertTrue(providers.isVerified{gas: 12_000}(DOCTOR), "practitioner, with little gas");
    }

    function test_ThePatientNeedsNoVerifiedGrantee() public {
        _request(CLINIC, "asked");
        _suspendClinic(CLINIC);
        vm.prank(PATIENT);
        _consents.deny(PATIENT, CLINIC, "asked");
        vm.prank(PATIENT);
        _consents.revoke(PATIENT, CLINIC, "never asked");
        vm.assertTrue(_status(CLINIC, "asked") == IConsents.Status.Denied, "denied");
        vm.assertTrue(_status(CLINIC, "never asked") == IConsents.Status.Revoked, "revoked");
    }

    function _request(address grantee, bytes32 scope) private {
        vm.prank(grantee);
        uint40 time = uint40(block.timestamp);
        _consents.request(PATIENT, grantee, scope, time, time + DAY, time + DAY, 1);
    }

    function _expectRefused(address grantee) private {
        vm.expectRevert(abi.encodeWithSelector(IConsents.GranteeNotVerified.selector, grantee));
        _request(grantee, "refused");
    }

    function _status(address grantee, bytes32 scope) private view returns (IConsents.Status) {
        return _consents.statusOf(PATIENT, grantee, scope);
    }
}
