// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ConsentRegistry} from "../../src/consent/ConsentRegistry.sol";
import {vm} from "../utils/Vm.sol";

/// @notice The committed local deployment belongs to these sources.
contract DeploymentTest {
    function test_TheExportedAddressAndCodeAreThoseOfTheSources() public {
        string memory json = vm.readFile("deployments/local/ConsentRegistry.json");
        address deployer = vm.parseJsonAddress(json, ".deployer");
        bytes32 salt = vm.parseJsonBytes32(json, ".salt");
        bytes32 initCodeHash = keccak256(type(ConsentRegistry).creationCode);
        vm.assertEq(vm.parseJsonBytes32(json, ".initCodeHash"), initCodeHash, "init code");
        vm.assertEq(
            vm.parseJsonAddress(json, ".address"),
            address(uint160(uint256(keccak256(abi.encodePacked(bytes1(0xff), deployer, salt, initCodeHash))))),
            "address"
        );
        vm.assertEq(
            vm.parseJsonBytes32(json, ".runtimeCodeHash"),
            address(new ConsentRegistry(address(0), address(0))).codehash,
            "runtime code"
        );
    }
}
