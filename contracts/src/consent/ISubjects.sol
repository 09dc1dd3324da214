// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {
    Acceptance,
    Freeze,
    Invalidate,
    Proof,
    ProposeRecovery,
    RemoveDelegate,
    RevokeAll,
    Rotate,
    SetDelegate,
    SetRecovery,
    Unfreeze,
    Veto
} from "./Intents.sol";

/// @title Who decides for a subject
/// @notice A subject is an address that stands for a patient. It decides for itself until it hands control to another
/// key; it may give delegates (a parent, a power of attorney) rights for a time, and name a recoverer who can, slowly
/// and against its veto, replace a lost key.
/// @dev Three counters of a subject void what came before:
///
/// - `epoch` voids consents. It grows with {revokeAll}.
/// - `seq` voids signatures that open something (grants, delegates, rotations). It grows with {revokeAll},
///   {invalidate}, {rotate}, {recover}, a first {freeze}, and a batch of grants in mode `Try`.
/// - `authEpoch` voids delegates, the recoverer and its proposal. It grows with {rotate}, {recover} and a
///   {revokeAll} that drops delegates.
///
/// Every event here carries all three after the change.
interface ISubjects {
    /// @notice A subject as stored.
    struct Subject {
        /// Who decides: the subject itself unless control was handed over.
        address controller;
        /// Consents opened in an earlier epoch read `Revoked`.
        uint24 epoch;
        /// Delegates and recovery set under an earlier authEpoch are void.
        uint24 authEpoch;
        /// Openings signed for another seq are void.
        uint24 seq;
        /// First second at which new grants are possible again; 0 if not frozen. May be past.
        uint40 frozenUntil;
        /// First second at which the recoverer may freeze again; 0 if it never did.
        uint40 nextFreezeAt;
    }

    /// @notice A delegate as stored. Void unless `authEpoch` is the subject's.
    struct Delegate {
        /// Any of the bits in {Rights}; 0 if removed.
        uint8 rights;
        /// First second of the mandate.
        uint40 validFrom;
        /// First second after it, or `type(uint40).max`: until removed.
        uint40 validTo;
        /// The subject's authEpoch when it was set.
        uint24 authEpoch;
        /// Counts changes of this delegate; never decreases.
        uint32 nonce;
    }

    /// @notice Who may recover a subject, as stored. Void unless `authEpoch` is the subject's.
    struct Recovery {
        /// Who may propose; zero if nobody.
        address recoverer;
        /// Seconds between a proposal and its earliest execution; also how long a freeze lasts.
        uint32 delay;
        /// The subject's authEpoch when it was set.
        uint24 authEpoch;
        /// Counts changes of the recovery; never decreases.
        uint32 nonce;
    }

    /// @notice A recovery under way, as stored. Void unless `authEpoch` is the subject's.
    struct Proposal {
        /// Who is to control the subject; zero if nothing is proposed.
        address newController;
        /// First second at which it can be carried out.
        uint40 readyAt;
        /// Number of the last proposal of this subject; never decreases.
        uint32 id;
        /// The subject's authEpoch when it was proposed.
        uint24 authEpoch;
    }

    /// @notice Every consent and every grant signed but not yet applied was taken back.
    /// @param subject The patient's address.
    /// @param seq The subject's seq after it.
    /// @param epoch The subject's epoch after it.
    /// @param authEpoch The subject's authEpoch after it: grown if delegates and recovery were dropped, too.
    /// @param actor Who decided this: the controller.
    event AllConsentsRevoked(address indexed subject, uint24 seq, uint24 epoch, uint24 authEpoch, address actor);

    /// @notice Every opening signed but not yet applied became void.
    /// @param subject The patient's address.
    /// @param seq The subject's seq after it.
    /// @param epoch The subject's epoch after it.
    /// @param authEpoch The subject's authEpoch after it.
    /// @param actor Who decided this: the controller, or the signer of a batch that used up its seq.
    event SignaturesInvalidated(address indexed subject, uint24 seq, uint24 epoch, uint24 authEpoch, address actor);

    /// @notice The subject is controlled by another key: handed over, or recovered. Ends a freeze; delegates, recoverer
    /// and proposal are void.
    /// @param subject The patient's address.
    /// @param controller The new controller; the subject itself if it took control back.
    /// @param seq The subject's seq after it.
    /// @param epoch The subject's epoch after it.
    /// @param authEpoch The subject's authEpoch after it.
    /// @param actor Who decided this: the old controller, or the recoverer.
    event ControllerChanged(
        address indexed subject, address indexed controller, uint24 seq, uint24 epoch, uint24 authEpoch, address actor
    );

