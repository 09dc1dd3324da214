// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IConsents} from "../../src/consent/IConsents.sol";
import {SituationTest} from "../utils/SituationTest.sol";
import {vm} from "../utils/Vm.sol";

/// @notice See Views.tree.
contract ViewsTest is SituationTest {
    function test_ConsentIdIsTheHashOfWhatItNames() public view {
        vm.assertEq(
            registry.consentId(PATIENT, CLINIC, SCOPE),
            keccak256(abi.encode(block.chainid, address(registry), PATIENT, CLINIC, SCOPE)),
            "consentId"
        );
    }

    function test_AnUnknownConsentReadsAsZero() public view {
        IConsents.Consent memory none;
        _assertSame(registry.consents(keccak256("unknown")), none, "unknown");
        _assertStatus(_status(SCOPE), IConsents.Status.None, "status");
        vm.assertFalse(_isActive(SCOPE), "not active");
    }

    function test_AConsentIsOneWordInTheFixedLayout() public {
        _requestAs(CLINIC, SCOPE, NOW + DAY, 1);
        bytes32 slot = registry.consentId(PATIENT, CLINIC, SCOPE);
        vm.assertEq(
            uint256(vm.load(address(registry), slot)),
            1 | (uint256(NOW) << 8) | (uint256(NOW + 30 * DAY) << 48) | (uint256(1) << 88) | (uint256(NOW) << 144)
                | (uint256(NOW + DAY) << 184),
            "the word"
        );
        vm.assertEq(vm.load(address(registry), bytes32(uint256(slot) + 1)), bytes32(0), "no second word");
    }

    function test_StatusOfTellsTheEffectiveStatus() public view {
        IConsents.Status[9] memory expected = [
            IConsents.Status.None,
            IConsents.Status.Requested,
            IConsents.Status.Expired,
            IConsents.Status.Active,
            IConsents.Status.Active,
            IConsents.Status.Expired,
            IConsents.Status.Denied,
            IConsents.Status.Revoked,
            IConsents.Status.Expired
        ];
        for (uint256 i = 0; i < SITUATIONS; ++i) {
            _assertStatus(_status(_scope(Situation(i))), expected[i], _name(Situation(i)));
        }
    }

    function test_IsActiveHoldsInTheWindowOnly() public view {
        for (uint256 i = 0; i < SITUATIONS; ++i) {
            vm.assertTrue(_isActive(_scope(Situation(i))) == (Situation(i) == Situation.Active), _name(Situation(i)));
        }
    }

    function test_TakesNoEth() public {
        vm.deal(PATIENT, 2 ether);
        vm.prank(PATIENT);
        (bool plain,) = address(registry).call{value: 1}("");
        vm.prank(PATIENT);
        (bool paid,) = address(registry).call{value: 1}(abi.encodeCall(registry.revoke, (PATIENT, CLINIC, SCOPE)));
        vm.assertFalse(plain || paid, "ETH refused");
        vm.assertEq(address(registry).balance, 0, "balance");
    }

    function test_RefusesUnknownCallsAndSpareBits() public {
        bytes memory good = abi.encodeCall(registry.grant, (PATIENT, CLINIC, SCOPE, 0, NOW, NOW + DAY, 1));
        _expectCallFails(hex"deadbeef", "unknown function");
        // The lowest spare bit and the highest of each narrow argument: subject, grantee, seq, validFrom, validTo,
        // version.
        uint8[6] memory argument = [0, 1, 3, 4, 5, 6];
        uint8[6] memory width = [160, 160, 24, 40, 40, 32];
        for (uint256 i = 0; i < argument.length; ++i) {
            _expectCallFails(_flip(good, argument[i], width[i]), "lowest spare bit");
            _expectCallFails(_flip(good, argument[i], 255), "highest bit");
        }
        vm.prank(PATIENT);
        (bool ok,) = address(registry).call(good);
        vm.assertTrue(ok, "the clean call works");
    }

    /// @dev The call with one bit of one 32-byte argument changed.
    function _flip(bytes memory data, uint256 argument, uint256 bit) private pure returns (bytes memory changed) {
        changed = bytes.concat(data);
        uint256 at = 4 + 32 * argument + 31 - bit / 8;
        changed[at] ^= bytes1(bytes32(uint256(1) << (248 + bit % 8)));
    }

    function _expectCallFails(bytes memory data, string memory what) private {
        vm.prank(PATIENT);
        (bool ok,) = address(registry).call(data);
        vm.assertFalse(ok, what);
    }
}
