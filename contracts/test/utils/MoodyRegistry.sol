// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IGranteeRegistry} from "../../src/consent/IGranteeRegistry.sol";

/// @notice A registry of grantees that answers as it likes.
contract MoodyRegistry is IGranteeRegistry {
    enum Mood {
        Yes,
        No,
        Reverting,
        /// Says yes with another word than 1.
        Dirty,
        /// Burns all gas it gets.
        Bomb,
        /// Returns more than anyone wants to copy.
        Flood
    }

    Mood public mood;

    function set(Mood next) external {
        mood = next;
    }

    /// @inheritdoc IGranteeRegistry
    function isVerified(address) external view returns (bool) {
        Mood current = mood;
        if (current == Mood.Reverting) revert();
        assembly ("memory-safe") {
            switch current
            case 3 {
                mstore(0, 2)
                return(0, 32)
            }
            case 4 { invalid() }
            case 5 { return(0, 8192) }
        }
        return current == Mood.Yes;
    }
}
