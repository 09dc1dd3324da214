// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {BatchMode, Op, OpKind} from "../../src/consent/Intents.sol";
import {AttackTest} from "../utils/AttackTest.sol";
import {KeyKind} from "../utils/SignedTest.sol";
import {vm} from "../utils/Vm.sol";

/// @notice Batches that try, sent so that items fail that should not.
contract TryBatchAttack is AttackTest {
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
        (ops[0], ops[1]) = (_grantItem(GIVEN, 4), _revokeItem(FRESH, 1));
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

    /// @dev While frozen the grants are skipped without using up the seq of then; but the freeze itself has used it up.
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

    /// @dev Signed while frozen, for the seq of then, a batch that tries is not used up by being sent; sent again after
    /// the freeze it grants. It grants once.
    function test_SignedWhileFrozenItGrantsOnceAfterIt() public {
        _freezeNow();
        Op[] memory ops = new Op[](1);
        ops[0] = _grantItem(FRESH, 1);
        bytes memory data = _signedBatch(subject, BatchMode.Try, 2, ops);
        _land(data);
        vm.assertFalse(_active(FRESH), "skipped");
        _land(_signedUnfreeze(subject, 2, SOON));
        _land(data);
        vm.assertTrue(_active(FRESH), "granted");
        _land(_signedRevoke(subject, FRESH, 1));
        _land(data);
        vm.assertFalse(_active(FRESH), "once");
    }

    /// @dev Grants and stops, of which some are stale.
    function _items() private view returns (Op[] memory ops) {
        ops = new Op[](6);
        ops[0] = _grantItem(FRESH, 1);
        ops[1] = _grantItem(GIVEN, 7);
        ops[2] = _revokeItem(GIVEN, 2);
        ops[3] = Op(OpKind.Deny, grantee.id, ASKED, 0, 0, 1);
        ops[4] = _revokeItem(ASKED, 1);
        ops[5] = _grantItem(keccak256("last"), 1);
    }

    /// @dev All that the batch could change.
    function _state() private view returns (bytes32) {
        return keccak256(
            abi.encode(
                registry.subjects(subject.id),
                registry.consents(registry.consentId(subject.id, grantee.id, FRESH)),
                registry.consents(registry.consentId(subject.id, grantee.id, GIVEN)),
                registry.consents(registry.consentId(subject.id, grantee.id, ASKED)),
                registry.consents(registry.consentId(subject.id, grantee.id, keccak256("last")))
            )
        );
    }
}
