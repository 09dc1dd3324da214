// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IConsents} from "./IConsents.sol";

/// @dev A consent in one storage word. From the lowest bit: status 8, validFrom 40, validTo 40, version 32, epoch 24,
/// changedAt 40, respondBy 40. The upper 32 bits are zero.
type ConsentWord is uint256;

using ConsentWords for ConsentWord global;

// The numbers of the {IConsents.Status}es that rules compare. As an enum each comparison would check its range again.
uint256 constant REQUESTED = 1;
uint256 constant ACTIVE = 2;
uint256 constant DENIED = 3;
uint256 constant REVOKED = 4;
uint256 constant EXPIRED = 5;

/// @dev Whether one of two conditions holds. Unlike `||` it does not branch, which is most of the cost of a check that
/// hardly ever fails.
function either(bool left, bool right) pure returns (bool holds) {
    assembly ("memory-safe") {
        holds := or(left, right)
    }
}

/// @dev Whether both of two conditions hold; like {either}.
function both(bool left, bool right) pure returns (bool hold) {
    assembly ("memory-safe") {
        hold := and(left, right)
    }
}

/// @title Packing of the consent word
/// @notice Reads and writes the fields of a {ConsentWord}, and tells its effective status.
/// @dev Every `new value -> word` function takes clean values, of no more bits than their field, so none can spill into
/// another; typed values have clean upper bits here. The casts
/// below cut off the other fields on purpose.
// forge-lint: disable-start(unsafe-typecast)
library ConsentWords {
    uint256 private constant VALID_FROM = 8;
    uint256 private constant VALID_TO = 48;
    uint256 private constant VERSION = 88;
    uint256 private constant EPOCH = 120;
    uint256 private constant CHANGED_AT = 144;
    uint256 private constant RESPOND_BY = 184;

    /// @dev Selects status and epoch: whether a grant still stands.
    uint256 private constant STANDING = 0xffffff0000000000000000000000000000ff;

    /// @dev Selects all but status, version and changedAt, which a stop or a lapse replaces.
    uint256 private constant KEPT = 0xffffffffffffffffff0000000000ffffff00000000ffffffffffffffffffff00;

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
    /// @dev Typed values have clean upper bits here.
    /// @param subject The patient's address.
    /// @param grantee The organisation's address.
    /// @return unfit True if so.
    function areUnfit(address subject, address grantee) internal pure returns (bool unfit) {
        assembly ("memory-safe") {
            unfit := or(eq(subject, grantee), or(iszero(subject), iszero(grantee)))
        }
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
    /// @param newStatus {REQUESTED} or {ACTIVE}.
    /// @param validFrom_ First second of the window.
    /// @param validTo_ First second after the window.
    /// @param newVersion The version after the opening.
    /// @param epoch_ The subject's epoch.
    /// @param time The block time.
    /// @param respondBy_ When the request lapses; 0 for a grant.
    /// @return word The word, which keeps nothing of an earlier one.
    function opened(
        uint256 newStatus,
        uint40 validFrom_,
        uint40 validTo_,
        uint32 newVersion,
        uint24 epoch_,
        uint40 time,
        uint40 respondBy_
    ) internal pure returns (ConsentWord word) {
        assembly ("memory-safe") {
            word := or(newStatus, or(shl(VALID_FROM, validFrom_), shl(VALID_TO, validTo_)))
            word := or(word, or(shl(VERSION, newVersion), shl(EPOCH, epoch_)))
            word := or(word, or(shl(CHANGED_AT, time), shl(RESPOND_BY, respondBy_)))
        }
    }

    /// @notice The word after a stop or a lapse: window, epoch and respondBy stay.
    /// @param word The word before.
    /// @param newStatus {DENIED}, {REVOKED} or {EXPIRED}.
    /// @param newVersion The version after the transition.
    /// @param time The block time.
    /// @return changed The word after it.
    function closed(ConsentWord word, uint256 newStatus, uint256 newVersion, uint256 time)
        internal
        pure
        returns (ConsentWord changed)
    {
        assembly ("memory-safe") {
            changed := or(and(word, KEPT), or(newStatus, or(shl(VERSION, newVersion), shl(CHANGED_AT, time))))
        }
    }

    /// @notice All fields, decoded.
    /// @param word The word.
    /// @return The consent as stored.
    function decode(ConsentWord word) internal pure returns (IConsents.Consent memory) {
        uint256 bits = ConsentWord.unwrap(word);
        return IConsents.Consent({
            status: IConsents.Status(storedStatus(word)),
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
    /// @return effective The effective status, as the number of an {IConsents.Status}.
    function statusAt(ConsentWord word, uint256 currentEpoch, uint256 time) internal pure returns (uint256 effective) {
        effective = storedStatus(word);
        uint256 end;
        if (effective == ACTIVE) end = validTo(word);
        else if (effective == REQUESTED) end = respondBy(word);
        else return effective;
        // Block times stay far below `type(uint40).max`, which therefore needs no case of its own.
        if (time >= end) effective = EXPIRED;
        if (epoch(word) != currentEpoch) effective = REVOKED;
    }

    /// @notice Whether the consent allows access at a time.
    /// @param word The word.
    /// @param currentEpoch The subject's epoch.
    /// @param time The block time.
    /// @return active True if it is active, of this epoch, and the time lies in `[validFrom, validTo)`.
    function isActiveAt(ConsentWord word, uint256 currentEpoch, uint256 time) internal pure returns (bool active) {
        uint256 start = validFrom(word);
        uint256 end = validTo(word);
        assembly ("memory-safe") {
            let stands := eq(and(word, STANDING), or(ACTIVE, shl(EPOCH, currentEpoch)))
            // Windows are never empty, so one comparison tells that the time is neither before nor after it.
            active := and(stands, lt(sub(time, start), sub(end, start)))
        }
    }

    /// @notice The stored status.
    /// @param word The word.
    /// @return The number of an {IConsents.Status}.
    function storedStatus(ConsentWord word) internal pure returns (uint256) {
        return uint8(ConsentWord.unwrap(word));
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
