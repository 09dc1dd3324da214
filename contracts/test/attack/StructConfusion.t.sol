// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ISubjects} from "../../src/consent/ISubjects.sol";
import {AcceptControl, Acceptance, Proof, ProposeRecovery, Rotate, Unfreeze} from "../../src/consent/Intents.sol";
import {AttackTest} from "../utils/AttackTest.sol";
import {Key, KeyKind} from "../utils/SignedTest.sol";
import {TypeHashes} from "../utils/TypeHashes.sol";
import {vm} from "../utils/Vm.sol";
import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";

/// @notice A signature over one struct presented as one over another. Wallets show what they sign by its type; the hash
/// of the type is the first thing that is signed.
contract StructConfusionAttack is AttackTest {
    /// @dev A signature of each action for each other one, with the fields each of them has.
    function test_EachActionsSignatureForEachOther() public {
        for (uint256 i = 0; i < KINDS; ++i) {
            uint256 before = vm.snapshotState();
            _prepare(Kind(i));
            Action memory target = _action(Kind(i));
            for (uint256 j = 0; j < KINDS; ++j) {
                Action memory signed = _action(Kind(j));
                if (signed.structHash == target.structHash) continue;
                _assertRefused(target, _prove(target.by, signed.structHash), _badSignature(target.by.id), signed.name);
            }
            vm.revertToState(before);
        }
    }

    /// @dev The same with the very same fields: whoever signs that he denies a request does not sign a revoke, although
    /// both have the same fields and the same values. So for all structs with as many fields as another.
    function test_EachTypeOverTheSameFields() public {
        bytes32[18] memory types = _types();
        for (uint256 i = 0; i < KINDS; ++i) {
            uint256 before = vm.snapshotState();
            _prepare(Kind(i));
            Action memory target = _action(Kind(i));
            if (target.typeHash == 0) continue;
            uint256 own;
            for (uint256 j = 0; j < types.length; ++j) {
                if (types[j] == target.typeHash) {
                    ++own;
                    continue;
                }
                bytes32 confused = keccak256(bytes.concat(types[j], target.fields));
                _assertRefused(target, _prove(target.by, confused), _badSignature(target.by.id), "another type");
            }
            vm.assertEq(own, 1, "each type is told from the others");
            vm.revertToState(before);
        }
    }

    /// @dev The new key's agreement, taken from another signature of that key with the same fields: of the end of a
    /// freeze, or the other way round.
    function test_AnAgreementMadeOfAnotherSignature() public {
        Unfreeze memory other = Unfreeze(successor.id, subject.id, 1, SOON);
        Acceptance memory agreement = Acceptance(SOON, _prove(successor, TypeHashes.hash(other)));
        Rotate memory rotation = Rotate(subject.id, subject.id, successor.id, 1, SOON);
        Proof memory proof = _prove(subject, TypeHashes.hash(rotation));
        vm.expectRevert(_badSignature(successor.id));
        registry.rotate(rotation, proof, agreement);

        _freezeNow();
        AcceptControl memory accepted = AcceptControl(subject.id, subject.id, 2, SOON);
        proof = _prove(subject, TypeHashes.hash(accepted));
        vm.expectRevert(_badSignature(subject.id));
        registry.unfreeze(Unfreeze(subject.id, subject.id, 2, SOON), proof);
    }

    /// @dev An agreement is for one subject and one seq: it cannot be kept for another time control changes, nor does
    /// it, used once, let the old controller force the key into control again.
    function test_AnAgreementKeptForLater() public {
        Acceptance memory agreement = _accept(successor, subject.id, 1);
        Rotate memory rotation = Rotate(subject.id, subject.id, successor.id, 1, SOON);
        registry.rotate(rotation, _prove(subject, TypeHashes.hash(rotation)), agreement);
        _land(_signedRotate(successor, subject, 2));

        rotation.seq = 3;
        Proof memory proof = _prove(subject, TypeHashes.hash(rotation));
        vm.expectRevert(_badSignature(successor.id));
        registry.rotate(rotation, proof, agreement);
    }

    /// @dev A page has the patient sign the struct's hash or the digest as a plain message (EIP-191), which a wallet
    /// shows as a few odd bytes.
    function test_ThePlainMessageOfAHash() public {
        for (uint256 i = 0; i < KINDS; ++i) {
            uint256 before = vm.snapshotState();
            _prepare(Kind(i));
            Action memory action = _action(Kind(i));
            bytes32[3] memory hashes = [
                MessageHashUtils.toEthSignedMessageHash(action.structHash),
                MessageHashUtils.toEthSignedMessageHash(_digest(action.structHash)),
                action.structHash
            ];
            for (uint256 j = 0; j < hashes.length; ++j) {
                Proof memory proof = _proveDigest(action.by, hashes[j]);
                _assertRefused(action, proof, _badSignature(action.by.id), "a plain message");
            }
            vm.revertToState(before);
        }
    }

    /// @dev A direct grant of one signer shown as that of a delegate with the same fields, or of the controller: the
    /// actor is signed.
    function test_ADelegatesSignatureForTheController() public {
        Action memory action = _action(Kind.Grant);
        _assertRefused(action, _prove(delegate, action.structHash), _badSignature(subject.id), "the delegate's");
        Key memory nobody = _key(KeyKind.Eoa, "nobody");
        ProposeRecovery memory intent = ProposeRecovery(nobody.id, subject.id, successor.id, 2, SOON);
        Proof memory proof = _prove(nobody, TypeHashes.hash(intent));
        vm.expectRevert(abi.encodeWithSelector(ISubjects.NotRecoverer.selector, nobody.id, subject.id));
        registry.proposeRecovery(intent, proof);
    }

    function _types() private pure returns (bytes32[18] memory types) {
        types[0] = TypeHashes.REQUEST;
        types[1] = TypeHashes.GRANT;
        types[2] = TypeHashes.DENY;
        types[3] = TypeHashes.REVOKE;
        types[4] = TypeHashes.RELINQUISH;
        types[5] = TypeHashes.OP;
        types[6] = TypeHashes.BATCH;
        types[7] = TypeHashes.REVOKE_ALL;
        types[8] = TypeHashes.INVALIDATE;
        types[9] = TypeHashes.ROTATE;
        types[10] = TypeHashes.ACCEPT_CONTROL;
        types[11] = TypeHashes.SET_DELEGATE;
        types[12] = TypeHashes.REMOVE_DELEGATE;
        types[13] = TypeHashes.SET_RECOVERY;
        types[14] = TypeHashes.PROPOSE_RECOVERY;
        types[15] = TypeHashes.VETO;
        types[16] = TypeHashes.FREEZE;
        types[17] = TypeHashes.UNFREEZE;
    }
}
