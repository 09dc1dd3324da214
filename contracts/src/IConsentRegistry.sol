// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title Consent registry
/// @notice Records which grantee (an organisation) a subject (a patient) lets read data under a scope (a salted policy
/// hash), from when and until when. Nothing here names a person or says what the data is.
/// @dev A consent is one (subject, grantee, scopeId). Its rules, which every function below serves:
///
/// - A stop always wins. `deny` and `revoke` work for the subject from every status, and raise the version, so that no
///   grant meant for an earlier version can follow them.
/// - Opening (`request`, `grant`) names the version it leads to, so that it applies once and only to the state that its
///   caller saw.
/// - A consent that is past its time reads `Expired` at once, whether or not anyone has recorded it.
/// - Windows are half-open: `[validFrom, validTo)`. A `validTo` of `type(uint40).max` means until revoked.
/// - Nobody but the subject can make a consent active, the grantee included; third parties can only record a lapse.
///
/// The events are frozen once deployed. With the time of their block they rebuild every stored bit.
interface IConsentRegistry {
    /// @notice What a consent is. Stored and effective status differ only by an unrecorded lapse, see {statusOf}.
    enum Status {
        /// Nothing was ever recorded.
        None,
        /// The grantee asks; the subject has not answered.
        Requested,
        /// The subject agreed. The window may still lie ahead, see {isActive}.
        Active,
        /// The subject refused a request.
        Denied,
        /// The subject took the consent back, or ruled it out before there was one.
        Revoked,
        /// The request was not answered in time, or the window is over.
        Expired
    }

    /// @notice A consent as stored, in the order of its packed word.
    struct Consent {
        /// Stored status; {statusOf} tells the effective one.
        Status status;
        /// First second of the window.
        uint40 validFrom;
        /// First second after the window, or `type(uint40).max`: until revoked.
        uint40 validTo;
        /// Counts transitions; never decreases.
        uint32 version;
        /// Epoch of the subject at the last opening; always 0 in this registry.
        uint24 epoch;
        /// Block time of the last transition.
        uint40 changedAt;
        /// First second at which an unanswered request has lapsed; 0 if it was not opened by a request.
        uint40 respondBy;
    }

    /// @notice A grantee asked for consent.
    /// @param subject The patient's address.
    /// @param grantee The organisation's address.
    /// @param scopeId The salted hash of the policy asked for.
    /// @param validFrom First second of the window asked for.
    /// @param validTo First second after it.
    /// @param respondBy First second at which the request has lapsed if unanswered.
    /// @param version The version after this transition.
    /// @param actor Who decided this: the grantee.
    event ConsentRequested(
        address indexed subject,
        address indexed grantee,
        bytes32 indexed scopeId,
        uint40 validFrom,
        uint40 validTo,
        uint40 respondBy,
        uint32 version,
        address actor
    );

    /// @notice A consent became active, or its window was replaced.
    /// @param subject The patient's address.
    /// @param grantee The organisation's address.
    /// @param scopeId The salted hash of the policy agreed to.
    /// @param validFrom First second of the window.
    /// @param validTo First second after it.
    /// @param version The version after this transition.
    /// @param actor Who decided this: the subject.
    event ConsentCreated(
        address indexed subject,
        address indexed grantee,
        bytes32 indexed scopeId,
        uint40 validFrom,
        uint40 validTo,
        uint32 version,
        address actor
    );

    /// @notice A request was refused.
    /// @param subject The patient's address.
    /// @param grantee The organisation's address.
    /// @param scopeId The salted hash of the policy refused.
    /// @param version The version after this transition.
    /// @param actor Who decided this: the subject.
    event ConsentDenied(
        address indexed subject, address indexed grantee, bytes32 indexed scopeId, uint32 version, address actor
    );

    /// @notice A consent was taken back, or ruled out before there was one.
    /// @param subject The patient's address.
    /// @param grantee The organisation's address.
    /// @param scopeId The salted hash of the policy taken back.
    /// @param version The version after this transition.
    /// @param actor Who decided this: the subject.
    event ConsentRevoked(
        address indexed subject, address indexed grantee, bytes32 indexed scopeId, uint32 version, address actor
    );

    /// @notice A lapse was recorded: by {expire}, or just before a transition that follows it.
    /// @param subject The patient's address.
    /// @param grantee The organisation's address.
    /// @param scopeId The salted hash of the policy that lapsed.
    /// @param version The version, which a lapse does not change.
    event ConsentExpired(address indexed subject, address indexed grantee, bytes32 indexed scopeId, uint32 version);

    /// @notice The subject is the zero address.
    error ZeroSubject();

    /// @notice The grantee is the zero address.
    error ZeroGrantee();

    /// @notice Subject and grantee are the same address: nobody needs consent from themselves.
    /// @param party That address.
    error SelfConsent(address party);

    /// @notice Only the subject may do this.
    /// @param caller Who tried.
    /// @param subject Who may.
    error NotSubject(address caller, address subject);

    /// @notice Only the grantee may do this.
    /// @param caller Who tried.
    /// @param grantee Who may.
    error NotGrantee(address caller, address grantee);

