// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IConsents} from "../../src/consent/IConsents.sol";
import {BatchMode, Op, OpKind} from "../../src/consent/Intents.sol";
import {AttackTest} from "../utils/AttackTest.sol";
import {KeyKind} from "../utils/SignedTest.sol";
import {vm} from "../utils/Vm.sol";

/// @notice Batches that try, sent so that items fail that should not.
contract TryBatchAttack is AttackTest {
    bytes32 private constant OTHER = "5 other";

    /// @dev A relayer gives just enough gas for some items, so that the others count as stale and are lost: the stops,
    /// for instance. What is stale is found out by looking, never by failing; a batch applies as if it had all the gas
    /// in the world, or not at all. The same for the signature check before it.
    function test_WithEveryAmountOfGasItDoesTheSameOrNothing() public {
        for (uint256 k = 0; k < KEY_KINDS; ++k) {
            if (KeyKind(k) != KeyKind.Eoa) _meet(KeyKind(k));
            bytes memory data = _signedBatch(subject, BatchMode.Try, 1, _items());
            uint256 start = vm.snapshotState();
            bytes32 nothing = _state();
            _land(data);
            bytes32 everything = _state();
            vm.assertTrue(everything != nothing, "it does something");
            vm.revertToState(start);

            uint256 done;
            uint256 refused;
            for (uint256 gas_ = 20_000; done < 20; gas_ += 701) {
                (bool ok,) = address(registry).call{gas: gas_}(data);
                vm.assertEq(_state(), ok ? everything : nothing, _keyName(KeyKind(k)));
                if (ok) ++done;
                else ++refused;
                vm.revertToState(start);
            }
            vm.assertTrue(refused > 20, "too little gas refuses it");
        }
    }

    /// @dev A relayer keeps a batch that tries and sends it again once its skipped items fit: a grant for a later
    /// version, a freeze that is over. It used up its seq.
    function test_SentAgainItChangesNothing() public {
        Op[] memory ops = new Op[](2);
        (ops[0], ops[1]) = (_revokeItem(FRESH, 1), _grantItem(GIVEN, 4));
        bytes memory data = _signedBatch(subject, BatchMode.Try, 1, ops);
        _land(data);
        vm.assertTrue(_active(GIVEN), "the grant did not fit and was skipped");

        _land(_signedRevoke(subject, GIVEN, 2));
        bytes32 before = _state();
        vm.recordLogs();
        _land(data);
        vm.assertEq(_state(), before, "now it would fit");
        vm.assertEq(vm.getRecordedLogs().length, 0, "no event");
    }

    /// @dev A batch for a seq that is still to come is sent now, for its stops, and once more when its seq has come,
    /// for its grants. It does not apply before its seq.
    function test_BeforeItsSeqItDoesNothing() public {
        Op[] memory ops = new Op[](2);
        (ops[0], ops[1]) = (_grantItem(FRESH, 1), _revokeItem(GIVEN, 2));
        bytes memory data = _signedBatch(subject, BatchMode.Try, 2, ops);
        _fails(data, _wrongSeq(2, 1), "too early");
        _land(_signedInvalidate(subject, 1));
        _land(data);
        vm.assertTrue(_active(FRESH), "in its time");
        _assertStopped(GIVEN, "in its time");
    }

    /// @dev One batch that names a consent more than once raises its version by more than a stop signed after it counts
    /// on. No batch does.
    function test_ItemsThatRaiseOneVersionTwice() public {
        Op[] memory ops = new Op[](2);
        (ops[0], ops[1]) = (_revokeItem(GIVEN, 1), _grantItem(GIVEN, 3));
        for (uint256 mode = 0; mode < 2; ++mode) {
            _fails(
                _signedBatch(subject, BatchMode(mode), 1, ops),
                abi.encodeWithSelector(IConsents.UnorderedOps.selector, 1),
                "twice"
            );
        }
    }

    /// @dev Signed before a freeze, for the seq that the freeze used up.
    function test_OfBeforeAFreezeItGrantsNothingAfterIt() public {
        Op[] memory ops = new Op[](1);
        ops[0] = _grantItem(FRESH, 1);
        bytes memory data = _signedBatch(subject, BatchMode.Try, 1, ops);
        _freezeNow();
        _land(data);
        vm.assertFalse(_active(FRESH), "frozen");
        vm.warp(NOW + DELAY);
        (bool ok,) = _relay(data);
        vm.assertFalse(ok, "its deadline is over");
        vm.warp(NOW + 1);
        _land(_signedUnfreeze(subject, 2, SOON));
        _land(data);
        vm.assertFalse(_active(FRESH), "its seq is over");
    }

    /// @dev Signed while frozen, for the seq of then, it stops what it stops; the relayer sends it once more after the
    /// freeze, for the grant that was skipped. One signature changes state once: it used up its seq.
    function test_SentWhileFrozenItGrantsNothingAfterIt() public {
        _freezeNow();
        Op[] memory ops = new Op[](2);
        (ops[0], ops[1]) = (_grantItem(FRESH, 1), _revokeItem(GIVEN, 2));
        bytes memory data = _signedBatch(subject, BatchMode.Try, 2, ops);
        _land(data);
        vm.assertFalse(_active(FRESH), "skipped");
        _assertStopped(GIVEN, "stopped");

        _land(_signedUnfreeze(subject, 3, SOON));
        vm.recordLogs();
        _land(data);
        vm.assertFalse(_active(FRESH), "used up");
        vm.assertEq(vm.getRecordedLogs().length, 0, "no event");
    }

    /// @dev Grants and stops, of which some are stale.
    function _items() private view returns (Op[] memory ops) {
        ops = new Op[](5);
        ops[0] = _grantItem(FRESH, 1);
        ops[1] = _revokeItem(GIVEN, 0);
        ops[2] = Op(OpKind.Deny, grantee.id, ASKED, 0, 0, 1);
        ops[3] = _grantItem(LAST, 7);
        ops[4] = _grantItem(OTHER, 1);
    }

    /// @dev All that the batch could change.
    function _state() private view returns (bytes32) {
        return keccak256(
            abi.encode(
                registry.subjects(subject.id),
                registry.consents(registry.consentId(subject.id, grantee.id, FRESH)),
                registry.consents(registry.consentId(subject.id, grantee.id, GIVEN)),
                registry.consents(registry.consentId(subject.id, grantee.id, ASKED)),
                registry.consents(registry.consentId(subject.id, grantee.id, LAST)),
                registry.consents(registry.consentId(subject.id, grantee.id, OTHER))
            )
        );
    }
}
