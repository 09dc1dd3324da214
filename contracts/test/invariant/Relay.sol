// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IConsents} from "../../src/consent/IConsents.sol";
import {ISubjects} from "../../src/consent/ISubjects.sol";
import {BatchMode, Op, OpKind} from "../../src/consent/Intents.sol";
import {Act, Kind} from "../utils/Acts.sol";
import {EventFold, Projection} from "../utils/EventFold.sol";
import {MoodyRegistry} from "../utils/MoodyRegistry.sol";
import {Rules} from "../utils/Rules.sol";
import {Vm, vm} from "../utils/Vm.sol";
import {CONSENTS, Cast, Finding, Sight} from "./Cast.sol";
import {Watch} from "./Watch.sol";

// Times fit; an error's selector is cut out on purpose.
// forge-lint: disable-start(unsafe-typecast, block-timestamp)
/// @title The relayer
/// @notice Lands acts in the registry, and holds every landing against the rules and the events.
abstract contract Relay is Watch {
    using EventFold for Projection;
    using Rules for Projection;

    /// @dev The errors that a batch which skips what is stale may meet in an item.
    bytes4[9] private _stale = [
        IConsents.StaleStop.selector,
        IConsents.WrongVersion.selector,
        IConsents.VersionExhausted.selector,
        IConsents.WindowOver.selector,
        IConsents.BeyondMandate.selector,
        ISubjects.WrongSeq.selector,
        ISubjects.SeqExhausted.selector,
        ISubjects.EpochExhausted.selector,
        ISubjects.Frozen.selector
    ];

    /// @dev Sends an act once. A transaction of its signer's own is sent at most once on a chain.
    function _land(Act memory act, uint256 seed) internal {
        if (act.direct && act.kind < Kind.Expire && act.kind != Kind.Recover && _isApplied(act)) return;
        address sender = _keys[act.direct && act.kind != Kind.Recover ? act.signer : _dice(seed, KEYS)];
        bool paying = _dice(seed, 24) == 0;
        bool expected = _expected(act, sender);
        Before memory before = _before(act);

        bytes memory data = act.data(REGISTRY);
        vm.recordLogs();
        vm.deal(sender, 1);
        vm.prank(sender);
        (bool worked,) = address(REGISTRY).call{value: paying ? 1 : 0}(data);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        // Forge also records what a call emitted that was reverted.
        if (!worked) logs = new Vm.Log[](0);

        if (paying && worked) _note(Finding.EthTaken);
        if (paying) return;
        if (worked != expected) _note(Finding.RuleBroken);
        _fold(act, logs, worked);
        if (worked) _applied(act, before, logs);
        else _refused(act, before);
        _look();
    }

    /// @dev What the rules demand. For a batch: what the sequence of its items comes to.
    function _expected(Act memory act, address sender) private returns (bool) {
        if (act.kind == Kind.Batch) return _play(act);
        return _chain.allows(act, _keys[act.signer], sender, MOODY.mood() == MoodyRegistry.Mood.Yes);
    }

    /// @dev Plays the items of a batch one by one in a world of its own, and keeps the digest of where that leads.
    /// @return works Whether the batch has to work.
    function _play(Act memory batch) private returns (bool works) {
        if (_keys[batch.signer] != batch.actor || block.timestamp > batch.deadline) return false;
        if (batch.hasGrant() && batch.deadline > block.timestamp + 90 days) return false;
        bool skipping = batch.mode == BatchMode.Try || !batch.hasGrant();
        if (!_isWellFormed(batch)) return false;
        // One that skips does not apply before its time, or it could apply twice.
        if (skipping && batch.hasGrant() && batch.seq > _chain.subjects[batch.subject].seq) return false;
        uint256 snapshot = vm.snapshotState();
        (bool all, uint256 skipped) = _playItems(batch, skipping);
        bytes32 digest = _digest(batch.subject);
        vm.revertToState(snapshot);
        vm.getRecordedLogs();
        _played = digest;
        _skipped = skipped;
        return all;
    }

    function _playItems(Act memory batch, bool skipping) private returns (bool all, uint256 skipped) {
        for (uint256 i = 0; i < batch.ops.length; ++i) {
            Act memory item = _item(batch, i);
            vm.prank(_keys[STRANGER]);
            (bool worked, bytes memory reason) = address(REGISTRY).call(item.data(REGISTRY));
            if (worked) continue;
            if (!skipping || !_isStale(reason)) return (false, 0);
            ++skipped;
        }
        return (true, skipped);
    }

    /// @dev Whether the items stand in order, and none is a grant to its own grantee.
    function _isWellFormed(Act memory batch) private pure returns (bool) {
        for (uint256 i = 0; i < batch.ops.length; ++i) {
            if (batch.ops[i].kind == OpKind.Grant && batch.ops[i].grantee == batch.actor) return false;
            if (i != 0 && !_isAscending(batch.ops[i - 1], batch.ops[i])) return false;
        }
        return true;
    }

    /// @dev The item as an intent of its own, by the same signer.
    function _item(Act memory batch, uint256 index) internal pure override returns (Act memory item) {
        Op memory op = batch.ops[index];
        item.kind = op.kind == OpKind.Grant ? Kind.Grant : op.kind == OpKind.Deny ? Kind.Deny : Kind.Revoke;
        item.signer = batch.signer;
        item.actor = batch.actor;
        item.subject = batch.subject;
        item.grantee = op.grantee;
        item.scope = op.scopeId;
        item.seq = batch.seq;
        (item.from, item.to, item.number) = (op.validFrom, op.validTo, op.version);
        item.deadline = batch.deadline;
        item.order = batch.order;
    }

    function _isStale(bytes memory reason) private view returns (bool) {
        bytes4 selector = bytes4(reason);
        for (uint256 i = 0; i < _stale.length; ++i) {
            if (selector == _stale[i]) return true;
        }
        return false;
    }

    /// @dev Takes the events in and checks that they are the act's.
    function _fold(Act memory act, Vm.Log[] memory logs, bool worked) private {
        bool silent = act.kind == Kind.Batch && worked;
        if (!silent && (logs.length != 0) != worked) _note(Finding.FalseEvent);
        address actor = act.kind == Kind.Recover ? _chain.recoveries[act.subject].recoverer : act.actor;
        for (uint256 i = 0; i < logs.length; ++i) {
            if (!_isAbout(act, actor, logs[i])) _note(Finding.FalseEvent);
            if (!_chain.fold(logs[i], uint40(block.timestamp))) _note(Finding.FalseEvent);
            if (keepsHistory) history.push(Entry(uint40(block.timestamp), abi.encode(logs[i])));
        }
    }

    /// @dev Whether an event names subject, consent and actor of the act. The actor is the last field of every event
    /// but ConsentExpired.
    function _isAbout(Act memory act, address actor, Vm.Log memory log) private pure returns (bool) {
        if (log.topics[1] != bytes32(uint256(uint160(act.subject)))) return false;
        if (log.topics.length == 4 && act.kind != Kind.Batch) {
            if (log.topics[2] != bytes32(uint256(uint160(act.grantee))) || log.topics[3] != act.scope) return false;
        }
        if (log.topics.length == 4 && log.topics[0] == IConsents.ConsentExpired.selector) return true;
        bytes memory data = log.data;
        address last;
        assembly ("memory-safe") {
            last := mload(add(data, mload(data)))
        }
        return last == actor;
    }
}
// forge-lint: disable-end(unsafe-typecast, block-timestamp)
