// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Roles} from "./Roles.sol";
import {IAccessManager} from "@openzeppelin/contracts/access/manager/IAccessManager.sol";

/// @title Role calls
/// @notice Tells, for `tools/export`, by which calls {Roles} sets up an AccessManager: it stands in for the manager and
/// writes down what it is asked. Never deployed to a chain that lasts.
contract RoleCalls {
    bytes[] private _calls;

    /// @notice Writes the call down.
    fallback() external {
        _calls.push(msg.data);
    }

    /// @notice The calls by which the first admin hands out the roles.
    /// @param hospitals The registry of organisations.
    /// @param providers The registry of practitioners.
    /// @param plan Who gets which role.
    /// @param firstAdmin The manager's first admin.
    /// @return calls Their call data, in order.
    function roleCalls(address hospitals, address providers, Roles.Plan memory plan, address firstAdmin)
        external
        returns (bytes[] memory calls)
    {
        Roles.setUp(IAccessManager(address(this)), hospitals, providers, plan, firstAdmin);
        return _calls;
    }
}
