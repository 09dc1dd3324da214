// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title Floor
/// @notice The least that any contract can do which keeps one word of a grant and tells of it: it takes the call data
/// of a grant, checks nothing, stores one new word and emits one event of the size of ours. Only measured.
contract Floor {
    fallback() external {
        assembly ("memory-safe") {
            // The scope as the slot, the end of the window as the word.
            sstore(calldataload(0x44), calldataload(0x84))
            // Window, version and one more word; topics for the event, subject, grantee and scope.
            calldatacopy(0, 0x64, 0x80)
            log4(0, 0x80, calldataload(0), calldataload(0x04), calldataload(0x24), calldataload(0x44))
        }
    }
}
