// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Batch, Deny, Grant, Proof, Relinquish, Request, Revoke} from "./Intents.sol";

/// @title Consents of a registry
/// @notice Records which grantee (an organisation) a subject (a patient) lets read data under a scope (a salted policy
/// hash), from when and until when. Nothing here names a person or says what the data is.
/// @dev A consent is one (subject, grantee, scopeId). Its rules, which every function below serves:
///
/// - A stop always wins. `deny` and `revoke` work from every status, and raise the version above every grant that was
///   signed before them, in whatever order both arrive.
/// - Opening (`request`, `grant`) names the version it leads to, so that it applies once and only to the state that its
///   signer saw.
/// - A consent that is past its time reads `Expired` at once, whether or not anyone has recorded it; one from before
///   the subject's last {ISubjects.revokeAll} reads `Revoked`.
/// - Windows are half-open: `[validFrom, validTo)`. A `validTo` of `type(uint40).max` means until revoked.
/// - The largest value of a counter means closed: stops stay there, openings are refused from one below.
/// - Nobody but the subject's controller or its delegates can make a consent active, and never its grantee. Third
///   parties can only record a lapse.
///
/// `...BySig` takes the same decision from its signed form; anyone may send it. The events are frozen once deployed.
/// With the time of their block they rebuild every stored bit.
interface IConsents {
    /// @notice What a consent is. Stored and effective status differ, see {statusOf}.
    enum Status {
        /// Nothing was ever recorded.
        None,
        /// The grantee asks; the subject has not answered.
        Requested,
        /// The subject agreed. The window may still lie ahead, see {isActive}.
        Active,
        /// The subject refused a request.
        Denied,
        /// Taken back or given up, or ruled out before there was one.
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
        /// Epoch of the subject at the last opening.
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
    /// @param actor Who decided this: the controller or a delegate of the subject.
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
    /// @param actor Who decided this: the controller or a delegate of the subject.
    event ConsentDenied(
        address indexed subject, address indexed grantee, bytes32 indexed scopeId, uint32 version, address actor
    );

    /// @notice A consent was taken back or given up, or ruled out before there was one.
    /// @param subject The patient's address.
    /// @param grantee The organisation's address.
    /// @param scopeId The salted hash of the policy taken back.
    /// @param version The version after this transition.
    /// @param actor Who decided this: the controller or a delegate of the subject, or the grantee that gave it up.
    event ConsentRevoked(
        address indexed subject, address indexed grantee, bytes32 indexed scopeId, uint32 version, address actor
    );

    /// @notice A lapse was recorded: by {expire}, or just before a transition that follows it.
    /// @param subject The patient's address.
    /// @param grantee The organisation's address.
    /// @param scopeId The salted hash of the policy that lapsed.
    /// @param version The version, which a lapse does not change.
    event ConsentExpired(address indexed subject, address indexed grantee, bytes32 indexed scopeId, uint32 version);

    /// @notice The grantee is the zero address.
    error ZeroGrantee();

    /// @notice Subject and grantee are the same address: nobody needs consent from themselves.
    /// @param party That address.
    error SelfConsent(address party);

    /// @notice Only the grantee may do this.
    /// @param actor Who tried.
    /// @param grantee Who may.
    error NotGrantee(address actor, address grantee);

    /// @notice A grantee never gives consent to itself, whatever else it controls.
    /// @param grantee The grantee.
    error GranteeCannotGrant(address grantee);

    /// @notice A delegate's grant must end with its mandate.
    /// @param validTo The end given.
    /// @param mandateEnd The latest end allowed.
    error BeyondMandate(uint40 validTo, uint40 mandateEnd);

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
    /// @param expected The version that this transition leads to, or for {relinquish} starts from.
    error WrongVersion(uint32 given, uint32 expected);

    /// @notice The signed stop has had its effect: the consent was stopped or renewed beyond it.
    /// @param throughVersion The highest version it applies to.
    /// @param version The version.
    error StaleStop(uint32 throughVersion, uint32 version);

