// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {AuditAnchor} from "../../src/audit/AuditAnchor.sol";
import {HandOver} from "../../src/audit/IAuditAnchor.sol";
import {GranteeTest} from "../unit/grantees/GranteeTest.sol";
import {Built} from "../utils/Built.sol";
import {vm} from "../utils/Vm.sol";

/// @notice One whole transaction a test, or one call of a view, against its goal. Under `--isolate` the measure
/// includes the 21,000 of a transaction and its call data; `.gas-snapshot` keeps the numbers.
contract AnchorGasTest is GranteeTest {
    uint256 private constant KEY = uint256(keccak256("logger"));
    /// @dev No byte of these is zero, which makes their call data as dear as it gets.
    bytes32 private constant LOG = 0x1111111111111111111111111111111111111111111111111111111111111111;
    bytes32 private constant ROOT = 0x2222222222222222222222222222222222222222222222222222222222222222;

    AuditAnchor private _anchor;
    bytes32 private _head;
    address private _logger;

    function setUp() public override {
        super.setUp();
        _anchor = Built.anchor();
        _logger = vm.addr(KEY);
        vm.prank(_logger);
        // Tree sizes of five bytes: more than four billion entries.
        _head = _anchor.anchor(LOG, 0, ROOT, 0x0101010101);
        _verifyClinic(CLINIC, UNTIL_REMOVED);
        _verifyDoctor(DOCTOR, CLINIC, UNTIL_REMOVED);
    }

    function test_GasOfTheNextAnchor() public {
        bytes32 head = _head;
        vm.prank(_logger);
        _anchor.anchor(LOG, head, ROOT, 0x0202020202);
        _assertAtMost(31_000);
    }

    function test_GasOfTheFirstAnchor() public {
        bytes32 other = ROOT;
        vm.prank(_logger);
        _anchor.anchor(other, 0, ROOT, 1);
        _assertAtMost(47_700);
    }

    function test_GasOfAHandOver() public {
        HandOver memory intent = HandOver(_logger, address(this), LOG, _head, NOW + DAY);
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(KEY, _anchor.digest(intent));
        _anchor.handOver(intent, abi.encodePacked(r, s, v), "");
        _assertAtMost(66_500);
    }

    function test_GasOfIsVerifiedOfAnOrganisation() public view {
        hospitals.isVerified(CLINIC);
        _assertAtMost(2_700);
    }

    function test_GasOfIsVerifiedOfAPractitioner() public view {
        providers.isVerified(DOCTOR);
        _assertAtMost(8_400);
    }

    function _assertAtMost(uint256 goal) private view {
        vm.assertLe(vm.lastCallGas().gasTotalUsed, goal, "gas");
    }
}
