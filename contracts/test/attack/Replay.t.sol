// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IConsents} from "../../src/consent/IConsents.sol";
import {ISubjects} from "../../src/consent/ISubjects.sol";
import {Grant, Revoke} from "../../src/consent/Intents.sol";
import {AttackTest} from "../utils/AttackTest.sol";
import {Key, KeyKind} from "../utils/SignedTest.sol";
import {TypeHashes} from "../utils/TypeHashes.sol";
import {vm} from "../utils/Vm.sol";

/// @notice Signatures used again: later, after what took them back, elsewhere.
contract ReplayAttack is AttackTest {
    /// @dev The clinic keeps the signature of a grant and sends it again whenever the consent is gone. The version that
    /// the grant leads to is reached once.
    function test_AGrantSentAgainBeforeAndAfterItsRevoke() public {
        bytes memory grant = _signedGrant(subject, FRESH, 1, 1);
        _land(grant);
        _fails(grant, _wrongVersion(1, 2), "while active");

        _land(_signedRevoke(subject, FRESH, 1));
        _fails(grant, _wrongVersion(1, 3), "after the revoke");
        vm.prank(grantee.id);
        registry.request(subject.id, grantee.id, FRESH, NOW, NOW + DAY, NOW + DAY, 3);
        _fails(grant, _wrongVersion(1, 3), "after a new request");
        vm.warp(NOW + DAY);
        _fails(grant, _wrongVersion(1, 4), "after its lapse");
        registry.expire(subject.id, grantee.id, FRESH);
        _fails(grant, _wrongVersion(1, 4), "after that was recorded");
    }

    /// @dev A grant approved a request; the request lapses later or comes again. An approval keeps the version of its
    /// request, and each request has another.
    function test_AnApprovalSentAgainForTheNextRequest() public {
        bytes memory approval = _signedGrant(subject, ASKED, 1, 1);
        _land(approval);
        _land(_signedRevoke(subject, ASKED, 1));
        vm.prank(grantee.id);
        registry.request(subject.id, grantee.id, ASKED, NOW, NOW + DAY, NOW + DAY, 3);
        _fails(approval, _wrongVersion(1, 3), "the next request");
    }

    /// @dev Somebody keeps a revoke and sends it again to end what the patient granted later. It is above what it
    /// names.
    function test_ARevokeSentAgainAfterANewGrant() public {
        bytes memory revoke = _signedRevoke(subject, GIVEN, 2);
        _land(revoke);
        _land(_signedGrant(subject, GIVEN, 1, 4));
        _fails(revoke, _staleStop(2, 4), "the new grant");
        vm.assertTrue(_active(GIVEN), "stays");
    }

    /// @dev The clinic keeps grants that it did not yet send, and waits until the patient has revoked everything. They
    /// name the seq of before.
    function test_AGrantHeldBackOverRevokeAll() public {
        bytes memory grant = _signedGrant(subject, FRESH, 1, 1);
        bytes memory renewal = _signedGrant(subject, GIVEN, 1, 2);
        bytes memory approval = _signedGrant(subject, ASKED, 1, 1);
        bytes memory all = _signedRevokeAll(subject, 1, 1, false);
        _land(all);
        _fails(grant, _wrongSeq(1, 2), "a first grant");
        _fails(renewal, _wrongSeq(1, 2), "a renewal");
        _fails(approval, _wrongSeq(1, 2), "an approval");

        _land(_signedGrant(subject, GIVEN, 2, 2));
        _fails(all, abi.encodeWithSelector(ISubjects.StaleThrough.selector, 1, 2), "nor is what came after revoked");
        vm.assertTrue(_active(GIVEN), "stays");
    }

    /// @dev Two grants were signed for one version. The first was used before everything was revoked; the second is
    /// sent after it, when the epoch makes the consent read as if nothing were there. Its seq is that of before.
    function test_ASecondGrantOfTheSameVersionAfterRevokeAll() public {
        Grant memory intent = Grant(subject.id, subject.id, grantee.id, FRESH, 1, 0, FOREVER, 1, SOON);
        bytes memory second = abi.encodeCall(registry.grantBySig, (intent, _prove(subject, TypeHashes.hash(intent))));
        _land(_signedGrant(subject, FRESH, 1, 1));
        _fails(second, _wrongVersion(1, 2), "the version is used");
        _land(_signedRevokeAll(subject, 1, 1, false));
        _fails(second, _wrongSeq(1, 2), "and the seq is another");
    }

    /// @dev Control goes to another key and comes back to the first. Grants it signed in its first time name the seq of
    /// then, which never returns; so do its rotations and the agreement to take control.
    function test_AwayAndBackRevivesNoGrantOfTheFirstTime() public {
        bytes memory grant = _signedGrant(subject, FRESH, 1, 1);
        bytes memory away = _signedRotate(subject, successor, 1);
        bytes memory revoke = _signedRevoke(subject, GIVEN, 2);
        _land(away);
        _fails(grant, _notAuthorized(subject.id), "while away");
        _fails(revoke, _notAuthorized(subject.id), "nor its stops");

        bytes memory back = _signedRotate(successor, subject, 2);
        _land(back);
        _fails(grant, _wrongSeq(1, 3), "back");
        _fails(away, _wrongSeq(1, 3), "away again");
        _fails(back, _notAuthorized(successor.id), "the other's rotation");

        // A stop may revive: it names no seq, so that nothing keeps it off, and wrongly revoking is the safe failure.
        _land(revoke);
        _assertStopped(GIVEN, "revoked");
    }

    /// @dev Somebody sends on one chain what was signed for another, or to one registry what was signed for its twin.
    /// The domain names both.
    function test_AcrossChainsAndContracts() public {
        for (uint256 k = 0; k < KEY_KINDS; ++k) {
            if (KeyKind(k) != KeyKind.Eoa) _meet(KeyKind(k));
            for (uint256 i = 0; i < KINDS; ++i) {
                uint256 before = vm.snapshotState();
                _prepare(Kind(i));
                Action memory action = _action(Kind(i));
                Key memory by = action.by;
                bytes32 elsewhere = _digestFor(action.structHash, block.chainid + 1, address(registry));
                _assertRefused(action, _proveDigest(by, elsewhere), _badSignature(by.id), "another chain");
                elsewhere = _digestFor(action.structHash, block.chainid, STRANGER);
                _assertRefused(action, _proveDigest(by, elsewhere), _badSignature(by.id), "another registry");
                vm.revertToState(before);
            }
        }
    }

    /// @dev The chain splits and one side takes another id. What was signed before the split counts only on the side
    /// that kept the id, although the contract on both sides is the one that was deployed before it.
    function test_AfterAFork() public {
        bytes memory grant = _signedGrant(subject, FRESH, 1, 1);
        bytes memory revoke = _signedRevoke(subject, GIVEN, 2);
        uint256 before = 31_337; // the compiler would read the chain id anew after it changed
        vm.chainId(before + 7);
        _fails(grant, _badSignature(subject.id), "a grant of before");
        _fails(revoke, _badSignature(subject.id), "a revoke of before");
        vm.assertTrue(_statusNow(GIVEN) == IConsents.Status.None, "no consent of before counts either");

        _land(_signedGrant(subject, FRESH, 1, 1));
        vm.assertTrue(_active(FRESH), "new signatures count");
        vm.chainId(before);
        vm.assertFalse(_active(FRESH), "there and only there");
        _land(grant);
        _land(revoke);
    }

    /// @dev One owner has two wallets, each a patient. What he signed for one is sent for the other: the wallets see
    /// the same digest and the same owner, but it names the wallet.
    function test_BetweenTwoWalletsOfOneOwner() public {
        _meet(KeyKind.Wallet);
        Revoke memory intent = Revoke(subject.id, subject.id, grantee.id, GIVEN, 2, FOREVER);
        Key memory twin = _key(KeyKind.Wallet, "subject");
        vm.assertTrue(twin.id != subject.id && twin.secret == subject.secret, "two wallets, one owner");
        bytes32 signed = TypeHashes.hash(intent);
        intent.actor = twin.id;
        intent.subject = twin.id;
        _fails(
            abi.encodeCall(registry.revokeBySig, (intent, _prove(subject, signed))),
            _badSignature(twin.id),
            "the other wallet"
        );
    }

    function _notAuthorized(address actor) private view returns (bytes memory) {
        return abi.encodeWithSelector(ISubjects.NotAuthorized.selector, actor, subject.id);
    }
}