    /// @notice The version counter is used up: this consent can be stopped, but never opened again.
    error VersionExhausted();

    /// @notice A request is possible only where nothing is requested or active.
    /// @param status The effective status.
    error NotRequestable(Status status);

    /// @notice Only what is requested or active can be given up.
    /// @param status The effective status.
    error NotRelinquishable(Status status);

    /// @notice There is no lapse to record.
    /// @param status The effective status; `Expired` if the lapse is already recorded.
    error NotLapsed(Status status);

    /// @notice The grantee is no verified organisation or practitioner.
    /// @param grantee The grantee.
    error GranteeNotVerified(address grantee);

    /// @notice Too little gas is left to ask the registry of grantees; nothing was decided.
    /// @param needed The gas needed at this point.
    error TooLittleGas(uint256 needed);

    /// @notice The batch is empty or longer than {MAX_OPS}.
    /// @param length The number of items.
    error BadBatchLength(uint256 length);

    /// @notice The items of the batch are not in strictly ascending order of grantee, then scopeId.
    /// @param index The first item that is not.
    error UnorderedOps(uint256 index);

    /// @notice Asks the subject for consent. For the grantee, where nothing is requested or active. Where the registry
    /// was deployed with registries of grantees, the grantee must be verified in one of them.
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

    /// @notice {request}, signed.
    /// @param intent What the grantee signed.
    /// @param proof Its signature.
    function requestBySig(Request calldata intent, Proof calldata proof) external;

    /// @notice Gives consent, for exactly the window given: approves a request, grants without one, or renews. From
    /// every status, for the controller, or for a delegate with the right GRANT until the end of its mandate; not while
    /// the subject is frozen.
    /// @param subject The patient's address.
    /// @param grantee The organisation's address.
    /// @param scopeId The salted hash of the policy agreed to.
    /// @param seq The subject's `seq`, see {ISubjects.subjects}.
    /// @param validFrom First second of the window; may be past or future.
    /// @param validTo First second after it, later than now; `type(uint40).max` for until revoked.
    /// @param version The version it leads to: the current one to approve an effective request, else that plus 1.
    function grant(
        address subject,
        address grantee,
        bytes32 scopeId,
        uint24 seq,
        uint40 validFrom,
        uint40 validTo,
        uint32 version
    ) external;

    /// @notice {grant}, signed.
    /// @param intent What the controller or delegate signed.
    /// @param proof Its signature.
    function grantBySig(Grant calldata intent, Proof calldata proof) external;

    /// @notice Refuses a request; where nothing is requested it revokes. From every status, for the controller, or for
    /// a delegate with the right DENY.
    /// @dev It ends the version there is, whatever that is. That covers every grant signed before, where grants are
    /// signed on final state only; who signs earlier sends {denyBySig} instead, which names a version.
    /// @param subject The patient's address.
    /// @param grantee The organisation's address.
    /// @param scopeId The salted hash of the policy refused.
    function deny(address subject, address grantee, bytes32 scopeId) external;

    /// @notice {deny}, signed. Applies while the version is at most `throughVersion`, and sets it one above.
    /// @dev A wallet signs the version it sees plus 1. That covers every grant signed before, where grants are signed
    /// on final state only; else it must also be at least the highest version it ever signed.
    /// @param intent What the controller or delegate signed.
    /// @param proof Its signature; a plain ECDSA signature also counts where the actor has code.
    function denyBySig(Deny calldata intent, Proof calldata proof) external;

    /// @notice Takes consent back, or rules it out beforehand. From every status, for the controller, or for a delegate
    /// with the right REVOKE.
    /// @dev It ends the version there is, whatever that is. That covers every grant signed before, where grants are
    /// signed on final state only; who signs earlier sends {revokeBySig} instead, which names a version.
    /// @param subject The patient's address.
    /// @param grantee The organisation's address.
    /// @param scopeId The salted hash of the policy taken back.
    function revoke(address subject, address grantee, bytes32 scopeId) external;

