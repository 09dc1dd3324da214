// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IConsents} from "../../src/consent/IConsents.sol";
import {ISubjects} from "../../src/consent/ISubjects.sol";
import {BatchMode, Deny, Grant, Op, Revoke} from "../../src/consent/Intents.sol";
import {SubjectTest} from "../utils/SubjectTest.sol";
import {vm} from "../utils/Vm.sol";

/// @notice See Delegates.tree.
contract DelegatesTest is SubjectTest {
    uint8 private constant REVOKE = 1;
    uint8 private constant DENY = 2;
    uint8 private constant GRANT = 4;
    uint40 private constant FROM = NOW + 100;
    uint40 private constant TO = NOW + 200;

    function test_OnlyTheControllerSetsAndRemoves() public {
        _setDelegate(PATIENT, PARENT, 7, 1, 0);
        address[3] memory others = [PARENT, CLINIC, STRANGER];
        for (uint256 i = 0; i < others.length; ++i) {
            vm.expectRevert(_notAuthorized(others[i]));
            _setDelegate(others[i], RECOVERER, 1, 1, 0);
            vm.expectRevert(_notAuthorized(others[i]));
            _removeDelegate(others[i], PARENT, 1);
        }
    }

    function test_RefusesAnotherSeqAFreezeAndUsedUpCounters() public {
        _invalidate(PATIENT, 0);
        vm.expectRevert(_wrongSeq(0, 1));
        _setDelegate(PATIENT, PARENT, 7, 1, 0);
        vm.expectRevert(_wrongSeq(2, 1));
        _setDelegate(PATIENT, PARENT, 7, 1, 2);

        _setRecovery(PATIENT, RECOVERER, DELAY, 1, 1);
        _freeze(RECOVERER, 1);
        vm.expectRevert(abi.encodeWithSelector(ISubjects.Frozen.selector, NOW + DELAY));
        _setDelegate(PATIENT, PARENT, 7, 1, 2);
        vm.warp(NOW + DELAY);
        _setDelegate(PATIENT, PARENT, 7, 1, 2);

        _putSubject(address(0), 0, MAX24, 0);
        vm.expectRevert(abi.encodeWithSelector(ISubjects.AuthEpochExhausted.selector));
        _setDelegate(PATIENT, PARENT, 7, 2, 0);
        _putSubject(address(0), 0, 0, MAX24);
        vm.expectRevert(abi.encodeWithSelector(ISubjects.SeqExhausted.selector));
        _setDelegate(PATIENT, PARENT, 7, 2, MAX24);
    }

    function test_RefusesNobodyTheControllerAndRightsThatAreNone() public {
        vm.expectRevert(abi.encodeWithSelector(ISubjects.ZeroDelegate.selector));
        _setDelegate(PATIENT, address(0), 7, 1, 0);
        vm.expectRevert(abi.encodeWithSelector(ISubjects.ZeroDelegate.selector));
        _removeDelegate(PATIENT, address(0), 1);
        vm.expectRevert(abi.encodeWithSelector(ISubjects.SameParty.selector, PATIENT));
        _setDelegate(PATIENT, PATIENT, 7, 1, 0);

        uint8[4] memory wrong = [uint8(0), 8, 9, 255];
        for (uint256 i = 0; i < wrong.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(ISubjects.BadRights.selector, wrong[i]));
            _setDelegate(PATIENT, PARENT, wrong[i], 1, 0);
        }
    }

    function test_RefusesAMandateThatIsEmptyOrOver() public {
        uint40[3] memory from = [NOW + 5, NOW + 5, NOW - 5];
        uint40[3] memory to = [NOW + 5, NOW + 4, NOW];
        for (uint256 i = 0; i < from.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(ISubjects.BadMandate.selector, from[i], to[i]));
            _setDelegate(PATIENT, PARENT, 7, from[i], to[i], 1, 0);
        }
        _setDelegate(PATIENT, PARENT, 7, NOW - 5, NOW + 1, 1, 0);
    }

    function test_RefusesEveryNonceButTheNext() public {
        _setDelegate(PATIENT, PARENT, 7, 1, 0);
        uint32[4] memory wrong = [uint32(0), 1, 3, MAX32];
        for (uint256 i = 0; i < wrong.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(ISubjects.WrongNonce.selector, wrong[i], 2));
            _setDelegate(PATIENT, PARENT, 7, wrong[i], 0);
        }

        _putDelegateNonce(PARENT, MAX32 - 2);
        _setDelegate(PATIENT, PARENT, 7, MAX32 - 1, 0);
        for (uint32 short = 0; short < 2; ++short) {
            vm.expectRevert(abi.encodeWithSelector(ISubjects.NonceExhausted.selector));
            _setDelegate(PATIENT, PARENT, 7, MAX32 - short, 0);
        }
        _removeDelegate(PATIENT, PARENT, MAX32 - 1);
        vm.expectRevert(abi.encodeWithSelector(ISubjects.NonceExhausted.selector));
        _setDelegate(PATIENT, PARENT, 7, MAX32, 0);
        vm.expectRevert(abi.encodeWithSelector(ISubjects.StaleThrough.selector, MAX32, MAX32));
        _removeDelegate(PATIENT, PARENT, MAX32);
    }

    function test_StoresADelegateInPlaceOfWhatItHad() public {
        _putSubject(address(0), 4, 5, 6);
        vm.expectEmit(address(registry));
        emit ISubjects.DelegateSet(PATIENT, PARENT, GRANT, FROM, TO, 1, 6, 4, 5, PATIENT);
        _setDelegate(PATIENT, PARENT, GRANT, FROM, TO, 1, 6);
        _assertDelegate(ISubjects.Delegate(GRANT, FROM, TO, 5, 1), "set");

        _setDelegate(PATIENT, PARENT, DENY, NOW, UNTIL_REVOKED, 2, 6);
        _assertDelegate(ISubjects.Delegate(DENY, NOW, UNTIL_REVOKED, 5, 2), "replaced");
        _assertSubject(ISubjects.Subject(PATIENT, 4, 5, 6, 0, 0), "the subject stays");
    }

    function test_RemovalTakesTheRightsAndOutrunsSettingsHeldBack() public {
        _putSubject(address(0), 4, 5, 6);
        _setDelegate(PATIENT, PARENT, 7, 1, 6);

        vm.expectEmit(address(registry));
        emit ISubjects.DelegateRemoved(PATIENT, PARENT, 3, 6, 4, 5, PATIENT);
        _removeDelegate(PATIENT, PARENT, 2);

        _assertDelegate(ISubjects.Delegate(0, 0, 0, 5, 3), "removed");
        vm.expectRevert(_notAuthorized(PARENT));
        _grantAt(PARENT, 6, 1);
        for (uint32 nonce = 1; nonce < 4; ++nonce) {
            vm.expectRevert(abi.encodeWithSelector(ISubjects.WrongNonce.selector, nonce, 4));
            _setDelegate(PATIENT, PARENT, 7, nonce, 6);
            if (nonce == 3) continue;
            vm.expectRevert(abi.encodeWithSelector(ISubjects.StaleThrough.selector, nonce, 3));
            _removeDelegate(PATIENT, PARENT, nonce);
        }
        _removeDelegate(PATIENT, STRANGER, 0);
        vm.assertEq(registry.delegates(PATIENT, STRANGER).nonce, 1, "ruled out beforehand");
    }

    function test_RemovalWorksWhateverIsFrozenOrUsedUp() public {
        _setDelegate(PATIENT, PARENT, 7, 1, 0);
        _setRecovery(PATIENT, RECOVERER, DELAY, 1, 0);
        _freeze(RECOVERER, 0);
        _removeDelegate(PATIENT, PARENT, 1);
        vm.assertEq(registry.delegates(PATIENT, PARENT).nonce, 2, "frozen");

        _putSubject(address(0), MAX24, MAX24, MAX24);
        _removeDelegate(PATIENT, PARENT, MAX32);
        vm.assertEq(registry.delegates(PATIENT, PARENT).nonce, MAX32, "used up");
    }

    function test_DoesWhatItsRightsSayInEveryForm() public {
        for (uint8 rights = 1; rights <= 7; ++rights) {
            _setDelegate(PATIENT, PARENT, rights, rights, 0);
            for (uint256 form = 0; form < 9; ++form) {
                uint8 needed = form < 3 ? GRANT : form < 6 ? REVOKE : DENY;
                uint256 before = vm.snapshotState();
                bytes memory data = _decision(form);
                vm.prank(PARENT);
                (bool ok, bytes memory answer) = address(registry).call(data);
                vm.assertTrue(ok == (rights & needed != 0), "by its rights");
                if (!ok) vm.assertEq(answer, _notAuthorized(PARENT), "the reason");
                vm.revertToState(before);
            }
        }
    }

    function test_DoesItWithinItsMandateOnly() public {
        _setDelegate(PATIENT, PARENT, 7, FROM, TO, 1, 0);
        uint40[4] memory times = [FROM - 1, FROM, TO - 1, TO];
        for (uint256 i = 0; i < times.length; ++i) {
            vm.warp(times[i]);
            bool holds = times[i] >= FROM && times[i] < TO;
            (uint8 rights, uint40 end) = registry.rightsOf(PATIENT, PARENT);
            vm.assertEq(rights, holds ? 7 : 0, "rights");
            vm.assertEq(end, holds ? TO : 0, "their end");
            for (uint256 form = 3; form < 9; ++form) {
                uint256 before = vm.snapshotState();
                bytes memory data = _decision(form);
                vm.prank(PARENT);
                (bool ok,) = address(registry).call(data);
                vm.assertTrue(ok == holds, "by the time");
                vm.revertToState(before);
            }
        }
    }

    function test_GrantsUntilTheEndOfItsMandateAndNotBeyond() public {
        _setDelegate(PATIENT, PARENT, GRANT, FROM, TO, 1, 0);
        vm.warp(FROM);
        vm.expectRevert(abi.encodeWithSelector(IConsents.BeyondMandate.selector, TO + 1, TO));
        _grantUntil(TO + 1);
        vm.expectRevert(abi.encodeWithSelector(IConsents.BeyondMandate.selector, UNTIL_REVOKED, TO));
        _grantUntil(UNTIL_REVOKED);
        _grantUntil(TO);
        vm.assertTrue(_isActive(SCOPE), "until its end");

        _setDelegate(PATIENT, STRANGER, GRANT, FROM, UNTIL_REVOKED, 1, 0);
        vm.prank(STRANGER);
        registry.grant(PATIENT, CLINIC, SCOPE, 0, NOW, UNTIL_REVOKED, 2);
        vm.assertEq(_stored(SCOPE).validTo, UNTIL_REVOKED, "for ever");
    }

    function test_UnderTheLargestAuthEpochNobodyHasRights() public {
        // It cannot come to this by calls; whatever stood there could never be made void any more.
        _putSubject(address(0), 0, MAX24, 0);
        bytes32 slot = keccak256(abi.encode(PARENT, _slotOf(PATIENT, 3)));
        vm.store(address(registry), slot, bytes32(7 | (uint256(UNTIL_REVOKED) << 48) | (uint256(MAX24) << 88)));
        vm.assertEq(registry.delegates(PATIENT, PARENT).authEpoch, MAX24, "as put");

        (uint8 rights,) = registry.rightsOf(PATIENT, PARENT);
        vm.assertEq(rights, 0, "no rights");
        vm.expectRevert(_notAuthorized(PARENT));
        _grantAt(PARENT, 0, 1);
    }

    function test_ItsGrantsOutliveItsRemoval() public {
        _setDelegate(PATIENT, PARENT, 7, 1, 0);
        _grantAt(PARENT, 0, 1);
        _removeDelegate(PATIENT, PARENT, 1);
        vm.assertTrue(_isActive(SCOPE), "until the controller revokes them");
    }

    function test_DecidesNothingAboutTheSubjectItself() public {
        _setDelegate(PATIENT, PARENT, 7, 1, 0);
        _setRecovery(PATIENT, RECOVERER, DELAY, 1, 0);
        _propose(RECOVERER, STRANGER, 1);
        _freeze(RECOVERER, 0);

        vm.expectRevert(_notAuthorized(PARENT));
        _revokeAll(PARENT, false);
        vm.expectRevert(_notAuthorized(PARENT));
        _invalidate(PARENT, 1);
        vm.expectRevert(_notAuthorized(PARENT));
        _setRecovery(PARENT, STRANGER, DELAY, 2, 1);
        vm.expectRevert(_notAuthorized(PARENT));
        _veto(PARENT, 1);
        vm.expectRevert(_notAuthorized(PARENT));
        _unfreeze(PARENT, 1);
    }

    function _grantUntil(uint40 validTo) private {
        vm.prank(PARENT);
        registry.grant(PATIENT, CLINIC, SCOPE, 0, NOW, validTo, 1);
    }

    /// @dev The parent's call, for each of the forms a decision has: three that grant, revoke, and deny.
    function _decision(uint256 form) private view returns (bytes memory) {
        bytes32 scope = _scope(Situation.Requested);
        uint40 end = NOW + DAY;
        if (form == 0) return abi.encodeCall(registry.grant, (PATIENT, CLINIC, scope, 0, NOW, end, 1));
        if (form == 1) {
            return
                abi.encodeCall(
                    registry.grantBySig, (Grant(PARENT, PATIENT, CLINIC, scope, 0, NOW, end, 1, end), _none())
                );
        }
        if (form == 3) return abi.encodeCall(registry.revoke, (PATIENT, CLINIC, scope));
        if (form == 4) {
            return abi.encodeCall(registry.revokeBySig, (Revoke(PARENT, PATIENT, CLINIC, scope, 2, end), _none()));
        }
        if (form == 6) return abi.encodeCall(registry.deny, (PATIENT, CLINIC, scope));
        if (form == 7) {
            return abi.encodeCall(registry.denyBySig, (Deny(PARENT, PATIENT, CLINIC, scope, 2, end), _none()));
        }
        Op memory op = form == 2 ? _grantOp(scope, 1) : form == 5 ? _revokeOp(scope, 2) : _denyOp(scope, 2);
        return _batchCall(PARENT, BatchMode.Atomic, 0, _ops(op));
    }

    function _assertDelegate(ISubjects.Delegate memory expected, string memory what) private view {
        ISubjects.Delegate memory actual = registry.delegates(PATIENT, PARENT);
        vm.assertEq(actual.rights, expected.rights, string.concat(what, ": rights"));
        vm.assertEq(actual.validFrom, expected.validFrom, string.concat(what, ": validFrom"));
        vm.assertEq(actual.validTo, expected.validTo, string.concat(what, ": validTo"));
        vm.assertEq(actual.authEpoch, expected.authEpoch, string.concat(what, ": authEpoch"));
        vm.assertEq(actual.nonce, expected.nonce, string.concat(what, ": nonce"));
    }
}
