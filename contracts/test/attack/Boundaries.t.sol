// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IConsents} from "../../src/consent/IConsents.sol";
import {Proof} from "../../src/consent/Intents.sol";
import {AttackTest} from "../utils/AttackTest.sol";
import {vm} from "../utils/Vm.sol";

/// @notice The first and last seconds of everything, the largest values, and bits where none belong.
contract BoundariesAttack is AttackTest {
    uint40 private constant FROM = NOW + 100;
    uint40 private constant TO = NOW + 200;

    /// @dev A clinic reads one second early or late. The first second is in the window, the last is the one before its
    /// end, and what is recorded afterwards changes nothing.
    function test_TheSecondsAroundAWindow() public {
        _grantWindow(FRESH, FROM, TO, 1);
        uint40[4] memory times = [FROM - 1, FROM, TO - 1, TO];
        for (uint256 i = 0; i < times.length; ++i) {
            vm.warp(times[i]);
            bool inside = i == 1 || i == 2;
            vm.assertTrue(_active(FRESH) == inside, "isActive");
            bool over = i == 3;
            vm.assertTrue(_statusNow(FRESH) == (over ? IConsents.Status.Expired : IConsents.Status.Active), "statusOf");
            (bool recorded,) = address(registry).call(abi.encodeCall(registry.expire, (subject.id, grantee.id, FRESH)));
            vm.assertTrue(recorded == over, "expire");
            vm.assertTrue(_active(FRESH) == inside, "still");
        }
    }

    /// @dev A window of one second, and one that never ends.
    function test_TheShortestAndTheLongestWindow() public {
        _grantWindow(FRESH, NOW, NOW + 1, 1);
        vm.assertTrue(_active(FRESH), "its one second");
        vm.warp(NOW + 1);
        vm.assertFalse(_active(FRESH), "over");

        _grantWindow(GIVEN, 0, FOREVER, 2);
        vm.warp(FOREVER - 1);
        vm.assertTrue(_active(GIVEN), "for ever");
    }

    /// @dev An approval lands in the last second of a request, and in the first after it.
    function test_TheSecondsAroundTheEndOfARequest() public {
        uint40 end = NOW + 30 * DAY;
        uint256 before = vm.snapshotState();
        vm.warp(end - 1);
        _grantWindow(ASKED, NOW, FOREVER, 1);
        vm.assertTrue(_active(ASKED), "approved");
        vm.revertToState(before);

        vm.warp(end);
        vm.prank(subject.id);
        vm.expectRevert(_wrongVersion(1, 2));
        registry.grant(subject.id, grantee.id, ASKED, 1, NOW, FOREVER, 1);
    }

    /// @dev A clinic drives the version of its consent up to the largest, so that the patient's revoke overflows and
    /// reverts. A stop stays there and works; nothing opens any more.
    function test_ARevokeAtTheLargestVersion() public {
        IConsents.Consent memory consent = registry.consents(registry.consentId(subject.id, grantee.id, GIVEN));
        consent.version = MAX_VERSION - 1;
        _store(GIVEN, consent);
        bytes memory signed = _signedRevoke(subject, GIVEN, MAX_VERSION);
        vm.assertTrue(_active(GIVEN), "the last version that can be active");
        uint256 before = vm.snapshotState();
        _land(signed);
        vm.assertEq(_versionNow(GIVEN), MAX_VERSION, "signed");
        _assertStopped(GIVEN, "signed");
        vm.revertToState(before);

        for (uint256 i = 0; i < 3; ++i) {
            vm.prank(subject.id);
            registry.revoke(subject.id, grantee.id, GIVEN);
            vm.assertEq(_versionNow(GIVEN), MAX_VERSION, "direct");
        }
        uint32[3] memory versions = [uint32(0), MAX_VERSION - 1, MAX_VERSION];
        for (uint256 i = 0; i < 3; ++i) {
            _fails(
                _signedGrant(subject, GIVEN, 1, versions[i]),
                abi.encodeWithSelector(IConsents.VersionExhausted.selector),
                "closed for ever"
            );
        }
    }

    /// @dev What reads as active at the largest version (it cannot be reached) is stopped by a direct stop alone.
    function test_EveryStatusAtTheLargestVersionStops() public {
        for (uint8 status = 0; status <= uint8(type(IConsents.Status).max); ++status) {
            IConsents.Consent memory consent = registry.consents(registry.consentId(subject.id, grantee.id, GIVEN));
            consent.status = IConsents.Status(status);
            consent.version = MAX_VERSION;
            consent.respondBy = FOREVER;
            _store(GIVEN, consent);
            vm.prank(subject.id);
            registry.revoke(subject.id, grantee.id, GIVEN);
            vm.assertTrue(_statusNow(GIVEN) == IConsents.Status.Revoked, "revoked");
        }
    }

    /// @dev Signed with bits above a field's width, an action would mean one thing to the hash and another to the
    /// storage. For every field of every action: what the wallet signed clean does not count with a bit more, nor what
    /// it signed with that bit.
    function test_DirtyBitsInSignedActions() public {
        for (uint256 i = 0; i < KINDS; ++i) {
            if (Kind(i) == Kind.Batch || Kind(i) == Kind.StopBatch) continue;
            uint256 before = vm.snapshotState();
            _prepare(Kind(i));
            Action memory action = _action(Kind(i));
            uint16[] memory widths = _widths(Kind(i));
            vm.assertEq(widths.length * 0x20, action.fields.length, action.name);
            Proof memory clean = _prove(action.by, action.structHash);
            for (uint256 field = 0; field < widths.length; ++field) {
                if (widths[field] == 256) continue;
                _expectDirtyRefused(action, clean, field, widths[field]);
                _expectDirtyRefused(action, clean, field, 255);
            }
            _assertWorks(action, clean, "clean");
            vm.revertToState(before);
        }
    }

    /// @dev The same in the calls that need no signature, where nothing but the registry looks at the bits. A field
    /// that an action does not look at (the seq of a setting that names nobody) may have them.
    function test_DirtyBitsInUnsignedActions() public {
        for (uint256 i = 0; i < KINDS; ++i) {
            if (Kind(i) == Kind.Batch || Kind(i) == Kind.StopBatch) continue;
            uint256 before = vm.snapshotState();
            _prepare(Kind(i));
            Action memory action = _action(Kind(i));
            uint16[] memory widths = _widths(Kind(i));
            for (uint256 field = 0; field < widths.length; ++field) {
                bool unread = Kind(i) == Kind.DropRecovery && field == 5;
                if (widths[field] == 256 || unread) continue;
                _flip(action.fields, field, widths[field]);
                (bool ok,) = _sendAs(action.by.id, action, _none());
                vm.assertFalse(ok, string.concat(action.name, ": a spare bit"));
                _flip(action.fields, field, widths[field]);
            }
            vm.revertToState(before);
        }
    }

    /// @dev An item of a batch of a kind, or a batch of a mode, that does not exist.
    function test_KindsAndModesThatDoNotExist() public {
        Action memory action = _action(Kind.Batch);
        Proof memory proof = _prove(subject, action.structHash);
        // The mode is the third word; the kinds follow the six words of the batch and the number of items.
        uint256[4] memory words = [uint256(2), 7, 13, 19];
        for (uint256 i = 0; i < words.length; ++i) {
            bytes1 kept = action.fields[words[i] * 0x20 + 0x1f];
            for (uint256 value = i == 0 ? 2 : 3; value < 256; value += 63) {
                // forge-lint: disable-next-line(unsafe-typecast)
                action.fields[words[i] * 0x20 + 0x1f] = bytes1(uint8(value));
                (bool ok,) = _send(action, proof);
                vm.assertFalse(ok, "signed");
                (ok,) = _sendAs(subject.id, action, _none());
                vm.assertFalse(ok, "unsigned");
            }
            action.fields[words[i] * 0x20 + 0x1f] = kept;
        }
        _assertWorks(action, proof, "as signed");
    }

    /// @dev Near the last block time that fits into 40 bits, what adds a delay to it reverts instead of wrapping around
    /// to the past; what stops adds nothing.
    function test_LateInTime() public {
        vm.warp(FOREVER - 1000);
        for (uint256 i = 0; i < KINDS; ++i) {
            Action memory action = _action(Kind(i), FOREVER - 500);
            if (action.kind == Kind.StopBatch || action.kind == Kind.Relinquish) continue;
            uint256 before = vm.snapshotState();
            (bool ok,) = _send(action, _prove(action.by, action.structHash));
            vm.assertTrue(ok == action.isStop, action.name);
            vm.revertToState(before);
        }
    }

    function _grantWindow(bytes32 scope, uint40 validFrom, uint40 validTo, uint32 version) private {
        vm.prank(subject.id);
        registry.grant(subject.id, grantee.id, scope, 1, validFrom, validTo, version);
    }

    function _expectDirtyRefused(Action memory action, Proof memory clean, uint256 field, uint256 bit) private {
        _flip(action.fields, field, bit);
        (bool ok,) = _send(action, clean);
        vm.assertFalse(ok, string.concat(action.name, ": signed clean"));
        bool unread = action.kind == Kind.DropRecovery && field == 5;
        if (!unread) {
            bytes32 dirty = keccak256(bytes.concat(action.typeHash, action.fields));
            (ok,) = _send(action, _prove(action.by, dirty));
            vm.assertFalse(ok, string.concat(action.name, ": signed dirty"));
        }
        _flip(action.fields, field, bit);
    }

    /// @dev Turns one bit of one word.
    function _flip(bytes memory words, uint256 word, uint256 bit) private pure {
        uint256 at = 0x20 * word + 31 - bit / 8;
        words[at] ^= bytes1(bytes32(uint256(1) << (248 + bit % 8)));
    }

    function _store(bytes32 scope, IConsents.Consent memory consent) private {
        uint256 word = uint256(consent.status) | (uint256(consent.validFrom) << 8) | (uint256(consent.validTo) << 48)
            | (uint256(consent.version) << 88) | (uint256(consent.epoch) << 120) | (uint256(consent.changedAt) << 144)
            | (uint256(consent.respondBy) << 184);
        vm.store(address(registry), registry.consentId(subject.id, grantee.id, scope), bytes32(word));
    }

    /// @dev How many bits each field of an action may use.
    function _widths(Kind kind) private pure returns (uint16[] memory widths) {
        if (kind == Kind.Request) return _list("\x14\x14\x14\x20\x05\x05\x05\x04\x05");
        if (kind == Kind.Grant) return _list("\x14\x14\x14\x20\x03\x05\x05\x04\x05");
        if (kind == Kind.Deny || kind == Kind.Revoke || kind == Kind.Relinquish) {
            return _list("\x14\x14\x14\x20\x04\x05");
        }
        if (kind == Kind.RevokeAll) {
            widths = _list("\x14\x14\x03\x03\x01\x05");
            widths[4] = 1;
        }
        if (kind == Kind.Invalidate || kind == Kind.Freeze || kind == Kind.Unfreeze) return _list("\x14\x14\x03\x05");
        if (kind == Kind.Veto) return _list("\x14\x14\x04\x05");
        if (kind == Kind.Rotate) return _list("\x14\x14\x14\x03\x05");
        if (kind == Kind.SetDelegate) return _list("\x14\x14\x14\x01\x05\x05\x04\x03\x05");
        if (kind == Kind.RemoveDelegate || kind == Kind.ProposeRecovery) return _list("\x14\x14\x14\x04\x05");
        if (kind == Kind.SetRecovery || kind == Kind.DropRecovery) return _list("\x14\x14\x14\x04\x04\x03\x05");
    }

    /// @dev Bytes to bits.
    function _list(bytes memory sizes) private pure returns (uint16[] memory widths) {
        widths = new uint16[](sizes.length);
        for (uint256 i = 0; i < sizes.length; ++i) {
            widths[i] = uint16(uint8(sizes[i])) * 8;
        }
    }
}
