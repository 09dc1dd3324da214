// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IHospitalRegistry} from "../src/grantees/IHospitalRegistry.sol";
import {IProviderRegistry} from "../src/grantees/IProviderRegistry.sol";
import {vm} from "../test/utils/Vm.sol";
import {Roles} from "./Roles.sol";
import {IAccessManager} from "@openzeppelin/contracts/access/manager/IAccessManager.sol";

/// @title Deployment of the contracts of a chain
/// @notice Sends what `tools/export` wrote for the chain, byte by byte, through the standard CREATE2 factory, then lets
/// the first admin hand out the roles. What is there already is left as it is, so it can be run again after a failure.
/// @dev `npm run deploy` calls it and explains its errors. The folder is the one that holds `chains/` and
/// `deployments/`.
contract Deploy {
    /// @notice The factory: call data is salt followed by init code.
    address public constant FACTORY = 0x4e59b44847b379578588920cA78FbF26c0B4956C;

    /// @notice The chain lacks the CREATE2 factory.
    error NoFactory();

    /// @notice This is another chain than the one the export is for.
    /// @param actual The chain id here.
    /// @param expected The chain id of the export.
    error WrongChain(uint256 actual, uint256 expected);

    /// @notice The address in the export does not follow from its salt and code.
    /// @param name The contract.
    error BrokenExport(string name);

    /// @notice The factory did not deploy a contract.
    /// @param name The contract.
    error NotDeployed(string name);

    /// @notice There is other code than exported at a contract's address.
    /// @param name The contract.
    /// @param actual The hash of the code there.
    /// @param expected The hash in the export.
    error OtherCode(string name, bytes32 actual, bytes32 expected);

    /// @notice The roles are not as configured, and the sender cannot change them.
    /// @param sender The sender.
    /// @param firstAdmin The account that could, unless it gave that up.
    error RolesNotAsConfigured(address sender, address firstAdmin);

    /// @notice Deploys what is missing and hands out the roles.
    /// @param folder The folder of `chains/` and `deployments/`, relative to the project; ends with a slash or is
    /// empty. @param chain The chain's name.
    function run(string calldata folder, string calldata chain) external {
        if (FACTORY.code.length == 0) revert NoFactory();
        string[7] memory names = _names();
        for (uint256 i = 0; i < names.length; ++i) {
            string memory json = _export(folder, chain, names[i]);
            if (bytes(json).length != 0) _deploy(names[i], json);
        }
        string memory settings = _settings(folder, chain);
        if (!_hasGranteeRegistries(settings) || _rolesAreSet(folder, chain, settings)) return;

        (address manager, address hospitals, address providers) = _managed(folder, chain);
        (Roles.Plan memory plan, address firstAdmin) = _plan(settings);
        (bool isAdmin, uint32 delay) = IAccessManager(manager).hasRole(Roles.ADMIN, msg.sender);
        if (!isAdmin || delay != 0 || msg.sender != firstAdmin) revert RolesNotAsConfigured(msg.sender, firstAdmin);
        vm.startBroadcast();
        Roles.setUp(IAccessManager(manager), hospitals, providers, plan, firstAdmin);
        vm.stopBroadcast();
    }

    /// @notice Reverts unless everything is deployed and every role as configured. Sends nothing.
    /// @param folder As for {run}.
    /// @param chain The chain's name.
    function check(string calldata folder, string calldata chain) external view {
        string[7] memory names = _names();
        for (uint256 i = 0; i < names.length; ++i) {
            string memory json = _export(folder, chain, names[i]);
            if (bytes(json).length != 0) _requireCode(names[i], json);
        }
        string memory settings = _settings(folder, chain);
        if (!_hasGranteeRegistries(settings) || _rolesAreSet(folder, chain, settings)) return;
        revert RolesNotAsConfigured(msg.sender, vm.parseJsonAddress(settings, ".granteeRegistries.firstAdmin"));
    }

    /// @dev In an order in which a constructor finds what it needs.
    function _names() private pure returns (string[7] memory) {
        return [
            "AccessManager",
            "HospitalRegistry",
            "ProviderRegistry",
            "ConsentRegistry",
            "AuditAnchor",
            "ERC7913WebAuthnVerifier",
            "IntentLens"
        ];
    }

    function _deploy(string memory name, string memory json) private {
        address target = vm.parseJsonAddress(json, ".address");
        bytes32 salt = vm.parseJsonBytes32(json, ".salt");
        bytes memory initCode = vm.parseJsonBytes(json, ".initCode");
        bytes32 derived = keccak256(abi.encodePacked(bytes1(0xff), FACTORY, salt, keccak256(initCode)));
        if (target != address(uint160(uint256(derived)))) revert BrokenExport(name);

        if (target.code.length == 0) {
            vm.startBroadcast();
            (bool ok,) = FACTORY.call(bytes.concat(salt, initCode));
            vm.stopBroadcast();
            if (!ok) revert NotDeployed(name);
        }
        _requireCode(name, json);
    }

    function _requireCode(string memory name, string memory json) private view {
        uint256 chainId = vm.parseJsonUint(json, ".chainId");
        if (block.chainid != chainId) revert WrongChain(block.chainid, chainId);
        address target = vm.parseJsonAddress(json, ".address");
        if (target.code.length == 0) revert NotDeployed(name);
        bytes32 expected = vm.parseJsonBytes32(json, ".runtimeCodeHash");
        if (target.codehash != expected) revert OtherCode(name, target.codehash, expected);
    }

    /// @dev Whether every role is held by whom the settings name, with the delays they name, and nothing is left to a
    /// first admin who is not to stay.
    function _rolesAreSet(string calldata folder, string calldata chain, string memory settings)
        private
        view
        returns (bool)
    {
        (address managerAt, address hospitals, address providers) = _managed(folder, chain);
        (Roles.Plan memory plan, address firstAdmin) = _plan(settings);
        IAccessManager manager = IAccessManager(managerAt);
        (bool remains,) = manager.hasRole(Roles.ADMIN, firstAdmin);
        return _holds(manager, Roles.ADMIN, plan.admin, plan.adminDelay)
            && _holds(manager, Roles.REGISTRAR, plan.registrar, plan.registrarDelay)
            && _holds(manager, Roles.SUSPENDER, plan.suspender, 0) && (!remains || firstAdmin == plan.admin)
            && manager.getRoleGuardian(Roles.REGISTRAR) == Roles.SUSPENDER
            && _mayCall(manager, hospitals, Roles.hospitalSelectors(), Roles.REGISTRAR)
            && _mayCall(manager, providers, Roles.providerSelectors(), Roles.REGISTRAR)
            && _mayCall(manager, hospitals, _one(IHospitalRegistry.suspend.selector), Roles.SUSPENDER)
            && _mayCall(manager, providers, _one(IProviderRegistry.suspend.selector), Roles.SUSPENDER);
    }

    function _holds(IAccessManager manager, uint64 role, address account, uint32 delay) private view returns (bool) {
        (bool isMember, uint32 actual) = manager.hasRole(role, account);
        return isMember && actual == delay;
    }

    function _mayCall(IAccessManager manager, address target, bytes4[] memory selectors, uint64 role)
        private
        view
        returns (bool all)
    {
        all = true;
        for (uint256 i = 0; i < selectors.length; ++i) {
            all = all && manager.getTargetFunctionRole(target, selectors[i]) == role;
        }
    }

    function _managed(string calldata folder, string calldata chain)
        private
        view
        returns (address manager, address hospitals, address providers)
    {
        manager = vm.parseJsonAddress(_export(folder, chain, "AccessManager"), ".address");
        hospitals = vm.parseJsonAddress(_export(folder, chain, "HospitalRegistry"), ".address");
        providers = vm.parseJsonAddress(_export(folder, chain, "ProviderRegistry"), ".address");
    }

    function _plan(string memory settings) private pure returns (Roles.Plan memory plan, address firstAdmin) {
        firstAdmin = vm.parseJsonAddress(settings, ".granteeRegistries.firstAdmin");
        plan = Roles.Plan({
            admin: vm.parseJsonAddress(settings, ".granteeRegistries.admin"),
            adminDelay: uint32(vm.parseJsonUint(settings, ".granteeRegistries.adminDelay")),
            registrar: vm.parseJsonAddress(settings, ".granteeRegistries.registrar"),
            registrarDelay: uint32(vm.parseJsonUint(settings, ".granteeRegistries.registrarDelay")),
            suspender: vm.parseJsonAddress(settings, ".granteeRegistries.suspender")
        });
    }

    function _hasGranteeRegistries(string memory settings) private view returns (bool) {
        return vm.keyExistsJson(settings, ".granteeRegistries.firstAdmin");
    }

    function _settings(string calldata folder, string calldata chain) private view returns (string memory) {
        return vm.readFile(string.concat(folder, "chains/", chain, ".json"));
    }

    /// @dev A contract's export; empty where the chain has no such contract.
    function _export(string calldata folder, string calldata chain, string memory name)
        private
        view
        returns (string memory)
    {
        string memory path = string.concat(folder, "deployments/", chain, "/", name, ".json");
        return vm.exists(path) ? vm.readFile(path) : "";
    }

    function _one(bytes4 selector) private pure returns (bytes4[] memory selectors) {
        selectors = new bytes4[](1);
        selectors[0] = selector;
    }
}
