// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IConsents} from "../../src/consent/IConsents.sol";
import {ISubjects} from "../../src/consent/ISubjects.sol";
import {SubjectTest} from "../utils/SubjectTest.sol";
import {vm} from "../utils/Vm.sol";

/// @notice See Views.tree.
contract ViewsTest is SubjectTest {
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

    function test_StatusOfAndIsActiveFollowTheClockAndTheEpoch() public {
        vm.prank(PATIENT);
        registry.grant(PATIENT, CLINIC, SCOPE, 0, NOW + 10, NOW + 20, 1);
        uint40[4] memory times = [NOW + 9, NOW + 10, NOW + 19, NOW + 20];
        for (uint256 i = 0; i < times.length; ++i) {
            vm.warp(times[i]);
            vm.assertTrue(_isActive(SCOPE) == (i == 1 || i == 2), "in the window");
            IConsents.Status expected = i == 3 ? IConsents.Status.Expired : IConsents.Status.Active;
            _assertStatus(_status(SCOPE), expected, "by the clock");
        }
        vm.warp(NOW + 10);
        _revokeAll(PATIENT, false);
        vm.assertFalse(_isActive(SCOPE), "by the epoch");
        _assertStatus(_status(SCOPE), IConsents.Status.Revoked, "by the epoch");
    }

    function test_AnUnknownSubjectControlsItselfAndHasNobody() public view {
        _assertSubject(ISubjects.Subject(PATIENT, 0, 0, 0, 0, 0), "unknown");
        vm.assertEq(registry.subjects(address(0)).controller, address(0), "nobody");
        vm.assertEq(registry.delegates(PATIENT, PARENT).nonce, 0, "delegate");
        vm.assertEq(registry.recoveries(PATIENT).recoverer, address(0), "recoverer");
        vm.assertEq(registry.proposals(PATIENT).newController, address(0), "proposal");
    }

    function test_ASubjectIsOneWordInTheFixedLayout() public {
        _putSubject(STRANGER, 3, 4, 5);
        _assertSubject(ISubjects.Subject(STRANGER, 3, 4, 5, 0, 0), "as put");
        vm.prank(STRANGER);
        registry.revokeAll(PATIENT, true);
        vm.assertEq(
            uint256(vm.load(address(registry), _slotOf(PATIENT, 2))),
            uint160(STRANGER) | (uint256(4) << 160) | (uint256(5) << 184) | (uint256(6) << 208),
            "the word"
        );
    }

    function test_ACounterAtItsLargestValueSpillsIntoNoOther() public {
        _putSubject(STRANGER, MAX24, 0, 0);
        vm.prank(STRANGER);
        registry.revokeAll(PATIENT, true);
        _assertSubject(ISubjects.Subject(STRANGER, MAX24, 1, 1, 0, 0), "epoch");
        _putSubject(STRANGER, 0, MAX24, 0);
        vm.prank(STRANGER);
        registry.revokeAll(PATIENT, true);
        _assertSubject(ISubjects.Subject(STRANGER, 1, MAX24, 1, 0, 0), "authEpoch");
        _putSubject(STRANGER, 0, 0, MAX24);
        vm.prank(STRANGER);
        registry.revokeAll(PATIENT, true);
        _assertSubject(ISubjects.Subject(STRANGER, 1, 1, MAX24, 0, 0), "seq");
    }

    function test_RightsOfTellsWhatAnActorMayDo() public {
        _setDelegate(PATIENT, PARENT, 5, NOW - 10, NOW + 10, 1, 0);
        _setDelegate(PATIENT, STRANGER, 7, NOW + 1, UNTIL_REVOKED, 1, 0);
        _assertRights(PATIENT, 7, UNTIL_REVOKED);
        _assertRights(PARENT, 5, NOW + 10);
        _assertRights(STRANGER, 0, 0);
        _assertRights(CLINIC, 0, 0);
        _assertRights(address(0), 0, 0);
        _removeDelegate(PATIENT, PARENT, 1);
        _assertRights(PARENT, 0, 0);

        vm.warp(NOW + 1);
        _assertRights(STRANGER, 7, UNTIL_REVOKED);
        _revokeAll(PATIENT, true);
        _assertRights(STRANGER, 0, 0);
    }

    function test_TellsTheDomainThatWalletsSign() public view {
        (bytes1 fields, string memory name, string memory version, uint256 chainId, address verifying, bytes32 salt,) =
            registry.eip712Domain();
        vm.assertEq(uint8(fields), 0x0f, "fields");
        vm.assertEq(keccak256(bytes(name)), keccak256("Consentry"), "name");
        vm.assertEq(keccak256(bytes(version)), keccak256("1"), "version");
        vm.assertEq(chainId, block.chainid, "chain id");
        vm.assertEq(verifying, address(registry), "registry");
        vm.assertEq(salt, bytes32(0), "salt");
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

    function _assertRights(address actor, uint8 rights, uint40 end) private view {
        (uint8 actual, uint40 actualEnd) = registry.rightsOf(PATIENT, actor);
        vm.assertEq(actual, rights, "rights");
        vm.assertEq(actualEnd, end, "their end");
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
