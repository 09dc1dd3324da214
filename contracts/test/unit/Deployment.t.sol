// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {AuditAnchor} from "../../src/audit/AuditAnchor.sol";
import {ConsentRegistry} from "../../src/consent/ConsentRegistry.sol";
import {IntentLens} from "../../src/consent/IntentLens.sol";
import {HospitalRegistry} from "../../src/grantees/HospitalRegistry.sol";
import {ProviderRegistry} from "../../src/grantees/ProviderRegistry.sol";
import {vm} from "../utils/Vm.sol";
import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";
import {
    ERC7913WebAuthnVerifier
} from "@openzeppelin/contracts/utils/cryptography/verifiers/ERC7913WebAuthnVerifier.sol";

/// @notice The committed local deployment belongs to these sources.
contract DeploymentTest {
    address private constant FACTORY = 0x4e59b44847b379578588920cA78FbF26c0B4956C;
    uint256 private constant MAX_CODE = 24_576;
    /// The factory takes a salt and init code as call data, creates by CREATE2, and returns the address.
    bytes private constant FACTORY_CODE =
        hex"7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe03601600081602082378035828234f58015156039578182fd5b8082525050506014600cf3";

    function setUp() public {
        vm.chainId(31337);
        vm.etch(FACTORY, FACTORY_CODE);
    }

    function test_EveryExportedAddressAndCodeIsThatOfTheSources() public {
        string memory settings = vm.readFile("chains/local.json");
        address firstAdmin = vm.parseJsonAddress(settings, ".granteeRegistries.firstAdmin");
        address manager = _check(type(AccessManager).name, abi.encode(firstAdmin));
        address hospitals = _check(type(HospitalRegistry).name, abi.encode(manager));
        address providers = _check(type(ProviderRegistry).name, abi.encode(manager, hospitals));
        _check(type(ConsentRegistry).name, abi.encode(hospitals, providers));
        _check(type(AuditAnchor).name, "");
        _check(type(ERC7913WebAuthnVerifier).name, "");
        _check(type(IntentLens).name, "");
    }

    /// @dev Compares an export with what the sources give when the factory deploys them, and returns the address.
    function _check(string memory name, bytes memory arguments) private returns (address target) {
        string memory json = vm.readFile(string.concat("deployments/local/", name, ".json"));
        bytes memory initCode = bytes.concat(vm.getCode(string.concat(name, ".sol:", name)), arguments);
        bytes32 salt = keccak256(bytes(string.concat("consentry.", name, ".1")));
        vm.assertEq(vm.parseJsonAddress(json, ".deployer"), FACTORY, string.concat(name, ": deployer"));
        vm.assertEq(vm.parseJsonBytes32(json, ".salt"), salt, string.concat(name, ": salt"));
        vm.assertEq(vm.parseJsonBytes(json, ".initCode"), initCode, string.concat(name, ": init code"));
        vm.assertEq(
            vm.parseJsonBytes32(json, ".initCodeHash"), keccak256(initCode), string.concat(name, ": init code hash")
        );

        (bool ok, bytes memory answer) = FACTORY.call(bytes.concat(salt, initCode));
        vm.assertTrue(ok && answer.length == 20, string.concat(name, ": deployed"));
        // forge-lint: disable-next-line(unsafe-typecast)
        target = address(bytes20(answer));
        vm.assertEq(vm.parseJsonAddress(json, ".address"), target, string.concat(name, ": address"));
        // forge's own limit is none at all.
        vm.assertLe(target.code.length, MAX_CODE, string.concat(name, ": more code than EIP-170 allows"));
        vm.assertEq(vm.parseJsonBytes32(json, ".runtimeCodeHash"), target.codehash, string.concat(name, ": code"));
    }
}
