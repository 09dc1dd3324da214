// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IConsents} from "./IConsents.sol";

/// @dev A consent in one storage word. From the lowest bit: status 8, validFrom 40, validTo 40, version 32, epoch 24,
/// changedAt 40, respondBy 40. The upper 32 bits are zero.
type ConsentWord is uint256;

using ConsentWords for ConsentWord global;

/// @dev Whether one of two conditions holds. Unlike `||` it does not branch, which is most of the cost of a check that
/// hardly ever fails.
function either(bool left, bool right) pure returns (bool holds) {
    assembly ("memory-safe") {
        holds := or(left, right)
    }
}

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

    /// @notice The id of a consent of the calling registry: keccak256(abi.encode(chain id, registry, subject, grantee,
    /// scopeId)).
    /// @dev Hashed beyond the memory in use, which `abi.encode` would claim. Typed values have clean upper bits here.
    /// @param subject The patient's address.
    /// @param grantee The organisation's address.
    /// @param scopeId The salted hash of the policy.
    /// @return hash The id.
    function id(address subject, address grantee, bytes32 scopeId) internal view returns (bytes32 hash) {
        assembly ("memory-safe") {
            let start := mload(0x40)
            mstore(start, chainid())
            mstore(add(start, 0x20), address())
            mstore(add(start, 0x40), subject)
            mstore(add(start, 0x60), grantee)
            mstore(add(start, 0x80), scopeId)
            hash := keccak256(start, 0xa0)
        }
    }

    /// @notice Whether two parties can own no consent: one is the zero address, or both are the same.
    /// @param subject The patient's address.
    /// @param grantee The organisation's address.
    /// @return True if so.
    function areUnfit(address subject, address grantee) internal pure returns (bool) {
        return either(subject == grantee, either(subject == address(0), grantee == address(0)));
    }

    /// @notice Reads a consent.
    /// @dev The id is the storage slot: it is a hash already, of a preimage no mapping has.
    /// @param consentId The id, see {id}.
    /// @return word The word; zero if nothing was ever recorded.
    function load(bytes32 consentId) internal view returns (ConsentWord word) {
        assembly ("memory-safe") {
            word := sload(consentId)
        }
    }

    /// @notice Writes a consent.
    /// @param word The word.
    /// @param consentId The id, see {id}.
    function store(ConsentWord word, bytes32 consentId) internal {
        assembly ("memory-safe") {
            sstore(consentId, word)
        }
    }

    /// @notice The word of a consent that was just opened.
    /// @param newStatus `Requested` or `Active`.
    /// @param validFrom_ First second of the window.
    /// @param validTo_ First second after the window.
    /// @param newVersion The version after the opening.
    /// @param epoch_ The subject's epoch.
    /// @param time The block time.
    /// @param respondBy_ When the request lapses; 0 for a grant.
    /// @return The word, which keeps nothing of an earlier one.
    function opened(
        IConsents.Status newStatus,
        uint40 validFrom_,
        uint40 validTo_,
        uint32 newVersion,
        uint24 epoch_,
        uint40 time,
        uint40 respondBy_
    ) internal pure returns (ConsentWord) {
        return ConsentWord.wrap(
            uint256(newStatus) | (uint256(validFrom_) << VALID_FROM) | (uint256(validTo_) << VALID_TO)
                | (uint256(newVersion) << VERSION) | (uint256(epoch_) << EPOCH) | (uint256(time) << CHANGED_AT)
                | (uint256(respondBy_) << RESPOND_BY)
        );
    }

    /// @notice The word after a stop or a lapse: window, epoch and respondBy stay.
    /// @param word The word before.
    /// @param newStatus `Denied`, `Revoked` or `Expired`.
    /// @param newVersion The version after the transition.
    /// @param time The block time.
    /// @return The word after it.
    function closed(ConsentWord word, IConsents.Status newStatus, uint32 newVersion, uint256 time)
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
    function decode(ConsentWord word) internal pure returns (IConsents.Consent memory) {
        uint256 bits = ConsentWord.unwrap(word);
        return IConsents.Consent({
            status: status(word),
            validFrom: validFrom(word),
            validTo: validTo(word),
            version: version(word),
            epoch: epoch(word),
            changedAt: uint40(bits >> CHANGED_AT),
            respondBy: respondBy(word)
        });
    }

    /// @notice The effective status: as stored, except that what is requested or active reads `Revoked` if it is of an
    /// earlier epoch, and else `Expired` past its time.
    /// @param word The word.
    /// @param currentEpoch The subject's epoch.
    /// @param time The block time.
    /// @return effective The effective status.
    function statusAt(ConsentWord word, uint24 currentEpoch, uint256 time)
        internal
        pure
        returns (IConsents.Status effective)
    {
        effective = status(word);
        uint256 end;
        if (effective == IConsents.Status.Active) end = validTo(word);
        else if (effective == IConsents.Status.Requested) end = respondBy(word);
        else return effective;
        // Block times stay far below `type(uint40).max`, which therefore needs no case of its own.
        if (time >= end) effective = IConsents.Status.Expired;
        if (epoch(word) != currentEpoch) effective = IConsents.Status.Revoked;
    }

    /// @notice Whether an effective status is a lapse that is not recorded.
    /// @param word The word.
    /// @param effective Its status, see {statusAt}.
    /// @return True if so.
    function hasLapsed(ConsentWord word, IConsents.Status effective) internal pure returns (bool) {
        return effective == IConsents.Status.Expired && status(word) != IConsents.Status.Expired;
    }

    /// @notice Whether the consent allows access at a time.
    /// @param word The word.
    /// @param currentEpoch The subject's epoch.
    /// @param time The block time.
    /// @return True if it is active, of this epoch, and the time lies in `[validFrom, validTo)`.
    function isActiveAt(ConsentWord word, uint24 currentEpoch, uint256 time) internal pure returns (bool) {
        bool isStopped = either(status(word) != IConsents.Status.Active, epoch(word) != currentEpoch);
        return !either(isStopped, either(time < validFrom(word), time >= validTo(word)));
    }

    /// @notice Whether nothing was ever recorded.
    /// @param word The word.
    /// @return True if so.
    function isUnknown(ConsentWord word) internal pure returns (bool) {
        return ConsentWord.unwrap(word) == 0;
    }

    /// @notice Whether the window holds no second from a time on.
    /// @param word The word.
    /// @param time The block time.
    /// @return True if so.
    function isOver(ConsentWord word, uint256 time) internal pure returns (bool) {
        return either(validFrom(word) >= validTo(word), time >= validTo(word));
    }

    /// @notice Whether a word has a counter at its largest value, which no opening may have.
    /// @param word The word.
    /// @return True if so.
    function isExhausted(ConsentWord word) internal pure returns (bool) {
        return either(version(word) == type(uint32).max, epoch(word) == type(uint24).max);
    }

    /// @notice The stored status.
    /// @param word The word.
    /// @return The status.
    function status(ConsentWord word) internal pure returns (IConsents.Status) {
        return IConsents.Status(uint8(ConsentWord.unwrap(word)));
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

    /// @notice The epoch of the subject at the last opening.
    /// @param word The word.
    /// @return The epoch.
    function epoch(ConsentWord word) internal pure returns (uint24) {
        return uint24(ConsentWord.unwrap(word) >> EPOCH);
    }

    /// @notice When an unanswered request lapses.
    /// @param word The word.
    /// @return The time.
    function respondBy(ConsentWord word) internal pure returns (uint40) {
        return uint40(ConsentWord.unwrap(word) >> RESPOND_BY);
    }
}
// forge-lint: disable-end(unsafe-typecast)
