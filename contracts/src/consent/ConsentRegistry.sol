// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ACTIVE, ConsentWord, ConsentWords, DENIED, EXPIRED, REQUESTED, REVOKED, either} from "./ConsentWord.sol";
import {IConsentRegistry} from "./IConsentRegistry.sol";
import {IConsents} from "./IConsents.sol";
import {IGranteeRegistry} from "./IGranteeRegistry.sol";
import {IntentHashes} from "./IntentHashes.sol";
import {Batch, BatchMode, Deny, Grant, Op, OpKind, Proof, Relinquish, Request, Revoke} from "./Intents.sol";
import {MAX_OPS, MAX_RESPONSE_TIME, Rights} from "./Limits.sol";
import {SubjectWord} from "./SubjectWord.sol";
import {Subjects} from "./Subjects.sol";

/// @title Consent registry
/// @notice See {IConsentRegistry}.
/// @dev Immutable and without an owner: whoever could pause or upgrade it could rewrite consent. It holds no ETH and
/// keeps one word per consent. Only a request asks another contract that it does not get with a signature.
// The casts below are of values that a word or the ABI gave, of 40 or 32 bits. Whoever builds a block may shift its time
// by seconds; windows, deadlines and delays are of hours and more.
// forge-lint: disable-start(unsafe-typecast, block-timestamp)
contract ConsentRegistry is IConsentRegistry, Subjects {
    /// @dev Gas a registry of grantees gets to answer.
    uint256 private constant CHECK_GAS = 50_000;
    uint32 private constant MAX_VERSION = type(uint32).max;

    /// @inheritdoc IConsents
    address public immutable HOSPITALS;
    /// @inheritdoc IConsents
    address public immutable PROVIDERS;

    /// @dev Whether there is a registry of grantees to ask.
    bool private immutable IS_CHECKED;

    /// @param hospitals The registry of organisations that {request} asks first; zero for none.
    /// @param providers The registry of practitioners that {request} asks next; zero for none.
    constructor(address hospitals, address providers) {
        HOSPITALS = hospitals;
        PROVIDERS = providers;
        IS_CHECKED = hospitals != address(0) || providers != address(0);
    }

    /// @inheritdoc IConsents
    function request(
        address subject,
        address grantee,
        bytes32 scopeId,
        uint40 validFrom,
        uint40 validTo,
        uint40 respondBy,
        uint32 version
    ) external {
        uint24 epoch = _subjectWord(subject).epoch();
        ConsentWord opening = ConsentWords.opened(REQUESTED, validFrom, validTo, version, epoch, _now(), respondBy);
        _request(subject, grantee, scopeId, msg.sender, opening);
    }

    /// @inheritdoc IConsents
    function requestBySig(Request calldata intent, Proof calldata proof) external {
        (address subject, address actor) = (intent.subject, intent.actor);
        _requireProof(actor, IntentHashes.hash(intent), intent.deadline, proof);
        uint24 epoch = _subjectWord(subject).epoch();
        ConsentWord opening = ConsentWords.opened(
            REQUESTED, intent.validFrom, intent.validTo, intent.version, epoch, _now(), intent.respondBy
        );
        _request(subject, intent.grantee, intent.scopeId, actor, opening);
    }

    /// @inheritdoc IConsents
    function grant(
        address subject,
        address grantee,
        bytes32 scopeId,
        uint24 seq,
        uint40 validFrom,
        uint40 validTo,
        uint32 version
    ) external {
        SubjectWord owner = _subjectWord(subject);
        uint256 mandateEnd = _requireGrantor(subject, msg.sender, owner, seq);
        ConsentWord opening = ConsentWords.opened(ACTIVE, validFrom, validTo, version, owner.epoch(), _now(), 0);
        _grant(subject, grantee, scopeId, msg.sender, opening, mandateEnd, false);
    }

    /// @inheritdoc IConsents
    function grantBySig(Grant calldata intent, Proof calldata proof) external {
        (address subject, address actor) = (intent.subject, intent.actor);
        _requireProof(actor, IntentHashes.hash(intent), intent.deadline, proof);
        SubjectWord owner = _subjectWord(subject);
        uint256 mandateEnd = _requireGrantor(subject, actor, owner, intent.seq);
        ConsentWord opening =
            ConsentWords.opened(ACTIVE, intent.validFrom, intent.validTo, intent.version, owner.epoch(), _now(), 0);
        _grant(subject, intent.grantee, intent.scopeId, actor, opening, mandateEnd, false);
    }

    /// @inheritdoc IConsents
    function deny(address subject, address grantee, bytes32 scopeId) external {
        _stopNow(subject, grantee, scopeId, Rights.DENY);
    }

    /// @inheritdoc IConsents
    function denyBySig(Deny calldata intent, Proof calldata proof) external {
        address actor = intent.actor;
        _requireStopProof(actor, IntentHashes.hash(intent), intent.deadline, proof);
        _stopThrough(intent.subject, intent.grantee, intent.scopeId, actor, intent.throughVersion, Rights.DENY);
    }

    /// @inheritdoc IConsents
    function revoke(address subject, address grantee, bytes32 scopeId) external {
        _stopNow(subject, grantee, scopeId, Rights.REVOKE);
    }

    /// @inheritdoc IConsents
    function revokeBySig(Revoke calldata intent, Proof calldata proof) external {
        address actor = intent.actor;
        _requireStopProof(actor, IntentHashes.hash(intent), intent.deadline, proof);
        _stopThrough(intent.subject, intent.grantee, intent.scopeId, actor, intent.throughVersion, Rights.REVOKE);
    }

    /// @inheritdoc IConsents
    function relinquish(address subject, address grantee, bytes32 scopeId) external {
        bytes32 id = ConsentWords.id(subject, grantee, scopeId);
        _relinquish(subject, grantee, scopeId, msg.sender, ConsentWords.load(id).version());
    }

    /// @inheritdoc IConsents
    function relinquishBySig(Relinquish calldata intent, Proof calldata proof) external {
        _requireStopProof(intent.actor, IntentHashes.hash(intent), intent.deadline, proof);
        _relinquish(intent.subject, intent.grantee, intent.scopeId, intent.actor, intent.version);
    }

    /// @inheritdoc IConsents
    function batch(Batch calldata intent, Proof calldata proof) external {
        bool hasGrant = _hasGrant(intent.ops);
        // Hashing a long batch costs: not for an actor who sends it itself.
        bytes32 structHash = _isSender(intent.actor, proof) ? bytes32(0) : IntentHashes.hash(intent);
        if (hasGrant) _requireProof(intent.actor, structHash, intent.deadline, proof);
        else _requireStopProof(intent.actor, structHash, intent.deadline, proof);
        _batch(intent, hasGrant);
    }

    /// @inheritdoc IConsents
    function expire(address subject, address grantee, bytes32 scopeId) external {
        bytes32 id = ConsentWords.id(subject, grantee, scopeId);
        ConsentWord word = ConsentWords.load(id);
        uint256 status = word.statusAt(_subjectWord(subject).epoch(), block.timestamp);
        if (status != EXPIRED || word.storedStatus() == EXPIRED) revert NotLapsed(Status(status));

        word.closed(EXPIRED, word.version(), block.timestamp).store(id);
        emit ConsentExpired(subject, grantee, scopeId, word.version());
    }

    /// @inheritdoc IConsents
    function consents(bytes32 id) external view returns (Consent memory consent) {
        return ConsentWords.load(id).decode();
    }

    /// @inheritdoc IConsents
    function statusOf(address subject, address grantee, bytes32 scopeId) external view returns (Status status) {
        ConsentWord word = ConsentWords.load(ConsentWords.id(subject, grantee, scopeId));
        return Status(word.statusAt(_subjectWord(subject).epoch(), block.timestamp));
    }

    /// @inheritdoc IConsents
    function isActive(address subject, address grantee, bytes32 scopeId) external view returns (bool active) {
        return ConsentWords.load(ConsentWords.id(subject, grantee, scopeId))
            .isActiveAt(_subjectWord(subject).epoch(), block.timestamp);
    }

    /// @inheritdoc IConsents
    function consentId(address subject, address grantee, bytes32 scopeId) public view returns (bytes32 id) {
        return ConsentWords.id(subject, grantee, scopeId);
    }

    /// @param opening The word to write.
    function _request(address subject, address grantee, bytes32 scopeId, address actor, ConsentWord opening) private {
        if (either(ConsentWords.areUnfit(subject, grantee), actor != grantee)) {
            _refuseParties(subject, grantee);
            revert NotGrantee(actor, grantee);
        }
        uint256 time = block.timestamp;
        uint256 validFrom = opening.validFrom();
        uint256 validTo = opening.validTo();
        uint256 respondBy = opening.respondBy();
        // The last difference wraps to a large number if respondBy is not ahead.
        bool isTooLate = _minus(_minus(respondBy, time), 1) >= MAX_RESPONSE_TIME;
        if (either(isTooLate, either(validFrom >= validTo, time >= validTo))) {
            _refuseWindow(validFrom, validTo);
            _refuseResponseTime(uint40(respondBy));
        }

        bytes32 id = ConsentWords.id(subject, grantee, scopeId);
        ConsentWord word = ConsentWords.load(id);
        uint256 status = word.statusAt(opening.epoch(), time);
        if (either(status == REQUESTED, status == ACTIVE)) revert NotRequestable(Status(status));
        uint256 expected = _next(word.version());
        if (_isRefused(opening, expected)) _refuseVersion(opening, expected);
        if (IS_CHECKED) _requireVerified(grantee);

        if (status == EXPIRED) _announceLapse(subject, grantee, scopeId, word);
        opening.store(id);
        emit ConsentRequested(
            subject,
            grantee,
            scopeId,
            opening.validFrom(),
            opening.validTo(),
            opening.respondBy(),
            opening.version(),
            actor
        );
    }

    /// @dev Applies a grant whose actor and seq were checked. What can change between signing and inclusion is skipped
    /// if told so; what was wrong from the start always reverts.
    /// @param opening The word to write.
    /// @param mandateEnd Until when the actor has the right to grant.
    function _grant(
        address subject,
        address grantee,
        bytes32 scopeId,
        address actor,
        ConsentWord opening,
        uint256 mandateEnd,
        bool skipStale
    ) private {
        if (either(ConsentWords.areUnfit(subject, grantee), actor == grantee)) {
            _refuseParties(subject, grantee);
            revert GranteeCannotGrant(grantee);
        }
        uint256 validFrom = opening.validFrom();
        uint256 validTo = opening.validTo();
        if (either(validTo > mandateEnd, either(validFrom >= validTo, block.timestamp >= validTo))) {
            if (skipStale && validFrom < validTo) return;
            _refuseWindow(validFrom, validTo);
            revert BeyondMandate(uint40(validTo), uint40(mandateEnd));
        }

        bytes32 id = ConsentWords.id(subject, grantee, scopeId);
        ConsentWord word = ConsentWords.load(id);
        uint256 status = word.statusAt(opening.epoch(), block.timestamp);
        uint256 expected = word.version();
        if (status != REQUESTED) expected = _next(expected); // an approval keeps the version
        if (_isRefused(opening, expected)) {
            if (skipStale) return;
            _refuseVersion(opening, expected);
        }

        if (status == EXPIRED) _announceLapse(subject, grantee, scopeId, word);
        opening.store(id);
        emit ConsentCreated(subject, grantee, scopeId, opening.validFrom(), opening.validTo(), opening.version(), actor);
    }

    /// @dev A direct stop: from whatever version there is.
    function _stopNow(address subject, address grantee, bytes32 scopeId, uint8 right) private {
        uint24 epoch = _requireRight(subject, msg.sender, right);
        bytes32 id = ConsentWords.id(subject, grantee, scopeId);
        ConsentWord word = ConsentWords.load(id);
        _stop(subject, grantee, scopeId, msg.sender, id, word, word.version(), epoch, right == Rights.DENY);
    }

    /// @dev A signed stop: unless the version is beyond it.
    function _stopThrough(address subject, address grantee, bytes32 scopeId, address actor, uint32 through, uint8 right)
        private
    {
        uint24 epoch = _requireRight(subject, actor, right);
        _stopUnlessStale(subject, grantee, scopeId, actor, through, epoch, right == Rights.DENY, false);
    }

    function _stopUnlessStale(
        address subject,
        address grantee,
        bytes32 scopeId,
        address actor,
        uint256 through,
        uint24 epoch,
        bool isDenial,
        bool skipStale
    ) private {
        bytes32 id = ConsentWords.id(subject, grantee, scopeId);
        ConsentWord word = ConsentWords.load(id);
        // At the largest version the consent is closed already, and the signature may have been used.
        if (word.version() > through || word.version() == MAX_VERSION) {
            if (skipStale) return;
            revert StaleStop(uint32(through), word.version());
        }
        _stop(subject, grantee, scopeId, actor, id, word, through, epoch, isDenial);
    }

    /// @dev Ends the consent whatever its status, at one version above `through`.
    function _stop(
        address subject,
        address grantee,
        bytes32 scopeId,
        address actor,
        bytes32 id,
        ConsentWord word,
        uint256 through,
        uint24 epoch,
        bool isDenial
    ) private {
        // A stop that names nobody must not look like one that worked.
        if (ConsentWords.areUnfit(subject, grantee)) _refuseParties(subject, grantee);
        uint256 status = word.statusAt(epoch, block.timestamp);
        if (status == EXPIRED) _announceLapse(subject, grantee, scopeId, word);
        uint256 version = _nextOrLast(through);
        if (isDenial && status == REQUESTED) {
            word.closed(DENIED, version, block.timestamp).store(id);
            emit ConsentDenied(subject, grantee, scopeId, uint32(version), actor);
        } else {
            word.closed(REVOKED, version, block.timestamp).store(id);
            emit ConsentRevoked(subject, grantee, scopeId, uint32(version), actor);
        }
    }

    function _relinquish(address subject, address grantee, bytes32 scopeId, address actor, uint32 version) private {
        if (actor != grantee) revert NotGrantee(actor, grantee);
        bytes32 id = ConsentWords.id(subject, grantee, scopeId);
        ConsentWord word = ConsentWords.load(id);
        if (version != word.version()) revert WrongVersion(version, word.version());
        uint24 epoch = _subjectWord(subject).epoch();
        uint256 status = word.statusAt(epoch, block.timestamp);
        if (status != REQUESTED && status != ACTIVE) revert NotRelinquishable(Status(status));
        _stop(subject, grantee, scopeId, actor, id, word, version, epoch, false);
    }

    function _batch(Batch calldata intent, bool hasGrant) private {
        Op[] calldata ops = intent.ops;
        if (ops.length == 0 || ops.length > MAX_OPS) revert BadBatchLength(ops.length);
        address subject = intent.subject;
        address actor = intent.actor;
        SubjectWord owner = _subjectWord(subject);
        (uint8 rights, uint40 mandateEnd) = _rightsOf(subject, actor, owner);
        bool skipStale = intent.mode == BatchMode.Try || !hasGrant;
        bool open = hasGrant && _isOpenFor(subject, owner, intent.seq, skipStale);
        // Even if a freeze keeps its grants from applying now: else they could after it.
        if (hasGrant && skipStale) _useUpSeq(subject, actor, owner, intent.seq);

        address lastGrantee;
        bytes32 lastScopeId;
        for (uint256 i = 0; i < ops.length; ++i) {
            Op calldata op = ops[i];
            OpKind kind = op.kind;
            address grantee = op.grantee;
            bytes32 scopeId = op.scopeId;
            if (grantee < lastGrantee || (grantee == lastGrantee && i != 0 && scopeId <= lastScopeId)) {
                revert UnorderedOps(i);
            }
            (lastGrantee, lastScopeId) = (grantee, scopeId);
            if (rights & _rightFor(kind) == 0) revert NotAuthorized(actor, subject);
            if (kind != OpKind.Grant) {
                bool isDenial = kind == OpKind.Deny;
                _stopUnlessStale(subject, grantee, scopeId, actor, op.version, owner.epoch(), isDenial, skipStale);
            } else {
                ConsentWord opening =
                    ConsentWords.opened(ACTIVE, op.validFrom, op.validTo, op.version, owner.epoch(), _now(), 0);
                // A mandate that is over by now lets nothing through but what is malformed.
                _grant(subject, grantee, scopeId, actor, opening, open ? mandateEnd : 0, skipStale);
            }
        }
    }

    function _rightFor(OpKind kind) private pure returns (uint8) {
        if (kind == OpKind.Grant) return Rights.GRANT;
        return kind == OpKind.Deny ? Rights.DENY : Rights.REVOKE;
    }

    function _hasGrant(Op[] calldata ops) private pure returns (bool) {
        for (uint256 i = 0; i < ops.length; ++i) {
            if (ops[i].kind == OpKind.Grant) return true;
        }
        return false;
    }

    /// @dev Fails closed: a registry that cannot be asked verifies nobody. The gas is checked first, so that whoever
    /// sends the request cannot make an answer fail by giving too little.
    function _requireVerified(address grantee) private view {
        if (_isVerified(HOSPITALS, grantee) || _isVerified(PROVIDERS, grantee)) return;
        revert GranteeNotVerified(grantee);
    }

    function _isVerified(address registry, address grantee) private view returns (bool verified) {
        if (registry == address(0)) return false;
        // A call passes on at most 63/64 of the gas left (EIP-150); the rest covers what comes after it.
        uint256 needed = CHECK_GAS + CHECK_GAS / 63 + 5000;
        if (gasleft() < needed) revert TooLittleGas(needed);
        bytes4 selector = IGranteeRegistry.isVerified.selector;
        // Solidity's own call would copy all that is returned, and revert on what is no boolean. An address without
        // code returns nothing.
        assembly ("memory-safe") {
            mstore(0x00, selector)
            mstore(0x04, grantee)
            let ok := staticcall(CHECK_GAS, registry, 0x00, 0x24, 0x00, 0x20)
            verified := and(and(ok, gt(returndatasize(), 0x1f)), eq(mload(0x00), 1))
        }
    }

    /// @dev Emits the lapse that the transition about to follow would otherwise hide, unless it is on record.
    function _announceLapse(address subject, address grantee, bytes32 scopeId, ConsentWord word) private {
        if (word.storedStatus() != EXPIRED) emit ConsentExpired(subject, grantee, scopeId, word.version());
    }

    /// @dev Reverts for parties that can own no consent.
    function _refuseParties(address subject, address grantee) private pure {
        if (subject == address(0)) revert ZeroSubject();
        if (grantee == address(0)) revert ZeroGrantee();
        if (subject == grantee) revert SelfConsent(subject);
    }

    /// @dev Reverts for a window that is empty or over.
    function _refuseWindow(uint256 validFrom, uint256 validTo) private view {
        if (validFrom >= validTo) revert EmptyWindow(uint40(validFrom), uint40(validTo));
        if (validTo <= block.timestamp) revert WindowOver(uint40(validTo), _now());
    }

    /// @dev Says why a request cannot stay open until a time.
    function _refuseResponseTime(uint40 respondBy) private view {
        if (respondBy <= block.timestamp) revert RespondByPassed(respondBy, _now());
        revert RespondByTooFar(respondBy, _now() + MAX_RESPONSE_TIME);
    }

    /// @dev Whether an opening cannot lead to a version. The largest values are left to stops: they mean closed for
    /// ever.
    function _isRefused(ConsentWord opening, uint256 expected) private pure returns (bool) {
        bool isExhausted = either(expected >= MAX_VERSION, opening.epoch() == type(uint24).max);
        return either(isExhausted, opening.version() != expected);
    }

    /// @dev Says why, see {_isRefused}.
    function _refuseVersion(ConsentWord opening, uint256 expected) private pure {
        if (opening.epoch() == type(uint24).max) revert EpochExhausted();
        if (expected >= MAX_VERSION) revert VersionExhausted();
        revert WrongVersion(opening.version(), uint32(expected));
    }

    function _minus(uint256 value, uint256 less) private pure returns (uint256) {
        unchecked {
            return value - less;
        }
    }

    /// @dev The version a stop leads to: the next one, unless there is none.
    function _nextOrLast(uint256 version) private pure returns (uint256 next) {
        assembly ("memory-safe") {
            next := add(version, lt(version, 0xffffffff))
        }
    }

    /// @dev The version after one of at most 32 bits.
    function _next(uint256 version) private pure returns (uint256) {
        unchecked {
            return version + 1;
        }
    }
}
// forge-lint: disable-end(unsafe-typecast, block-timestamp)
