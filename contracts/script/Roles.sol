// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IHospitalRegistry} from "../src/grantees/IHospitalRegistry.sol";
import {IProviderRegistry} from "../src/grantees/IProviderRegistry.sol";
import {IAccessManager} from "@openzeppelin/contracts/access/manager/IAccessManager.sol";

/// @title Roles of the registries of grantees
/// @notice Sets up the AccessManager of a hospital and a provider registry: who may do what, and after which delay.
/// @dev For deployment scripts and tests, which call it as the manager's first admin.
library Roles {
    /// @notice Who holds the roles, and how long what they decide has to wait, in seconds.
    struct Plan {
        /// Appoints and dismisses. Its delay also keeps it from appointing a registrar without a delay in a hurry.
        address admin;
        uint32 adminDelay;
        /// Verifies, reinstates and removes.
        address registrar;
        uint32 registrarDelay;
        /// Suspends, and cancels what a registrar has scheduled. Never waits.
        address suspender;
    }

    /// @notice The manager's own role of that name.
    uint64 internal constant ADMIN = 0;

    /// @notice Verifies, reinstates and removes.
    uint64 internal constant REGISTRAR = 1;

    /// @notice Suspends, and is the guardian of {REGISTRAR}.
    uint64 internal constant SUSPENDER = 2;

    /// @notice A role would belong to the zero address.
    /// @param role The role.
    error NoHolder(uint64 role);

    /// @notice Sets up everything and gives up the deployer's own rights, unless it is the admin planned.
    /// @param manager The AccessManager.
    /// @param hospitals The registry of organisations.
    /// @param providers The registry of practitioners.
    /// @param plan Who holds the roles.
    /// @param deployer The manager's first admin, which makes these calls.
    function setUp(IAccessManager manager, address hospitals, address providers, Plan memory plan, address deployer)
        internal
    {
        if (plan.admin == address(0)) revert NoHolder(ADMIN);
        if (plan.registrar == address(0)) revert NoHolder(REGISTRAR);
        if (plan.suspender == address(0)) revert NoHolder(SUSPENDER);

        manager.labelRole(REGISTRAR, "REGISTRAR");
        manager.labelRole(SUSPENDER, "SUSPENDER");
        manager.setRoleGuardian(REGISTRAR, SUSPENDER);
        manager.setTargetFunctionRole(hospitals, hospitalSelectors(), REGISTRAR);
        manager.setTargetFunctionRole(hospitals, _one(IHospitalRegistry.suspend.selector), SUSPENDER);
        manager.setTargetFunctionRole(providers, providerSelectors(), REGISTRAR);
        manager.setTargetFunctionRole(providers, _one(IProviderRegistry.suspend.selector), SUSPENDER);
        manager.grantRole(REGISTRAR, plan.registrar, plan.registrarDelay);
        manager.grantRole(SUSPENDER, plan.suspender, 0);

        // Last: from here on the admin's delay counts.
        manager.grantRole(ADMIN, plan.admin, plan.adminDelay);
        if (plan.admin != deployer) manager.renounceRole(ADMIN, deployer);
    }

    /// @notice What a registrar may call in the registry of organisations.
    /// @return selectors The functions.
    function hospitalSelectors() internal pure returns (bytes4[] memory selectors) {
        selectors = new bytes4[](3);
        selectors[0] = IHospitalRegistry.verify.selector;
        selectors[1] = IHospitalRegistry.reinstate.selector;
        selectors[2] = IHospitalRegistry.remove.selector;
    }

    /// @notice What a registrar may call in the registry of practitioners.
    /// @return selectors The functions.
    function providerSelectors() internal pure returns (bytes4[] memory selectors) {
        selectors = new bytes4[](3);
        selectors[0] = IProviderRegistry.verify.selector;
        selectors[1] = IProviderRegistry.reinstate.selector;
        selectors[2] = IProviderRegistry.remove.selector;
    }

    function _one(bytes4 selector) private pure returns (bytes4[] memory selectors) {
        selectors = new bytes4[](1);
        selectors[0] = selector;
    }
}
