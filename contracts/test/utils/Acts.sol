// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ConsentRegistry} from "../../src/consent/ConsentRegistry.sol";
import {IntentHashes} from "../../src/consent/IntentHashes.sol";
import {
    AcceptControl,
    Acceptance,
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
import {vm} from "./Vm.sol";

/// @notice What somebody may want a registry to do.
enum Kind {
    Request,
    Grant,
    Deny,
    Revoke,
    Relinquish,
    RevokeAll,
    Invalidate,
    Batch,
    Rotate,
    SetDelegate,
    RemoveDelegate,
    SetRecovery,
    Propose,
    Veto,
    Recover,
    Freeze,
    Unfreeze,
    Expire
}

uint256 constant KINDS = 18;

/// @notice One intent or transaction of any kind. Each kind uses the fields that it needs.
struct Act {
    Kind kind;
    /// Sent by its signer itself instead of signed.
    bool direct;
    /// The key that signs or sends.
    uint256 signer;
    /// The key that accepts control.
    uint256 acceptor;
    /// Who it says decides.
    address actor;
    address subject;
    address grantee;
    bytes32 scope;
    /// Delegate, new controller or recoverer.
    address other;
    uint24 seq;
    uint24 epoch;
    uint40 from;
    uint40 to;
    uint40 by;
    /// Version, throughVersion, nonce or proposalId.
    uint32 number;
    uint32 delay;
    uint8 rights;
    /// Whether revokeAll drops delegates.
    bool drop;
    uint40 deadline;
    BatchMode mode;
    Op[] ops;
    /// Counts what was ever signed.
    uint256 order;
}

using Acts for Act global;

/// @notice Turns acts into calls of a registry, with real signatures.
library Acts {
    bytes32 private constant DOMAIN =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");

    /// @notice A key by its number.
    function secret(uint256 key) internal pure returns (uint256) {
        return uint256(keccak256(abi.encode("a key of a consent actor", key)));
    }

    /// @notice Whether a stop's loose rules hold for a signature over it.
    function isStop(Act memory act) internal pure returns (bool) {
        Kind kind = act.kind;
        if (kind == Kind.Batch) return !hasGrant(act);
        if (kind == Kind.SetRecovery) return act.other == address(0);
        return kind == Kind.Deny || kind == Kind.Revoke || kind == Kind.Relinquish || kind == Kind.RevokeAll
            || kind == Kind.Invalidate || kind == Kind.RemoveDelegate || kind == Kind.Veto;
    }

    /// @notice Whether it is one of the kinds whose direct form has neither intent nor deadline.
    function isPlain(Act memory act) internal pure returns (bool) {
        if (act.kind == Kind.Expire || act.kind == Kind.Recover) return true;
        return act.direct && act.kind <= Kind.RevokeAll;
    }

    /// @notice Whether a batch has a grant.
    function hasGrant(Act memory act) internal pure returns (bool) {
        for (uint256 i = 0; i < act.ops.length; ++i) {
            if (act.ops[i].kind == OpKind.Grant) return true;
        }
        return false;
    }

    /// @notice The call.
    function data(Act memory act, ConsentRegistry registry) internal view returns (bytes memory) {
        if (act.kind == Kind.Expire) {
            return abi.encodeCall(registry.expire, (act.subject, act.grantee, act.scope));
        }
        if (act.kind == Kind.Recover) {
            return abi.encodeCall(registry.recover, (act.subject, act.number, _acceptance(act, registry)));
        }
        if (isPlain(act)) return _plain(act, registry);
        return act.kind <= Kind.Batch ? _consentIntent(act, registry) : _subjectIntent(act, registry);
    }

    function _plain(Act memory a, ConsentRegistry registry) private pure returns (bytes memory) {
        if (a.kind == Kind.Request) {
            return abi.encodeCall(registry.request, (a.subject, a.grantee, a.scope, a.from, a.to, a.by, a.number));
        }
        if (a.kind == Kind.Grant) {
            return abi.encodeCall(registry.grant, (a.subject, a.grantee, a.scope, a.seq, a.from, a.to, a.number));
        }
        if (a.kind == Kind.Deny) return abi.encodeCall(registry.deny, (a.subject, a.grantee, a.scope));
        if (a.kind == Kind.Revoke) return abi.encodeCall(registry.revoke, (a.subject, a.grantee, a.scope));
        if (a.kind == Kind.Relinquish) return abi.encodeCall(registry.relinquish, (a.subject, a.grantee, a.scope));
        return abi.encodeCall(registry.revokeAll, (a.subject, a.drop));
    }

    function _consentIntent(Act memory a, ConsentRegistry registry) private view returns (bytes memory) {
        if (a.kind == Kind.Request) {
            Request memory intent =
                Request(a.actor, a.subject, a.grantee, a.scope, a.from, a.to, a.by, a.number, a.deadline);
            bytes32 hash = keccak256(abi.encode(IntentHashes.REQUEST, intent));
            return abi.encodeCall(registry.requestBySig, (intent, _proof(a, registry, hash)));
        }
        if (a.kind == Kind.Grant) {
            Grant memory intent =
                Grant(a.actor, a.subject, a.grantee, a.scope, a.seq, a.from, a.to, a.number, a.deadline);
            bytes32 hash = keccak256(abi.encode(IntentHashes.GRANT, intent));
            return abi.encodeCall(registry.grantBySig, (intent, _proof(a, registry, hash)));
        }
        if (a.kind == Kind.Deny) {
            Deny memory intent = Deny(a.actor, a.subject, a.grantee, a.scope, a.number, a.deadline);
            bytes32 hash = keccak256(abi.encode(IntentHashes.DENY, intent));
            return abi.encodeCall(registry.denyBySig, (intent, _proof(a, registry, hash)));
        }
        if (a.kind == Kind.Revoke) {
            Revoke memory intent = Revoke(a.actor, a.subject, a.grantee, a.scope, a.number, a.deadline);
            bytes32 hash = keccak256(abi.encode(IntentHashes.REVOKE, intent));
            return abi.encodeCall(registry.revokeBySig, (intent, _proof(a, registry, hash)));
        }
        if (a.kind == Kind.Relinquish) {
            Relinquish memory intent = Relinquish(a.actor, a.subject, a.grantee, a.scope, a.number, a.deadline);
            bytes32 hash = keccak256(abi.encode(IntentHashes.RELINQUISH, intent));
            return abi.encodeCall(registry.relinquishBySig, (intent, _proof(a, registry, hash)));
        }
        if (a.kind == Kind.RevokeAll) {
            RevokeAll memory intent = RevokeAll(a.actor, a.subject, a.epoch, a.seq, a.drop, a.deadline);
            bytes32 hash = keccak256(abi.encode(IntentHashes.REVOKE_ALL, intent));
            return abi.encodeCall(registry.revokeAllBySig, (intent, _proof(a, registry, hash)));
        }
        if (a.kind == Kind.Invalidate) {
            Invalidate memory intent = Invalidate(a.actor, a.subject, a.seq, a.deadline);
            bytes32 hash = keccak256(abi.encode(IntentHashes.INVALIDATE, intent));
            return abi.encodeCall(registry.invalidate, (intent, _proof(a, registry, hash)));
        }
        Batch memory batch = Batch(a.actor, a.subject, a.mode, a.seq, a.ops, a.deadline);
        return abi.encodeCall(registry.batch, (batch, _proof(a, registry, _hash(batch))));
    }

    function _subjectIntent(Act memory a, ConsentRegistry registry) private view returns (bytes memory) {
        if (a.kind == Kind.Rotate) {
            Rotate memory intent = Rotate(a.actor, a.subject, a.other, a.seq, a.deadline);
            bytes32 hash = keccak256(abi.encode(IntentHashes.ROTATE, intent));
            return abi.encodeCall(registry.rotate, (intent, _proof(a, registry, hash), _acceptance(a, registry)));
        }
        if (a.kind == Kind.SetDelegate) {
            SetDelegate memory intent =
                SetDelegate(a.actor, a.subject, a.other, a.rights, a.from, a.to, a.number, a.seq, a.deadline);
            bytes32 hash = keccak256(abi.encode(IntentHashes.SET_DELEGATE, intent));
            return abi.encodeCall(registry.setDelegate, (intent, _proof(a, registry, hash)));
        }
        if (a.kind == Kind.RemoveDelegate) {
            RemoveDelegate memory intent = RemoveDelegate(a.actor, a.subject, a.other, a.number, a.deadline);
            bytes32 hash = keccak256(abi.encode(IntentHashes.REMOVE_DELEGATE, intent));
            return abi.encodeCall(registry.removeDelegate, (intent, _proof(a, registry, hash)));
        }
        if (a.kind == Kind.SetRecovery) {
            SetRecovery memory intent = SetRecovery(a.actor, a.subject, a.other, a.delay, a.number, a.seq, a.deadline);
            bytes32 hash = keccak256(abi.encode(IntentHashes.SET_RECOVERY, intent));
            return abi.encodeCall(registry.setRecovery, (intent, _proof(a, registry, hash)));
        }
        if (a.kind == Kind.Propose) {
            ProposeRecovery memory intent = ProposeRecovery(a.actor, a.subject, a.other, a.number, a.deadline);
            bytes32 hash = keccak256(abi.encode(IntentHashes.PROPOSE_RECOVERY, intent));
            return abi.encodeCall(registry.proposeRecovery, (intent, _proof(a, registry, hash)));
        }
        if (a.kind == Kind.Veto) {
            Veto memory intent = Veto(a.actor, a.subject, a.number, a.deadline);
            bytes32 hash = keccak256(abi.encode(IntentHashes.VETO, intent));
            return abi.encodeCall(registry.veto, (intent, _proof(a, registry, hash)));
        }
        if (a.kind == Kind.Freeze) {
            Freeze memory intent = Freeze(a.actor, a.subject, a.seq, a.deadline);
            bytes32 hash = keccak256(abi.encode(IntentHashes.FREEZE, intent));
            return abi.encodeCall(registry.freeze, (intent, _proof(a, registry, hash)));
        }
        Unfreeze memory unfreeze = Unfreeze(a.actor, a.subject, a.seq, a.deadline);
        bytes32 unfreezeHash = keccak256(abi.encode(IntentHashes.UNFREEZE, unfreeze));
        return abi.encodeCall(registry.unfreeze, (unfreeze, _proof(a, registry, unfreezeHash)));
    }

    function _hash(Batch memory batch) private pure returns (bytes32) {
        bytes memory items;
        for (uint256 i = 0; i < batch.ops.length; ++i) {
            items = bytes.concat(items, keccak256(abi.encode(IntentHashes.OP, batch.ops[i])));
        }
        return keccak256(
            abi.encode(
                IntentHashes.BATCH, batch.actor, batch.subject, batch.mode, batch.seq, keccak256(items), batch.deadline
            )
        );
    }

    function _acceptance(Act memory a, ConsentRegistry registry) private view returns (Acceptance memory) {
        AcceptControl memory accepted = AcceptControl(a.other, a.subject, a.seq, a.deadline);
        bytes32 hash = keccak256(abi.encode(IntentHashes.ACCEPT_CONTROL, accepted));
        return Acceptance(a.deadline, Proof("", _sign(a.acceptor, registry, hash)));
    }

    /// @dev Empty where the signer itself sends.
    function _proof(Act memory a, ConsentRegistry registry, bytes32 hash) private view returns (Proof memory proof) {
        if (!a.direct) proof.signature = _sign(a.signer, registry, hash);
    }

    function _sign(uint256 key, ConsentRegistry registry, bytes32 hash) private view returns (bytes memory) {
        bytes32 domain =
            keccak256(abi.encode(DOMAIN, keccak256("Consentry"), keccak256("1"), block.chainid, address(registry)));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(secret(key), keccak256(abi.encodePacked(hex"1901", domain, hash)));
        return abi.encodePacked(r, s, v);
    }
}
