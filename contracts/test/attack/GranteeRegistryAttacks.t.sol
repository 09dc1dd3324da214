// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ConsentRegistry} from "../../src/consent/ConsentRegistry.sol";
import {IConsents} from "../../src/consent/IConsents.sol";
import {HospitalRegistry} from "../../src/grantees/HospitalRegistry.sol";
import {ProviderRegistry} from "../../src/grantees/ProviderRegistry.sol";
import {GranteeTest} from "../unit/grantees/GranteeTest.sol";
import {Built} from "../utils/Built.sol";
import {vm} from "../utils/Vm.sol";

/// @dev A registry of grantees that answers `isVerified` in a way it should not.
contract HostileRegistry {
    enum Manner {
        Reverts,
        RevertsWithYes,
        RevertsWithMuch,
        BurnsGas,
        LoopsForever,
        ReturnsMuch,
        ReturnsNothing,
        ReturnsTooLittle,
        ReturnsTwo,
        ReturnsAllOnes,
        ReturnsADirtyYes,
        Writes
    }

    Manner private immutable _MANNER;
    uint256 private _asked;

    constructor(Manner manner) {
        _MANNER = manner;
    }

    function isVerified(address) external returns (bool) {
        Manner manner = _MANNER;
        if (manner == Manner.Reverts) revert();
        if (manner == Manner.LoopsForever) while (true) {}
        if (manner == Manner.Writes) ++_asked;
        assembly ("memory-safe") {
            mstore(0x00, 1)
            switch manner
            case 1 { revert(0x00, 0x20) }
            case 2 { revert(0x00, 0x10000) }
            case 3 { invalid() }
            case 5 {
                mstore(0x00, 0)
                return(0x00, 0x10000)
            }
            case 6 { return(0x00, 0x00) }
            case 7 { return(0x00, 0x1f) }
            case 8 {
                mstore(0x00, 2)
                return(0x00, 0x20)
            }
            case 9 {
                mstore(0x00, not(0))
                return(0x00, 0x20)
            }
            case 10 {
                mstore(0x00, or(1, shl(255, 1)))
                return(0x00, 0x20)
            }
            return(0x00, 0x20)
        }
    }
}

