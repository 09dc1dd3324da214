// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IConsentRegistry} from "./IConsentRegistry.sol";

/// @dev A consent in one storage word. From the lowest bit: status 8, validFrom 40, validTo 40, version 32, epoch 24,
/// changedAt 40, respondBy 40. The upper 32 bits are zero.
type ConsentWord is uint256;

using ConsentWords for ConsentWord global;

/// @title Packing of the consent word
/// @notice Reads and writes the fields of a {ConsentWord}, and tells its effective status.
/// @dev Every `new value -> word` function takes clean, typed values, so no field can spill into another. The casts
/// below cut off the other fields on purpose.
// forge-lint: disable-start(unsafe-typecast)
library ConsentWords {
    uint256 private constant VALID_FROM = 8;
    uint256 private constant VALID_TO = 48;
    uint256 private constant VERSION = 88;
    uint256 private constant EPOCH = 120;
    uint256 private constant CHANGED_AT = 144;
    uint256 private constant RESPOND_BY = 184;

    /// @dev Selects status, version and changedAt: all that a stop or a lapse replaces.
    uint256 private constant MOVED =
        type(uint8).max | (uint256(type(uint32).max) << VERSION) | (uint256(type(uint40).max) << CHANGED_AT);

    /// @notice The word of a consent that was just opened; its epoch is 0.
    /// @param newStatus `Requested` or `Active`.
    /// @param validFrom_ First second of the window.
    /// @param validTo_ First second after the window.
    /// @param newVersion The version after the opening.
    /// @param time The block time.
    /// @param respondBy_ When the request lapses; 0 for a grant.
    /// @return The word, which keeps nothing of an earlier one.
    function opened(
        IConsentRegistry.Status newStatus,
        uint40 validFrom_,
        uint40 validTo_,
        uint32 newVersion,
        uint40 time,
        uint40 respondBy_
    ) internal pure returns (ConsentWord) {
        return ConsentWord.wrap(
            uint256(newStatus) | (uint256(validFrom_) << VALID_FROM) | (uint256(validTo_) << VALID_TO)
                | (uint256(newVersion) << VERSION) | (uint256(time) << CHANGED_AT) | (uint256(respondBy_) << RESPOND_BY)
        );
    }

    /// @notice The word after a stop or a lapse: window, epoch and respondBy stay.
    /// @param word The word before.
    /// @param newStatus `Denied`, `Revoked` or `Expired`.
    /// @param newVersion The version after the transition.
    /// @param time The block time.
    /// @return The word after it.
    function closed(ConsentWord word, IConsentRegistry.Status newStatus, uint32 newVersion, uint40 time)
        internal
        pure
        returns (ConsentWord)
    {
        return ConsentWord.wrap(
            (ConsentWord.unwrap(word) & ~MOVED) | uint256(newStatus) | (uint256(newVersion) << VERSION)
                | (uint256(time) << CHANGED_AT)
        );
    }

    /// @notice All fields, decoded.
    /// @param word The word.
    /// @return The consent as stored.
    function decode(ConsentWord word) internal pure returns (IConsentRegistry.Consent memory) {
        uint256 bits = ConsentWord.unwrap(word);
        return IConsentRegistry.Consent({
            status: status(word),
            validFrom: validFrom(word),
            validTo: validTo(word),
            version: version(word),
            epoch: uint24(bits >> EPOCH),
            changedAt: uint40(bits >> CHANGED_AT),
            respondBy: respondBy(word)
        });
    }

    /// @notice The status at a time: as stored, except that a request or grant past its time reads `Expired`.
    /// @param word The word.
    /// @param time The block time.
    /// @return effective The effective status.
    function statusAt(ConsentWord word, uint40 time) internal pure returns (IConsentRegistry.Status effective) {
        effective = status(word);
        if (effective == IConsentRegistry.Status.Active) {
            if (_isOver(validTo(word), time)) effective = IConsentRegistry.Status.Expired;
        } else if (effective == IConsentRegistry.Status.Requested) {
            if (time >= respondBy(word)) effective = IConsentRegistry.Status.Expired;
        }
    }

    /// @notice Whether the consent allows access at a time.
    /// @param word The word.
    /// @param time The block time.
    /// @return True if it is active and the time lies in `[validFrom, validTo)`.
    function isActiveAt(ConsentWord word, uint40 time) internal pure returns (bool) {
        return
            status(word) == IConsentRegistry.Status.Active && validFrom(word) <= time && !_isOver(validTo(word), time);
    }

    /// @notice The stored status.
    /// @param word The word.
    /// @return The status.
    function status(ConsentWord word) internal pure returns (IConsentRegistry.Status) {
        return IConsentRegistry.Status(uint8(ConsentWord.unwrap(word)));
    }

    /// @notice The first second of the window.
    /// @param word The word.
    /// @return The time.
    function validFrom(ConsentWord word) internal pure returns (uint40) {
        return uint40(ConsentWord.unwrap(word) >> VALID_FROM);
    }

    /// @notice The first second after the window.
    /// @param word The word.
    /// @return The time, or `type(uint40).max`: until revoked.
    function validTo(ConsentWord word) internal pure returns (uint40) {
        return uint40(ConsentWord.unwrap(word) >> VALID_TO);
    }

    /// @notice The version.
    /// @param word The word.
    /// @return The version.
    function version(ConsentWord word) internal pure returns (uint32) {
        return uint32(ConsentWord.unwrap(word) >> VERSION);
    }

    /// @notice When an unanswered request lapses.
    /// @param word The word.
    /// @return The time.
    function respondBy(ConsentWord word) internal pure returns (uint40) {
        return uint40(ConsentWord.unwrap(word) >> RESPOND_BY);
    }

    /// @dev Block times stay far below `type(uint40).max`, which therefore needs no case of its own.
    function _isOver(uint40 end, uint40 time) private pure returns (bool) {
        return time >= end;
    }
}
// forge-lint: disable-end(unsafe-typecast)
