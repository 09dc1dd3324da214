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
    Relinquish,
    RemoveDelegate,
    Request,
    Revoke,
    RevokeAll,
    Rotate,
    SetDelegate,
    SetRecovery,
    Unfreeze,
    Veto
} from "../../src/consent/Intents.sol";
import {Key, KeyKind, SignedTest} from "./SignedTest.sol";
import {TypeHashes} from "./TypeHashes.sol";
import {Vm, vm} from "./Vm.sol";

/// @notice A subject to whom every action that can be signed may happen next, and each of these actions.
/// @dev The subject is at epoch 1 and seq 1. It has been asked under `ASKED` and has granted `GIVEN`, both at version
/// 1; it has a delegate with all rights, a recoverer, and a recovery under way.
abstract contract ActionTest is SignedTest {
    enum Kind {
        Request,
        Grant,
        Deny,
        Revoke,
        Relinquish,
        Batch,
        StopBatch,
        RevokeAll,
        Invalidate,
        Rotate,
        SetDelegate,
        RemoveDelegate,
        SetRecovery,
        DropRecovery,
        ProposeRecovery,
        Veto,
        Freeze,
        Unfreeze
    }

    /// @dev A signable action in a form that tests can bend.
    struct Action {
        Kind kind;
        string name;
        /// Who decides it.
        Key by;
        /// Whether it is a stop.
        bool isStop;
        bytes4 selector;
        /// The struct's type hash, and its fields, one word each; a batch is encoded as a call does.
        bytes32 typeHash;
        bytes fields;
        bytes32 structHash;
        /// The event that tells it worked, its last one.
        bytes32 eventId;
    }

    uint256 internal constant KINDS = uint256(type(Kind).max) + 1;
    uint32 internal constant DELAY = 48 hours;
    uint40 internal constant SOON = NOW + DAY;
    uint40 internal constant MANDATE_END = NOW + 1000 * DAY;

    // In the order that a batch has its items in.
    bytes32 internal constant FRESH = "1 fresh";
    bytes32 internal constant GIVEN = "2 given";
    bytes32 internal constant ASKED = "3 asked";
    bytes32 internal constant LAST = "4 last";

    Key internal subject;
    Key internal grantee;
    Key internal delegate;
    Key internal recoverer;
    Key internal successor;

    /// @dev Sets the parties up, with keys of a kind. May be called again for another kind.
    function _meet(KeyKind kind) internal {
        subject = _key(kind, "subject");
        grantee = _key(kind, "grantee");
        delegate = _key(kind, "delegate");
        recoverer = _key(kind, "recoverer");
        successor = _key(kind, "successor");

        vm.prank(subject.id);
        registry.revokeAll(subject.id, false);
        vm.prank(grantee.id);
        registry.request(subject.id, grantee.id, ASKED, NOW, NOW + 100 * DAY, NOW + 30 * DAY, 1);
        vm.prank(subject.id);
        registry.grant(subject.id, grantee.id, GIVEN, 1, NOW, NOW + 100 * DAY, 1);
        vm.prank(subject.id);
        registry.setDelegate(SetDelegate(subject.id, subject.id, delegate.id, 7, NOW, MANDATE_END, 1, 1, SOON), _none());
        vm.prank(subject.id);
        registry.setRecovery(SetRecovery(subject.id, subject.id, recoverer.id, DELAY, 1, 1, SOON), _none());
        vm.prank(recoverer.id);
        registry.proposeRecovery(ProposeRecovery(recoverer.id, subject.id, successor.id, 1, SOON), _none());
    }

    /// @dev One more preparation: there must be a freeze to end one.
    function _prepare(Kind kind) internal {
        if (kind != Kind.Unfreeze) return;
        vm.prank(recoverer.id);
        registry.freeze(Freeze(recoverer.id, subject.id, 1, SOON), _none());
    }

    function _action(Kind kind) internal view returns (Action memory) {
        return _action(kind, SOON);
    }

    function _action(Kind kind, uint40 deadline) internal view returns (Action memory) {
        if (kind == Kind.Batch || kind == Kind.StopBatch) return _batchAction(kind, deadline);
        return kind < Kind.Batch ? _consentAction(kind, deadline) : _subjectAction(kind, deadline);
    }

    function _consentAction(Kind kind, uint40 deadline) private view returns (Action memory action) {
        (address s, address g) = (subject.id, grantee.id);
        action.kind = kind;
        if (kind == Kind.Request) {
            action.name = "request";
            action.selector = IConsents.requestBySig.selector;
            action.typeHash = TypeHashes.REQUEST;
            action.fields = abi.encode(Request(g, s, g, FRESH, NOW, NOW + 30 * DAY, NOW + 10 * DAY, 1, deadline));
            action.eventId = IConsents.ConsentRequested.selector;
        } else if (kind == Kind.Grant) {
            action.name = "grant";
            action.selector = IConsents.grantBySig.selector;
            action.typeHash = TypeHashes.GRANT;
            action.fields = abi.encode(Grant(s, s, g, FRESH, 1, NOW, NOW + 30 * DAY, 1, deadline));
            action.eventId = IConsents.ConsentCreated.selector;
        } else if (kind == Kind.Deny) {
            action.name = "deny";
            action.selector = IConsents.denyBySig.selector;
            action.typeHash = TypeHashes.DENY;
            action.fields = abi.encode(Deny(s, s, g, ASKED, 2, deadline));
            action.eventId = IConsents.ConsentDenied.selector;
        } else if (kind == Kind.Revoke) {
            action.name = "revoke";
            action.selector = IConsents.revokeBySig.selector;
            action.typeHash = TypeHashes.REVOKE;
            action.fields = abi.encode(Revoke(s, s, g, GIVEN, 2, deadline));
            action.eventId = IConsents.ConsentRevoked.selector;
        } else {
            action.name = "relinquish";
            action.selector = IConsents.relinquishBySig.selector;
            action.typeHash = TypeHashes.RELINQUISH;
            action.fields = abi.encode(Relinquish(g, s, g, GIVEN, 1, deadline));
            action.eventId = IConsents.ConsentRevoked.selector;
        }
        action.by = kind == Kind.Request || kind == Kind.Relinquish ? grantee : subject;
        action.isStop = kind != Kind.Request && kind != Kind.Grant;
        action.structHash = keccak256(bytes.concat(action.typeHash, action.fields));
    }

    function _batchAction(Kind kind, uint40 deadline) private view returns (Action memory action) {
        action.kind = kind;
        action.by = subject;
        action.isStop = kind == Kind.StopBatch;
        action.name = action.isStop ? "batch of stops" : "batch";
        action.selector = IConsents.batch.selector;
        action.eventId = IConsents.ConsentDenied.selector;
        Batch memory intent = Batch(subject.id, subject.id, BatchMode.Atomic, 1, new Op[](3), deadline);
        intent.ops[0] = action.isStop
            ? Op(OpKind.Revoke, grantee.id, FRESH, 0, 0, 2)
            : Op(OpKind.Grant, grantee.id, FRESH, NOW, NOW + 30 * DAY, 1);
        intent.ops[1] = Op(OpKind.Revoke, grantee.id, GIVEN, 0, 0, 2);
        intent.ops[2] = Op(OpKind.Deny, grantee.id, ASKED, 0, 0, 2);
        action.fields = _tail(abi.encode(intent));
        action.structHash = TypeHashes.hash(intent);
    }

    function _subjectAction(Kind kind, uint40 deadline) private view returns (Action memory action) {
        address s = subject.id;
        action.kind = kind;
        action.by = subject;
        action.isStop = true;
        if (kind == Kind.RevokeAll) {
            action.name = "revokeAll";
            action.selector = ISubjects.revokeAllBySig.selector;
            action.typeHash = TypeHashes.REVOKE_ALL;
            action.fields = abi.encode(RevokeAll(s, s, 1, 1, true, deadline));
            action.eventId = ISubjects.AllConsentsRevoked.selector;
        } else if (kind == Kind.Invalidate) {
            action.name = "invalidate";
            action.selector = ISubjects.invalidate.selector;
            action.typeHash = TypeHashes.INVALIDATE;
            action.fields = abi.encode(Invalidate(s, s, 1, deadline));
            action.eventId = ISubjects.SignaturesInvalidated.selector;
        } else if (kind == Kind.RemoveDelegate) {
            action.name = "removeDelegate";
            action.selector = ISubjects.removeDelegate.selector;
            action.typeHash = TypeHashes.REMOVE_DELEGATE;
            action.fields = abi.encode(RemoveDelegate(s, s, delegate.id, 2, deadline));
            action.eventId = ISubjects.DelegateRemoved.selector;
        } else if (kind == Kind.DropRecovery) {
            action.name = "setRecovery to nobody";
            action.selector = ISubjects.setRecovery.selector;
            action.typeHash = TypeHashes.SET_RECOVERY;
            action.fields = abi.encode(SetRecovery(s, s, address(0), 0, 2, 1, deadline));
            action.eventId = ISubjects.RecoverySet.selector;
        } else if (kind == Kind.Veto) {
            action.name = "veto";
            action.selector = ISubjects.veto.selector;
            action.typeHash = TypeHashes.VETO;
            action.fields = abi.encode(Veto(s, s, 1, deadline));
            action.eventId = ISubjects.RecoveryVetoed.selector;
        } else {
            return _openingAction(kind, deadline);
        }
        action.structHash = keccak256(bytes.concat(action.typeHash, action.fields));
    }

    function _openingAction(Kind kind, uint40 deadline) private view returns (Action memory action) {
        address s = subject.id;
        action.kind = kind;
        action.by = subject;
        if (kind == Kind.Rotate) {
            action.name = "rotate";
            action.selector = ISubjects.rotate.selector;
            action.typeHash = TypeHashes.ROTATE;
            action.fields = abi.encode(Rotate(s, s, successor.id, 1, deadline));
            action.eventId = ISubjects.ControllerChanged.selector;
        } else if (kind == Kind.SetDelegate) {
            action.name = "setDelegate";
            action.selector = ISubjects.setDelegate.selector;
            action.typeHash = TypeHashes.SET_DELEGATE;
            action.fields = abi.encode(SetDelegate(s, s, STRANGER, 2, NOW, NOW + 30 * DAY, 1, 1, deadline));
            action.eventId = ISubjects.DelegateSet.selector;
        } else if (kind == Kind.SetRecovery) {
            action.name = "setRecovery";
            action.selector = ISubjects.setRecovery.selector;
            action.typeHash = TypeHashes.SET_RECOVERY;
            action.fields = abi.encode(SetRecovery(s, s, STRANGER, 7 days, 2, 1, deadline));
            action.eventId = ISubjects.RecoverySet.selector;
        } else if (kind == Kind.ProposeRecovery) {
            action.name = "proposeRecovery";
            action.by = recoverer;
            action.selector = ISubjects.proposeRecovery.selector;
            action.typeHash = TypeHashes.PROPOSE_RECOVERY;
            action.fields = abi.encode(ProposeRecovery(recoverer.id, s, successor.id, 2, deadline));
            action.eventId = ISubjects.RecoveryProposed.selector;
        } else if (kind == Kind.Freeze) {
            action.name = "freeze";
            action.by = recoverer;
            action.selector = ISubjects.freeze.selector;
            action.typeHash = TypeHashes.FREEZE;
            action.fields = abi.encode(Freeze(recoverer.id, s, 1, deadline));
            action.eventId = ISubjects.SubjectFrozen.selector;
        } else {
            action.name = "unfreeze";
            action.selector = ISubjects.unfreeze.selector;
            action.typeHash = TypeHashes.UNFREEZE;
            action.fields = abi.encode(Unfreeze(s, s, 2, deadline));
            action.eventId = ISubjects.SubjectUnfrozen.selector;
        }
        action.structHash = keccak256(bytes.concat(action.typeHash, action.fields));
    }

    /// @dev The call that sends an action.
    function _callOf(Action memory action, Proof memory proof) internal view returns (bytes memory) {
        bytes memory tail = _tail(abi.encode(proof));
        if (action.typeHash == 0) {
            return bytes.concat(action.selector, abi.encode(0x40, 0x40 + action.fields.length), action.fields, tail);
        }
        if (action.kind != Kind.Rotate) {
            return bytes.concat(action.selector, action.fields, abi.encode(action.fields.length + 0x20), tail);
        }
        uint256 head = action.fields.length + 0x40;
        bytes memory agreement = _tail(abi.encode(_accept(successor, subject.id, 1)));
        return bytes.concat(action.selector, action.fields, abi.encode(head, head + tail.length), tail, agreement);
    }

    function _send(Action memory action, Proof memory proof) internal returns (bool ok, bytes memory answer) {
        (ok, answer) = address(registry).call(_callOf(action, proof));
    }

    function _sendAs(address caller, Action memory action, Proof memory proof)
        internal
        returns (bool ok, bytes memory answer)
    {
        bytes memory data = _callOf(action, proof);
        vm.prank(caller);
        (ok, answer) = address(registry).call(data);
    }

    function _assertWorks(Action memory action, Proof memory proof, string memory what) internal {
        vm.recordLogs();
        (bool ok,) = _send(action, proof);
        vm.assertTrue(ok, string.concat(action.name, ": ", what));
        _assertDone(action, what);
    }

    /// @dev Checks that the last event is the action's, and names who decided it, not who sent it.
    function _assertDone(Action memory action, string memory what) internal {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        Vm.Log memory last = logs[logs.length - 1];
        vm.assertEq(last.topics[0], action.eventId, string.concat(action.name, ": event: ", what));
        // The actor is the last word of every event that has one.
        bytes memory data = last.data;
        address actor;
        assembly ("memory-safe") {
            actor := mload(add(data, mload(data)))
        }
        vm.assertEq(actor, action.by.id, string.concat(action.name, ": actor: ", what));
    }

    function _assertRefused(Action memory action, Proof memory proof, bytes memory reason, string memory what)
        internal
    {
        (bool ok, bytes memory answer) = _send(action, proof);
        vm.assertFalse(ok, string.concat(action.name, ": ", what));
        vm.assertEq(answer, reason, string.concat(action.name, ": reason: ", what));
    }

    function _badSignature(address actor) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(ISubjects.BadSignature.selector, actor);
    }

    /// @dev Without the offset that `abi.encode` puts before a dynamic struct.
    function _tail(bytes memory encoded) internal pure returns (bytes memory tail) {
        tail = new bytes(encoded.length - 0x20);
        assembly ("memory-safe") {
            mcopy(add(tail, 0x20), add(encoded, 0x40), mload(tail))
        }
    }
}
