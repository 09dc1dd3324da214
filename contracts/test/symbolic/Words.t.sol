// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ConsentWord, ConsentWords} from "../../src/consent/ConsentWord.sol";
import {IConsents} from "../../src/consent/IConsents.sol";
import {SubjectWord} from "../../src/consent/SubjectWord.sol";
import {vm} from "../utils/Vm.sol";

/// @notice See Symbolic.tree. Every argument is any value of its type.
contract WordsProofs {
    uint256 private constant EPOCH = uint256(type(uint24).max) << 160;
    uint256 private constant AUTH_EPOCH = uint256(type(uint24).max) << 184;
    uint256 private constant SEQ = uint256(type(uint24).max) << 208;
    uint256 private constant FROZEN = 1 << 232;

    function check_AnOpenedWordHoldsEachFieldAndNothingElse(IConsents.Consent memory consent) public pure {
        ConsentWord word = ConsentWords.opened(
            uint256(consent.status),
            consent.validFrom,
            consent.validTo,
            consent.version,
            consent.epoch,
            consent.changedAt,
            consent.respondBy
        );
        _assertSame(word.decode(), consent);
        assert(ConsentWord.unwrap(word) >> 224 == 0);
    }

    function check_AClosedWordKeepsWindowEpochAndRespondBy(
        uint256 bits,
        IConsents.Status status,
        uint32 version,
        uint40 time
    ) public pure {
        bits = _storable(bits);
        ConsentWord word = ConsentWord.wrap(bits);
        IConsents.Consent memory expected = word.decode();
        (expected.status, expected.version, expected.changedAt) = (status, version, time);
        ConsentWord closed = word.closed(uint256(status), version, time);
        _assertSame(closed.decode(), expected);
        assert(ConsentWord.unwrap(closed) >> 224 == bits >> 224);
    }

    function check_TheEffectiveStatusIsWhatTheRulesSay(uint256 bits, uint24 epoch, uint40 time) public pure {
        ConsentWord word = ConsentWord.wrap(_storable(bits));
        IConsents.Consent memory consent = word.decode();
        IConsents.Status effective = IConsents.Status(word.statusAt(epoch, time));
        vm.assume(consent.status != IConsents.Status.Active || consent.validFrom < consent.validTo);
        bool requested = consent.status == IConsents.Status.Requested;
        bool active = consent.status == IConsents.Status.Active;
        if (!requested && !active) {
            assert(effective == consent.status);
        } else if (consent.epoch != epoch) {
            assert(effective == IConsents.Status.Revoked);
        } else {
            bool over = time >= (requested ? consent.respondBy : consent.validTo);
            assert(effective == (over ? IConsents.Status.Expired : consent.status));
        }
        bool inWindow = consent.validFrom <= time && time < consent.validTo;
        assert(word.isActiveAt(epoch, time) == (effective == IConsents.Status.Active && inWindow));
    }

    function check_TheCountersOfASubjectMoveAloneAndUpOrStay(uint256 bits, uint24 throughEpoch, uint24 through)
        public
        pure
    {
        SubjectWord word = SubjectWord.wrap(bits);
        uint256 next = through == type(uint24).max ? through : uint256(through) + 1;

        SubjectWord all = word.withAllAbove(throughEpoch, through);
        assert(SubjectWord.unwrap(all) & ~(EPOCH | SEQ) == bits & ~(EPOCH | SEQ));
        assert(all.epoch() == (throughEpoch == type(uint24).max ? throughEpoch : uint256(throughEpoch) + 1));
        assert(all.seq() == next);

        uint256 seqs = SubjectWord.unwrap(word.withSeqAbove(through));
        assert(seqs & ~SEQ == bits & ~SEQ);
        assert(SubjectWord.wrap(seqs).seq() == next);

        uint256 authEpochs = SubjectWord.unwrap(word.withNextAuthEpoch());
        assert(authEpochs & ~AUTH_EPOCH == bits & ~AUTH_EPOCH);
        uint24 before = word.authEpoch();
        assert(SubjectWord.wrap(authEpochs).authEpoch() == (before == type(uint24).max ? before : before + 1));
    }

    function check_ControllerAndFreezeOfASubjectMoveAlone(
        uint256 bits,
        address controller,
        bool frozen,
        address subject
    ) public pure {
        SubjectWord word = SubjectWord.wrap(bits);
        SubjectWord handed = word.withController(controller);
        assert(handed.isControlledBy(subject, handed.controllerOf(subject)));
        assert(SubjectWord.unwrap(handed) >> 160 == bits >> 160);
        assert(handed.controllerOf(subject) == (controller == address(0) ? subject : controller));

        SubjectWord frosted = word.withFrozen(frozen);
        assert(frosted.frozen() == frozen);
        assert(SubjectWord.unwrap(frosted) | FROZEN == bits | FROZEN);
    }

    function check_AnOpenSeqIsExactUnfrozenAndNotUsedUp(uint256 bits, uint24 seq) public pure {
        // Nothing is stored above the freeze.
        SubjectWord word = SubjectWord.wrap(bits & (FROZEN * 2 - 1));
        bool open = seq == word.seq() && !word.frozen() && seq != type(uint24).max;
        assert(word.isOpenFor(seq) == open);
    }

    /// @dev A word that can be stored: a status that exists.
    function _storable(uint256 bits) private pure returns (uint256) {
        return bits & 0xff > uint256(type(IConsents.Status).max) ? bits & ~uint256(0xff) : bits;
    }

    function _assertSame(IConsents.Consent memory actual, IConsents.Consent memory expected) private pure {
        assert(actual.status == expected.status);
        assert(actual.validFrom == expected.validFrom);
        assert(actual.validTo == expected.validTo);
        assert(actual.version == expected.version);
        assert(actual.epoch == expected.epoch);
        assert(actual.changedAt == expected.changedAt);
        assert(actual.respondBy == expected.respondBy);
    }
}
