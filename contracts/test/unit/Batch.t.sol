// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IConsents} from "../../src/consent/IConsents.sol";
import {ISubjects} from "../../src/consent/ISubjects.sol";
import {Batch, BatchMode, Op, OpKind, Proof} from "../../src/consent/Intents.sol";
import {Key, KeyKind} from "../utils/SignedTest.sol";
import {SubjectTest} from "../utils/SubjectTest.sol";
import {TypeHashes} from "../utils/TypeHashes.sol";
import {vm} from "../utils/Vm.sol";

/// @notice See Batch.tree; what tries is in TryBatch.t.sol.
contract BatchTest is SubjectTest {
    // In the order that a batch has its items in.
    bytes32 private constant ONE = "1 one";
    bytes32 private constant TWO = "2 two";

    function test_RefusesNoItemsAndTooMany() public {
        for (uint256 mode = 0; mode < 2; ++mode) {
            vm.expectRevert(abi.encodeWithSelector(IConsents.BadBatchLength.selector, 0));
            _batch(PATIENT, BatchMode(mode), 0, new Op[](0));

            vm.expectRevert(abi.encodeWithSelector(IConsents.BadBatchLength.selector, 257));
            _batch(PATIENT, BatchMode(mode), 0, _many(257));
        }
        _batch(PATIENT, BatchMode.Atomic, 0, _many(256));
        vm.assertTrue(_isActive(bytes32(uint256(256))), "256 items");
    }

    function test_RefusesAsAWholeWhoeverLacksTheRightOfAnItem() public {
        uint8[3] memory rights = [uint8(4), 1, 2];
        for (uint256 mode = 0; mode < 2; ++mode) {
            for (uint256 i = 0; i < 3; ++i) {
                Op[3] memory items = [_grantOp(ONE, 1), _revokeOp(ONE, 1), _denyOp(ONE, 1)];
                vm.expectRevert(_notAuthorized(STRANGER));
                _batch(STRANGER, BatchMode(mode), 0, _ops(items[i]));
                for (uint256 j = 0; j < 3; ++j) {
                    if (i == j) continue;
                    uint256 before = vm.snapshotState();
                    _setDelegate(PATIENT, PARENT, rights[i], 1, 0);
                    Op[] memory both = _ops(items[i], items[j]);
                    both[1].scopeId = TWO;
                    vm.expectRevert(_notAuthorized(PARENT));
                    _batch(PARENT, BatchMode(mode), 0, both);
                    vm.revertToState(before);
                }
            }
        }
    }

    function test_RefusesAsAWholeWhatIsMalformed() public {
        for (uint256 mode = 0; mode < 2; ++mode) {
            for (uint256 kind = 0; kind < 3; ++kind) {
                Op memory op = Op(OpKind(kind), address(0), ONE, NOW, NOW + DAY, 1);
                _expectRefused(BatchMode(mode), op, abi.encodeWithSelector(IConsents.ZeroGrantee.selector));
                op.grantee = PATIENT;
                _expectRefused(BatchMode(mode), op, abi.encodeWithSelector(IConsents.SelfConsent.selector, PATIENT));
            }
            Op memory empty = Op(OpKind.Grant, CLINIC, ONE, NOW + 9, NOW + 9, 1);
            _expectRefused(
                BatchMode(mode), empty, abi.encodeWithSelector(IConsents.EmptyWindow.selector, NOW + 9, NOW + 9)
            );
            _setDelegate(PATIENT, CLINIC, 7, registry.delegates(PATIENT, CLINIC).nonce + 1, 0);
            vm.expectRevert(abi.encodeWithSelector(IConsents.GranteeCannotGrant.selector, CLINIC));
            _batch(CLINIC, BatchMode(mode), 0, _ops(_grantOp(ONE, 1)));
        }
    }

    function test_RefusesItemsThatAreNotInStrictlyAscendingOrder() public {
        Op memory low = _revokeOp(ONE, 1);
        Op memory high = _grantOp(TWO, 1);
        for (uint256 mode = 0; mode < 2; ++mode) {
            _expectUnordered(BatchMode(mode), low, low);
            _expectUnordered(BatchMode(mode), low, _grantOp(ONE, 1));
            _expectUnordered(BatchMode(mode), high, low);

            Op memory stranger = Op(OpKind.Revoke, STRANGER, ONE, 0, 0, 1);
            (Op memory first, Op memory second) = STRANGER < CLINIC ? (stranger, high) : (high, stranger);
            _expectUnordered(BatchMode(mode), second, first);
            Op[] memory three = new Op[](3);
            (three[0], three[1], three[2]) = (low, high, high);
            vm.expectRevert(abi.encodeWithSelector(IConsents.UnorderedOps.selector, 2));
            _batch(PATIENT, BatchMode(mode), 0, three);
        }
        _batch(PATIENT, BatchMode.Atomic, 0, _ops(Op(OpKind.Revoke, STRANGER, TWO, 0, 0, 1), low));
        _batch(PATIENT, BatchMode.Atomic, 0, _ops(Op(OpKind.Revoke, CLINIC, bytes32(0), 0, 0, 1)));
    }

    function test_DoesWhatItsItemsDoOneAfterTheOther() public {
        // Each of the three in every situation.
        for (uint256 shift = 0; shift < 3; ++shift) {
            Op[] memory ops = new Op[](SITUATIONS);
            for (uint256 i = 0; i < SITUATIONS; ++i) {
                bytes32 scope = _scope(Situation(i));
                uint32 version = _stored(scope).version;
                bool asked = Situation(i) == Situation.Requested;
                if ((i + shift) % 3 == 0) ops[i] = _grantOp(scope, asked ? version : version + 1);
                if ((i + shift) % 3 == 1) ops[i] = _denyOp(scope, version);
                if ((i + shift) % 3 == 2) ops[i] = _revokeOp(scope, version + 1);
            }
            _sort(ops);

            uint256 before = vm.snapshotState();
            vm.recordLogs();
            for (uint256 i = 0; i < ops.length; ++i) {
                _batch(PATIENT, BatchMode.Atomic, 0, _ops(ops[i]));
            }
            bytes32 events = keccak256(abi.encode(vm.getRecordedLogs()));
            bytes32 words = keccak256(abi.encode(_words()));
            vm.revertToState(before);

            vm.recordLogs();
            _batch(PATIENT, BatchMode.Atomic, 0, ops);
            vm.assertEq(keccak256(abi.encode(vm.getRecordedLogs())), events, "the same events");
            vm.assertEq(keccak256(abi.encode(_words())), words, "the same consents");
            vm.assertEq(_subject().seq, 0, "seq stays");
            vm.revertToState(before);
        }
    }

    function test_DirectCallsDoTheSameAsItems() public {
        Op[] memory ops = new Op[](3);
        ops[0] = _denyOp(_scope(Situation.Requested), 1);
        ops[1] = _revokeOp(_scope(Situation.Active), 1);
        ops[2] = _grantOp(ONE, 1);
        _sort(ops);
        uint256 before = vm.snapshotState();
        vm.recordLogs();
        for (uint256 i = 0; i < 3; ++i) {
            if (ops[i].kind == OpKind.Deny) _deny(ops[i].scopeId);
            else if (ops[i].kind == OpKind.Revoke) _revoke(ops[i].scopeId);
            else _grantAs(PATIENT, ONE, NOW, NOW + DAY, 1);
        }
        bytes32 events = keccak256(abi.encode(vm.getRecordedLogs()));
        bytes32 words = keccak256(abi.encode(_words()));
        vm.revertToState(before);

        vm.recordLogs();
        _batch(PATIENT, BatchMode.Atomic, 0, ops);
        vm.assertEq(keccak256(abi.encode(vm.getRecordedLogs())), events, "the same events");
        vm.assertEq(keccak256(abi.encode(_words())), words, "the same consents");
    }

    function test_AnAtomicOneWithAGrantRefusesAnotherSeqAFreezeAndUsedUpCounters() public {
        Op[] memory ops = _ops(_revokeOp(TWO, 1), _grantOp(ONE, 1));
        vm.expectRevert(_wrongSeq(1, 0));
        _batch(PATIENT, BatchMode.Atomic, 1, ops);
        _setRecovery(PATIENT, RECOVERER, DELAY, 1, 0);
        _freeze(RECOVERER, 0);
        vm.expectRevert(abi.encodeWithSelector(ISubjects.Frozen.selector, NOW + DELAY));
        _batch(PATIENT, BatchMode.Atomic, 1, ops);

        _putSubject(address(0), 0, 0, MAX24);
        vm.expectRevert(abi.encodeWithSelector(ISubjects.SeqExhausted.selector));
        _batch(PATIENT, BatchMode.Atomic, MAX24, ops);
        _putSubject(address(0), MAX24, 0, 0);
        vm.expectRevert(abi.encodeWithSelector(ISubjects.EpochExhausted.selector));
        _batch(PATIENT, BatchMode.Atomic, 0, ops);
    }

    function test_AnAtomicOneWithAGrantRefusesAsAWholeWhenAnItemIsStale() public {
        bytes32 active = _scope(Situation.Active);
        Op memory good = _grantOp(ONE, 1);
        _expectMixedRefused(good, _grantOp(active, 1), _wrongVersion(1, 2));
        Op memory over = Op(OpKind.Grant, CLINIC, TWO, NOW - 9, NOW, 1);
        _expectMixedRefused(good, over, abi.encodeWithSelector(IConsents.WindowOver.selector, NOW, NOW));
        _expectMixedRefused(good, _revokeOp(active, 0), abi.encodeWithSelector(IConsents.StaleStop.selector, 0, 1));
        _expectMixedRefused(good, _denyOp(active, 0), abi.encodeWithSelector(IConsents.StaleStop.selector, 0, 1));

        _setDelegate(PATIENT, PARENT, 7, NOW, NOW + 99, 1, 0);
        vm.expectRevert(abi.encodeWithSelector(IConsents.BeyondMandate.selector, NOW + DAY, NOW + 99));
        _batch(PARENT, BatchMode.Atomic, 0, _ops(good));
    }

    function test_StopsAloneSkipWhatIsStaleInBothModes() public {
        bytes32 active = _scope(Situation.Active);
        bytes32 asked = _scope(Situation.Requested);
        for (uint256 mode = 0; mode < 2; ++mode) {
            uint256 before = vm.snapshotState();
            _revokeAll(PATIENT, false);
            _putSubject(address(0), MAX24, MAX24, MAX24);
            Op[] memory ops = new Op[](3);
            (ops[0], ops[1], ops[2]) = (_revokeOp(active, 0), _denyOp(asked, 7), _revokeOp(ONE, 1));
            _sort(ops);
            vm.recordLogs();
            _batch(PATIENT, BatchMode(mode), 12, ops);

            bytes32 revoked = IConsents.ConsentRevoked.selector;
            _assertEmitted(_two(revoked, revoked), "two of three");
            vm.assertEq(_stored(asked).version, 8, "applied");
            vm.assertEq(_stored(active).version, 1, "the stale one is skipped");
            vm.assertEq(_subject().seq, MAX24, "seq stays");

            vm.recordLogs();
            _batch(PATIENT, BatchMode(mode), 12, ops);
            _assertEmitted(new bytes32[](0), "all stale");
            vm.revertToState(before);
        }
    }

    function test_StopsAloneSkipWhatIsAtTheLargestVersion() public {
        _batch(PATIENT, BatchMode.Atomic, 0, _ops(_revokeOp(ONE, MAX_VERSION)));
        vm.recordLogs();
        _batch(PATIENT, BatchMode.Atomic, 0, _ops(_revokeOp(ONE, MAX_VERSION)));
        _assertEmitted(new bytes32[](0), "used");
    }

    function test_ASignedOneCannotBeAltered() public {
        Key memory key = _key(KeyKind.Eoa, "patient with a key");
        Batch memory intent = Batch(key.id, key.id, BatchMode.Atomic, 0, _ops(_grantOp(ONE, 1), _revokeOp(TWO, 1)), NOW);
        Proof memory proof = _prove(key, TypeHashes.hash(intent));
        bytes memory reason = abi.encodeWithSelector(ISubjects.BadSignature.selector, key.id);
        for (uint256 way = 0; way < 20; ++way) {
            Batch memory altered = _altered(intent, way);
            vm.expectRevert(
                altered.actor == key.id ? reason : abi.encodeWithSelector(ISubjects.BadSignature.selector, STRANGER)
            );
            registry.batch(altered, proof);
        }
        registry.batch(intent, proof);
        vm.assertTrue(registry.isActive(key.id, CLINIC, ONE), "as signed");
    }

    /// @dev A copy with one thing changed: 0 to 4 the batch, 5 to 16 an item, 17 to 19 which items there are.
    function _altered(Batch memory intent, uint256 way) private pure returns (Batch memory altered) {
        altered = abi.decode(abi.encode(intent), (Batch));
        if (way == 0) altered.actor = STRANGER;
        if (way == 1) altered.subject = PATIENT;
        if (way == 2) altered.mode = BatchMode.Try;
        if (way == 3) altered.seq = 1;
        if (way == 4) altered.deadline += 1;
        if (way > 4 && way < 17) {
            Op memory op = altered.ops[way % 2];
            uint256 field = (way - 5) / 2;
            if (field == 0) op.kind = OpKind.Deny;
            if (field == 1) op.grantee = STRANGER;
            if (field == 2) op.scopeId = keccak256("three");
            if (field == 3) op.validFrom += 1;
            if (field == 4) op.validTo += 1;
            if (field == 5) op.version += 1;
        }
        if (way == 17) (altered.ops[0], altered.ops[1]) = (altered.ops[1], altered.ops[0]);
        if (way == 18) altered.ops = _ops(altered.ops[0]);
        if (way == 19) {
            altered.ops = new Op[](3);
            for (uint256 i = 0; i < 3; ++i) {
                altered.ops[i] = intent.ops[i / 2];
            }
        }
    }

    function _expectRefused(BatchMode mode, Op memory op, bytes memory reason) private {
        vm.expectRevert(reason);
        _batch(PATIENT, mode, 0, _ops(_revokeOp(TWO, 1), op));
    }

    function _expectMixedRefused(Op memory good, Op memory stale, bytes memory reason) private {
        vm.expectRevert(reason);
        _batch(PATIENT, BatchMode.Atomic, 0, _ops(good, stale));
        vm.assertFalse(_isActive(ONE), "nothing applied");
    }

    function _expectUnordered(BatchMode mode, Op memory first, Op memory second) private {
        Op[] memory ops = new Op[](2);
        (ops[0], ops[1]) = (first, second);
        vm.expectRevert(abi.encodeWithSelector(IConsents.UnorderedOps.selector, 1));
        _batch(PATIENT, mode, 0, ops);
    }

    function _many(uint256 count) private pure returns (Op[] memory ops) {
        ops = new Op[](count);
        for (uint256 i = 0; i < count; ++i) {
            ops[i] = _grantOp(bytes32(i + 1), 1);
        }
    }

    function _words() private view returns (bytes32[] memory words) {
        words = new bytes32[](SITUATIONS + 1);
        for (uint256 i = 0; i < SITUATIONS; ++i) {
            words[i] = vm.load(address(registry), registry.consentId(PATIENT, CLINIC, _scope(Situation(i))));
        }
        words[SITUATIONS] = vm.load(address(registry), registry.consentId(PATIENT, CLINIC, ONE));
    }
}
