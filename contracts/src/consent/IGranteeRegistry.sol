// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title Registry of grantees
/// @notice Tells a consent registry who may ask patients for consent.
interface IGranteeRegistry {
    /// @notice Whether a grantee is verified at the block time.
    /// @dev The consent registry asks with little gas, and takes anything but a plain `true` for no.
    /// @param grantee An organisation's or a practitioner's address.
    /// @return verified True if it is verified, not suspended, and its verification is not over.
    function isVerified(address grantee) external view returns (bool verified);
}
