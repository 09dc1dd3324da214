// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ConsentWord, ConsentWords} from "./ConsentWord.sol";
import {IConsentRegistry} from "./IConsentRegistry.sol";

/// @title Consent registry
/// @notice See {IConsentRegistry}.
/// @dev Immutable and without an owner: whoever could pause or upgrade it could rewrite consent. It holds no ETH, calls
/// nobody, and keeps one word per consent.
contract ConsentRegistry is IConsentRegistry {
    /// @inheritdoc IConsentRegistry
    uint40 public constant MAX_RESPONSE_TIME = 90 days;

    mapping(bytes32 id => ConsentWord word) private _words;

    /// @inheritdoc IConsentRegistry
    function request(
        address subject,
        address grantee,
        bytes32 scopeId,
        uint40 validFrom,
        uint40 validTo,
        uint40 respondBy,
        uint32 version
    ) external {
        _requireParties(subject, grantee);
        if (msg.sender != grantee) revert NotGrantee(msg.sender, grantee);
        uint40 time = _now();
        _requireWindow(validFrom, validTo, time);
        if (respondBy <= time) revert RespondByPassed(respondBy, time);
        if (respondBy > time + MAX_RESPONSE_TIME) revert RespondByTooFar(respondBy, time + MAX_RESPONSE_TIME);

        bytes32 id = consentId(subject, grantee, scopeId);
        ConsentWord word = _words[id];
        Status status = word.statusAt(time);
        if (status == Status.Requested || status == Status.Active) revert NotRequestable(status);
        _requireVersion(version, _nextVersion(word));

        _announceLapse(subject, grantee, scopeId, word, status);
        _words[id] = ConsentWords.opened(Status.Requested, validFrom, validTo, version, time, respondBy);
        emit ConsentRequested(subject, grantee, scopeId, validFrom, validTo, respondBy, version, msg.sender);
    }

    /// @inheritdoc IConsentRegistry
    function grant(address subject, address grantee, bytes32 scopeId, uint40 validFrom, uint40 validTo, uint32 version)
        external
    {
        _requireParties(subject, grantee);
        _requireSubject(subject);
        uint40 time = _now();
        _requireWindow(validFrom, validTo, time);

        bytes32 id = consentId(subject, grantee, scopeId);
        ConsentWord word = _words[id];
        Status status = word.statusAt(time);
        _requireVersion(version, status == Status.Requested ? word.version() : _nextVersion(word));

        _announceLapse(subject, grantee, scopeId, word, status);
        _words[id] = ConsentWords.opened(Status.Active, validFrom, validTo, version, time, 0);
        emit ConsentCreated(subject, grantee, scopeId, validFrom, validTo, version, msg.sender);
    }

    /// @inheritdoc IConsentRegistry
    function deny(address subject, address grantee, bytes32 scopeId) external {
        _stop(subject, grantee, scopeId, Status.Denied);
    }

    /// @inheritdoc IConsentRegistry
    function revoke(address subject, address grantee, bytes32 scopeId) external {
        _stop(subject, grantee, scopeId, Status.Revoked);
    }

    /// @inheritdoc IConsentRegistry
    function expire(address subject, address grantee, bytes32 scopeId) external {
        bytes32 id = consentId(subject, grantee, scopeId);
        ConsentWord word = _words[id];
        uint40 time = _now();
        Status status = word.statusAt(time);
        if (!_hasLapsed(word, status)) revert NotLapsed(status);

        _words[id] = word.closed(Status.Expired, word.version(), time);
        emit ConsentExpired(subject, grantee, scopeId, word.version());
    }

    /// @inheritdoc IConsentRegistry
    function consents(bytes32 id) external view returns (Consent memory consent) {
        return _words[id].decode();
    }

    /// @inheritdoc IConsentRegistry
    function statusOf(address subject, address grantee, bytes32 scopeId) external view returns (Status status) {
        return _words[consentId(subject, grantee, scopeId)].statusAt(_now());
    }

    /// @inheritdoc IConsentRegistry
    function isActive(address subject, address grantee, bytes32 scopeId) external view returns (bool active) {
        return _words[consentId(subject, grantee, scopeId)].isActiveAt(_now());
    }

    /// @inheritdoc IConsentRegistry
    function consentId(address subject, address grantee, bytes32 scopeId) public view returns (bytes32 id) {
        return keccak256(abi.encode(block.chainid, address(this), subject, grantee, scopeId));
    }

    /// @dev Ends the consent whatever its status. Reverts only for a caller or parties that can own no consent: a stop
    /// that names nobody must not look like one that worked.
    /// @param answer `Denied`, which holds for an effective request only, or `Revoked`.
    function _stop(address subject, address grantee, bytes32 scopeId, Status answer) private {
        _requireParties(subject, grantee);
        _requireSubject(subject);
        uint40 time = _now();
        bytes32 id = consentId(subject, grantee, scopeId);
        ConsentWord word = _words[id];
        Status status = word.statusAt(time);
        _announceLapse(subject, grantee, scopeId, word, status);

        uint32 version = word.version();
        if (version != type(uint32).max) ++version;
        if (status != Status.Requested) answer = Status.Revoked;
        _words[id] = word.closed(answer, version, time);
        if (answer == Status.Denied) emit ConsentDenied(subject, grantee, scopeId, version, msg.sender);
        else emit ConsentRevoked(subject, grantee, scopeId, version, msg.sender);
    }

    /// @dev Emits the lapse that the transition about to follow would otherwise hide.
    function _announceLapse(address subject, address grantee, bytes32 scopeId, ConsentWord word, Status status)
        private
    {
        if (_hasLapsed(word, status)) emit ConsentExpired(subject, grantee, scopeId, word.version());
    }

    /// @dev Whether the effective status is a lapse that is not recorded.
    function _hasLapsed(ConsentWord word, Status status) private pure returns (bool) {
        return status == Status.Expired && word.status() != Status.Expired;
    }

    /// @dev The version that a new opening leads to. The maximum is left to stops: it means closed for ever.
    function _nextVersion(ConsentWord word) private pure returns (uint32) {
        uint32 version = word.version();
        if (version >= type(uint32).max - 1) revert VersionExhausted();
        return version + 1;
    }

    function _requireVersion(uint32 given, uint32 expected) private pure {
        if (given != expected) revert WrongVersion(given, expected);
    }

    function _requireParties(address subject, address grantee) private pure {
        if (subject == address(0)) revert ZeroSubject();
        if (grantee == address(0)) revert ZeroGrantee();
        if (subject == grantee) revert SelfConsent(subject);
    }

    function _requireSubject(address subject) private view {
        if (msg.sender != subject) revert NotSubject(msg.sender, subject);
    }

    function _requireWindow(uint40 validFrom, uint40 validTo, uint40 time) private pure {
        if (validFrom >= validTo) revert EmptyWindow(validFrom, validTo);
        if (validTo <= time) revert WindowOver(validTo, time);
    }

    /// @dev The block time. It fits until the year 36812.
    function _now() private view returns (uint40) {
        return uint40(block.timestamp);
    }
}
