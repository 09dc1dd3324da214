// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {both, either} from "./ConsentWord.sol";
import {ISubjects} from "./ISubjects.sol";
import {IntentHashes} from "./IntentHashes.sol";
import {
    AcceptControl,
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
import {MAX_RECOVERY_DELAY, MAX_SIGNATURE_LIFE, MIN_RECOVERY_DELAY, Rights} from "./Limits.sol";
import {Signers} from "./Signers.sol";
import {SubjectWord} from "./SubjectWord.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";

/// @title Who decides for a subject
/// @notice See {ISubjects}.
/// @dev An action that its actor sends itself never calls another contract.
abstract contract Subjects is ISubjects, EIP712 {
    /// @dev When a freeze ends by itself, and when the next one may begin.
    struct FreezeTimes {
        uint40 until;
        uint40 next;
    }

    uint24 private constant MAX24 = type(uint24).max;
    uint32 private constant MAX32 = type(uint32).max;

    mapping(address subject => SubjectWord word) private _subjects;
    mapping(address subject => mapping(address delegate => Delegate state)) private _delegates;
    mapping(address subject => Recovery state) private _recoveries;
    mapping(address subject => Proposal state) private _proposals;
    mapping(address subject => FreezeTimes times) private _freezes;

    constructor() EIP712("Consentry", "1") {}

    /// @inheritdoc ISubjects
    function revokeAll(address subject, bool dropDelegates) external {
        SubjectWord word = _controlled(subject, msg.sender);
        _revokeAll(subject, msg.sender, word, word.epoch(), word.seq(), dropDelegates);
    }

    /// @inheritdoc ISubjects
    function revokeAllBySig(RevokeAll calldata intent, Proof calldata proof) external {
        _requireStopProof(intent.actor, IntentHashes.hash(intent), intent.deadline, proof);
        SubjectWord word = _controlled(intent.subject, intent.actor);
        _requireThrough(intent.throughEpoch, word.epoch(), MAX24);
        uint24 seq = word.seq() > intent.throughSeq ? word.seq() : intent.throughSeq;
        _revokeAll(intent.subject, intent.actor, word, intent.throughEpoch, seq, intent.dropDelegates);
    }

    /// @inheritdoc ISubjects
    function invalidate(Invalidate calldata intent, Proof calldata proof) external {
        _requireStopProof(intent.actor, IntentHashes.hash(intent), intent.deadline, proof);
        SubjectWord word = _controlled(intent.subject, intent.actor);
        _requireThrough(intent.throughSeq, word.seq(), MAX24);
        _voidOpenings(intent.subject, intent.actor, word, intent.throughSeq);
    }

    /// @inheritdoc ISubjects
    function rotate(Rotate calldata intent, Proof calldata proof, Acceptance calldata acceptance) external {
        _requireProof(intent.actor, IntentHashes.hash(intent), intent.deadline, proof);
        SubjectWord word = _controlled(intent.subject, intent.actor);
        _requireSeq(word, intent.seq);
        _changeController(intent.subject, intent.actor, word, intent.newController, acceptance);
    }

    /// @inheritdoc ISubjects
    function setDelegate(SetDelegate calldata intent, Proof calldata proof) external {
        _requireProof(intent.actor, IntentHashes.hash(intent), intent.deadline, proof);
        SubjectWord word = _controlled(intent.subject, intent.actor);
        _requireSeq(word, intent.seq);
        _requireNotFrozen(intent.subject, word);
        if (word.authEpoch() == MAX24) revert AuthEpochExhausted();
        if (intent.delegate == address(0)) revert ZeroDelegate();
        if (intent.delegate == intent.actor) revert SameParty(intent.delegate);
        if (intent.rights == 0 || intent.rights > Rights.ALL) revert BadRights(intent.rights);
        if (intent.validFrom >= intent.validTo || intent.validTo <= _now()) {
            revert BadMandate(intent.validFrom, intent.validTo);
        }
        Delegate storage stored = _delegates[intent.subject][intent.delegate];
        _requireNonce(intent.nonce, stored.nonce);
        stored.rights = intent.rights;
        stored.validFrom = intent.validFrom;
        stored.validTo = intent.validTo;
        stored.authEpoch = word.authEpoch();
        stored.nonce = intent.nonce;
        emit DelegateSet(
            intent.subject,
            intent.delegate,
            intent.rights,
            intent.validFrom,
            intent.validTo,
            intent.nonce,
            word.seq(),
            word.epoch(),
            word.authEpoch(),
            intent.actor
        );
    }

    /// @inheritdoc ISubjects
    function removeDelegate(RemoveDelegate calldata intent, Proof calldata proof) external {
        _requireStopProof(intent.actor, IntentHashes.hash(intent), intent.deadline, proof);
        SubjectWord word = _controlled(intent.subject, intent.actor);
        if (intent.delegate == address(0)) revert ZeroDelegate();
        uint32 through = intent.throughNonce;
        _requireThrough(through, _delegates[intent.subject][intent.delegate].nonce, MAX32);
        uint32 nonce = through == MAX32 ? through : through + 1;
        _delegates[intent.subject][intent.delegate] = Delegate(0, 0, 0, word.authEpoch(), nonce);
        emit DelegateRemoved(
            intent.subject, intent.delegate, nonce, word.seq(), word.epoch(), word.authEpoch(), intent.actor
        );
    }

    /// @inheritdoc ISubjects
    function setRecovery(SetRecovery calldata intent, Proof calldata proof) external {
        bytes32 structHash = IntentHashes.hash(intent);
        SubjectWord word = _controlled(intent.subject, intent.actor);
        uint32 current = _recoveries[intent.subject].nonce;
        if (intent.recoverer == address(0)) {
            _requireStopProof(intent.actor, structHash, intent.deadline, proof);
            if (intent.delay != 0) revert BadDelay(intent.delay);
            if (intent.nonce <= current) revert StaleThrough(intent.nonce, current);
        } else {
            _requireProof(intent.actor, structHash, intent.deadline, proof);
            _requireSeq(word, intent.seq);
            if (word.authEpoch() == MAX24) revert AuthEpochExhausted();
            if (intent.recoverer == intent.actor) revert SameParty(intent.recoverer);
            if (intent.delay < MIN_RECOVERY_DELAY || intent.delay > MAX_RECOVERY_DELAY) revert BadDelay(intent.delay);
            _requireNonce(intent.nonce, current);
        }
        _recoveries[intent.subject] = Recovery(intent.recoverer, intent.delay, word.authEpoch(), intent.nonce);
        _proposals[intent.subject].newController = address(0);
        emit RecoverySet(
            intent.subject,
            intent.recoverer,
            intent.delay,
            intent.nonce,
            word.seq(),
            word.epoch(),
            word.authEpoch(),
            intent.actor
        );
    }

    /// @inheritdoc ISubjects
    function proposeRecovery(ProposeRecovery calldata intent, Proof calldata proof) external {
        _requireProof(intent.actor, IntentHashes.hash(intent), intent.deadline, proof);
        SubjectWord word = _subjects[intent.subject];
        uint32 delay = _requireRecoverer(intent.subject, intent.actor, word);
        _requireNewController(intent.subject, intent.newController, word);
        _requireNonce(intent.proposalId, _proposals[intent.subject].id);
        uint40 readyAt = _now() + delay;
        _proposals[intent.subject] = Proposal(intent.newController, readyAt, intent.proposalId, word.authEpoch());
        emit RecoveryProposed(
            intent.subject,
            intent.newController,
            intent.proposalId,
            readyAt,
            word.seq(),
            word.epoch(),
            word.authEpoch(),
            intent.actor
        );
    }

    /// @inheritdoc ISubjects
    function veto(Veto calldata intent, Proof calldata proof) external {
        _requireStopProof(intent.actor, IntentHashes.hash(intent), intent.deadline, proof);
        SubjectWord word = _controlled(intent.subject, intent.actor);
        _proposalUnderWay(intent.subject, word, intent.proposalId);
        _proposals[intent.subject].newController = address(0);
        emit RecoveryVetoed(intent.subject, intent.proposalId, word.seq(), word.epoch(), word.authEpoch(), intent.actor);
    }

    /// @inheritdoc ISubjects
    function recover(address subject, uint32 proposalId, Acceptance calldata acceptance) external {
        SubjectWord word = _subjects[subject];
        Proposal memory proposal = _proposalUnderWay(subject, word, proposalId);
        if (_now() < proposal.readyAt) revert NotReady(proposal.readyAt);
        _changeController(subject, _recoveries[subject].recoverer, word, proposal.newController, acceptance);
    }

    /// @inheritdoc ISubjects
    function freeze(Freeze calldata intent, Proof calldata proof) external {
        _requireProof(intent.actor, IntentHashes.hash(intent), intent.deadline, proof);
        SubjectWord word = _subjects[intent.subject];
        uint32 delay = _requireRecoverer(intent.subject, intent.actor, word);
        _requireSeq(word, intent.seq);
        uint40 time = _now();
        uint40 earliest = _freezes[intent.subject].next;
        if (time < earliest) revert FreezeTooSoon(earliest);
        // One delay frozen, then at least one delay free: a recoverer alone cannot keep a patient from consenting.
        FreezeTimes memory times = FreezeTimes(time + delay, time + 2 * uint40(delay));
        _freezes[intent.subject] = times;
        word = word.withSeqAbove(intent.seq).withFrozen(true);
        _subjects[intent.subject] = word;
        emit SubjectFrozen(
            intent.subject, times.until, times.next, word.seq(), word.epoch(), word.authEpoch(), intent.actor
        );
    }

    /// @inheritdoc ISubjects
    function unfreeze(Unfreeze calldata intent, Proof calldata proof) external {
        _requireProof(intent.actor, IntentHashes.hash(intent), intent.deadline, proof);
        SubjectWord word = _controlled(intent.subject, intent.actor);
        _requireSeq(word, intent.seq);
        if (_frozenUntil(intent.subject, word) == 0) revert NotFrozen();
        word = word.withFrozen(false);
        _subjects[intent.subject] = word;
        emit SubjectUnfrozen(intent.subject, word.seq(), word.epoch(), word.authEpoch(), intent.actor);
    }

    /// @inheritdoc ISubjects
    function subjects(address subject) external view returns (Subject memory state) {
        SubjectWord word = _subjects[subject];
        FreezeTimes memory times = _freezes[subject];
        return Subject({
            controller: word.controllerOf(subject),
            epoch: word.epoch(),
            authEpoch: word.authEpoch(),
            seq: word.seq(),
            frozenUntil: word.frozen() ? times.until : 0,
            nextFreezeAt: times.next
        });
    }

    /// @inheritdoc ISubjects
    function delegates(address subject, address delegate) external view returns (Delegate memory state) {
        return _delegates[subject][delegate];
    }

    /// @inheritdoc ISubjects
    function recoveries(address subject) external view returns (Recovery memory state) {
        return _recoveries[subject];
    }

    /// @inheritdoc ISubjects
    function proposals(address subject) external view returns (Proposal memory state) {
        return _proposals[subject];
    }

    /// @inheritdoc ISubjects
    function rightsOf(address subject, address actor) external view returns (uint8 rights, uint40 mandateEnd) {
        return _rightsOf(subject, actor, _subjects[subject]);
    }

    /// @dev The subject's word.
    function _subjectWord(address subject) internal view returns (SubjectWord) {
        return _subjects[subject];
    }

    /// @dev What an actor may do for a subject now, and until when.
    function _rightsOf(address subject, address actor, SubjectWord word) internal view returns (uint8, uint40) {
        if (word.isControlledBy(subject, actor)) return (Rights.ALL, type(uint40).max);
        Delegate memory delegate = _delegates[subject][actor];
        uint40 time = _now();
        bool holds = _isCurrent(delegate.authEpoch, word) && delegate.validFrom <= time && time < delegate.validTo;
        return holds && delegate.rights != 0 ? (delegate.rights, delegate.validTo) : (0, 0);
    }

    /// @dev Requires a right, and returns the subject's epoch.
    function _requireRight(address subject, address actor, uint8 right) internal view returns (uint24 epoch) {
        SubjectWord word = _subjects[subject];
        if (!word.isControlledBy(subject, actor)) {
            (uint8 rights,) = _rightsOf(subject, actor, word);
            if (rights & right == 0) _refuseActor(subject, actor);
        }
        return word.epoch();
    }

    /// @dev Requires the right to grant with `seq` now, and returns when it ends.
    function _requireGrantor(address subject, address actor, SubjectWord word, uint24 seq)
        internal
        view
        returns (uint256 mandateEnd)
    {
        if (both(word.isControlledBy(subject, actor), word.isOpenFor(seq))) return type(uint40).max; // as a rule
        uint8 rights;
        (rights, mandateEnd) = _rightsOf(subject, actor, word);
        if (rights & Rights.GRANT == 0) _refuseActor(subject, actor);
        _isOpenFor(subject, word, seq, false);
    }

    /// @dev Whether grants signed for `seq` are possible; reverts with the reason unless told to be silent.
    function _isOpenFor(address subject, SubjectWord word, uint24 seq, bool silent) internal view returns (bool) {
        if (silent) return word.withFrozen(false).isOpenFor(seq) && _frozenUntil(subject, word) == 0;
        _requireSeq(word, seq);
        _requireNotFrozen(subject, word);
        return true;
    }

    /// @dev Raises seq above `throughSeq`, so that no opening signed for it works again.
    function _voidOpenings(address subject, address actor, SubjectWord word, uint24 throughSeq) private {
        word = word.withSeqAbove(throughSeq);
        _subjects[subject] = word;
        emit SignaturesInvalidated(subject, word.seq(), word.epoch(), word.authEpoch(), actor);
    }

    /// @dev Makes the seq of a batch that skips what is stale work once. A batch for a later seq could apply twice, a
    /// part now and a part then, so it does not apply before its time.
    function _useUpSeq(address subject, address actor, SubjectWord word, uint24 seq) internal {
        if (seq > word.seq()) revert WrongSeq(seq, word.seq());
        if (seq == word.seq() && seq != MAX24) _voidOpenings(subject, actor, word, seq);
    }

    /// @dev Requires that an actor vouches for an opening.
    function _requireProof(address actor, bytes32 structHash, uint40 deadline, Proof calldata proof) internal view {
        uint40 latest = _now() + MAX_SIGNATURE_LIFE;
        if (deadline > latest) revert DeadlineTooFar(deadline, latest);
        _requireProof(actor, structHash, deadline, proof, false);
    }

    /// @dev Requires that an actor vouches for a stop.
    function _requireStopProof(address actor, bytes32 structHash, uint40 deadline, Proof calldata proof) internal view {
        _requireProof(actor, structHash, deadline, proof, true);
    }

    /// @dev Whether an actor vouches by sending its intent itself.
    function _isSender(address actor, Proof calldata proof) internal view returns (bool) {
        return msg.sender == actor && proof.signer.length == 0 && proof.signature.length == 0;
    }

    /// @dev The block time. It fits until the year 36812.
    function _now() internal view returns (uint40) {
        return uint40(block.timestamp);
    }

    function _revokeAll(address subject, address actor, SubjectWord word, uint24 epoch, uint24 seq, bool dropDelegates)
        private
    {
        word = word.withAllAbove(epoch, seq);
        if (dropDelegates) word = word.withNextAuthEpoch();
        _subjects[subject] = word;
        emit AllConsentsRevoked(subject, word.seq(), word.epoch(), word.authEpoch(), actor);
    }

    /// @dev Control passes only to a key that agrees: a typing error must not orphan a subject.
    function _changeController(
        address subject,
        address actor,
        SubjectWord word,
        address newController,
        Acceptance calldata acceptance
    ) private {
        _requireNewController(subject, newController, word);
        if (word.seq() == MAX24) revert SeqExhausted();
        if (msg.sender != newController) {
            AcceptControl memory accepted = AcceptControl(newController, subject, word.seq(), acceptance.deadline);
            _requireProof(newController, IntentHashes.hash(accepted), acceptance.deadline, acceptance.proof);
        }
        word = word.withController(newController == subject ? address(0) : newController).withSeqAbove(word.seq())
            .withNextAuthEpoch().withFrozen(false);
        _subjects[subject] = word;
        emit ControllerChanged(subject, newController, word.seq(), word.epoch(), word.authEpoch(), actor);
    }

    /// @dev The word of a subject that the actor controls.
    function _controlled(address subject, address actor) private view returns (SubjectWord word) {
        word = _subjects[subject];
        if (either(subject == address(0), !word.isControlledBy(subject, actor))) _refuseActor(subject, actor);
    }

    function _refuseActor(address subject, address actor) private pure {
        if (subject == address(0)) revert ZeroSubject();
        revert NotAuthorized(actor, subject);
    }

    function _requireNewController(address subject, address newController, SubjectWord word) private pure {
        if (newController == address(0)) revert ZeroController();
        if (newController == word.controllerOf(subject)) revert AlreadyController(newController);
    }

    /// @dev The proposal of this number, if it can still be carried out.
    function _proposalUnderWay(address subject, SubjectWord word, uint32 proposalId)
        private
        view
        returns (Proposal memory proposal)
    {
        proposal = _proposals[subject];
        bool underWay =
            proposal.newController != address(0) && proposal.id == proposalId && _isCurrent(proposal.authEpoch, word);
        if (!underWay) revert NoProposal(proposalId, proposal.id);
    }

    /// @dev Requires the recoverer and returns its delay.
    function _requireRecoverer(address subject, address actor, SubjectWord word) private view returns (uint32) {
        Recovery memory recovery = _recoveries[subject];
        bool holds = actor != address(0) && actor == recovery.recoverer && _isCurrent(recovery.authEpoch, word);
        if (!holds) revert NotRecoverer(actor, subject);
        return recovery.delay;
    }

    /// @dev First second after a freeze that still holds; 0 if none does.
    function _frozenUntil(address subject, SubjectWord word) private view returns (uint40 until) {
        if (!word.frozen()) return 0;
        until = _freezes[subject].until;
        if (until <= _now()) return 0;
    }

    function _requireNotFrozen(address subject, SubjectWord word) private view {
        uint40 until = _frozenUntil(subject, word);
        if (until != 0) revert Frozen(until);
    }

    /// @dev The largest authEpoch cannot be left any more, so nothing set under it could ever be made void.
    function _isCurrent(uint24 authEpoch, SubjectWord word) private pure returns (bool) {
        return authEpoch == word.authEpoch() && authEpoch != MAX24;
    }

    function _requireSeq(SubjectWord word, uint24 seq) private pure {
        uint24 current = word.seq();
        if (current == MAX24) revert SeqExhausted();
        if (seq != current) revert WrongSeq(seq, current);
    }

    /// @dev The largest nonce is left to removals.
    function _requireNonce(uint32 given, uint32 current) private pure {
        if (current >= MAX32 - 1) revert NonceExhausted();
        if (given != current + 1) revert WrongNonce(given, current + 1);
    }

    /// @dev A signed stop applies while its counter is not above what it names, and once: also at the largest value.
    function _requireThrough(uint32 through, uint32 current, uint32 max) private pure {
        if (current > through || current == max) revert StaleThrough(through, current);
    }

    function _requireProof(address actor, bytes32 structHash, uint40 deadline, Proof calldata proof, bool isStop)
        private
        view
    {
        uint40 time = _now();
        if (time > deadline) revert DeadlinePassed(deadline, time);
        bytes calldata signer = proof.signer;
        bytes calldata signature = proof.signature;
        if (msg.sender == actor && signer.length == 0 && signature.length == 0) return;
        bytes32 digest = _hashTypedDataV4(structHash);
        bool signed;
        if (signer.length == 0) {
            signed = Signers.isSignedByAddress(actor, digest, signature, isStop);
        } else {
            if (!Signers.isSigner(signer, actor)) revert BadSigner(actor);
            signed = Signers.isSignedByKey(signer, digest, signature);
        }
        if (!signed) revert BadSignature(actor);
    }
}
