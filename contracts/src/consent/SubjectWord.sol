// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @dev A subject in one storage word. From the lowest bit: controller 160 (0: the subject itself), epoch 24,
/// authEpoch 24, seq 24, frozen 1. The upper bits are zero.
type SubjectWord is uint256;

using SubjectWords for SubjectWord global;

/// @title Packing of the subject word
/// @notice Reads the fields of a {SubjectWord} and advances its counters, which never wrap: they stay at their largest
/// value, which means closed.
// The casts below cut off the other fields on purpose.
// forge-lint: disable-start(unsafe-typecast)
library SubjectWords {
    uint256 private constant EPOCH = 160;
    uint256 private constant AUTH_EPOCH = 184;
    uint256 private constant SEQ = 208;
    uint256 private constant FROZEN = 1 << 232;

    /// @notice Who decides, as stored.
    /// @param word The word.
    /// @return The controller; zero for the subject itself.
    function storedController(SubjectWord word) internal pure returns (address) {
        return address(uint160(SubjectWord.unwrap(word)));
    }

    /// @notice Who decides for the subject.
    /// @param word The word.
    /// @param subject Whose word it is.
    /// @return who The controller.
    function controllerOf(SubjectWord word, address subject) internal pure returns (address who) {
        who = storedController(word);
        assembly ("memory-safe") {
            who := or(who, mul(subject, iszero(who)))
        }
    }

    /// @notice The epoch.
    /// @param word The word.
    /// @return The epoch.
    function epoch(SubjectWord word) internal pure returns (uint24) {
        return uint24(SubjectWord.unwrap(word) >> EPOCH);
    }

    /// @notice The authEpoch.
    /// @param word The word.
    /// @return The authEpoch.
    function authEpoch(SubjectWord word) internal pure returns (uint24) {
        return uint24(SubjectWord.unwrap(word) >> AUTH_EPOCH);
    }

    /// @notice The seq.
    /// @param word The word.
    /// @return The seq.
    function seq(SubjectWord word) internal pure returns (uint24) {
        return uint24(SubjectWord.unwrap(word) >> SEQ);
    }

    /// @notice Whether openings for `expected` are possible: it is the seq, not used up, and no freeze was placed.
    /// @param word The word.
    /// @param expected The seq of an opening.
    /// @return True if so.
    function isOpenAt(SubjectWord word, uint24 expected) internal pure returns (bool) {
        return SubjectWord.unwrap(word) >> SEQ == expected && expected != type(uint24).max;
    }

    /// @notice Whether a freeze was placed and not lifted; it may be over by itself.
    /// @param word The word.
    /// @return True if so.
    function frozen(SubjectWord word) internal pure returns (bool) {
        return SubjectWord.unwrap(word) & FROZEN != 0;
    }

    /// @notice The word with an epoch above `through`.
    /// @param word The word before.
    /// @param through At least the epoch before.
    /// @return The word after.
    function withEpochAbove(SubjectWord word, uint24 through) internal pure returns (SubjectWord) {
        return _withCounter(word, EPOCH, through);
    }

    /// @notice The word with the next authEpoch.
    /// @param word The word before.
    /// @return The word after.
    function withNextAuthEpoch(SubjectWord word) internal pure returns (SubjectWord) {
        return _withCounter(word, AUTH_EPOCH, authEpoch(word));
    }

    /// @notice The word with a seq above `through`.
    /// @param word The word before.
    /// @param through At least the seq before.
    /// @return The word after.
    function withSeqAbove(SubjectWord word, uint24 through) internal pure returns (SubjectWord) {
        return _withCounter(word, SEQ, through);
    }

    /// @notice The word with or without a freeze.
    /// @param word The word before.
    /// @param on Whether frozen.
    /// @return The word after.
    function withFrozen(SubjectWord word, bool on) internal pure returns (SubjectWord) {
        uint256 bits = SubjectWord.unwrap(word);
        return SubjectWord.wrap(on ? bits | FROZEN : bits & ~FROZEN);
    }

    /// @notice The word with another controller.
    /// @param word The word before.
    /// @param controller Who decides; zero for the subject itself.
    /// @return The word after.
    function withController(SubjectWord word, address controller) internal pure returns (SubjectWord) {
        return SubjectWord.wrap((SubjectWord.unwrap(word) >> 160 << 160) | uint160(controller));
    }

    /// @dev Sets the 24-bit counter at a bit to one above `through`, or leaves it at its largest value.
    function _withCounter(SubjectWord word, uint256 at, uint24 through) private pure returns (SubjectWord) {
        uint256 next = through == type(uint24).max ? through : uint256(through) + 1;
        uint256 mask = uint256(type(uint24).max) << at;
        return SubjectWord.wrap((SubjectWord.unwrap(word) & ~mask) | (next << at));
    }
}
// forge-lint: disable-end(unsafe-typecast)
