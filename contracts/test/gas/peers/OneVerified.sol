// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IGranteeRegistry} from "../../../src/consent/IGranteeRegistry.sol";

/// @title A registry of one grantee
/// @notice The least that a registry of grantees can do: it reads one word. Only measured with.
contract OneVerified is IGranteeRegistry {
    /// @inheritdoc IGranteeRegistry
    mapping(address grantee => bool verified) public isVerified;

    /// @param grantee Who is verified.
    constructor(address grantee) {
        isVerified[grantee] = true;
    }
}
