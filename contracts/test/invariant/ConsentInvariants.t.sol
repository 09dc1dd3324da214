// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IConsents} from "../../src/consent/IConsents.sol";
import {RegistryTest} from "../utils/RegistryTest.sol";
import {vm} from "../utils/Vm.sol";
import {ConsentHandler} from "./ConsentHandler.sol";

/// @notice See ConsentInvariants.tree.
contract ConsentInvariants is RegistryTest {
    ConsentHandler private _handler;

    function setUp() public override {
        super.setUp();
        _handler = new ConsentHandler(registry);
    }

    /// @notice Tells forge to call nothing but the handler.
    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_handler);
    }

    function invariant_EventsRebuildEveryStoredBit() public view {
        for (uint256 i = 0; i < _handler.consentCount(); ++i) {
            bytes32 id = _handler.idOf(i);
            _assertSame(_handler.folded(id), registry.consents(id), "folded");
        }
    }

    function invariant_ActiveOnlyIfTheSubjectGrantedThatVersion() public view {
        uint256 time = block.timestamp;
        for (uint256 i = 0; i < _handler.consentCount(); ++i) {
            (address subject, address grantee, bytes32 scope) = _handler.consentOf(i);
            IConsents.Consent memory consent = registry.consents(_handler.idOf(i));
            uint32 authorised = _handler.authorised(_handler.idOf(i));
            bool inWindow = consent.validFrom <= time && time < consent.validTo;
            bool expected = authorised != 0 && authorised == consent.version && inWindow;
            vm.assertTrue(registry.isActive(subject, grantee, scope) == expected, "active exactly if authorised");
        }
    }

    function invariant_NobodyOversteps() public view {
        vm.assertEq(_handler.failedStops(), 0, "a stop by the subject failed");
        vm.assertEq(_handler.trespasses(), 0, "somebody acted for another");
        vm.assertEq(_handler.falseEvents(), 0, "an event tells something else than the call");
        vm.assertEq(_handler.versionDrops(), 0, "a version went down");
        vm.assertEq(address(registry).balance, 0, "the registry holds ETH");
    }

    /// @notice The handler's own moves reach every status, so the invariants above have something to hold over.
    function test_TheHandlerReachesEveryStatus() public {
        for (uint256 i = 0; i < 2000; ++i) {
            uint256 dice = uint256(keccak256(abi.encode("dice", i)));
            uint256 who = dice >> 8;
            uint256 caller = dice >> 16;
            // Any bits of the dice will do.
            // forge-lint: disable-next-item(unsafe-typecast)
            uint40 number = uint40(dice >> 32);
            // forge-lint: disable-next-item(unsafe-typecast)
            uint8 small = uint8(dice >> 80);
            if (dice % 6 == 0) _handler.request(who, caller, number, number / 7, number / 11, small);
            else if (dice % 6 == 1) _handler.grant(who, caller, number, number / 7, small);
            else if (dice % 6 == 2) _handler.deny(who, caller);
            else if (dice % 6 == 3) _handler.revoke(who, caller);
            else if (dice % 6 == 4) _handler.expire(who, caller);
            else _handler.wait(small);
        }
        for (uint256 i = 1; i <= uint256(type(IConsents.Status).max); ++i) {
            vm.assertTrue(_handler.reached(IConsents.Status(i)) >= 10, "a status is hardly reached");
        }
        invariant_EventsRebuildEveryStoredBit();
        invariant_ActiveOnlyIfTheSubjectGrantedThatVersion();
        invariant_NobodyOversteps();
    }
}
