// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IConsents} from "../../src/consent/IConsents.sol";
import {RightsProofs} from "../symbolic/Rights.t.sol";
import {WordsProofs} from "../symbolic/Words.t.sol";

// Fields are cut out of words on purpose.
// forge-lint: disable-start(unsafe-typecast)
/// @notice The properties of the words that halmos proves, tried by forge. See Proofs.tree.
contract WordsFuzz is WordsProofs {
    function testFuzz_AnOpenedWordHoldsEachFieldAndNothingElse(
        uint8 status,
        uint40[4] memory times,
        uint32 version,
        uint24 epoch
    ) public pure {
        IConsents.Consent memory consent = IConsents.Consent(
            IConsents.Status(status % 6), times[0], times[1], version, epoch, times[2], times[3]
        );
        check_AnOpenedWordHoldsEachFieldAndNothingElse(consent);
    }

    function testFuzz_AClosedWordKeepsWindowEpochAndRespondBy(uint256 bits, uint8 status, uint32 version, uint40 time)
        public
        pure
    {
        check_AClosedWordKeepsWindowEpochAndRespondBy(bits, IConsents.Status(status % 6), version, time);
    }

    /// @dev Statuses, epochs and times that meet.
    function testFuzz_TheEffectiveStatusIsWhatTheRulesSay(uint256 bits, uint8 status, uint24 epoch, uint40 time)
        public
        pure
    {
        bits = bits >> 8 << 8 | status % 6;
        if (status % 2 == 0) epoch = uint24(bits >> 120);
        if (status % 5 == 0) time = uint40(bits >> 8);
        if (status % 5 == 1) time = uint40(bits >> 48);
        if (status % 5 == 2) time = uint40(bits >> 184);
        if (status % 7 == 0 && time != 0) --time;
        (uint40 from, uint40 to) = (uint40(bits >> 8), uint40(bits >> 48));
        if (from >= to) bits = bits & ~(uint256(type(uint40).max) << 8);
        if (to == 0) bits |= uint256(1) << 48;
        check_TheEffectiveStatusIsWhatTheRulesSay(bits, epoch, time);
    }

    function testFuzz_TheCountersOfASubjectMoveAloneAndUpOrStay(uint256 bits, uint24 epoch, uint24 seq) public pure {
        check_TheCountersOfASubjectMoveAloneAndUpOrStay(bits, epoch, seq);
    }

    function testFuzz_ControllerAndFreezeOfASubjectMoveAlone(uint256 bits, address who, bool frozen, address subject)
        public
        pure
    {
        check_ControllerAndFreezeOfASubjectMoveAlone(bits, who, frozen, subject);
    }

    function testFuzz_AnOpenSeqIsExactUnfrozenAndNotUsedUp(uint256 bits, uint24 seq, bool same) public pure {
        check_AnOpenSeqIsExactUnfrozenAndNotUsedUp(bits, same ? uint24(bits >> 208) : seq);
    }
}

/// @notice The matrix of who may do what when, steered to where its borders are.
contract RightsFuzz is RightsProofs {
    uint40 private constant NOW = 1_800_000_000;

    /// @dev Small numbers that become values next to the ones that matter.
    struct Steps {
        uint8 status;
        uint8 from;
        uint8 to;
        uint8 by;
        uint8 version;
        uint8 epoch;
        uint8 authEpoch;
        uint8 seq;
        uint8 rights;
        uint8 start;
        uint8 end;
        uint8 until;
        bool controls;
        bool frozen;
        bool late;
    }

    function testFuzz_AGrantNeedsTheRightTheSeqTheVersionAndTheWindow(Steps memory a, Steps memory b) public {
        uint24 seq = a.seq % 4 == 3 ? type(uint24).max - a.seq / 4 % 3 : _seq(b.late, a.seq / 4);
        check_AGrantNeedsTheRightTheSeqTheVersionAndTheWindow(
            _consent(a), _subject(b), _delegate(b), _near(a.until), seq, _near(b.from), _end(b.to), _version(b), NOW
        );
    }

    function testFuzz_AStopNeedsTheRight(Steps memory a, Steps memory b, bool deny) public {
        check_AStopNeedsTheRight(_consent(a), _subject(b), _delegate(b), deny, NOW);
    }

    function testFuzz_AGranteeNeverGrants(Steps memory a, Steps memory b) public {
        uint256 subject = _subject(b) >> 160 << 160 | uint160(b.controls ? CLINIC : PATIENT);
        uint24 seq = uint24(subject >> 208);
        check_AGranteeNeverGrants(_consent(a), subject, _delegate(b), seq, NOW - 1, NOW + 1, _version(b), NOW);
    }

    function _consent(Steps memory s) private pure returns (uint256) {
        (uint40 from, uint40 to) = (_near(s.from), _end(s.to));
        if (from >= to) from = to - 1;
        uint256 times = uint256(from) << 8 | uint256(to) << 48 | uint256(_near(s.by)) << 184;
        return times | s.status % 6 | uint256(_version(s)) << 88 | uint256(_epoch(s)) << 120 | uint256(NOW - 9) << 144;
    }

    function _subject(Steps memory s) private pure returns (uint256) {
        uint256 seq = _seq(s.late, s.seq);
        uint256 controller = s.controls ? uint160(ACTOR) : 0;
        return controller | uint256(_epoch(s)) << 160 | uint256(_authEpoch(s.authEpoch % 4)) << 184 | seq << 208
            | (s.frozen ? uint256(1) << 232 : 0);
    }

    function _delegate(Steps memory s) private pure returns (uint256) {
        uint256 times = uint256(_near(s.start)) << 8 | uint256(_end(s.end)) << 48;
        return s.rights % 8 | times | uint256(_authEpoch(s.authEpoch / 4 % 4)) << 88;
    }

    /// @dev Mostly the same one.
    function _seq(bool late, uint8 step) private pure returns (uint24) {
        if (late && step % 4 == 3) return type(uint24).max - step / 4 % 3;
        return step % 4 == 2 ? 8 : 7;
    }

    function _version(Steps memory s) private pure returns (uint32) {
        return s.version % 4 == 3 ? type(uint32).max - s.version / 4 % 3 : 5 + s.version % 4 / 2;
    }

    function _epoch(Steps memory s) private pure returns (uint24) {
        return s.epoch % 4 == 3 ? type(uint24).max - s.epoch / 4 % 2 : 3 + s.epoch % 4 / 2;
    }

    function _authEpoch(uint8 step) private pure returns (uint24) {
        return step == 3 ? type(uint24).max : 4 + step / 2;
    }

    function _near(uint8 step) private pure returns (uint40) {
        return NOW - 2 + step % 5;
    }

    function _end(uint8 step) private pure returns (uint40) {
        return step % 6 == 5 ? type(uint40).max : _near(step);
    }
}
// forge-lint: disable-end(unsafe-typecast)
