// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IConsents} from "../../src/consent/IConsents.sol";
import {BatchMode, Op, OpKind} from "../../src/consent/Intents.sol";
import {Act, Kind} from "../utils/Acts.sol";
import {EventFold, Projection} from "../utils/EventFold.sol";
import {CONSENTS, Cast} from "./Cast.sol";

// Times and small numbers fit.
// forge-lint: disable-start(unsafe-typecast, block-timestamp)
/// @title Honest wallets
/// @notice What people decide, signed by the rules for wallets:
///
/// - An opening names exact counters, as they are in the last final block.
/// - A stop names the latest version, and one more: all that can have been signed before it.
/// - The second patient's wallet is eager: it signs grants on versions that are not final. It therefore remembers the
///   largest version it ever saw, and all stops for it reach above that. None is plain: that would name no version.
abstract contract HonestWallets is Cast {
    using EventFold for Projection;

    uint40 internal constant UNTIL_REVOKED = type(uint40).max;

    /// @dev Something that somebody who may decides now.
    function _wish(uint256 seed) internal returns (Act memory act) {
        // How often each kind comes up, in its order.
        uint8[18] memory weights = [10, 14, 4, 3, 3, 1, 1, 5, 1, 5, 1, 4, 6, 4, 5, 3, 3, 3];
        uint256 dice = _dice(seed, 76);
        uint256 kind = 0;
        while (dice >= weights[kind]) dice -= weights[kind++];
        uint256 index = _aim(Kind(kind), _dice(seed, CONSENTS), seed);
        act.kind = Kind(kind);
        act.order = ++_beyond.signed;
        (act.subject, act.grantee, act.scope) = consentAt(index);
        act.direct = act.kind == Kind.Expire || act.kind == Kind.Recover || _dice(seed, 5) < 2;
        if (_isEager(act.subject) && (act.kind == Kind.Deny || act.kind == Kind.Revoke)) act.direct = false;
        act.actor = _decider(act, seed);
        act.mode = BatchMode(_dice(seed, 2));
        act.drop = _dice(seed, 4) == 0;
        if (act.kind == Kind.Batch) _fillBatch(act, index, seed);
        else if (act.kind <= Kind.RevokeAll || act.kind == Kind.Expire) _fillConsent(act, index, seed);
        else _fillParty(act, seed);
        _fillCounters(act);
        act.deadline = _deadline(act, seed);
        act.signer = _keyOf[act.actor];
    }

    /// @dev The consent it is about: mostly one that it can have an effect on.
    function _aim(Kind kind, uint256 index, uint256 seed) private returns (uint256) {
        if (_dice(seed, 3) == 0) return index;
        for (uint256 i = 0; i < CONSENTS; ++i) {
            uint256 other = (index + i) % CONSENTS;
            (address subject,,) = consentAt(other);
            IConsents.Status stored = _chain.consents[idAt(other)].status;
            IConsents.Status status = _status(other);
            if (kind == Kind.Deny && status == IConsents.Status.Requested) return other;
            if (kind == Kind.Request && status > IConsents.Status.Active) return other;
            if (kind == Kind.Expire && status == IConsents.Status.Expired && stored != status) return other;
            if (kind == Kind.Relinquish && stored == status && uint256(status) % 4 < 3) return other;
            bool recoverable = _chain.recovererOf(subject) != address(0);
            bool proposed = _chain.proposedFor(subject) != address(0);
            if ((kind == Kind.Propose || kind == Kind.Freeze) && recoverable) return other;
            if ((kind == Kind.Veto || kind == Kind.Recover) && proposed) return other;
            if (kind == Kind.Unfreeze && _chain.subjects[subject].frozenUntil > block.timestamp) return other;
        }
        return index;
    }

    /// @dev Who decides: mostly whoever may.
    function _decider(Act memory act, uint256 seed) private returns (address) {
        Kind kind = act.kind;
        if (kind == Kind.Request || kind == Kind.Relinquish) return act.grantee;
        if (kind == Kind.Expire || kind == Kind.Recover) return _keys[_dice(seed, KEYS)];
        if (kind == Kind.Propose || kind == Kind.Freeze) return _keys[RECOVERER];
        bool forDelegates = kind == Kind.Grant || kind == Kind.Deny || kind == Kind.Revoke || kind == Kind.Batch;
        if (forDelegates && _dice(seed, 2) == 0) {
            address delegate = _keys[_dice(seed, 3) == 0 ? CLINIC : PARENT];
            (uint8 rights,) = _chain.rightsAt(act.subject, delegate, block.timestamp);
            if (rights != 0) return delegate;
        }
        return _chain.controllerOf(act.subject);
    }

    function _fillConsent(Act memory act, uint256 index, uint256 seed) private {
        if (act.kind == Kind.Grant || act.kind == Kind.Request) {
            (act.from, act.to) = _window(act, seed);
            act.by = uint40(block.timestamp + _dice(seed, 600));
            act.number = _opening(index, act);
        } else if (act.kind == Kind.Relinquish) {
            act.number = _final.consents[idAt(index)].version;
        } else {
            act.number = _through(index, act.subject);
        }
    }

    /// @dev Items about different consents of the subject; one batch in three has stops only.
    function _fillBatch(Act memory act, uint256 index, uint256 seed) private {
        uint256 length = 1 + _dice(seed, 3);
        bool stopsOnly = _dice(seed, 3) == 0;
        act.ops = new Op[](length);
        for (uint256 i = 0; i < length; ++i) {
            uint256 item = index / 3 * 3 + (index + i) % 3;
            Op memory op = act.ops[i];
            (, op.grantee, op.scopeId) = consentAt(item);
            op.kind = stopsOnly || _dice(seed, 3) == 0 ? OpKind(1 + _dice(seed, 2)) : OpKind.Grant;
            if (op.kind == OpKind.Grant) {
                Act memory grant = act;
                (op.validFrom, op.validTo) = _window(grant, seed);
                if (op.validFrom >= op.validTo) op.validTo = op.validFrom + 1;
                op.version = _opening(item, grant);
            } else {
                op.version = _through(item, act.subject);
            }
        }
        _sort(act.ops, seed);
    }

    /// @dev Into the order that batches have. It is left out now and then.
    function _sort(Op[] memory ops, uint256 seed) private {
        if (_dice(seed, 16) == 0) return;
        for (uint256 i = 1; i < ops.length; ++i) {
            for (uint256 j = i; j > 0 && !_isAscending(ops[j - 1], ops[j]); --j) {
                (ops[j - 1], ops[j]) = (ops[j], ops[j - 1]);
            }
        }
    }

    function _isAscending(Op memory first, Op memory second) internal pure returns (bool) {
        return first.grantee < second.grantee || (first.grantee == second.grantee && first.scopeId < second.scopeId);
    }

    function _fillParty(Act memory act, uint256 seed) private {
        address subject = act.subject;
        Kind kind = act.kind;
        if (kind == Kind.SetDelegate || kind == Kind.RemoveDelegate) {
            act.other = _keys[_dice(seed, 3) == 0 ? CLINIC : PARENT];
            act.rights = uint8(_dice(seed, 4) == 0 ? _dice(seed, 9) : 7);
            (act.from, act.to) =
            (
                uint40(block.timestamp - _dice(seed, 9)),
                uint40(block.timestamp + _dice(seed, _dice(seed, 2) == 0 ? 400 : 99 days))
            );
            act.number = kind == Kind.SetDelegate
                ? _up(_final.delegates[subject][act.other].nonce)
                : _up(_chain.delegates[subject][act.other].nonce);
        } else if (kind == Kind.SetRecovery) {
            if (_dice(seed, 6) != 0) {
                act.other = _keys[RECOVERER];
                act.delay = uint32(48 hours + _dice(seed, 3600) - (_dice(seed, 9) == 0 ? 1 hours : 0));
                act.number = _up(_final.recoveries[subject].nonce);
            } else {
                // Above any setting that can have been signed before.
                act.number = _up(_up(_chain.recoveries[subject].nonce));
            }
        } else if (kind == Kind.Rotate || kind == Kind.Propose) {
            uint256[3] memory keys = [_keyOf[subject], NEW_KEY, CLINIC];
            act.acceptor = keys[_dice(seed, 3)];
            act.other = _keys[act.acceptor];
            act.number = _up(_final.proposals[subject].id);
        } else if (kind == Kind.Recover) {
            act.number = _chain.proposals[subject].id;
            act.other = _chain.proposals[subject].newController;
            act.acceptor = _keyOf[act.other];
        } else {
            act.number = _chain.proposals[subject].id;
        }
    }

    /// @dev A stop names the latest counters, all else those of the last final block.
    function _fillCounters(Act memory act) private view {
        bool latest = act.kind == Kind.RevokeAll || act.kind == Kind.Invalidate;
        act.seq = latest ? _chain.subjects[act.subject].seq : _final.subjects[act.subject].seq;
        act.epoch = _chain.subjects[act.subject].epoch;
    }

    function _deadline(Act memory act, uint256 seed) private returns (uint40) {
        uint256 dice = _dice(seed, 6);
        if (act.isStop() && dice != 0) return UNTIL_REVOKED;
        if (dice == 0) return uint40(block.timestamp + _dice(seed, 30));
        return uint40(block.timestamp + (dice == 1 ? 90 days : 30 days));
    }

    /// @dev Mostly around now, at times without an end; a delegate keeps to its mandate more often than not.
    function _window(Act memory act, uint256 seed) private returns (uint40 from, uint40 to) {
        from = uint40(block.timestamp - 20 + _dice(seed, 40));
        to = _dice(seed, 4) == 0 ? UNTIL_REVOKED : uint40(from + _dice(seed, 300));
        (, uint40 end) = _chain.rightsAt(act.subject, act.actor, block.timestamp);
        if (to > end && end > from && _dice(seed, 4) != 0) to = end;
    }

    /// @dev The version that an opening leads to.
    function _opening(uint256 index, Act memory act) private view returns (uint32) {
        bool eager = _isEager(act.subject) && act.actor == _chain.controllerOf(act.subject);
        bytes32 id = idAt(index);
        bool requested = eager
            ? _status(index) == IConsents.Status.Requested
            : _final.statusAt(id, act.subject, block.timestamp) == IConsents.Status.Requested;
        uint32 version = eager ? _chain.consents[id].version : _final.consents[id].version;
        return requested && act.kind != Kind.Request ? version : _up(version);
    }

    /// @dev The version that a stop reaches to.
    function _through(uint256 index, address subject) private view returns (uint32) {
        uint32 version = _version(index);
        uint32 seen = _beyond.seen[index];
        return _up(_isEager(subject) && seen > version ? seen : version);
    }

    function _isEager(address subject) private view returns (bool) {
        return subject == _keys[1];
    }

    function _up(uint32 counter) internal pure returns (uint32) {
        return counter == type(uint32).max ? counter : counter + 1;
    }
}
// forge-lint: disable-end(unsafe-typecast, block-timestamp)
