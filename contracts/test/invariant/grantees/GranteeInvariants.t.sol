// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Roles} from "../../../script/Roles.sol";
import {IGrantees} from "../../../src/grantees/IGrantees.sol";
import {IProviderRegistry} from "../../../src/grantees/IProviderRegistry.sol";
import {GranteeTest} from "../../unit/grantees/GranteeTest.sol";
import {vm} from "../../utils/Vm.sol";
import {GranteeHandler} from "./GranteeHandler.sol";

/// @notice See GranteeInvariants.tree.
contract GranteeInvariants is GranteeTest {
    uint256 private constant ORGANIZATIONS = 2;
    uint256 private constant GRANTEES = 4;

    GranteeHandler private _handler;

    function setUp() public override {
        super.setUp();
        _handler = new GranteeHandler(manager, hospitals, providers, REGISTRAR, SUSPENDER);
    }

    /// @notice Tells forge to call nothing but the handler.
    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_handler);
    }

    function invariant_EventsRebuildEveryStoredBit() public view {
        for (uint256 i = 0; i < GRANTEES; ++i) {
            IProviderRegistry.Practitioner memory folded = _handler.folded(i);
            IProviderRegistry.Practitioner memory stored = _handler.stored(i);
            _assertStatus(folded.status, stored.status, "status");
            vm.assertEq(folded.validTo, stored.validTo, "validTo");
            vm.assertEq(folded.changedAt, stored.changedAt, "changedAt");
            vm.assertEq(folded.organization, stored.organization, "organisation");
        }
    }

    function invariant_VerifiedExactlyAsTheEventsTell() public view {
        bool[ORGANIZATIONS] memory verified;
        for (uint256 i = 0; i < ORGANIZATIONS; ++i) {
            verified[i] = _holds(_handler.folded(i));
            vm.assertTrue(hospitals.isVerified(_handler.granteeOf(i)) == verified[i], "organisation");
        }
        for (uint256 i = ORGANIZATIONS; i < GRANTEES; ++i) {
            IProviderRegistry.Practitioner memory g = _handler.folded(i);
            bool expected = false;
            for (uint256 j = 0; j < ORGANIZATIONS; ++j) {
                if (g.organization == _handler.granteeOf(j)) expected = _holds(g) && verified[j];
            }
            vm.assertTrue(providers.isVerified(_handler.granteeOf(i)) == expected, "practitioner");
        }
    }

    function invariant_NobodyOversteps() public view {
        vm.assertEq(_handler.trespasses(), 0, "somebody did what is not theirs");
        vm.assertEq(_handler.failedSuspensions(), 0, "a suspension failed");
        vm.assertEq(_handler.undoneStops(), 0, "a decision undid a later stop");
        vm.assertEq(_handler.falseEvents(), 0, "an event tells something else than the call");
        vm.assertEq(address(hospitals).balance + address(providers).balance, 0, "a registry holds ETH");
    }

    /// @notice The handler's own moves take every way there is, so the invariants above have something to hold over.
    function test_TheHandlerTakesEveryWay() public {
        for (uint256 i = 0; i < 3000; ++i) {
            uint256 dice = uint256(keccak256(abi.encode("dice", i)));
            uint256 who = dice >> 8;
            // Any bits of the dice will do.
            // forge-lint: disable-next-item(unsafe-typecast)
            uint40 number = uint40(dice >> 32);
            // forge-lint: disable-next-item(unsafe-typecast)
            uint8 small = uint8(dice >> 80);
            if (dice % 6 == 0) _handler.decide(who, small, number, dice >> 96, small / 4);
            else if (dice % 6 == 1) _handler.carryOut(who);
            else if (dice % 6 == 2 && dice / 6 % 3 == 0) _handler.suspend(who);
            else if (dice % 6 == 3) _handler.trespass(who, small, small / 4, number, dice >> 96);
            else if (dice % 6 > 3) _handler.wait(number);
        }
        _assertTaken(IGrantees.Status.None, IGrantees.Status.Verified);
        _assertTaken(IGrantees.Status.Verified, IGrantees.Status.Verified);
        _assertTaken(IGrantees.Status.Verified, IGrantees.Status.Suspended);
        _assertTaken(IGrantees.Status.Verified, IGrantees.Status.Removed);
        _assertTaken(IGrantees.Status.Suspended, IGrantees.Status.Verified);
        _assertTaken(IGrantees.Status.Suspended, IGrantees.Status.Removed);
        _assertTaken(IGrantees.Status.Removed, IGrantees.Status.Verified);
        vm.assertTrue(_handler.tooLate() >= 10, "decisions that come too late");
        invariant_EventsRebuildEveryStoredBit();
        invariant_VerifiedExactlyAsTheEventsTell();
        invariant_NobodyOversteps();
    }

    /// @dev A registrar whose decisions wait for two days.
    function _plan() internal pure override returns (Roles.Plan memory plan) {
        plan = super._plan();
        plan.registrarDelay = 2 days;
    }

    function _assertTaken(IGrantees.Status from, IGrantees.Status to) private view {
        vm.assertTrue(_handler.moves(from, to) >= 2, "a way is hardly taken");
    }

    function _holds(IProviderRegistry.Practitioner memory g) private view returns (bool) {
        uint256 time = block.timestamp;
        return g.status == IGrantees.Status.Verified && time < g.validTo;
    }
}
