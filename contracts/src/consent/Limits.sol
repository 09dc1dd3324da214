// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @dev The longest time a request may stay open, in seconds.
uint40 constant MAX_RESPONSE_TIME = 90 days;

/// @dev The most items a batch may have.
uint256 constant MAX_OPS = 256;

/// @dev The shortest delay of a recovery, in seconds: time enough to notice and veto.
uint32 constant MIN_RECOVERY_DELAY = 48 hours;

/// @dev The longest delay of a recovery, in seconds. A freeze lasts as long.
uint32 constant MAX_RECOVERY_DELAY = 90 days;

/// @dev How far ahead the deadline of a signature may lie that is no stop's, in seconds.
uint40 constant MAX_SIGNATURE_LIFE = 90 days;

/// @title Rights of a delegate
/// @notice Bits that add up.
library Rights {
    /// @dev To revoke for the subject.
    uint8 internal constant REVOKE = 1;
    /// @dev To deny for the subject.
    uint8 internal constant DENY = 2;
    /// @dev To grant for the subject, never to the delegate itself and never beyond its mandate.
    uint8 internal constant GRANT = 4;
    /// @dev What the controller has.
    uint8 internal constant ALL = REVOKE | DENY | GRANT;
}