    /// @notice A delegate was given rights, or others than before.
    /// @param subject The patient's address.
    /// @param delegate The delegate.
    /// @param rights Any of the bits in {Rights}.
    /// @param validFrom First second of the mandate.
    /// @param validTo First second after it.
    /// @param nonce The delegate's nonce after it.
    /// @param seq The subject's seq after it.
    /// @param epoch The subject's epoch after it.
    /// @param authEpoch The subject's authEpoch after it.
    /// @param actor Who decided this: the controller.
    event DelegateSet(
        address indexed subject,
        address indexed delegate,
        uint8 rights,
        uint40 validFrom,
        uint40 validTo,
        uint32 nonce,
        uint24 seq,
        uint24 epoch,
        uint24 authEpoch,
        address actor
    );

    /// @notice A delegate's rights were taken back.
    /// @param subject The patient's address.
    /// @param delegate The delegate.
    /// @param nonce The delegate's nonce after it.
    /// @param seq The subject's seq after it.
    /// @param epoch The subject's epoch after it.
    /// @param authEpoch The subject's authEpoch after it.
    /// @param actor Who decided this: the controller.
    event DelegateRemoved(
        address indexed subject,
        address indexed delegate,
        uint32 nonce,
        uint24 seq,
        uint24 epoch,
        uint24 authEpoch,
        address actor
    );

    /// @notice The controller named who may recover the subject. A proposal under way is cancelled.
    /// @param subject The patient's address.
    /// @param recoverer Who may propose; zero if nobody.
    /// @param delay Seconds between a proposal and its earliest execution.
    /// @param nonce The recovery's nonce after it.
    /// @param seq The subject's seq after it.
    /// @param epoch The subject's epoch after it.
    /// @param authEpoch The subject's authEpoch after it.
    /// @param actor Who decided this: the controller.
    event RecoverySet(
        address indexed subject,
        address indexed recoverer,
        uint32 delay,
        uint32 nonce,
        uint24 seq,
        uint24 epoch,
        uint24 authEpoch,
        address actor
    );

    /// @notice The recoverer proposed another controller, in place of any earlier proposal.
    /// @param subject The patient's address.
    /// @param newController Who is to control the subject.
    /// @param proposalId Its number.
    /// @param readyAt First second at which it can be carried out.
    /// @param seq The subject's seq after it.
    /// @param epoch The subject's epoch after it.
    /// @param authEpoch The subject's authEpoch after it.
    /// @param actor Who decided this: the recoverer.
    event RecoveryProposed(
        address indexed subject,
        address indexed newController,
        uint32 proposalId,
        uint40 readyAt,
        uint24 seq,
        uint24 epoch,
        uint24 authEpoch,
        address actor
    );

    /// @notice The controller refused a proposal.
    /// @param subject The patient's address.
    /// @param proposalId Its number.
    /// @param seq The subject's seq after it.
    /// @param epoch The subject's epoch after it.
    /// @param authEpoch The subject's authEpoch after it.
    /// @param actor Who decided this: the controller.
    event RecoveryVetoed(
        address indexed subject, uint32 proposalId, uint24 seq, uint24 epoch, uint24 authEpoch, address actor
    );

    /// @notice The recoverer stopped new grants for a while.
    /// @param subject The patient's address.
    /// @param frozenUntil First second at which they are possible again.
    /// @param nextFreezeAt First second at which the recoverer may freeze again.
    /// @param seq The subject's seq after it.
    /// @param epoch The subject's epoch after it.
    /// @param authEpoch The subject's authEpoch after it.
    /// @param actor Who decided this: the recoverer.
    event SubjectFrozen(
        address indexed subject,
        uint40 frozenUntil,
        uint40 nextFreezeAt,
        uint24 seq,
        uint24 epoch,
        uint24 authEpoch,
        address actor
    );

    /// @notice The controller ended a freeze.
    /// @param subject The patient's address.
    /// @param seq The subject's seq after it.
    /// @param epoch The subject's epoch after it.
    /// @param authEpoch The subject's authEpoch after it.
    /// @param actor Who decided this: the controller.
    event SubjectUnfrozen(address indexed subject, uint24 seq, uint24 epoch, uint24 authEpoch, address actor);

    /// @notice The subject is the zero address.
    error ZeroSubject();

    /// @notice The new controller is the zero address.
    error ZeroController();

    /// @notice The delegate is the zero address.
    error ZeroDelegate();

    /// @notice The actor may not do this for the subject.
    /// @param actor Who tried.
    /// @param subject The subject.
    error NotAuthorized(address actor, address subject);

