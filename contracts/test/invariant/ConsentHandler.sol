// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IConsents} from "../../src/consent/IConsents.sol";
import {ISubjects} from "../../src/consent/ISubjects.sol";
import {Act, Kind} from "../utils/Acts.sol";
import {EventFold, Projection} from "../utils/EventFold.sol";
import {MoodyRegistry} from "../utils/MoodyRegistry.sol";
import {vm} from "../utils/Vm.sol";
import {CONSENTS, Sight} from "./Cast.sol";
import {Relay} from "./Relay.sol";

// Times and small numbers fit.
// forge-lint: disable-start(unsafe-typecast, block-timestamp)
/// @title Drives a registry
/// @notice Everybody decides by their wallet's rules, all that is signed goes into a pool, and a relayer that nobody
/// can trust lands what it likes, when and as often as it likes. Time moves; blocks are taken back, but never what was
/// signed.
contract ConsentHandler is Relay {
    using EventFold for Projection;

    /// @param late Whether every counter starts a few steps before its largest value.
    /// @param history_ Whether to keep every event.
    constructor(bool late, bool history_) {
        keepsHistory = history_;
        if (late) _age();
        _finalise();
    }

    /// @notice Somebody decides something. Every second time it lands at once.
    function decide(uint256 seed) external {
        _decide(seed);
    }

    /// @notice The relayer lands something that was signed once.
    function relay(uint256 seed) external {
        _relay(seed);
    }

    /// @notice Somebody tries what is not theirs: signs or sends for another, or for themselves without the right.
    function trespass(uint256 seed) external {
        Act memory act = _wish(seed);
        uint256 key = _dice(seed, KEYS);
        if (act.kind == Kind.Expire) return;
        if (act.kind == Kind.Recover) {
            act.acceptor = key;
        } else {
            act.signer = key;
            if (act.isPlain() || _dice(seed, 2) == 0) act.actor = _keys[key];
        }
        _land(act, seed);
    }

    /// @notice Time goes by: seconds, or days.
    function pass(uint256 seed) external {
        _pass(seed);
    }

    /// @notice All blocks so far become final.
    function finalise() external {
        _finalise();
    }

    /// @notice A few blocks are made and taken back. What was signed meanwhile stays.
    function reorganise(uint256 seed) external {
        uint256 snapshot = vm.snapshotState();
        uint256 signed = _beyond.signed;
        uint256 moves = 1 + _dice(seed, 5);
        _onFork = true;
        for (uint256 i = 0; i < moves; ++i) {
            uint256 dice = _dice(seed, 8);
            uint256 next = uint256(keccak256(abi.encode(seed, i)));
            if (dice < 5) _decide(next);
            else if (dice < 7) _relay(next);
            else _pass(next);
        }
        Beyond memory kept = _beyond;
        vm.revertToState(snapshot);
        _beyond = kept;
        _forkedFrom = signed;
        _forkedTo = kept.signed;
    }

    /// @notice The registries of grantees change how they answer.
    function unsettle(uint256 seed) external {
        MOODY.set(MoodyRegistry.Mood(_dice(seed, 3) == 0 ? _dice(seed, 6) : 0));
    }

    /// @notice How often a kind was applied.
    function applied(Kind kind) external view returns (uint256) {
        return _beyond.applied[uint256(kind)];
    }

    /// @notice How often a situation was met.
    function sights(Sight sight) external view returns (uint256) {
        return _beyond.sights[uint256(sight)];
    }

    /// @notice How often a status was reached.
    function reached(IConsents.Status status) external view returns (uint256) {
        return _beyond.statuses[uint256(status)];
    }

    /// @notice The consent with a number, as the events have it.
    function consentKnown(uint256 index) external view returns (IConsents.Consent memory) {
        return _chain.consents[idAt(index)];
    }

    /// @notice Its effective status at a time, as the events have it.
    function statusAt(uint256 index, uint256 time) external view returns (IConsents.Status) {
        (address subject,,) = consentAt(index);
        return _chain.statusAt(idAt(index), subject, time);
    }

    /// @notice The subject with a number, as the events have it.
    function subjectKnown(uint256 index) external view returns (ISubjects.Subject memory state) {
        state = _chain.subjects[_keys[index]];
        state.controller = _chain.controllerOf(_keys[index]);
    }

    /// @notice What a key is to a subject, as the events have it.
    function delegateKnown(uint256 index, uint256 key) external view returns (ISubjects.Delegate memory) {
        return _chain.delegates[_keys[index]][_keys[key]];
    }

    function recoveryKnown(uint256 index) external view returns (ISubjects.Recovery memory) {
        return _chain.recoveries[_keys[index]];
    }

    function proposalKnown(uint256 index) external view returns (ISubjects.Proposal memory) {
        return _chain.proposals[_keys[index]];
    }

    function keyAt(uint256 key) external view returns (address) {
        return _keys[key];
    }

    function _decide(uint256 seed) private {
        // Mostly what everybody sees is final.
        if (!_onFork && _dice(seed, 2) == 0) _finalise();
        Act memory act = _wish(seed);
        // What is not sent by its signer can be held back; so can a transaction.
        if (act.kind < Kind.Expire && act.kind != Kind.Recover) {
            if (_beyond.pool.length < POOL) _beyond.pool.push(abi.encode(act));
            else _beyond.pool[_dice(seed, POOL)] = abi.encode(act);
        }
        if (_dice(seed, 2) == 0 || act.kind == Kind.Expire || act.kind == Kind.Recover) _land(act, seed);
    }

    function _relay(uint256 seed) private {
        uint256 count = 1 + _dice(seed, 3);
        for (uint256 i = 0; i < count && _beyond.pool.length != 0; ++i) {
            Act memory act = abi.decode(_beyond.pool[_dice(seed, _beyond.pool.length)], (Act));
            bool fromFork = act.order > _forkedFrom && act.order <= _forkedTo;
            uint256 before = _beyond.applied[uint256(act.kind)];
            _land(act, seed);
            if (fromFork && _beyond.applied[uint256(act.kind)] != before) _saw(Sight.AppliedAcrossReorg);
        }
    }

    function _pass(uint256 seed) private {
        uint256 dice = _dice(seed, 12);
        if (dice < 2) {
            uint256 readyAt = _chain.proposals[_keys[dice]].readyAt;
            if (readyAt > block.timestamp) vm.warp(readyAt);
        } else if (dice == 2) {
            vm.warp(block.timestamp + _dice(seed, 4 days));
        } else {
            vm.warp(block.timestamp + _dice(seed, 60));
        }
    }

    /// @dev Puts every counter a few steps before its largest value, in the registry and in what is known about it.
    function _age() private {
        for (uint256 i = 0; i < CONSENTS; ++i) {
            IConsents.Consent storage known = _chain.consents[idAt(i)];
            known.version = type(uint32).max - 8 + uint32(i % 3) * 2;
            known.status = IConsents.Status.Revoked;
            vm.store(address(REGISTRY), idAt(i), bytes32(uint256(known.status) | uint256(known.version) << 88));
        }
        for (uint256 i = 0; i < SUBJECTS; ++i) {
            address patient = _keys[i];
            ISubjects.Subject storage known = _chain.subjects[patient];
            uint24 count = type(uint24).max - 6 + uint24(i) * 2;
            (known.epoch, known.authEpoch, known.seq) = (count, count, count - 8);
            uint256 word = uint256(count) << 160 | uint256(count) << 184 | uint256(count - 8) << 208;
            vm.store(address(REGISTRY), keccak256(abi.encode(patient, uint256(2))), bytes32(word));
        }
    }

    /// @dev Whether the blocks being made will be taken back.
    bool private _onFork;
    /// @dev The orders of what was signed on the last fork that is gone.
    uint256 private _forkedFrom;
    uint256 private _forkedTo;
}
// forge-lint: disable-end(unsafe-typecast, block-timestamp)
