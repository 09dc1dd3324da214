// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IConsents} from "../../src/consent/IConsents.sol";
import {ISubjects} from "../../src/consent/ISubjects.sol";
import {BatchMode, OpKind} from "../../src/consent/Intents.sol";
import {Act, Kind} from "../utils/Acts.sol";
import {EventFold, Projection} from "../utils/EventFold.sol";
import {Vm} from "../utils/Vm.sol";
import {CONSENTS, Finding, Sight} from "./Cast.sol";
import {HonestWallets} from "./HonestWallets.sol";

// Acts are judged by the block time, as the registry does.
// forge-lint: disable-start(block-timestamp)
/// @title The watcher
/// @notice Keeps who authorised what, and what was stopped, by the acts themselves; and looks after every landing
/// whether the registry agrees. All of it is part of the chain: it goes back with it.
abstract contract Watch is HonestWallets {
    using EventFold for Projection;

    /// @dev The grant that a consent rests on; void if `version` is 0.
    struct Basis {
        uint32 version;
        uint24 epoch;
        uint40 from;
        uint40 to;
        uint256 order;
    }

    /// @dev What matters about the moment before a landing.
    struct Before {
        IConsents.Status[CONSENTS] statuses;
        uint32[CONSENTS] versions;
        uint8 rights;
        address controller;
        address recoverer;
        uint24 epoch;
        uint24 seq;
        bool stale;
    }

    struct Entry {
        uint40 time;
        bytes log;
    }

    /// @notice Every event with its block time, if kept.
    Entry[] public history;
    bool public keepsHistory;

    mapping(uint256 index => Basis) internal _basis;
    /// @dev The latest order of all stops of a consent that came, in time or not.
    mapping(uint256 index => uint256) internal _floor;
    /// @dev When the openings of a subject were last voided, as an order.
    mapping(address subject => uint256) internal _voidedAt;
    mapping(uint256 order => bool) private _done;
    uint256[] private _counters;
    /// @dev What the items of the batch at hand come to, played one by one.
    bytes32 internal _played;
    uint256 internal _skipped;

    function historyLength() external view returns (uint256) {
        return history.length;
    }

    function _isApplied(Act memory act) internal view returns (bool) {
        return _done[act.order];
    }

    function _before(Act memory act) internal view returns (Before memory before) {
        for (uint256 i = 0; i < CONSENTS; ++i) {
            before.statuses[i] = _status(i);
            before.versions[i] = _version(i);
        }
        (before.rights,) = _chain.rightsAt(act.subject, act.actor, block.timestamp);
        before.controller = _chain.controllerOf(act.subject);
        before.recoverer = _chain.recovererOf(act.subject);
        before.epoch = _chain.subjects[act.subject].epoch;
        before.seq = _chain.subjects[act.subject].seq;
        uint32 version = _chain.consents[_chain.idOf(act.subject, act.grantee, act.scope)].version;
        before.stale = act.kind == Kind.RevokeAll
            ? before.epoch > act.epoch || before.epoch == type(uint24).max
            : version > act.number || version == type(uint32).max;
    }

    /// @dev After an act was carried out.
    function _applied(Act memory act, Before memory before, Vm.Log[] memory logs) internal {
        if (!_isEntitled(act, before)) _note(Finding.Trespass);
        if (logs.length != 0 && act.kind < Kind.Expire && act.kind != Kind.Recover) {
            if (_done[act.order]) _note(Finding.AppliedTwice);
            _done[act.order] = true;
        }
        ++_beyond.applied[uint256(act.kind)];
        if (act.kind == Kind.Batch) {
            _appliedBatch(act, before.seq, logs);
        } else {
            _checkFresh(act);
            _keep(act, before.epoch, true);
        }
        if (_voids(act, logs)) _voidedAt[act.subject] = ++_beyond.signed;
        if (act.kind == Kind.Rotate || act.kind == Kind.Recover) _checkRotated(act.subject);
        if (act.kind == Kind.RevokeAll) _checkAllRevoked(act.subject);
        if (act.kind == Kind.Expire) {
            for (uint256 i = 0; i < CONSENTS; ++i) {
                if (_status(i) != before.statuses[i]) _note(Finding.LapseChangedStatus);
            }
        }
        _checkSelfGrant(act, before);
        _see(act, before);
    }

    /// @dev After an act was refused.
    function _refused(Act memory act, Before memory before) internal {
        bool isStop = act.kind == Kind.Deny || act.kind == Kind.Revoke || act.kind == Kind.RevokeAll;
        bool byController = act.actor == before.controller && _keys[act.signer] == act.actor;
        if (act.direct && isStop && byController) _note(Finding.StopRefused);
        if (_isApplied(act)) _saw(Sight.Replay);
        // A stop that comes too late counts all the same: what was granted before it has had its time.
        if (before.stale && isStop && _keys[act.signer] == act.actor && block.timestamp <= act.deadline) {
            if (_isEntitled(act, before)) {
                _saw(Sight.StaleStop);
                _keep(act, before.epoch, false);
            }
        }
        if (act.kind == Kind.Request && act.actor == act.grantee && uint256(MOODY.mood()) != 0) {
            _saw(Sight.Unverified);
        }
        if (act.kind == Kind.Recover && _chain.proposedFor(act.subject) == address(0)) _saw(Sight.VoidProposal);
        if (act.kind == Kind.Grant && before.rights & 4 != 0) {
            ISubjects.Subject storage subject = _chain.subjects[act.subject];
            if (act.actor == act.grantee) _saw(Sight.SelfGrantRefused);
            if (act.seq < subject.seq) _saw(Sight.VoidedGrant);
            if (block.timestamp < subject.frozenUntil) _saw(Sight.FrozenGrant);
            if (subject.seq == type(uint24).max || act.number == type(uint32).max) _saw(Sight.Exhausted);
        }
    }

    /// @dev Holds the registry's own word against what was authorised, after every landing.
    function _look() internal {
        for (uint256 i = 0; i < CONSENTS; ++i) {
            (address subject, address grantee, bytes32 scope) = consentAt(i);
            Basis storage basis = _basis[i];
            IConsents.Status status = REGISTRY.statusOf(subject, grantee, scope);
            if (status == IConsents.Status.Active && basis.order <= _floor[i]) _note(Finding.StopLost);
            bool authorised = basis.version != 0 && basis.epoch == _chain.subjects[subject].epoch
                && basis.from <= block.timestamp && block.timestamp < basis.to;
            bool active = REGISTRY.isActive(subject, grantee, scope);
            if (active != authorised) _note(Finding.WronglyActive);
            if (active && REGISTRY.consents(idAt(i)).version != basis.version) _note(Finding.WronglyActive);
            ++_beyond.statuses[uint256(status)];
            uint32 version = _version(i);
            if (version > _beyond.seen[i]) _beyond.seen[i] = version;
        }
        _checkCounters();
    }

    /// @dev Every counter of the registry, one by one, against its last value.
    function _checkCounters() private {
        uint256 at = 0;
        for (uint256 i = 0; i < CONSENTS; ++i) {
            _checkCounter(at++, REGISTRY.consents(idAt(i)).version);
        }
        for (uint256 i = 0; i < SUBJECTS; ++i) {
            ISubjects.Subject memory subject = REGISTRY.subjects(_keys[i]);
            _checkCounter(at++, subject.epoch);
            _checkCounter(at++, subject.authEpoch);
            _checkCounter(at++, subject.seq);
            _checkCounter(at++, subject.nextFreezeAt);
            _checkCounter(at++, REGISTRY.delegates(_keys[i], _keys[CLINIC]).nonce);
            _checkCounter(at++, REGISTRY.delegates(_keys[i], _keys[PARENT]).nonce);
            _checkCounter(at++, REGISTRY.recoveries(_keys[i]).nonce);
            _checkCounter(at++, REGISTRY.proposals(_keys[i]).id);
        }
    }

    function _checkCounter(uint256 at, uint256 value) private {
        if (at == _counters.length) _counters.push(value);
        if (value < _counters[at]) _note(Finding.CounterDropped);
        _counters[at] = value;
    }

    /// @dev By whom each kind may be decided.
    function _isEntitled(Act memory act, Before memory before) private view returns (bool) {
        Kind kind = act.kind;
        if (kind == Kind.Expire || kind == Kind.Recover) return true;
        if (_keys[act.signer] != act.actor) return false;
        if (kind == Kind.Request || kind == Kind.Relinquish) return act.actor == act.grantee;
        if (kind == Kind.Propose || kind == Kind.Freeze) return act.actor == before.recoverer;
        if (act.actor == before.controller) return true;
        if (kind == Kind.Revoke) return before.rights & 1 != 0;
        if (kind == Kind.Deny) return before.rights & 2 != 0;
        if (kind == Kind.Grant) return before.rights & 4 != 0;
        if (kind != Kind.Batch) return false;
        uint8[3] memory needed = [4, 2, 1];
        for (uint256 i = 0; i < act.ops.length; ++i) {
            if (before.rights & needed[uint256(act.ops[i].kind)] == 0) return false;
        }
        return true;
    }

    /// @dev What was signed before the openings were voided opens nothing after it.
    function _checkFresh(Act memory act) private {
        bool opens = act.kind == Kind.Grant || act.kind == Kind.Rotate || act.kind == Kind.SetDelegate
            || act.kind == Kind.Freeze || (act.kind == Kind.SetRecovery && act.other != address(0));
        if (opens && act.order < _voidedAt[act.subject]) _note(Finding.StaleOpening);
    }

    function _voids(Act memory act, Vm.Log[] memory logs) private pure returns (bool) {
        if (act.kind == Kind.Batch) {
            return logs.length != 0 && logs[0].topics[0] == ISubjects.SignaturesInvalidated.selector;
        }
        return act.kind == Kind.RevokeAll || act.kind == Kind.Invalidate || act.kind == Kind.Rotate
            || act.kind == Kind.Recover || act.kind == Kind.Freeze;
    }

    /// @dev Keeps what an act means for the consents: what it authorises, or what it stops.
    function _keep(Act memory act, uint24 epoch, bool worked) internal {
        for (uint256 i = 0; i < CONSENTS; ++i) {
            (address subject, address grantee, bytes32 scope) = consentAt(i);
            if (subject != act.subject) continue;
            if (act.kind != Kind.RevokeAll && (grantee != act.grantee || scope != act.scope)) continue;
            if (act.kind == Kind.Grant) {
                _basis[i] = Basis(act.number, epoch, act.from, act.to, act.order);
            } else if (act.kind == Kind.Relinquish) {
                _basis[i].version = 0;
            } else if (act.kind == Kind.Deny || act.kind == Kind.Revoke || act.kind == Kind.RevokeAll) {
                if (worked) _basis[i].version = 0;
                if (act.order > _floor[i]) _floor[i] = act.order;
            }
        }
    }

    /// @dev A batch counts item by item: its grants if an event says so, its stops in any case.
    function _appliedBatch(Act memory act, uint24 seq, Vm.Log[] memory logs) private {
        if (_skipped != 0 && logs.length != 0) _saw(Sight.PartialBatch);
        if (_digest(act.subject) != _played) _note(Finding.BatchDiffers);
        // Grants that may be skipped use up their seq.
        bool once = act.mode == BatchMode.Try && act.hasGrant() && act.seq == seq && seq != type(uint24).max;
        if (_chain.subjects[act.subject].seq != (once ? seq + 1 : seq)) _note(Finding.BatchDiffers);
        uint24 epoch = _chain.subjects[act.subject].epoch;
        for (uint256 i = 0; i < act.ops.length; ++i) {
            Act memory item = _item(act, i);
            bytes32 id = _chain.idOf(item.subject, item.grantee, item.scope);
            if (act.ops[i].kind == OpKind.Grant) {
                if (!_wasCreated(logs, id)) continue;
                _checkFresh(item);
                _keep(item, epoch, true);
            } else {
                _keep(item, epoch, _wasStopped(logs, id));
            }
        }
    }

    function _wasCreated(Vm.Log[] memory logs, bytes32 id) private view returns (bool) {
        return _hasEvent(logs, id, IConsents.ConsentCreated.selector, bytes32(0));
    }

    function _wasStopped(Vm.Log[] memory logs, bytes32 id) private view returns (bool) {
        return _hasEvent(logs, id, IConsents.ConsentDenied.selector, IConsents.ConsentRevoked.selector);
    }

    function _hasEvent(Vm.Log[] memory logs, bytes32 id, bytes32 kind, bytes32 other) private view returns (bool) {
        for (uint256 i = 0; i < logs.length; ++i) {
            bytes32[] memory topics = logs[i].topics;
            if (topics.length != 4 || (topics[0] != kind && topics[0] != other)) continue;
            address subject = address(uint160(uint256(topics[1])));
            if (_chain.idOf(subject, address(uint160(uint256(topics[2]))), topics[3]) == id) return true;
        }
        return false;
    }

    /// @dev A change of the controller leaves nobody else with a right, and no proposal.
    function _checkRotated(address subject) private {
        address controller = REGISTRY.subjects(subject).controller;
        for (uint256 i = 0; i < KEYS; ++i) {
            (uint8 rights,) = REGISTRY.rightsOf(subject, _keys[i]);
            if ((rights != 0) != (_keys[i] == controller)) _note(Finding.OutlivedRotation);
        }
        ISubjects.Proposal memory proposal = REGISTRY.proposals(subject);
        uint24 authEpoch = REGISTRY.subjects(subject).authEpoch;
        bool void_ =
            proposal.newController == address(0) || proposal.authEpoch != authEpoch || authEpoch == type(uint24).max;
        if (!void_) _note(Finding.OutlivedRotation);
    }

    function _checkAllRevoked(address subject) private {
        for (uint256 i = 0; i < CONSENTS; ++i) {
            (address patient, address grantee, bytes32 scope) = consentAt(i);
            if (patient != subject) continue;
            IConsents.Status status = REGISTRY.statusOf(patient, grantee, scope);
            bool open = status == IConsents.Status.Requested || status == IConsents.Status.Active;
            if (open || REGISTRY.isActive(patient, grantee, scope)) _note(Finding.OutlivedRevokeAll);
        }
    }

    /// @dev Nothing that a grantee decides makes its own consent active, or renews it.
    function _checkSelfGrant(Act memory act, Before memory before) private {
        for (uint256 i = 0; i < CONSENTS; ++i) {
            (, address grantee,) = consentAt(i);
            if (grantee != act.actor || _status(i) != IConsents.Status.Active) continue;
            bool same = before.statuses[i] == IConsents.Status.Active && before.versions[i] == _version(i);
            if (!same) _note(Finding.SelfGrant);
        }
    }

    function _see(Act memory act, Before memory before) private {
        bool isStop = act.kind == Kind.Deny || act.kind == Kind.Revoke;
        if (act.kind == Kind.Grant && act.actor != before.controller) _saw(Sight.GrantByDelegate);
        for (uint256 i = 0; isStop && i < CONSENTS; ++i) {
            if (before.versions[i] == _version(i)) continue;
            if (!act.direct && before.versions[i] + 1 < act.number) _saw(Sight.StopAfterReorg);
        }
        if (isStop && _chain.consents[_chain.idOf(act.subject, act.grantee, act.scope)].version == type(uint32).max) {
            _saw(Sight.StopAtTheEnd);
        }
    }

    /// @dev All that a batch can change, in one word; seq apart, which only a batch as a whole uses up.
    function _digest(address subject) internal view returns (bytes32 digest) {
        for (uint256 i = 0; i < CONSENTS; ++i) {
            digest = keccak256(abi.encode(digest, REGISTRY.consents(idAt(i))));
        }
        ISubjects.Subject memory state = REGISTRY.subjects(subject);
        state.seq = 0;
        return keccak256(abi.encode(digest, state));
    }

    /// @dev An item of a batch as an intent of its own.
    function _item(Act memory batch, uint256 index) internal pure virtual returns (Act memory);
}
// forge-lint: disable-end(block-timestamp)