    /// @notice The actor is not the subject's recoverer, or it has none.
    /// @param actor Who tried.
    /// @param subject The subject.
    error NotRecoverer(address actor, address subject);

    /// @notice The opening was made for another seq of the subject.
    /// @param given The seq given.
    /// @param expected The subject's seq.
    error WrongSeq(uint24 given, uint24 expected);

    /// @notice The seq counter is used up: the subject can stop, but never open again.
    error SeqExhausted();

    /// @notice The epoch counter is used up: the subject can stop, but never open again.
    error EpochExhausted();

    /// @notice The authEpoch counter is used up: no delegate or recoverer can be set again.
    error AuthEpochExhausted();

    /// @notice New grants and delegates are stopped for now.
    /// @param until First second at which they are possible again.
    error Frozen(uint40 until);

    /// @notice The subject is already controlled by this key.
    /// @param controller The controller.
    error AlreadyController(address controller);

    /// @notice The change was made for another nonce.
    /// @param given The nonce given.
    /// @param expected The nonce that the change leads to.
    error WrongNonce(uint32 given, uint32 expected);

    /// @notice The nonce counter is used up: a removal is still possible, a setting is not.
    error NonceExhausted();

    /// @notice The signed stop has had its effect.
    /// @param through The highest counter value it applies to.
    /// @param current The counter.
    error StaleThrough(uint32 through, uint32 current);

    /// @notice The rights are none, or some that do not exist.
    /// @param rights The rights given.
    error BadRights(uint8 rights);

    /// @notice The mandate holds no second from now on.
    /// @param validFrom The start given.
    /// @param validTo The end given.
    error BadMandate(uint40 validFrom, uint40 validTo);

    /// @notice Controller and delegate, or controller and recoverer, are the same address.
    /// @param party That address.
    error SameParty(address party);

    /// @notice The delay is shorter than {MIN_RECOVERY_DELAY} or longer than {MAX_RECOVERY_DELAY}.
    /// @param delay The delay given, in seconds.
    error BadDelay(uint32 delay);

    /// @notice There is no such proposal under way.
    /// @param given The number given.
    /// @param current The number of the last proposal.
    error NoProposal(uint32 given, uint32 current);

    /// @notice The proposal cannot be carried out yet.
    /// @param readyAt First second at which it can.
    error NotReady(uint40 readyAt);

    /// @notice The recoverer may not freeze again yet.
    /// @param nextFreezeAt First second at which it may.
    error FreezeTooSoon(uint40 nextFreezeAt);

    /// @notice There is no freeze to end.
    error NotFrozen();

    /// @notice The signature's deadline is over.
    /// @param deadline The last second at which it worked.
    /// @param time The block time.
    error DeadlinePassed(uint40 deadline, uint40 time);

    /// @notice The signature would work for too long.
    /// @param deadline The deadline given.
    /// @param latest The latest allowed for what is no stop.
    error DeadlineTooFar(uint40 deadline, uint40 latest);

    /// @notice The signature is not the actor's over this intent, on this chain, for this registry.
    /// @param actor Who should have signed.
    error BadSignature(address actor);

    /// @notice The ERC-7913 signer is no verifier contract with a key, or its id is not the actor.
    /// @param actor Who should have signed.
    error BadSigner(address actor);

    /// @notice Takes back every consent and request, and voids every grant signed but not yet applied. For the
    /// controller.
    /// @param subject The patient's address.
    /// @param dropDelegates Whether delegates, recoverer and proposal become void, too.
    function revokeAll(address subject, bool dropDelegates) external;

    /// @notice {revokeAll}, signed. Applies while the epoch is at most `throughEpoch`, and sets it one above; raises
    /// seq above `throughSeq`, too.
    /// @dev A wallet signs the epoch and the seq it sees, where grants are signed on final state only; else the highest
    /// it ever signed or led to.
    /// @param intent What the controller decided.
    /// @param proof Its signature; a plain ECDSA signature also counts where the actor has code.
    function revokeAllBySig(RevokeAll calldata intent, Proof calldata proof) external;

    /// @notice Voids every opening signed but not yet applied. For the controller. Applies while seq is at most
    /// `throughSeq`, and sets it one above.
    /// @param intent What the controller decided.
    /// @param proof Its signature, see {Proof}; a plain ECDSA signature also counts where the actor has code.
    function invalidate(Invalidate calldata intent, Proof calldata proof) external;

