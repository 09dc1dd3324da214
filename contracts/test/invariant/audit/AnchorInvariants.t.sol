// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {AnchorTest} from "../../unit/audit/AnchorTest.sol";
import {vm} from "../../utils/Vm.sol";
import {AnchorHandler} from "./AnchorHandler.sol";

/// @notice See AnchorInvariants.tree.
contract AnchorInvariants is AnchorTest {
    uint256 private constant LOGGERS = 3;
    uint256 private constant LOGS = 6;

    AnchorHandler private _handler;

    function setUp() public override {
        super.setUp();
        _handler = new AnchorHandler(anchor);
    }

    /// @notice Tells forge to call nothing but the handler.
    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_handler);
    }

    function invariant_EventsRebuildEveryStoredBit() public view {
        for (uint256 i = 0; i < LOGGERS * LOGS; ++i) {
            (address who, bytes32 logId, bytes32 head, address next) = _handler.folded(i, i / LOGGERS);
            bytes32 word = next == address(0) ? head : bytes32((uint256(CLOSED) << 192) | uint160(next));
            vm.assertEq(vm.load(address(anchor), _slot(who, logId)), word, "word");
        }
    }

    function invariant_EveryLogBegunIsOpenOnce() public view {
        for (uint256 log = 0; log < LOGS; ++log) {
            uint256 open = 0;
            bytes32 logId;
            for (uint256 i = 0; i < LOGGERS; ++i) {
                address who;
                (who, logId,,) = _handler.folded(i, log);
                if (anchor.head(who, logId) != 0) ++open;
            }
            vm.assertEq(open, _handler.begun(logId), "open logs");
        }
    }

    function invariant_NobodyOversteps() public view {
        vm.assertEq(_handler.impossibleEvents(), 0, "an event cannot follow those before it");
        vm.assertEq(_handler.trespasses(), 0, "somebody acted for another");
        vm.assertEq(_handler.replays(), 0, "a hand-over worked twice");
        vm.assertEq(address(anchor).balance, 0, "the anchor holds ETH");
    }

    /// @notice The handler's own moves do everything there is, so the invariants above have something to hold over.
    function test_TheHandlerDoesEverything() public {
        for (uint256 i = 0; i < 400; ++i) {
            uint256 dice = uint256(keccak256(abi.encode("dice", i)));
            uint256 who = dice >> 8;
            // Any bits of the dice will do.
            // forge-lint: disable-next-item(unsafe-typecast)
            uint8 small = uint8(dice >> 80);
            // forge-lint: disable-next-item(unsafe-typecast)
            uint40 number = uint40(dice >> 48);
            if (dice % 5 == 0) _handler.anchor(who, dice >> 16, bytes32(dice), small, small / 4);
            else if (dice % 5 < 3) _handler.agree(who, dice >> 16, dice >> 32, number);
            else if (dice % 5 == 3) _handler.send(who, dice >> 16, small);
            else _handler.wait(number);
        }
        vm.assertTrue(_handler.anchored() >= 20, "hardly any anchors");
        vm.assertTrue(_handler.handedOver() >= 5, "hardly any hand-overs");
        vm.assertTrue(_handler.refused() >= 20, "hardly any refusals");
        invariant_EventsRebuildEveryStoredBit();
        invariant_EveryLogBegunIsOpenOnce();
        invariant_NobodyOversteps();
    }
}
