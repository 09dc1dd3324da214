// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ConsentRegistry} from "../../src/consent/ConsentRegistry.sol";
import {IConsents} from "../../src/consent/IConsents.sol";
import {Proof, Revoke} from "../../src/consent/Intents.sol";
import {vm} from "../utils/Vm.sol";

// Fields are cut out of words on purpose.
// forge-lint: disable-start(unsafe-typecast)
/// @notice A registry whose words hold any value: one consent, its subject, one actor that may be a delegate.
/// @dev The slots are concrete, what they hold is symbolic. Stored words are only bounded to what can be stored.
abstract contract SymbolicTest {
    address internal constant PATIENT = address(0xa11ce);
    address internal constant CLINIC = address(0xc11c);
    address internal constant ACTOR = address(0xac70);
    bytes32 internal constant SCOPE = keccak256("a salted policy hash");
    uint32 internal constant MAX_VERSION = type(uint32).max;
    uint24 internal constant MAX24 = type(uint24).max;

    // The order of the registry's state; the proofs would find nothing there if it changed, and `_assume` fails.
    uint256 private constant SUBJECTS = 2;
    uint256 private constant DELEGATES = 3;
    uint256 private constant PROPOSALS = 5;
    uint256 private constant FREEZES = 6;

    ConsentRegistry internal registry;

    function setUp() public {
        // From its artifact: `new` would compile it once more into every proof.
        bytes memory code = bytes.concat(vm.getCode("ConsentRegistry.sol:ConsentRegistry"), new bytes(64));
        address created;
        assembly ("memory-safe") {
            created := create(0, add(code, 0x20), mload(code))
        }
        registry = ConsentRegistry(created);
        assert(registry.consentId(PATIENT, CLINIC, SCOPE) != 0);
    }

    function _id() internal view returns (bytes32) {
        return registry.consentId(PATIENT, CLINIC, SCOPE);
    }

    function _store(uint256 consent, uint256 subject, uint40 time) internal {
        _storeConsent(consent);
        _storeSubject(subject);
        vm.warp(time);
    }

    function _storeConsent(uint256 word) internal {
        vm.assume(word & 0xff <= uint256(type(IConsents.Status).max));
        vm.assume(word >> 224 == 0);
        // No grant is stored with an empty window.
        vm.assume(word & 0xff != uint256(IConsents.Status.Active) || uint40(word >> 8) < uint40(word >> 48));
        vm.store(address(registry), _id(), bytes32(word));
    }

    function _storeSubject(uint256 word) internal {
        vm.assume(word >> 233 == 0);
        vm.store(address(registry), keccak256(abi.encode(PATIENT, SUBJECTS)), bytes32(word));
    }

    function _storeDelegate(address delegate, uint256 word) internal {
        vm.assume(word >> 144 == 0);
        bytes32 outer = keccak256(abi.encode(PATIENT, DELEGATES));
        vm.store(address(registry), keccak256(abi.encode(delegate, outer)), bytes32(word));
    }

    function _storeProposal(uint256 first, uint256 second) internal {
        bytes32 slot = keccak256(abi.encode(PATIENT, PROPOSALS));
        vm.store(address(registry), slot, bytes32(first));
        vm.store(address(registry), bytes32(uint256(slot) + 1), bytes32(second));
    }

    function _storeFreeze(uint256 word) internal {
        vm.assume(word >> 80 == 0);
        vm.store(address(registry), keccak256(abi.encode(PATIENT, FREEZES)), bytes32(word));
    }

    function _load() internal view returns (IConsents.Consent memory) {
        return registry.consents(_id());
    }

    function _status() internal view returns (IConsents.Status) {
        return registry.statusOf(PATIENT, CLINIC, SCOPE);
    }

    function _isActive() internal view returns (bool) {
        return registry.isActive(PATIENT, CLINIC, SCOPE);
    }

    function _controller() internal view returns (address) {
        return registry.subjects(PATIENT).controller;
    }

    /// @dev Sends a call; tells whether it worked.
    function _send(address sender, bytes memory data) internal returns (bool worked) {
        vm.prank(sender);
        (worked,) = address(registry).call(data);
    }

    function _stopThrough(address sender, uint32 through) internal returns (bool) {
        Revoke memory intent = Revoke(sender, PATIENT, CLINIC, SCOPE, through, type(uint40).max);
        return _send(sender, abi.encodeCall(registry.revokeBySig, (intent, Proof("", ""))));
    }
}
// forge-lint: disable-end(unsafe-typecast)
