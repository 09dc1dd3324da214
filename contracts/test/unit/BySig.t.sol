// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ISubjects} from "../../src/consent/ISubjects.sol";
import {Proof} from "../../src/consent/Intents.sol";
import {ActionTest} from "../utils/ActionTest.sol";
import {KeyKind} from "../utils/SignedTest.sol";
import {vm} from "../utils/Vm.sol";

/// @notice See BySig.tree.
contract BySigTest is ActionTest {
    function test_WorksForTheRightSignerWhoeverSendsIt() public {
        for (uint256 k = 0; k < KEY_KINDS; ++k) {
            _meet(KeyKind(k));
            string memory who = _keyName(KeyKind(k));
            for (uint256 i = 0; i < KINDS; ++i) {
                uint256 before = vm.snapshotState();
                _prepare(Kind(i));
                Action memory action = _action(Kind(i));
                Proof memory proof = _prove(action.by, action.structHash);
                _assertWorks(action, proof, who);
                _assertSpent(action, proof, who);
                vm.revertToState(before);
            }
        }
    }

    function test_WorksWithoutASignatureForItsActorOnly() public {
        for (uint256 k = 0; k < KEY_KINDS; ++k) {
            _meet(KeyKind(k));
            for (uint256 i = 0; i < KINDS; ++i) {
                uint256 before = vm.snapshotState();
                _prepare(Kind(i));
                Action memory action = _action(Kind(i));
                _assertRefused(action, _none(), _badSignature(action.by.id), "nobody's");
                Proof memory wrong = _prove(successor, action.structHash);
                wrong.signer = action.by.signer;
                (bool taken, bytes memory answer) = _sendAs(action.by.id, action, wrong);
                vm.assertFalse(taken, string.concat(action.name, ": its actor calls with another's signature"));
                vm.assertEq(answer, _badSignature(action.by.id), action.name);

                vm.recordLogs();
                (bool ok,) = _sendAs(action.by.id, action, _none());
                vm.assertTrue(ok, string.concat(action.name, ": its actor calls"));
                _assertDone(action, "its actor calls");
                vm.revertToState(before);
            }
        }
    }

    function test_RefusesEveryFieldChangedAfterSigning() public {
        for (uint256 k = 0; k < KEY_KINDS; ++k) {
            _meet(KeyKind(k));
            for (uint256 i = 0; i < KINDS; ++i) {
                if (Kind(i) == Kind.Batch || Kind(i) == Kind.StopBatch) continue; // see BatchBySig.t.sol
                uint256 before = vm.snapshotState();
                _prepare(Kind(i));
                Action memory action = _action(Kind(i));
                Proof memory proof = _prove(action.by, action.structHash);
                for (uint256 at = 0x20; at <= action.fields.length; at += 0x20) {
                    action.fields[at - 1] ^= 0x01;
                    _assertRefused(action, proof, _reasonOfAlteration(action, at), _keyName(KeyKind(k)));
                    action.fields[at - 1] ^= 0x01;
                }
                _assertWorks(action, proof, "unchanged");
                vm.revertToState(before);
            }
        }
    }

    function test_RefusesAnotherKeysSignature() public {
        for (uint256 k = 0; k < KEY_KINDS; ++k) {
            _meet(KeyKind(k));
            for (uint256 i = 0; i < KINDS; ++i) {
                uint256 before = vm.snapshotState();
                _prepare(Kind(i));
                Action memory action = _action(Kind(i));
                Proof memory proof = _prove(successor, action.structHash);
                bytes memory reason = KeyKind(k) == KeyKind.Passkey
                    ? abi.encodeWithSelector(ISubjects.BadSigner.selector, action.by.id)
                    : _badSignature(action.by.id);
                _assertRefused(action, proof, reason, "another's key");

                proof.signer = action.by.signer;
                _assertRefused(action, proof, _badSignature(action.by.id), "another's signature");
                vm.revertToState(before);
            }
        }
    }

    function test_ADelegateOfEveryKindSigns() public {
        for (uint256 k = 0; k < KEY_KINDS; ++k) {
            _meet(KeyKind(k));
            for (uint256 i = 0; i < KINDS; ++i) {
                Kind kind = Kind(i);
                if (kind != Kind.Grant && kind != Kind.Deny && kind != Kind.Revoke) continue;
                Action memory action = _action(kind);
                action.by = delegate;
                bytes memory actor = abi.encode(delegate.id);
                for (uint256 b = 0; b < 0x20; ++b) {
                    action.fields[b] = actor[b];
                }
                bytes32 structHash = keccak256(bytes.concat(action.typeHash, action.fields));
                uint256 before = vm.snapshotState();
                _assertWorks(action, _prove(delegate, structHash), _keyName(KeyKind(k)));
                vm.revertToState(before);
                Proof memory proof = _prove(subject, structHash);
                proof.signer = delegate.signer;
                _assertRefused(action, proof, _badSignature(delegate.id), "the controller's signature");
            }
        }
    }

    function test_EndsWithItsDeadline() public {
        _meet(KeyKind.Eoa);
        for (uint256 i = 0; i < KINDS; ++i) {
            uint256 before = vm.snapshotState();
            _prepare(Kind(i));
            Action memory action = _action(Kind(i), NOW + 10);
            Proof memory proof = _prove(action.by, action.structHash);
            vm.warp(NOW + 11);
            bytes memory over = abi.encodeWithSelector(ISubjects.DeadlinePassed.selector, NOW + 10, NOW + 11);
            _assertRefused(action, proof, over, "over");
            (bool ok, bytes memory answer) = _sendAs(action.by.id, action, _none());
            vm.assertFalse(ok, string.concat(action.name, ": over, by its actor"));
            vm.assertEq(answer, over, action.name);

            vm.warp(NOW + 10);
            _assertWorks(action, proof, "in its last second");
            vm.revertToState(before);
        }
    }

    function test_LastsAtMost90DaysUnlessItStops() public {
        _meet(KeyKind.Eoa);
        uint40 latest = NOW + 90 days;
        for (uint256 i = 0; i < KINDS; ++i) {
            uint256 before = vm.snapshotState();
            _prepare(Kind(i));
            Action memory action = _action(Kind(i), latest + 1);
            Proof memory proof = _prove(action.by, action.structHash);
            if (action.isStop) {
                action = _action(Kind(i), type(uint40).max);
                _assertWorks(action, _prove(action.by, action.structHash), "for ever");
            } else {
                bytes memory tooFar = abi.encodeWithSelector(ISubjects.DeadlineTooFar.selector, latest + 1, latest);
                _assertRefused(action, proof, tooFar, "91st day");
                (bool ok,) = _sendAs(action.by.id, action, _none());
                vm.assertFalse(ok, string.concat(action.name, ": 91st day, by its actor"));

                action = _action(Kind(i), latest);
                _assertWorks(action, _prove(action.by, action.structHash), "90 days");
            }
            vm.revertToState(before);
        }
    }

    function test_RefusesSignaturesOfAWrongLength() public {
        uint256[6] memory lengths = [uint256(0), 1, 63, 64, 66, 130];
        _meet(KeyKind.Eoa);
        for (uint256 i = 0; i < KINDS; ++i) {
            uint256 before = vm.snapshotState();
            _prepare(Kind(i));
            Action memory action = _action(Kind(i));
            bytes memory signature = _prove(action.by, action.structHash).signature;
            for (uint256 j = 0; j < lengths.length; ++j) {
                bytes memory wrong = new bytes(lengths[j]);
                for (uint256 b = 0; b < wrong.length && b < 65; ++b) {
                    wrong[b] = signature[b];
                }
                // 64 bytes are a compact signature: of v in the highest bit of s, which here is clear.
                bool compact = wrong.length == 64 && signature[64] == 0x1b;
                if (!compact) _assertRefused(action, Proof("", wrong), _badSignature(action.by.id), "length");
            }
            vm.revertToState(before);
        }
    }

    function test_RefusesASignerThatIsNoVerifierWithItsKey() public {
        _meet(KeyKind.Passkey);
        for (uint256 i = 0; i < KINDS; ++i) {
            uint256 before = vm.snapshotState();
            _prepare(Kind(i));
            Action memory action = _action(Kind(i));
            Proof memory proof = _prove(action.by, action.structHash);
            bytes memory reason = abi.encodeWithSelector(ISubjects.BadSigner.selector, action.by.id);

            bytes memory right = proof.signer;
            proof.signer = abi.encodePacked(address(verifier));
            _assertRefused(action, proof, reason, "no key");
            proof.signer = abi.encodePacked(bytes19(bytes20(address(verifier))));
            _assertRefused(action, proof, reason, "no verifier");
            proof.signer = bytes.concat(right, hex"00");
            _assertRefused(action, proof, reason, "a byte more");
            proof.signer = successor.signer;
            _assertRefused(action, proof, reason, "another's key");
            proof.signer = "";
            _assertRefused(action, proof, _badSignature(action.by.id), "no signer");
            vm.revertToState(before);
        }
    }

    /// @dev It would work again only for a batch of stops, each of which is skipped.
    function _assertSpent(Action memory action, Proof memory proof, string memory who) private {
        vm.recordLogs();
        (bool ok,) = _send(action, proof);
        vm.assertTrue(ok == (action.kind == Kind.StopBatch), string.concat(action.name, ": sent again: ", who));
        vm.assertEq(vm.getRecordedLogs().length, 0, string.concat(action.name, ": changes nothing: ", who));
    }

    /// @dev `setRecovery` looks first at who decides about whom, the first two fields, and with a passkey the signer is
    /// looked at before what it signed.
    function _reasonOfAlteration(Action memory action, uint256 at) private pure returns (bytes memory) {
        (address actor, address about) = abi.decode(action.fields, (address, address));
        bool named = action.kind == Kind.SetRecovery || action.kind == Kind.DropRecovery;
        if (named && at <= 0x40) return abi.encodeWithSelector(ISubjects.NotAuthorized.selector, actor, about);
        if (at == 0x20 && action.by.signer.length != 0) {
            return abi.encodeWithSelector(ISubjects.BadSigner.selector, actor);
        }
        return _badSignature(actor);
    }
}