/// @notice Registries of grantees that misbehave: whatever they do, nobody may ask who would not else, and only asking
/// suffers.
contract GranteeRegistryAttacksTest is GranteeTest {
    address private constant PATIENT = address(uint160(uint256(keccak256("patient"))));
    uint256 private constant MANNERS = uint256(type(HostileRegistry.Manner).max) + 1;

    /// @dev What both answers may cost at most, and the rest of a refused request with its transaction.
    uint256 private constant WORST_CASE = 2 * 50_000 + 40_000;

    function test_NobodyIsVerifiedByAHostileRegistry() public {
        for (uint256 i = 0; i < MANNERS; ++i) {
            address hostile = _hostile(i);
            _expectRefused(Built.consents(hostile, address(0)), CLINIC);
            _expectRefused(Built.consents(address(0), hostile), CLINIC);
            _expectRefused(Built.consents(hostile, hostile), CLINIC);
        }
    }

    function test_NobodyIsVerifiedWhereNoContractIs() public {
        _expectRefused(Built.consents(STRANGER, STRANGER), CLINIC);
        // Precompiles answer without having code; the identity returns what it was asked.
        for (uint160 i = 1; i <= 0x11; ++i) {
            _expectRefused(Built.consents(address(i), address(i)), CLINIC);
        }
        _expectRefused(Built.consents(address(0x100), address(0x100)), CLINIC);
    }

    function test_ARegistryThatLostItsCodeVerifiesNobody() public {
        _verifyClinic(CLINIC, UNTIL_REMOVED);
        ConsentRegistry consents = Built.consents(address(hospitals), address(providers));
        vm.etch(address(hospitals), "");
        _expectRefused(consents, CLINIC);
    }

    function test_AHostileRegistryCostsNoMoreThanItsShare() public {
        for (uint256 i = 0; i < MANNERS; ++i) {
            address hostile = _hostile(i);
            ConsentRegistry consents = Built.consents(hostile, hostile);
            bytes memory call = _requestCall(CLINIC);
            vm.prank(CLINIC);
            uint256 before = gasleft();
            (bool worked,) = address(consents).call(call);
            vm.assertLe(before - gasleft(), WORST_CASE, "gas");
            vm.assertFalse(worked, "requested");
        }
    }

    function test_AHostileRegistryDoesNotSilenceTheOther() public {
        _verifyClinic(CLINIC, UNTIL_REMOVED);
        _verifyDoctor(DOCTOR, CLINIC, UNTIL_REMOVED);
        for (uint256 i = 0; i < MANNERS; ++i) {
            _request(Built.consents(_hostile(i), address(providers)), DOCTOR);
            _request(Built.consents(address(hospitals), _hostile(i)), CLINIC);
        }
    }

    function test_PractitionersOfAHostileRegistryOfOrganisationsAreNotVerified() public {
        for (uint256 i = 0; i < MANNERS; ++i) {
            ProviderRegistry victim = Built.providers(address(manager), _hostile(i));
            // A practitioner that was verified while the other registry still behaved.
            uint256 word = 1 | (uint256(UNTIL_REMOVED) << 8) | (uint256(NOW) << 48) | (uint256(uint160(CLINIC)) << 88);
            vm.store(address(victim), _slot(DOCTOR), bytes32(word));
            vm.assertEq(victim.practitioners(DOCTOR).organization, CLINIC, "as stored");
            _expectRefused(Built.consents(address(hospitals), address(victim)), DOCTOR);
        }
    }

    function test_TooLittleGasDecidesNothing() public {
        _verifyClinic(CLINIC, UNTIL_REMOVED);
        _verifyDoctor(DOCTOR, CLINIC, UNTIL_REMOVED);
        ConsentRegistry consents = Built.consents(address(hospitals), address(providers));
        bytes memory call = _requestCall(DOCTOR);
        bool worked = false;
        uint256 refusals = 0;
        for (uint256 gas_ = 1_000; !worked; gas_ += 1_000) {
            vm.assertLe(gas_, 200_000, "never enough");
            bytes memory data;
            vm.prank(DOCTOR);
            (worked, data) = address(consents).call{gas: gas_}(call);
            if (worked || data.length == 0) continue;
            // Cuts off the error's arguments on purpose.
            // forge-lint: disable-next-item(unsafe-typecast)
            vm.assertEq(bytes32(bytes4(data)), bytes32(IConsents.TooLittleGas.selector), "reason");
            ++refusals;
        }
        vm.assertTrue(refusals != 0, "refused for want of gas");
    }

    function test_HostileRegistriesTouchNothingButRequests() public {
        for (uint256 i = 0; i < MANNERS; ++i) {
            address hostile = _hostile(i);
            ConsentRegistry consents = Built.consents(hostile, hostile);
            vm.prank(PATIENT);
            consents.revoke(PATIENT, CLINIC, "scope");
            vm.prank(PATIENT);
            consents.deny(PATIENT, CLINIC, "scope");
            vm.prank(PATIENT);
            consents.revokeAll(PATIENT, false);
            vm.assertTrue(consents.statusOf(PATIENT, CLINIC, "scope") == IConsents.Status.Revoked, "revoked");
        }
    }

    function test_AnAuthorityWithoutAnAnswerLetsNobodyIn() public {
        for (uint256 i = 0; i < MANNERS; ++i) {
            // Its `canCall` does not exist.
            HospitalRegistry victim = Built.hospitals(_hostile(i));
            vm.prank(REGISTRAR);
            (bool worked,) = address(victim).call(abi.encodeCall(victim.verify, (CLINIC, CREDENTIAL, UNTIL_REMOVED, 0)));
            vm.assertFalse(worked, "verified");
        }
    }

    function _hostile(uint256 manner) private returns (address) {
        return address(new HostileRegistry(HostileRegistry.Manner(manner)));
    }

    function _requestCall(address grantee) private pure returns (bytes memory) {
        return abi.encodeCall(IConsents.request, (PATIENT, grantee, "scope", NOW, NOW + DAY, NOW + DAY, 1));
    }

    function _request(ConsentRegistry consents, address grantee) private {
        vm.prank(grantee);
        (bool worked,) = address(consents).call(_requestCall(grantee));
        vm.assertTrue(worked, "refused");
        vm.assertTrue(consents.statusOf(PATIENT, grantee, "scope") == IConsents.Status.Requested, "requested");
    }

    function _expectRefused(ConsentRegistry consents, address grantee) private {
        vm.prank(grantee);
        (bool worked, bytes memory data) = address(consents).call(_requestCall(grantee));
        vm.assertFalse(worked, "requested");
        vm.assertEq(data, abi.encodeWithSelector(IConsents.GranteeNotVerified.selector, grantee), "reason");
    }
}