    /// @notice Hands control to another key, which must agree; it may be the subject itself. For the controller. Ends a
    /// freeze; delegates, recoverer and proposal become void.
    /// @param intent What the controller decided; `seq` is the subject's.
    /// @param proof Its signature, see {Proof}.
    /// @param acceptance The new key's agreement.
    function rotate(Rotate calldata intent, Proof calldata proof, Acceptance calldata acceptance) external;

    /// @notice Gives a delegate rights for a time, in place of any it has. For the controller; not while frozen.
    /// @param intent What the controller decided: `rights` of {Rights}; a window `[validFrom, validTo)` that is not
    /// over; `nonce` is the delegate's plus 1; `seq` is the subject's.
    /// @param proof Its signature, see {Proof}.
    function setDelegate(SetDelegate calldata intent, Proof calldata proof) external;

    /// @notice Takes a delegate's rights back, or rules them out beforehand. For the controller. Applies while the
    /// nonce is at most `throughNonce`, and sets it one above.
    /// @param intent What the controller decided.
    /// @param proof Its signature, see {Proof}; a plain ECDSA signature also counts where the actor has code.
    function removeDelegate(RemoveDelegate calldata intent, Proof calldata proof) external;

    /// @notice Names who may recover the subject, in place of anyone before, and cancels a proposal. For the
    /// controller.
    /// @dev To name nobody (recoverer and delay zero) any `nonce` above the current one works, so that a setting held
    /// back cannot outlive its removal, and `seq` is not looked at.
    /// @param intent What the controller decided: a delay of {MIN_RECOVERY_DELAY} to {MAX_RECOVERY_DELAY}; `nonce` is
    /// the recovery's plus 1; `seq` is the subject's.
    /// @param proof Its signature, see {Proof}; to name nobody, a plain ECDSA signature also counts where the actor has
    /// code.
    function setRecovery(SetRecovery calldata intent, Proof calldata proof) external;

    /// @notice Proposes another controller, in place of any earlier proposal. For the recoverer.
    /// @param intent What the recoverer decided; `proposalId` is the last one plus 1.
    /// @param proof Its signature, see {Proof}.
    function proposeRecovery(ProposeRecovery calldata intent, Proof calldata proof) external;

    /// @notice Refuses the proposal under way. For the controller, whatever is frozen. It may be signed before the
    /// proposal is made.
    /// @param intent What the controller decided.
    /// @param proof Its signature, see {Proof}; a plain ECDSA signature also counts where the actor has code.
    function veto(Veto calldata intent, Proof calldata proof) external;

    /// @notice Carries the proposal out once its delay is over and the new key agrees. For anyone. Ends a freeze;
    /// delegates and recoverer become void.
    /// @param subject The patient's address.
    /// @param proposalId Its number.
    /// @param acceptance The new key's agreement.
    function recover(address subject, uint32 proposalId, Acceptance calldata acceptance) external;

    /// @notice Stops new grants and delegates for as long as the recovery's delay, and voids the openings signed but
    /// not yet applied. For the recoverer, no earlier than one delay after the last freeze was due to end.
    /// @param intent What the recoverer decided; `seq` is the subject's.
    /// @param proof Its signature, see {Proof}.
    function freeze(Freeze calldata intent, Proof calldata proof) external;

    /// @notice Ends a freeze. For the controller.
    /// @param intent What the controller decided; `seq` is the subject's.
    /// @param proof Its signature, see {Proof}.
    function unfreeze(Unfreeze calldata intent, Proof calldata proof) external;

    /// @notice A subject's controller and counters.
    /// @param subject The patient's address.
    /// @return state As stored; its own controller and zero for an address that never did anything here.
    function subjects(address subject) external view returns (Subject memory state);

    /// @notice A delegate of a subject.
    /// @param subject The patient's address.
    /// @param delegate The delegate.
    /// @return state As stored.
    function delegates(address subject, address delegate) external view returns (Delegate memory state);

    /// @notice Who may recover a subject.
    /// @param subject The patient's address.
    /// @return state As stored.
    function recoveries(address subject) external view returns (Recovery memory state);

    /// @notice The last recovery proposed for a subject.
    /// @param subject The patient's address.
    /// @return state As stored.
    function proposals(address subject) external view returns (Proposal memory state);

    /// @notice What an actor may do for a subject at the block time.
    /// @param subject The patient's address.
    /// @param actor The controller, a delegate, or anyone.
    /// @return rights Its rights, see {Rights}; 0 if none.
    /// @return mandateEnd First second at which they end; 0 if none.
    function rightsOf(address subject, address actor) external view returns (uint8 rights, uint40 mandateEnd);
}
