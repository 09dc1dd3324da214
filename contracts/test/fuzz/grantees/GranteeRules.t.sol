// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IGrantees} from "../../../src/grantees/IGrantees.sol";
import {IHospitalRegistry} from "../../../src/grantees/IHospitalRegistry.sol";
import {IProviderRegistry} from "../../../src/grantees/IProviderRegistry.sol";
import {GranteeTest} from "../../unit/grantees/GranteeTest.sol";
import {vm} from "../../utils/Vm.sol";

/// @notice See GranteeRules.tree.
contract GranteeRulesTest is GranteeTest {
    /// @dev Any storable grantee; its times are moved near now.
    struct Seed {
        uint8 status;
        uint8 validTo;
        uint8 changedAt;
    }

    /// @dev A call with any arguments. Small numbers stand for values near the ones that matter.
    struct Call {
        uint8 kind;
        bool ofDoctor;
        uint8 asOf;
        uint8 validTo;
        bool otherClinic;
        bytes32 evidence;
    }

    function testFuzz_VerifiedExactlyIfItselfAndItsOrganisationAre(Seed memory clinic, Seed memory doctor) public {
        _put(clinic, doctor);
        bool organisation = _holds(clinic);
        vm.assertTrue(hospitals.isVerified(CLINIC) == organisation, "organisation");
        vm.assertTrue(providers.isVerified(DOCTOR) == (organisation && _holds(doctor)), "practitioner");
    }

    function testFuzz_WithoutARoleNothingChanges(Seed memory clinic, Seed memory doctor, Call memory call, address who)
        public
    {
        vm.assume(who != REGISTRAR && who != SUSPENDER && who != address(manager));
        _put(clinic, doctor);
        bytes32 before = _words();
        vm.assertFalse(_call(who, call), "allowed");
        vm.assertEq(_words(), before, "changed");
    }

    function testFuzz_ASuspenderOnlyEverTakesAway(Seed memory clinic, Seed memory doctor, Call memory call) public {
        _put(clinic, doctor);
        bool organisation = hospitals.isVerified(CLINIC);
        bool practitioner = providers.isVerified(DOCTOR);
        bool worked = _call(SUSPENDER, call);
        vm.assertTrue(worked == (_kind(call) == 1 && _isVerified(call.ofDoctor ? doctor : clinic)), "worked");
        vm.assertTrue(organisation || !hospitals.isVerified(CLINIC), "organisation gained");
        vm.assertTrue(practitioner || !providers.isVerified(DOCTOR), "practitioner gained");
        if (worked) vm.assertFalse(call.ofDoctor ? providers.isVerified(DOCTOR) : hospitals.isVerified(CLINIC), "on");
    }

    function testFuzz_ARegistrarLiftsOnlyWhatItSaw(Seed memory clinic, Seed memory doctor, Call memory call) public {
        _put(clinic, doctor);
        Seed memory seed = call.ofDoctor ? doctor : clinic;
        bool worked = _call(REGISTRAR, call);

        bool sawIt = _near(call.asOf) == _changedAt(seed);
        bool suspended = _status(seed) == IGrantees.Status.Suspended;
        bool expected;
        if (_kind(call) == 0) {
            expected = sawIt && !suspended && call.evidence != 0 && _near(call.validTo) > NOW;
            if (call.ofDoctor) expected = expected && !call.otherClinic && _holds(clinic);
        } else if (_kind(call) == 2) {
            expected = suspended && sawIt;
        } else if (_kind(call) == 3) {
            expected = suspended || _isVerified(seed);
        }
        vm.assertTrue(worked == expected, "worked");
    }

    function testFuzz_ACallChangesItsGranteeOnly(
        Seed memory clinic,
        Seed memory doctor,
        Call memory call,
        bool suspender
    ) public {
        _put(clinic, doctor);
        bytes32 organisation = vm.load(address(hospitals), _slot(CLINIC));
        bytes32 practitioner = vm.load(address(providers), _slot(DOCTOR));
        bytes32 bystander = vm.load(address(hospitals), _slot(OTHER_CLINIC));
        _call(suspender ? SUSPENDER : REGISTRAR, call);
        if (call.ofDoctor) vm.assertEq(vm.load(address(hospitals), _slot(CLINIC)), organisation, "organisation");
        else vm.assertEq(vm.load(address(providers), _slot(DOCTOR)), practitioner, "practitioner");
        vm.assertEq(vm.load(address(hospitals), _slot(OTHER_CLINIC)), bystander, "another organisation");
        vm.assertEq(vm.load(address(hospitals), _slot(DOCTOR)), 0, "the practitioner among the organisations");
        vm.assertEq(vm.load(address(providers), _slot(CLINIC)), 0, "the organisation among the practitioners");
    }

    function testFuzz_VerifyStoresWhatItIsGiven(address who, address clinic, uint40 validTo, uint40 time) public {
        vm.assume(who != address(0) && who != clinic);
        time = uint40(NOW + uint256(time) % (type(uint40).max - NOW - 1));
        vm.warp(time);
        validTo = uint40(time + 1 + uint256(validTo) % (type(uint40).max - time));
        bytes32 packed = bytes32(1 | (uint256(validTo) << 8) | (uint256(time) << 48));
        if (clinic != address(0)) {
            _verifyClinic(clinic, UNTIL_REMOVED);
            _verifyDoctor(who, clinic, validTo);
            bytes32 withClinic = packed | bytes32(uint256(uint160(clinic)) << 88);
            vm.assertEq(vm.load(address(providers), _slot(who)), withClinic, "practitioner's word");
            IProviderRegistry.Practitioner memory p = providers.practitioners(who);
            _assertStatus(p.status, IGrantees.Status.Verified, "status");
            vm.assertEq(p.validTo, validTo, "validTo");
            vm.assertEq(p.changedAt, time, "changedAt");
            vm.assertEq(p.organization, clinic, "organisation");
        }
        _verifyClinic(who, validTo);
        vm.assertEq(vm.load(address(hospitals), _slot(who)), packed, "organisation's word");
        IHospitalRegistry.Organization memory o = hospitals.organizations(who);
        _assertStatus(o.status, IGrantees.Status.Verified, "status");
        vm.assertEq(o.validTo, validTo, "validTo");
        vm.assertEq(o.changedAt, time, "changedAt");
    }

    /// @dev Writes CLINIC and its DOCTOR straight into storage.
    function _put(Seed memory clinic, Seed memory doctor) private {
        vm.store(address(hospitals), _slot(CLINIC), bytes32(_word(clinic)));
        bytes32 word = bytes32(_word(doctor) | (uint256(uint160(CLINIC)) << 88));
        vm.store(address(providers), _slot(DOCTOR), word);
        _assertStatus(hospitals.organizations(CLINIC).status, _status(clinic), "as put");
        vm.assertEq(providers.practitioners(DOCTOR).changedAt, _changedAt(doctor), "as put");
    }

    function _words() private view returns (bytes32) {
        return
            keccak256(
                abi.encode(vm.load(address(hospitals), _slot(CLINIC)), vm.load(address(providers), _slot(DOCTOR)))
            );
    }

    function _call(address who, Call memory call) private returns (bool worked) {
        address target = call.ofDoctor ? address(providers) : address(hospitals);
        address grantee = call.ofDoctor ? DOCTOR : CLINIC;
        uint40 asOf = _near(call.asOf);
        bytes memory data;
        if (_kind(call) == 1) {
            data = abi.encodeCall(IHospitalRegistry.suspend, (grantee, call.evidence));
        } else if (_kind(call) == 2) {
            data = abi.encodeCall(IHospitalRegistry.reinstate, (grantee, call.evidence, asOf));
        } else if (_kind(call) == 3) {
            data = abi.encodeCall(IHospitalRegistry.remove, (grantee, call.evidence));
        } else if (call.ofDoctor) {
            address clinic = call.otherClinic ? OTHER_CLINIC : CLINIC;
            data = abi.encodeCall(IProviderRegistry.verify, (grantee, clinic, call.evidence, _near(call.validTo), asOf));
        } else {
            data = abi.encodeCall(IHospitalRegistry.verify, (grantee, call.evidence, _near(call.validTo), asOf));
        }
        vm.prank(who);
        (worked,) = target.call(data);
    }

    function _kind(Call memory call) private pure returns (uint8) {
        return call.kind % 4;
    }

    function _status(Seed memory seed) private pure returns (IGrantees.Status) {
        return IGrantees.Status(seed.status % 4);
    }

    function _isVerified(Seed memory seed) private pure returns (bool) {
        return _status(seed) == IGrantees.Status.Verified;
    }

    function _holds(Seed memory seed) private pure returns (bool) {
        return _isVerified(seed) && NOW < _near(seed.validTo);
    }

    function _changedAt(Seed memory seed) private pure returns (uint40) {
        return _status(seed) == IGrantees.Status.None ? 0 : _near(seed.changedAt);
    }

    function _word(Seed memory seed) private pure returns (uint256) {
        if (_status(seed) == IGrantees.Status.None) return 0;
        return uint256(_status(seed)) | (uint256(_near(seed.validTo)) << 8) | (uint256(_changedAt(seed)) << 48);
    }

    /// @dev A time within a second of now, or one of the extremes.
    function _near(uint8 value) private pure returns (uint40) {
        uint40[5] memory times = [NOW - 1, NOW, NOW + 1, 0, UNTIL_REMOVED];
        return times[value % 5];
    }
}
