// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ConsentRegistry} from "../../src/consent/ConsentRegistry.sol";
import {IConsents} from "../../src/consent/IConsents.sol";
import {Built} from "./Built.sol";
import {Vm, vm} from "./Vm.sol";

/// @notice A registry, its parties, and short forms of what tests do with them.
abstract contract RegistryTest {
    uint40 internal constant NOW = 1_800_000_000;
    uint40 internal constant DAY = 1 days;
    uint40 internal constant UNTIL_REVOKED = type(uint40).max;
    uint32 internal constant MAX_VERSION = type(uint32).max;

    address internal constant PATIENT = address(uint160(uint256(keccak256("patient"))));
    address internal constant CLINIC = address(uint160(uint256(keccak256("clinic"))));
    address internal constant STRANGER = address(uint160(uint256(keccak256("stranger"))));
    bytes32 internal constant SCOPE = keccak256("a salted policy hash");

    ConsentRegistry internal registry;

    function setUp() public virtual {
        vm.warp(NOW);
        registry = _deploy(address(0), address(0));
    }

    function _deploy(address hospitals, address providers) internal returns (ConsentRegistry) {
        return Built.consents(hospitals, providers);
    }

    function _requestAs(address caller, bytes32 scope, uint40 respondBy, uint32 version) internal {
        vm.prank(caller);
        registry.request(PATIENT, CLINIC, scope, NOW, NOW + 30 * DAY, respondBy, version);
    }

    function _grantAs(address caller, bytes32 scope, uint40 validFrom, uint40 validTo, uint32 version) internal {
        vm.prank(caller);
        registry.grant(PATIENT, CLINIC, scope, 0, validFrom, validTo, version);
    }

    function _deny(bytes32 scope) internal {
        vm.prank(PATIENT);
        registry.deny(PATIENT, CLINIC, scope);
    }

    function _revoke(bytes32 scope) internal {
        vm.prank(PATIENT);
        registry.revoke(PATIENT, CLINIC, scope);
    }

    function _stored(bytes32 scope) internal view returns (IConsents.Consent memory) {
        return registry.consents(registry.consentId(PATIENT, CLINIC, scope));
    }

    function _status(bytes32 scope) internal view returns (IConsents.Status) {
        return registry.statusOf(PATIENT, CLINIC, scope);
    }

    function _isActive(bytes32 scope) internal view returns (bool) {
        return registry.isActive(PATIENT, CLINIC, scope);
    }

    /// @dev Writes a consent straight into storage, to start from states that take too many calls to reach.
    function _put(bytes32 scope, IConsents.Consent memory consent) internal {
        bytes32 id = registry.consentId(PATIENT, CLINIC, scope);
        uint256 word = uint256(consent.status) | (uint256(consent.validFrom) << 8) | (uint256(consent.validTo) << 48)
            | (uint256(consent.version) << 88) | (uint256(consent.epoch) << 120) | (uint256(consent.changedAt) << 144)
            | (uint256(consent.respondBy) << 184);
        vm.store(address(registry), id, bytes32(word));
    }

    function _assertSame(IConsents.Consent memory actual, IConsents.Consent memory expected, string memory what)
        internal
        pure
    {
        _assertStatus(actual.status, expected.status, string.concat(what, ": status"));
        vm.assertEq(actual.validFrom, expected.validFrom, string.concat(what, ": validFrom"));
        vm.assertEq(actual.validTo, expected.validTo, string.concat(what, ": validTo"));
        vm.assertEq(actual.version, expected.version, string.concat(what, ": version"));
        vm.assertEq(actual.epoch, expected.epoch, string.concat(what, ": epoch"));
        vm.assertEq(actual.changedAt, expected.changedAt, string.concat(what, ": changedAt"));
        vm.assertEq(actual.respondBy, expected.respondBy, string.concat(what, ": respondBy"));
    }

    function _assertStatus(IConsents.Status actual, IConsents.Status expected, string memory what) internal pure {
        vm.assertEq(uint256(actual), uint256(expected), what);
    }

    /// @dev Checks that the registry emitted exactly these events since `vm.recordLogs()`, in this order. What tests
    /// emit for `vm.expectEmit` is recorded too and does not count.
    function _assertEmitted(bytes32[] memory selectors, string memory what) internal {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        uint256 count = 0;
        for (uint256 i = 0; i < logs.length; ++i) {
            if (logs[i].emitter != address(registry)) continue;
            vm.assertTrue(count < selectors.length, string.concat(what, ": too many events"));
            vm.assertEq(logs[i].topics[0], selectors[count], string.concat(what, ": order of events"));
            ++count;
        }
        vm.assertEq(count, selectors.length, string.concat(what, ": number of events"));
    }

    function _one(bytes32 selector) internal pure returns (bytes32[] memory selectors) {
        selectors = new bytes32[](1);
        selectors[0] = selector;
    }

    function _two(bytes32 first, bytes32 second) internal pure returns (bytes32[] memory selectors) {
        selectors = new bytes32[](2);
        selectors[0] = first;
        selectors[1] = second;
    }
}