    /// @notice {revoke}, signed. Applies while the version is at most `throughVersion`, and sets it one above.
    /// @dev A wallet signs the version it sees plus 1. That covers every grant signed before, where grants are signed
    /// on final state only; else it must also be at least the highest version it ever signed.
    /// @param intent What the controller or delegate signed.
    /// @param proof Its signature; a plain ECDSA signature also counts where the actor has code.
    function revokeBySig(Revoke calldata intent, Proof calldata proof) external;

    /// @notice Gives up a request or a consent. For the grantee.
    /// @param subject The patient's address.
    /// @param grantee The organisation's address; must be the caller.
    /// @param scopeId The salted hash of the policy given up.
    function relinquish(address subject, address grantee, bytes32 scopeId) external;

    /// @notice {relinquish}, signed for exactly the current version.
    /// @param intent What the grantee signed.
    /// @param proof Its signature.
    function relinquishBySig(Relinquish calldata intent, Proof calldata proof) external;

    /// @notice Several decisions of one actor about one subject at once, each by the rules of its signed form.
    /// @dev All or nothing in mode `Atomic`. In mode `Try` an item that is stale (a stop that has had its effect; a
    /// grant of another version or an earlier `seq`, over, frozen out, or beyond its delegate's mandate) is skipped by
    /// check; a `Try` batch with grants raises `seq` if it had the right one, so that it cannot be sent again, and does
    /// not apply before its `seq`. A batch of stops alone skips stale items in both modes: none of them can be made to
    /// fail by another. Malformed items and missing rights revert the whole batch in both modes.
    ///
    /// Items stand in strictly ascending order of grantee, then scopeId. So no consent occurs twice, and no batch can
    /// raise a version by more than the one step that a stop signed after it counts on.
    /// @param intent What the controller or delegate decided, 1 to {MAX_OPS} items.
    /// @param proof Its signature, see {Proof}; in a batch of stops a plain ECDSA signature also counts where the actor
    /// has code.
    function batch(Batch calldata intent, Proof calldata proof) external;

    /// @notice Records that a request or a consent is past its time. For anyone; changes no effective status.
    /// @param subject The patient's address.
    /// @param grantee The organisation's address.
    /// @param scopeId The salted hash of the policy that lapsed.
    function expire(address subject, address grantee, bytes32 scopeId) external;

    /// @notice The registry of organisations that {request} asks first; zero if it asks none.
    /// @return The registry.
    function HOSPITALS() external view returns (address);

    /// @notice The registry of practitioners that {request} asks next; zero if it asks none.
    /// @return The registry.
    function PROVIDERS() external view returns (address);

    /// @notice The id of a consent: keccak256 of chain id, registry, subject, grantee and scope.
    /// @param subject The patient's address.
    /// @param grantee The organisation's address.
    /// @param scopeId The salted hash of the policy.
    /// @return id The id, also of a consent that does not exist.
    function consentId(address subject, address grantee, bytes32 scopeId) external view returns (bytes32 id);

    /// @notice A consent as stored: neither an unrecorded lapse nor {ISubjects.revokeAll} shows.
    /// @param id The id, see {consentId}.
    /// @return consent The decoded word; all zero for an unknown id.
    function consents(bytes32 id) external view returns (Consent memory consent);

    /// @notice The effective status: as stored, except that what is requested or active reads `Revoked` after
    /// {ISubjects.revokeAll}, and `Expired` past its time.
    /// @dev `Active` includes a window that lies ahead; {isActive} does not.
    /// @param subject The patient's address.
    /// @param grantee The organisation's address.
    /// @param scopeId The salted hash of the policy.
    /// @return status The status at the block time.
    function statusOf(address subject, address grantee, bytes32 scopeId) external view returns (Status status);

    /// @notice Whether the grantee has the subject's consent at the block time: granted, not stopped, inside its
    /// window.
    /// @param subject The patient's address.
    /// @param grantee The organisation's address.
    /// @param scopeId The salted hash of the policy.
    /// @return active True only in that case.
    function isActive(address subject, address grantee, bytes32 scopeId) external view returns (bool active);
}
