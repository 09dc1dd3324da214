// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ConsentRegistry} from "../src/consent/ConsentRegistry.sol";
import {vm} from "../test/utils/Vm.sol";

/// @title Deployment of the consent registry
/// @notice Deploys through the standard CREATE2 factory, so the address follows from the code and the salt alone. Does
/// nothing where the registry already is.
contract Deploy {
    /// @notice The factory: call data is salt followed by init code.
    address public constant FACTORY = 0x4e59b44847b379578588920cA78FbF26c0B4956C;

    /// @notice The salt, as in `tools/export`.
    bytes32 public constant SALT = keccak256("consentry.ConsentRegistry.1");

    /// @notice The chain lacks the CREATE2 factory.
    error NoFactory();

    /// @notice The factory did not deploy the registry.
    error NotDeployed();

    /// @notice Deploys unless it is there.
    /// @return registry The address of the registry.
    function run() external returns (address registry) {
        bytes memory initCode = type(ConsentRegistry).creationCode;
        bytes32 hash = keccak256(abi.encodePacked(bytes1(0xff), FACTORY, SALT, keccak256(initCode)));
        registry = address(uint160(uint256(hash)));
        if (registry.code.length != 0) return registry;
        if (FACTORY.code.length == 0) revert NoFactory();

        vm.startBroadcast();
        (bool ok,) = FACTORY.call(bytes.concat(SALT, initCode));
        vm.stopBroadcast();
        if (!ok || registry.code.length == 0) revert NotDeployed();
    }
}
