// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IConsents} from "../../src/consent/IConsents.sol";
import {ISubjects} from "../../src/consent/ISubjects.sol";
import {BatchMode, Op, OpKind} from "../../src/consent/Intents.sol";
import {SubjectTest} from "../utils/SubjectTest.sol";
import {vm} from "../utils/Vm.sol";

/// @notice See Batch.tree, "when it tries".
contract TryBatchTest is SubjectTest {
    bytes32 private constant ONE = keccak256("one");
    bytes32 private constant TWO = keccak256("two");

    function test_SkipsAStaleGrantAndAppliesTheRest() public {
        Op[6] memory stale = [
            _grantOp(_scope(Situation.Active), 1),
            _grantOp(_scope(Situation.Requested), 2),
            _grantOp(_scope(Situation.None), 0),
            _grantOp(_scope(Situation.None), 2),
            Op(OpKind.Grant, CLINIC, _scope(Situation.None), NOW - 9, NOW, 1),
            Op(OpKind.Grant, CLINIC, _scope(Situation.None), NOW - 9, NOW - 8, 1)
        ];
        for (uint256 i = 0; i < stale.length; ++i) {
            uint256 before = vm.snapshotState();
            IConsents.Consent memory kept = _stored(stale[i].scopeId);
            vm.recordLogs();
            vm.expectEmit(address(registry));
            emit ISubjects.SignaturesInvalidated(PATIENT, 1, 0, 0, PATIENT);
            _batch(PATIENT, BatchMode.Try, 0, _ops(stale[i], _grantOp(ONE, 1)));

            _assertEmitted(
                _two(ISubjects.SignaturesInvalidated.selector, IConsents.ConsentCreated.selector), "one of two"
            );
            _assertSame(_stored(stale[i].scopeId), kept, "skipped");
            vm.assertTrue(_isActive(ONE), "applied");
            vm.assertEq(_subject().seq, 1, "seq is used up");
            vm.revertToState(before);
        }
    }

    function test_SkipsAGrantBeyondTheMandate() public {
        _setDelegate(PATIENT, PARENT, 7, NOW, NOW + DAY, 1, 0);
        Op memory beyond = Op(OpKind.Grant, CLINIC, TWO, NOW, NOW + DAY + 1, 1);
        _batch(PARENT, BatchMode.Try, 0, _ops(beyond, _grantOp(ONE, 1)));

        _assertStatus(_status(TWO), IConsents.Status.None, "skipped");
        vm.assertTrue(_isActive(ONE), "applied");
    }

    function test_SkipsAGrantWhereACounterIsUsedUp() public {
        IConsents.Consent memory closed;
        closed.status = IConsents.Status.Revoked;
        closed.version = MAX_VERSION - 1;
        _put(TWO, closed);
        _batch(PATIENT, BatchMode.Try, 0, _ops(_grantOp(TWO, MAX_VERSION), _grantOp(ONE, 1)));
        _assertSame(_stored(TWO), closed, "version used up");
        vm.assertTrue(_isActive(ONE), "applied");

        _putSubject(address(0), MAX24, 0, 0);
        _batch(PATIENT, BatchMode.Try, 0, _ops(_grantOp(ONE, 2), _revokeOp(TWO, MAX_VERSION)));
        vm.assertFalse(_isActive(ONE), "epoch used up");
        vm.assertEq(_stored(TWO).version, MAX_VERSION, "applied");
    }

    function test_SkipsAStopThatHasHadItsEffect() public {
        bytes32 active = _scope(Situation.Active);
        _batch(PATIENT, BatchMode.Try, 0, _ops(_revokeOp(active, 0), _grantOp(ONE, 1)));
        _batch(PATIENT, BatchMode.Try, 1, _ops(_denyOp(active, 0), _grantOp(TWO, 1)));

        vm.assertTrue(_isActive(active), "skipped");
        vm.assertTrue(_isActive(ONE) && _isActive(TWO), "applied");
    }

    function test_WithAnEarlierOrUsedUpSeqItSkipsEveryGrantAndStopsAllTheSame() public {
        bytes32 active = _scope(Situation.Active);
        for (uint256 way = 0; way < 2; ++way) {
            uint256 before = vm.snapshotState();
            uint24 seq;
            if (way == 0) _invalidate(PATIENT, 0);
            if (way == 1) {
                _putSubject(address(0), 0, 0, MAX24);
                seq = MAX24;
            }
            ISubjects.Subject memory kept = _subject();
            vm.recordLogs();
            _batch(PATIENT, BatchMode.Try, seq, _ops(_grantOp(ONE, 1), _revokeOp(active, 1)));

            _assertEmitted(_one(IConsents.ConsentRevoked.selector), "the stop alone");
            _assertStatus(_status(ONE), IConsents.Status.None, "not granted");
            _assertSubject(kept, "the subject stays");
            vm.revertToState(before);
        }
    }

    function test_DoesNotApplyBeforeItsSeq() public {
        for (uint24 seq = 1; seq < 3; ++seq) {
            vm.expectRevert(_wrongSeq(seq, 0));
            _batch(PATIENT, BatchMode.Try, seq, _ops(_grantOp(ONE, 1), _revokeOp(TWO, 1)));
        }
    }

    function test_RefusesWhatIsMalformedAlsoWhereItSkipsEveryGrant() public {
        _invalidate(PATIENT, 0);
        vm.expectRevert(abi.encodeWithSelector(IConsents.ZeroGrantee.selector));
        _batch(PATIENT, BatchMode.Try, 0, _ops(Op(OpKind.Grant, address(0), ONE, NOW, NOW + DAY, 1)));
        vm.expectRevert(abi.encodeWithSelector(IConsents.EmptyWindow.selector, NOW, NOW));
        _batch(PATIENT, BatchMode.Try, 0, _ops(Op(OpKind.Grant, CLINIC, ONE, NOW, NOW, 1)));
    }

    function test_WhileFrozenItSkipsEveryGrantStopsAllTheSameAndUsesUpTheSeq() public {
        bytes32 active = _scope(Situation.Active);
        _setRecovery(PATIENT, RECOVERER, DELAY, 1, 0);
        _freeze(RECOVERER, 0);
        vm.recordLogs();
        _batch(PATIENT, BatchMode.Try, 1, _ops(_grantOp(ONE, 1), _revokeOp(active, 1)));

        _assertEmitted(_two(ISubjects.SignaturesInvalidated.selector, IConsents.ConsentRevoked.selector), "no grant");
        _assertStatus(_status(ONE), IConsents.Status.None, "not granted");
        _assertSubject(ISubjects.Subject(PATIENT, 0, 0, 2, NOW + DELAY, NOW + 2 * DELAY), "used up, still frozen");
    }

    function test_AFreezeThatIsOverKeepsNothingBack() public {
        _setRecovery(PATIENT, RECOVERER, DELAY, 1, 0);
        _freeze(RECOVERER, 0);
        vm.warp(NOW + DELAY);
        Op memory op = Op(OpKind.Grant, CLINIC, ONE, NOW, UNTIL_REVOKED, 1);
        _batch(PATIENT, BatchMode.Try, 1, _ops(op));
        vm.assertTrue(_isActive(ONE), "applied");
        _assertSubject(ISubjects.Subject(PATIENT, 0, 0, 2, NOW + DELAY, NOW + 2 * DELAY), "and seq is used up");
    }

    function test_TheLastSeqWorksAndClosesTheSubject() public {
        _putSubject(address(0), 0, 0, MAX24 - 1);
        _batch(PATIENT, BatchMode.Try, MAX24 - 1, _ops(_grantOp(ONE, 1)));
        vm.assertTrue(_isActive(ONE), "applied");
        vm.assertEq(_subject().seq, MAX24, "closed");
    }

    function test_ADelegatesTryUsesUpTheSeqAsWell() public {
        _setDelegate(PATIENT, PARENT, 4, 1, 0);
        vm.expectEmit(address(registry));
        emit ISubjects.SignaturesInvalidated(PATIENT, 1, 0, 0, PARENT);
        _batch(PARENT, BatchMode.Try, 0, _ops(_grantOp(ONE, 1)));
        vm.expectRevert(_wrongSeq(0, 1));
        _grantAt(PATIENT, 0, 1);
    }
}
