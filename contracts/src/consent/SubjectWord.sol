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

    /// @notice Who decides for the subject.
    /// @param word The word.
    /// @param subject Whose word it is.
    /// @return who The controller.
    function controllerOf(SubjectWord word, address subject) internal pure returns (address who) {
        who = address(uint160(SubjectWord.unwrap(word)));
        if (who == address(0)) who = subject;
    }

    /// @notice Whether an actor is who decides for the subject.
    /// @dev Typed values have clean upper bits here.
    /// @param word The word.
    /// @param subject Whose word it is.
    /// @param actor The actor.
    /// @return holds True if so.
    function isControlledBy(SubjectWord word, address subject, address actor) internal pure returns (bool holds) {
        assembly ("memory-safe") {
            let stored := and(word, 0xffffffffffffffffffffffffffffffffffffffff)
            holds := eq(actor, or(stored, mul(subject, iszero(stored))))
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

    /// @notice Whether openings for `expected` are possible: it is the seq and not used up, and no freeze was placed.
    /// @param word The word.
    /// @param expected The seq of an opening.
    /// @return holds True if so.
    function isOpenFor(SubjectWord word, uint24 expected) internal pure returns (bool holds) {
        assembly ("memory-safe") {
            // Shifted to its lowest bit, seq has nothing above it but the freeze.
            holds := and(eq(shr(SEQ, word), expected), lt(expected, 0xffffff))
        }
    }

    /// @notice Whether a freeze was placed and not lifted; it may be over by itself.
    /// @param word The word.
    /// @return True if so.
    function frozen(SubjectWord word) internal pure returns (bool) {
        return SubjectWord.unwrap(word) & FROZEN != 0;
    }

    /// @notice The word with an epoch and a seq above `throughEpoch` and `throughSeq`.
    /// @param word The word before.
    /// @param throughEpoch At least the epoch before.
    /// @param throughSeq At least the seq before.
    /// @return changed The word after.
    function withAllAbove(SubjectWord word, uint24 throughEpoch, uint24 throughSeq)
        internal
        pure
        returns (SubjectWord changed)
    {
        assembly ("memory-safe") {
            let epoch_ := add(throughEpoch, lt(throughEpoch, 0xffffff))
            let seq_ := add(throughSeq, lt(throughSeq, 0xffffff))
            let rest := and(word, not(or(shl(EPOCH, 0xffffff), shl(SEQ, 0xffffff))))
            changed := or(rest, or(shl(EPOCH, epoch_), shl(SEQ, seq_)))
        }
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
    function _withCounter(SubjectWord word, uint256 at, uint24 through) private pure returns (SubjectWord changed) {
        assembly ("memory-safe") {
            let next := add(through, lt(through, 0xffffff))
            changed := or(and(word, not(shl(at, 0xffffff))), shl(at, next))
        }
    }
}
// forge-lint: disable-end(unsafe-typecast)
