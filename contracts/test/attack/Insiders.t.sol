// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IConsents} from "../../src/consent/IConsents.sol";
import {ISubjects} from "../../src/consent/ISubjects.sol";
import {BatchMode, Op, OpKind, Proof, RemoveDelegate, Rotate, SetDelegate} from "../../src/consent/Intents.sol";
import {AttackTest} from "../utils/AttackTest.sol";
import {Key, KeyKind} from "../utils/SignedTest.sol";
import {TypeHashes} from "../utils/TypeHashes.sol";
import {vm} from "../utils/Vm.sol";

/// @notice Parties that have some right, and want more.
contract InsidersAttack is AttackTest {
    /// @dev A clinic has itself made the patient's delegate, or even her controller, and then consents to its own
    /// requests. A grantee never grants to itself, in no form; it may grant to others.
    function test_ADelegateWhoIsTheGrantee() public {
        vm.prank(subject.id);
        registry.setDelegate(SetDelegate(subject.id, subject.id, grantee.id, 7, NOW, FOREVER, 1, 1, SOON), _none());
        _expectNothingForItself(1);
    }

    /// @dev The same after the patient handed control over to the clinic.
    function test_AControllerWhoIsTheGrantee() public {
        Rotate memory intent = Rotate(subject.id, subject.id, grantee.id, 1, SOON);
        registry.rotate(intent, _prove(subject, TypeHashes.hash(intent)), _accept(grantee, subject.id, 1));
        _expectNothingForItself(2);
    }

    /// @dev A grantee alone, with all it may do: it asks, gives up, asks again, and waits.
    function test_AGranteeAloneMakesNothingActive() public {
        for (uint32 version = 1; version < 8; version += 2) {
            vm.prank(grantee.id);
            registry.request(subject.id, grantee.id, FRESH, NOW, FOREVER, NOW + DAY, version);
            vm.assertFalse(_active(FRESH), "asked");
            vm.prank(grantee.id);
            vm.expectRevert(abi.encodeWithSelector(ISubjects.NotAuthorized.selector, grantee.id, subject.id));
            registry.grant(subject.id, grantee.id, FRESH, 1, NOW, FOREVER, version);
            vm.prank(grantee.id);
            registry.relinquish(subject.id, grantee.id, FRESH);
            vm.assertFalse(_active(FRESH), "given up");
        }
        vm.prank(grantee.id);
        registry.request(subject.id, grantee.id, FRESH, NOW, FOREVER, NOW + DAY, 9);
        vm.warp(NOW + DAY);
        vm.assertFalse(_active(FRESH), "silence is no consent");
    }

    /// @dev A delegate passes its rights on, or longer than it has them itself. Only the controller sets delegates.
    function test_ADelegateWhoMakesDelegates() public {
        SetDelegate memory intent = SetDelegate(delegate.id, subject.id, STRANGER, 7, NOW, FOREVER, 1, 1, SOON);
        Proof memory proof = _prove(delegate, TypeHashes.hash(intent));
        vm.expectRevert(abi.encodeWithSelector(ISubjects.NotAuthorized.selector, delegate.id, subject.id));
        registry.setDelegate(intent, proof);
    }

    /// @dev A delegate signs grants while its mandate holds and uses them when it is over, or has them end after it.
    function test_ADelegateBeyondItsMandate() public {
        vm.prank(subject.id);
        registry.setDelegate(SetDelegate(subject.id, subject.id, delegate.id, 4, NOW, NOW + DAY, 2, 1, SOON), _none());
        _fails(
            _signedGrant(delegate, FRESH, 1, 1),
            abi.encodeWithSelector(IConsents.BeyondMandate.selector, NOW + 100 * DAY, NOW + DAY),
            "ends after it"
        );
        Op[] memory ops = new Op[](1);
        ops[0] = Op(OpKind.Grant, grantee.id, FRESH, NOW, NOW + DAY, 1);
        bytes memory fitting = _signedBatch(delegate, BatchMode.Atomic, 1, ops);
        vm.warp(NOW + DAY);
        _fails(
            fitting,
            abi.encodeWithSelector(ISubjects.NotAuthorized.selector, delegate.id, subject.id),
            "its mandate is over"
        );
        vm.warp(NOW + DAY - 1);
        _land(fitting);
        vm.assertTrue(_active(FRESH), "the last second");
        vm.warp(NOW + DAY);
        vm.assertFalse(_active(FRESH), "and its grant ends with it");
    }

    /// @dev A delegate holds back the signature that sets it, until after its removal.
    function test_ASettingHeldBackOverTheRemoval() public {
        SetDelegate memory setting = SetDelegate(subject.id, subject.id, STRANGER, 7, NOW, FOREVER, 1, 1, SOON);
        RemoveDelegate memory removal = RemoveDelegate(subject.id, subject.id, STRANGER, 1, FOREVER);
        bytes memory set = abi.encodeCall(registry.setDelegate, (setting, _prove(subject, TypeHashes.hash(setting))));
        bytes memory remove =
            abi.encodeCall(registry.removeDelegate, (removal, _prove(subject, TypeHashes.hash(removal))));
        uint256 before = vm.snapshotState();
        _land(set);
        _land(remove);
        _relay(set);
        _expectNoRights(STRANGER);
        vm.revertToState(before);
        _land(remove);
        _relay(set);
        _expectNoRights(STRANGER);
    }

    /// @dev A delegate set before control went away and came back.
    function test_ADelegateOfTheFirstTime() public {
        _land(_signedRotate(subject, successor, 1));
        _land(_signedRotate(successor, subject, 2));
        _expectNoRights(delegate.id);
        _fails(
            _signedGrant(delegate, FRESH, 3, 1),
            abi.encodeWithSelector(ISubjects.NotAuthorized.selector, delegate.id, subject.id),
            "no more"
        );
    }

    /// @dev A delegate who may only grant uses up the seq, by batches that try, ahead of whatever the controller has
    /// signed: a rotation, the end of a freeze. To remove the delegate takes no seq, so that it cannot be kept off.
    function test_ADelegateWhoUsesUpTheSeq() public {
        bytes memory rotation = _signedRotate(subject, successor, 1);
        RemoveDelegate memory intent = RemoveDelegate(subject.id, subject.id, delegate.id, 2, FOREVER);
        bytes memory removal =
            abi.encodeCall(registry.removeDelegate, (intent, _prove(subject, TypeHashes.hash(intent))));
        Op[] memory ops = new Op[](1);
        for (uint24 seq = 1; seq < 4; ++seq) {
            ops[0] = _grantItem(FRESH, seq);
            _land(_signedBatch(delegate, BatchMode.Try, seq, ops));
        }
        _fails(rotation, _wrongSeq(1, 4), "kept off");

        _land(removal);
        _expectNoRights(delegate.id);
        _land(_signedRotate(subject, successor, 4));
    }

    /// @dev A delegate who may only revoke signs through the largest version, which closes that consent for ever. The
    /// same policy under another salt is another consent.
    function test_ADelegateWhoClosesAConsentForEver() public {
        _land(_signedRevoke(delegate, GIVEN, MAX_VERSION));
        _fails(
            _signedGrant(subject, GIVEN, 1, MAX_VERSION),
            abi.encodeWithSelector(IConsents.VersionExhausted.selector),
            "closed"
        );
        _land(_signedGrant(subject, FRESH, 1, 1));
        vm.assertTrue(_active(FRESH), "under another salt");
    }

    /// @dev Third parties do all they can to a consent and its subject; they can only record a lapse.
    function test_AStrangerChangesNothing() public {
        Key memory stranger = _key(KeyKind.Eoa, "a stranger");
        for (uint256 i = 0; i < KINDS; ++i) {
            uint256 before = vm.snapshotState();
            _prepare(Kind(i));
            Action memory action = _action(Kind(i));
            bytes memory own = abi.encode(stranger.id);
            for (uint256 b = 0; b < 0x20; ++b) {
                action.fields[b] = own[b];
            }
            (bool ok,) = _sendAs(stranger.id, action, _none());
            vm.assertFalse(ok, action.name);
            vm.revertToState(before);
        }
        vm.warp(NOW + 100 * DAY);
        vm.prank(stranger.id);
        registry.expire(subject.id, grantee.id, GIVEN);
    }

    /// @dev Control has moved on: the subject's own old key, and a subject's address that somebody can call from.
    function test_TheOldKeyOfASubject() public {
        _land(_signedRotate(subject, successor, 1));
        for (uint256 i = 0; i < KINDS; ++i) {
            Action memory action = _action(Kind(i));
            if (action.by.id != subject.id) continue;
            (bool ok,) = _sendAs(subject.id, action, _none());
            vm.assertFalse(ok, action.name);
        }
    }

    function _expectNoRights(address who) private view {
        (uint8 rights,) = registry.rightsOf(subject.id, who);
        vm.assertEq(rights, 0, "no rights");
    }

    /// @dev The grantee has every right; none of them gives it consent.
    function _expectNothingForItself(uint24 seq) private {
        bytes memory reason = abi.encodeWithSelector(IConsents.GranteeCannotGrant.selector, grantee.id);
        bytes32[3] memory scopes = [FRESH, ASKED, GIVEN];
        uint32[3] memory versions = [uint32(1), 1, 2];
        for (uint256 i = 0; i < 3; ++i) {
            vm.prank(grantee.id);
            vm.expectRevert(reason);
            registry.grant(subject.id, grantee.id, scopes[i], seq, NOW, NOW + DAY, versions[i]);
            _fails(_signedGrant(grantee, scopes[i], seq, versions[i]), reason, "signed");
            Op[] memory ops = new Op[](1);
            ops[0] = _grantItem(scopes[i], versions[i]);
            _fails(_signedBatch(grantee, BatchMode.Atomic, seq, ops), reason, "by a batch");
            _fails(_signedBatch(grantee, BatchMode.Try, seq, ops), reason, "by a batch that tries");
        }
        vm.prank(grantee.id);
        registry.grant(subject.id, STRANGER, FRESH, seq, NOW, NOW + DAY, 1);
        vm.assertTrue(registry.isActive(subject.id, STRANGER, FRESH), "to another");
    }
}
