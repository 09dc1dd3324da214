// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IConsents} from "../../src/consent/IConsents.sol";
import {ISubjects} from "../../src/consent/ISubjects.sol";
import {
    Batch,
    BatchMode,
    Deny,
    Freeze,
    Grant,
    Invalidate,
    Op,
    OpKind,
    Proof,
    ProposeRecovery,
    Revoke,
    RevokeAll,
    Rotate,
    SetRecovery,
    Unfreeze,
    Veto
} from "../../src/consent/Intents.sol";
import {ActionTest} from "./ActionTest.sol";
import {Key, KeyKind} from "./SignedTest.sol";
import {TypeHashes} from "./TypeHashes.sol";
import {vm} from "./Vm.sol";

/// @notice Signed decisions as an attacker holds them: calls, ready to be sent by anyone, at any time, in any order.
abstract contract AttackTest is ActionTest {
    uint40 internal constant FOREVER = type(uint40).max;

    function setUp() public virtual override {
        super.setUp();
        _meet(KeyKind.Eoa);
    }

    /// @dev A grant by a key, for 100 days.
    function _signedGrant(Key memory by, bytes32 scope, uint24 seq, uint32 version)
        internal
        view
        returns (bytes memory)
    {
        Grant memory intent = Grant(
            by.id, subject.id, grantee.id, scope, seq, NOW, NOW + 100 * DAY, version, NOW + 90 * DAY
        );
        return abi.encodeCall(registry.grantBySig, (intent, _prove(by, TypeHashes.hash(intent))));
    }

    function _signedRevoke(Key memory by, bytes32 scope, uint32 through) internal view returns (bytes memory) {
        Revoke memory intent = Revoke(by.id, subject.id, grantee.id, scope, through, FOREVER);
        return abi.encodeCall(registry.revokeBySig, (intent, _prove(by, TypeHashes.hash(intent))));
    }

    function _signedDeny(Key memory by, bytes32 scope, uint32 through) internal view returns (bytes memory) {
        Deny memory intent = Deny(by.id, subject.id, grantee.id, scope, through, FOREVER);
        return abi.encodeCall(registry.denyBySig, (intent, _prove(by, TypeHashes.hash(intent))));
    }

    function _signedRevokeAll(Key memory by, uint24 epoch, uint24 seq, bool drop) internal view returns (bytes memory) {
        RevokeAll memory intent = RevokeAll(by.id, subject.id, epoch, seq, drop, FOREVER);
        return abi.encodeCall(registry.revokeAllBySig, (intent, _prove(by, TypeHashes.hash(intent))));
    }

    function _signedInvalidate(Key memory by, uint24 throughSeq) internal view returns (bytes memory) {
        Invalidate memory intent = Invalidate(by.id, subject.id, throughSeq, FOREVER);
        return abi.encodeCall(registry.invalidate, (intent, _prove(by, TypeHashes.hash(intent))));
    }

    function _signedRotate(Key memory by, Key memory to, uint24 seq) internal view returns (bytes memory) {
        Rotate memory intent = Rotate(by.id, subject.id, to.id, seq, SOON);
        return
            abi.encodeCall(registry.rotate, (intent, _prove(by, TypeHashes.hash(intent)), _accept(to, subject.id, seq)));
    }

    function _signedVeto(Key memory by, uint32 proposalId) internal view returns (bytes memory) {
        Veto memory intent = Veto(by.id, subject.id, proposalId, FOREVER);
        return abi.encodeCall(registry.veto, (intent, _prove(by, TypeHashes.hash(intent))));
    }

    function _signedUnfreeze(Key memory by, uint24 seq, uint40 deadline) internal view returns (bytes memory) {
        Unfreeze memory intent = Unfreeze(by.id, subject.id, seq, deadline);
        return abi.encodeCall(registry.unfreeze, (intent, _prove(by, TypeHashes.hash(intent))));
    }

    function _signedRemovalOfRecovery(Key memory by, uint32 nonce) internal view returns (bytes memory) {
        SetRecovery memory intent = SetRecovery(by.id, subject.id, address(0), 0, nonce, 0, FOREVER);
        return abi.encodeCall(registry.setRecovery, (intent, _prove(by, TypeHashes.hash(intent))));
    }

    function _signedBatch(Key memory by, BatchMode mode, uint24 seq, Op[] memory ops)
        internal
        view
        returns (bytes memory)
    {
        Batch memory intent = Batch(by.id, subject.id, mode, seq, ops, SOON);
        return abi.encodeCall(registry.batch, (intent, _prove(by, TypeHashes.hash(intent))));
    }

    function _grantItem(bytes32 scope, uint32 version) internal view returns (Op memory) {
        return Op(OpKind.Grant, grantee.id, scope, NOW, NOW + 100 * DAY, version);
    }

    function _revokeItem(bytes32 scope, uint32 through) internal view returns (Op memory) {
        return Op(OpKind.Revoke, grantee.id, scope, 0, 0, through);
    }

    /// @dev Sent by the subject's recoverer.
    function _freezeNow() internal {
        Freeze memory intent =
            Freeze(recoverer.id, subject.id, registry.subjects(subject.id).seq, uint40(vm.getBlockTimestamp()));
        vm.prank(recoverer.id);
        registry.freeze(intent, _none());
    }

    /// @dev Sent by the subject's recoverer.
    function _proposeNow(address newController, uint32 proposalId) internal {
        ProposeRecovery memory intent =
            ProposeRecovery(recoverer.id, subject.id, newController, proposalId, uint40(vm.getBlockTimestamp()));
        vm.prank(recoverer.id);
        registry.proposeRecovery(intent, _none());
    }

    /// @dev Sends what was signed, as a stranger.
    function _land(bytes memory data) internal {
        (bool ok,) = _relay(data);
        vm.assertTrue(ok, "lands");
    }

    function _fails(bytes memory data, bytes memory reason, string memory what) internal {
        (bool ok, bytes memory answer) = _relay(data);
        vm.assertFalse(ok, what);
        vm.assertEq(answer, reason, what);
    }

    function _relay(bytes memory data) internal returns (bool ok, bytes memory answer) {
        vm.prank(STRANGER);
        (ok, answer) = address(registry).call(data);
    }

    function _active(bytes32 scope) internal view returns (bool) {
        return registry.isActive(subject.id, grantee.id, scope);
    }

    function _statusNow(bytes32 scope) internal view returns (IConsents.Status) {
        return registry.statusOf(subject.id, grantee.id, scope);
    }

    function _versionNow(bytes32 scope) internal view returns (uint32) {
        return registry.consents(registry.consentId(subject.id, grantee.id, scope)).version;
    }

    function _assertStopped(bytes32 scope, string memory what) internal view {
        vm.assertFalse(_active(scope), what);
        vm.assertTrue(_statusNow(scope) != IConsents.Status.Active, what);
    }

    function _wrongVersion(uint32 given, uint32 expected) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(IConsents.WrongVersion.selector, given, expected);
    }

    function _staleStop(uint32 through, uint32 version) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(IConsents.StaleStop.selector, through, version);
    }

    function _wrongSeq(uint24 given, uint24 expected) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(ISubjects.WrongSeq.selector, given, expected);
    }
}
