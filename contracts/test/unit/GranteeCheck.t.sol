// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IConsents} from "../../src/consent/IConsents.sol";
import {Relinquish, Request} from "../../src/consent/Intents.sol";
import {SubjectTest} from "../utils/SubjectTest.sol";
import {vm} from "../utils/Vm.sol";
import {GasBomb, Mute, Parrot, ReturnBomb} from "../utils/Wallets.sol";

/// @notice See GranteeCheck.tree.
contract GranteeCheckTest is SubjectTest {
    address private _yes;
    address private _no;

    function setUp() public override {
        super.setUp();
        _yes = address(new Parrot(abi.encode(true)));
        _no = address(new Parrot(abi.encode(false)));
    }

    function test_TellsWhichRegistriesItAsks() public {
        registry = _deploy(_yes, _no);
        vm.assertEq(registry.HOSPITALS(), _yes, "hospitals");
        vm.assertEq(registry.PROVIDERS(), _no, "providers");
    }

    function test_AsksTheOneThenTheOther() public {
        _expectVerified(_yes, _no, true);
        _expectVerified(_no, _yes, true);
        _expectVerified(_yes, address(new GasBomb()), true);
        _expectVerified(_yes, address(0), true);
        _expectVerified(address(0), _yes, true);
        _expectVerified(_no, _no, false);
        _expectVerified(_no, address(0), false);
        _expectVerified(address(0), _no, false);
        _expectVerified(address(0), address(0), true);
    }

    function test_AsksAboutTheGrantee() public {
        address picky = address(new Picky(CLINIC));
        _expectVerified(picky, address(0), true);
        _expectVerified(address(new Picky(STRANGER)), address(0), false);
    }

    function test_TakesNothingButAPlainTrueForAYes() public {
        address[9] memory odd = [
            STRANGER,
            address(new Mute()),
            address(new GasBomb()),
            address(new ReturnBomb(1_000_000)),
            address(new Parrot("")),
            address(new Parrot(hex"01")),
            address(new Parrot(abi.encodePacked(uint248(1)))),
            address(new Parrot(abi.encode(2))),
            address(new Parrot(abi.encode(type(uint256).max)))
        ];
        for (uint256 i = 0; i < odd.length; ++i) {
            _expectVerified(odd[i], address(0), false);
            _expectVerified(odd[i], _yes, true);
            _expectVerified(_no, odd[i], false);
        }
        _expectVerified(address(new Parrot(abi.encode(true, "and more"))), address(0), true);
    }

    function test_RefusesToAskWithTooLittleGas() public {
        registry = _deploy(_yes, address(0));
        bytes memory data = _requestCall();
        bool refused;
        bool verified;
        for (uint256 gas_ = 20_000; gas_ < 120_000; gas_ += 500) {
            uint256 before = vm.snapshotState();
            vm.prank(CLINIC);
            (bool ok, bytes memory answer) = address(registry).call{gas: gas_}(data);
            if (!ok && answer.length != 0) {
                vm.assertEq(
                    answer,
                    abi.encodeWithSelector(IConsents.TooLittleGas.selector, 50_000 + uint256(50_000) / 63 + 5000),
                    "never a yes taken for a no"
                );
                refused = true;
            }
            verified = verified || ok;
            vm.revertToState(before);
        }
        vm.assertTrue(refused && verified, "both happen");
    }

    function test_AsksForRequestsOnly() public {
        address bomb = address(new GasBomb());
        registry = _deploy(bomb, bomb);
        vm.recordLogs();
        _grantAt(PATIENT, 0, 1);
        vm.prank(CLINIC);
        registry.relinquishBySig(Relinquish(CLINIC, PATIENT, CLINIC, SCOPE, 1, UNTIL_REVOKED), _none());
        _grantAt(PATIENT, 0, 3);
        _deny(SCOPE);
        _revoke(SCOPE);
        _grantAt(PATIENT, 0, 6);
        vm.warp(NOW + DAY);
        registry.expire(PATIENT, CLINIC, SCOPE);
        vm.assertEq(vm.getRecordedLogs().length, 7, "all of them worked");
    }

    function _expectVerified(address hospitals, address providers, bool expected) private {
        registry = _deploy(hospitals, providers);
        bytes[2] memory calls = [_requestCall(), _signedRequestCall()];
        for (uint256 i = 0; i < calls.length; ++i) {
            uint256 before = vm.snapshotState();
            vm.prank(CLINIC);
            (bool ok, bytes memory answer) = address(registry).call{gas: 1_000_000}(calls[i]);
            vm.assertTrue(ok == expected, "verified");
            if (!ok) {
                vm.assertEq(answer, abi.encodeWithSelector(IConsents.GranteeNotVerified.selector, CLINIC), "reason");
            }
            vm.revertToState(before);
        }
    }

    function _requestCall() private view returns (bytes memory) {
        return abi.encodeCall(registry.request, (PATIENT, CLINIC, SCOPE, NOW, NOW + DAY, NOW + DAY, 1));
    }

    function _signedRequestCall() private view returns (bytes memory) {
        return abi.encodeCall(
            registry.requestBySig, (Request(CLINIC, PATIENT, CLINIC, SCOPE, NOW, NOW + DAY, NOW + DAY, 1, NOW), _none())
        );
    }
}

/// @notice A registry that verifies one grantee.
contract Picky {
    address private immutable GRANTEE;

    constructor(address grantee) {
        GRANTEE = grantee;
    }

    function isVerified(address grantee) external view returns (bool) {
        return grantee == GRANTEE;
    }
}
