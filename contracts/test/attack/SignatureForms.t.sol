// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ISubjects} from "../../src/consent/ISubjects.sol";
import {Proof} from "../../src/consent/Intents.sol";
import {AttackTest} from "../utils/AttackTest.sol";
import {Key, KeyKind} from "../utils/SignedTest.sol";
import {vm} from "../utils/Vm.sol";
import {Mute, OwnedWallet} from "../utils/Wallets.sol";

/// @notice Signatures bent into other forms, and addresses that change what they are.
contract SignatureFormsAttack is AttackTest {
    uint256 private constant ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141;

    /// @dev Every ECDSA signature has a twin with the other s. Whoever takes both has two signatures for one, which
    /// matters to whoever counts signatures; only the low one counts here.
    function test_HighS() public {
        for (uint256 i = 0; i < KINDS; ++i) {
            uint256 before = vm.snapshotState();
            _prepare(Kind(i));
            Action memory action = _action(Kind(i));
            (uint8 v, bytes32 r, bytes32 s) = vm.sign(action.by.secret, _digest(action.structHash));
            bytes32 high = bytes32(ORDER - uint256(s));
            bytes memory twin = abi.encodePacked(r, high, v == 27 ? uint8(28) : uint8(27));
            _assertRefused(action, Proof("", twin), _badSignature(action.by.id), "high s");
            twin = abi.encodePacked(r, high);
            _assertRefused(action, Proof("", twin), _badSignature(action.by.id), "high s, compact");
            _assertWorks(action, Proof("", abi.encodePacked(r, s, v)), "low s");
            vm.revertToState(before);
        }
    }

    /// @dev Some libraries write v as 0 or 1. Were both forms taken there would be two signatures for one, so only 27
    /// and 28 are.
    function test_EveryOtherV() public {
        Action memory action = _action(Kind.Grant);
        (uint8 right, bytes32 r, bytes32 s) = vm.sign(subject.secret, _digest(action.structHash));
        for (uint256 v = 0; v < 256; ++v) {
            if (v == right) continue;
            // forge-lint: disable-next-line(unsafe-typecast)
            bytes memory signature = abi.encodePacked(r, s, uint8(v));
            _assertRefused(action, Proof("", signature), _badSignature(subject.id), "v");
        }
        _assertWorks(action, Proof("", abi.encodePacked(r, s, right)), "the right v");
    }

    /// @dev The compact form with the parity bit turned belongs to another key; 65 bytes of a compact one to none.
    function test_CompactFormsBent() public {
        Action memory action = _action(Kind.Grant);
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(subject.secret, _digest(action.structHash));
        bytes32 vs = _compact(v, s);
        bytes memory turned = abi.encodePacked(r, vs ^ bytes32(uint256(1) << 255));
        _assertRefused(action, Proof("", turned), _badSignature(subject.id), "parity");
        turned = abi.encodePacked(r, vs, v);
        if (vs != s) _assertRefused(action, Proof("", turned), _badSignature(subject.id), "a byte more");
        _assertWorks(action, Proof("", abi.encodePacked(r, vs)), "compact");
    }

    /// @dev `ecrecover` answers zero for nonsense. An action whose actor is the zero address would be signed by
    /// nonsense; and the zero address would be its own subject's controller.
    function test_NonsenseForTheZeroAddress() public {
        bytes[4] memory nonsense =
            [abi.encodePacked(bytes32(0), bytes32(0), uint8(27)), new bytes(64), new bytes(65), bytes("")];
        for (uint256 i = 0; i < KINDS; ++i) {
            Action memory action = _action(Kind(i));
            // The first two fields, actor and subject; a batch has its own offset before them only in the call.
            for (uint256 b = 0; b < 0x40; ++b) {
                action.fields[b] = 0;
            }
            bool looksAtSubjectFirst = Kind(i) == Kind.SetRecovery || Kind(i) == Kind.DropRecovery;
            bytes memory reason = looksAtSubjectFirst
                ? abi.encodeWithSelector(ISubjects.ZeroSubject.selector)
                : _badSignature(address(0));
            for (uint256 j = 0; j < nonsense.length; ++j) {
                _assertRefused(action, Proof("", nonsense[j]), reason, "nobody signs");
            }
        }
    }

    /// @dev A patient's account hands itself to contract code by EIP-7702, and the code fails or was swapped by a
    /// thief. The key itself still stops everything: a stop by plain ECDSA is tried before the code is asked. What
    /// opens goes by the code alone, as with any wallet.
    function test_AnAccountThatDelegatesToBrokenCodeStillStops() public {
        Mute mute = new Mute();
        for (uint256 i = 0; i < KINDS; ++i) {
            uint256 before = vm.snapshotState();
            _prepare(Kind(i));
            Action memory action = _action(Kind(i));
            _become(action.by, address(mute));
            Proof memory proof = _prove(action.by, action.structHash);
            if (action.isStop) _assertWorks(action, proof, "by its key");
            else _assertRefused(action, proof, _badSignature(action.by.id), "its code does not answer");
            vm.revertToState(before);
        }
    }

    /// @dev The same with code that answers, for a key of its own: that key opens and stops, the account's key only
    /// stops. When the account swaps its code, what the old code's key signed is void, and the other way round.
    function test_AnAccountThatSwapsItsCode() public {
        Key memory phone = _key(KeyKind.Eoa, "phone");
        Key memory laptop = _key(KeyKind.Eoa, "laptop");
        address first = address(new OwnedWallet(phone.id));
        address second = address(new OwnedWallet(laptop.id));
        for (uint256 i = 0; i < KINDS; ++i) {
            uint256 before = vm.snapshotState();
            _prepare(Kind(i));
            Action memory action = _action(Kind(i));
            bytes memory bad = _badSignature(action.by.id);
            Proof memory byKey = _prove(action.by, action.structHash);
            _become(action.by, first);
            if (!action.isStop) _assertRefused(action, byKey, bad, "by the account's key");
            _become(action.by, second);
            _assertRefused(action, _prove(phone, action.structHash), bad, "by the old code's key");
            _assertWorks(action, _prove(laptop, action.structHash), "by the code's key");
            vm.revertToState(before);
        }
    }

    /// @dev The same decision signed twice, for the code and by the key. Sent one after the other it counts once.
    function test_TheSameMessageByBothForms() public {
        Key memory phone = _key(KeyKind.Eoa, "phone");
        _become(subject, address(new OwnedWallet(phone.id)));
        for (uint256 i = 0; i < KINDS; ++i) {
            Action memory action = _action(Kind(i));
            if (!action.isStop || action.by.id != subject.id) continue;
            Proof[2] memory proofs = [_prove(subject, action.structHash), _prove(phone, action.structHash)];
            for (uint256 first = 0; first < 2; ++first) {
                uint256 before = vm.snapshotState();
                _assertWorks(action, proofs[first], "the first form");
                vm.recordLogs();
                (bool ok,) = _send(action, proofs[1 - first]);
                vm.assertTrue(ok == (action.kind == Kind.StopBatch), "the second form");
                vm.assertEq(vm.getRecordedLogs().length, 0, "changes nothing");
                vm.revertToState(before);
            }
        }
    }

    /// @dev A wallet's owner signs for itself, not for the wallet; a wallet's address has no key.
    function test_AWalletsOwnerIsNotTheWallet() public {
        _meet(KeyKind.Wallet);
        Action memory action = _action(Kind.Grant);
        Key memory owner = subject;
        owner.id = vm.addr(subject.secret);
        bytes memory fields = abi.encodePacked(bytes32(uint256(uint160(owner.id))), _rest(action.fields));
        action.fields = fields;
        Proof memory proof = _prove(owner, keccak256(bytes.concat(action.typeHash, fields)));
        _assertRefused(
            action, proof, abi.encodeWithSelector(ISubjects.NotAuthorized.selector, owner.id, subject.id), "the owner"
        );
    }

    /// @dev Makes an account run code, as its owner does with an EIP-7702 authorization.
    function _become(Key memory account, address code) private {
        vm.signAndAttachDelegation(code, account.secret);
        (bool ok,) = STRANGER.call("");
        vm.assertTrue(ok && account.id.code.length == 23, "the account delegates");
    }

    /// @dev All words but the first.
    function _rest(bytes memory words) private pure returns (bytes memory rest) {
        rest = new bytes(words.length - 0x20);
        for (uint256 i = 0; i < rest.length; ++i) {
            rest[i] = words[i + 0x20];
        }
    }
}