    /// @notice The window holds no second: `validTo` must be greater than `validFrom`.
    /// @param validFrom The start given.
    /// @param validTo The end given.
    error EmptyWindow(uint40 validFrom, uint40 validTo);

    /// @notice The window is already over: `validTo` must be greater than the block time.
    /// @param validTo The end given.
    /// @param time The block time.
    error WindowOver(uint40 validTo, uint40 time);

    /// @notice The request would already have lapsed: `respondBy` must be greater than the block time.
    /// @param respondBy The time given.
    /// @param time The block time.
    error RespondByPassed(uint40 respondBy, uint40 time);

    /// @notice The request would stay open too long.
    /// @param respondBy The time given.
    /// @param latest The latest time allowed.
    error RespondByTooFar(uint40 respondBy, uint40 latest);

    /// @notice The consent has moved on, or the caller named the wrong version.
    /// @param given The version given.
    /// @param expected The version that this transition leads to.
    error WrongVersion(uint32 given, uint32 expected);

    /// @notice The version counter is used up: this consent can be stopped, but never opened again.
    error VersionExhausted();

    /// @notice A request is possible only where nothing is requested or active.
    /// @param status The effective status.
    error NotRequestable(Status status);

    /// @notice There is no lapse to record.
    /// @param status The effective status; `Expired` if the lapse is already recorded.
    error NotLapsed(Status status);

    /// @notice Asks the subject for consent. For the grantee, where nothing is requested or active.
    /// @param subject The patient's address.
    /// @param grantee The organisation's address; must be the caller.
    /// @param scopeId The salted hash of the policy asked for.
    /// @param validFrom First second of the window asked for. The answer may set another.
    /// @param validTo First second after it, later than now; `type(uint40).max` for until revoked.
    /// @param respondBy When the request lapses: later than now, at most 90 days ahead.
    /// @param version The version it leads to: the current one plus 1.
    function request(
        address subject,
        address grantee,
        bytes32 scopeId,
        uint40 validFrom,
        uint40 validTo,
        uint40 respondBy,
        uint32 version
    ) external;

    /// @notice Gives consent, for exactly the window given: approves a request, grants without one, or renews. For the
    /// subject, from every status.
    /// @param subject The patient's address; must be the caller.
    /// @param grantee The organisation's address.
    /// @param scopeId The salted hash of the policy agreed to.
    /// @param validFrom First second of the window; may be past or future.
    /// @param validTo First second after it, later than now; `type(uint40).max` for until revoked.
    /// @param version The version it leads to: the current one to approve an effective request, else that plus 1.
    function grant(address subject, address grantee, bytes32 scopeId, uint40 validFrom, uint40 validTo, uint32 version)
        external;

    /// @notice Refuses a request. For the subject, from every status: where nothing is requested it revokes.
    /// @param subject The patient's address; must be the caller.
    /// @param grantee The organisation's address.
    /// @param scopeId The salted hash of the policy refused.
    function deny(address subject, address grantee, bytes32 scopeId) external;

    /// @notice Takes consent back, or rules it out beforehand. For the subject, from every status.
    /// @param subject The patient's address; must be the caller.
    /// @param grantee The organisation's address.
    /// @param scopeId The salted hash of the policy taken back.
    function revoke(address subject, address grantee, bytes32 scopeId) external;

    /// @notice Records that a request or a consent is past its time. For anyone; changes no effective status.
    /// @param subject The patient's address.
    /// @param grantee The organisation's address.
    /// @param scopeId The salted hash of the policy that lapsed.
    function expire(address subject, address grantee, bytes32 scopeId) external;

    /// @notice The longest time a request may stay open, in seconds.
    /// @return The number of seconds.
    function MAX_RESPONSE_TIME() external view returns (uint40);

    /// @notice The id of a consent: keccak256 of chain id, registry, subject, grantee and scope.
    /// @param subject The patient's address.
    /// @param grantee The organisation's address.
    /// @param scopeId The salted hash of the policy.
    /// @return id The id, also of a consent that does not exist.
    function consentId(address subject, address grantee, bytes32 scopeId) external view returns (bytes32 id);

    /// @notice A consent as stored: an unrecorded lapse does not show.
    /// @param id The id, see {consentId}.
    /// @return consent The decoded word; all zero for an unknown id.
    function consents(bytes32 id) external view returns (Consent memory consent);

    /// @notice The effective status: as stored, except that what is past its time reads `Expired`.
    /// @dev `Active` includes a window that lies ahead; {isActive} does not.
    /// @param subject The patient's address.
    /// @param grantee The organisation's address.
    /// @param scopeId The salted hash of the policy.
    /// @return status The status at the block time.
    function statusOf(address subject, address grantee, bytes32 scopeId) external view returns (Status status);

    /// @notice Whether the grantee has the subject's consent at the block time: granted, not stopped, inside its
    /// window. @param subject The patient's address.
    /// @param grantee The organisation's address.
    /// @param scopeId The salted hash of the policy.
    /// @return active True only in that case.
    function isActive(address subject, address grantee, bytes32 scopeId) external view returns (bool active);
}
