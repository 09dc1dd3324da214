// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {AuditAnchor} from "../../../src/audit/AuditAnchor.sol";
import {HandOver, IAuditAnchor} from "../../../src/audit/IAuditAnchor.sol";
import {Vm, vm} from "../../utils/Vm.sol";

/// @notice Drives an anchor with several loggers, right and wrong calls, held-back signatures and a moving clock, and
/// keeps what an observer of the events knows.
contract AnchorHandler {
    uint256 private constant LOGGERS = 3;
    uint256 private constant LOGS = 6;
    uint256 private constant MAX_HELD = 8;

    AuditAnchor private immutable _ANCHOR;

    /// @dev Worked out once; their keys count up from 1.
    address[LOGGERS] private _loggers;

    /// @dev Hand-overs that both signed and anyone may send, also again.
    HandOver[] private _held;
    /// @dev Where the next one is kept, in place of the oldest.
    uint256 private _next;
    /// @dev Rebuilt from events only.
    mapping(address logger => mapping(bytes32 logId => bytes32)) private _heads;
    mapping(address logger => mapping(bytes32 logId => address)) private _successors;

    /// @notice How many logs were begun, of each id.
    mapping(bytes32 logId => uint256) public begun;
    /// @notice How often an event could not follow those before it.
    uint256 public impossibleEvents;
    /// @notice How often a signed hand-over worked twice.
    uint256 public replays;
    /// @notice How often something happened that a party had not agreed to.
    uint256 public trespasses;
    mapping(bytes32 digest => bool) private _used;

    uint256 public anchored;
    uint256 public handedOver;
    uint256 public refused;

    constructor(AuditAnchor anchor_) {
        _ANCHOR = anchor_;
        for (uint256 i = 0; i < LOGGERS; ++i) {
            _loggers[i] = vm.addr(i + 1);
        }
    }

    /// @notice A logger anchors, mostly what follows.
    function anchor(uint256 who, uint256 log, bytes32 root, uint8 growth, uint8 slip) external {
        who %= LOGGERS;
        bytes32 logId = logOf(log);
        // Most logs are begun by one logger, so that there are successors without one of that id.
        if (slip % 4 != 0 && _ANCHOR.head(loggerOf(who), logId) == 0) who = log % LOGS;
        address logger = loggerOf(who);
        bytes32 previous = _ANCHOR.head(logger, logId);
        uint64 size = uint64(uint256(previous) >> 192) + growth % 4;
        if (slip % 8 == 0) previous = _ANCHOR.head(loggerOf(who + 1), logId);
        if (slip % 8 == 1) previous = bytes32(uint256(type(uint64).max) << 192 | uint160(loggerOf(who + 1)));
        bool worked = _act(logger, abi.encodeCall(_ANCHOR.anchor, (logId, previous, root, size)));
        if (worked) ++anchored;
    }

    /// @notice Both sign a hand-over of a log as it is now, and keep it. Mostly one that something was anchored in.
    function agree(uint256 who, uint256 to, uint256 log, uint40 life) external {
        who %= LOGGERS;
        address logger = loggerOf(who);
        address successor = to % 8 == 0 ? logger : loggerOf(who + 1 + to % 2);
        for (uint256 i = 0; i < LOGS && _ANCHOR.head(logger, logOf(log)) == 0; ++i) {
            log = log % LOGS + 1;
        }
        bytes32 logId = logOf(log);
        uint40 deadline = uint40(block.timestamp) + life % 2 days;
        if (_held.length < MAX_HELD) _held.push();
        uint256 place = _next++ % MAX_HELD;
        _held[place] = HandOver(logger, successor, logId, _ANCHOR.head(logger, logId), deadline);
    }

    /// @notice Somebody sends a hand-over, mostly with both signatures. What works is kept, to be tried again.
    function send(uint256 index, uint256 sender, uint8 slip) external {
        if (_held.length == 0) return;
        HandOver memory intent = _held[index % _held.length];
        address from = loggerOf(sender);
        bool forged = slip % 4 == 0 && from != intent.logger;
        bytes32 digest = _ANCHOR.digest(intent);
        bytes memory call = abi.encodeCall(
            _ANCHOR.handOver, (intent, _sign(forged ? from : intent.logger, digest), _sign(intent.successor, digest))
        );
        if (!_act(from, call)) return;
        ++handedOver;
        if (forged) ++trespasses;
        if (_used[digest]) ++replays;
        _used[digest] = true;
    }

    function wait(uint40 time) external {
        vm.warp(block.timestamp + time % 2 hours);
    }

    /// @notice A log of a logger as the events tell it.
    function folded(uint256 who, uint256 log)
        external
        view
        returns (address logger, bytes32 logId, bytes32 head, address successor)
    {
        (logger, logId) = (loggerOf(who), logOf(log));
        return (logger, logId, _heads[logger][logId], _successors[logger][logId]);
    }

    function loggerOf(uint256 who) public view returns (address) {
        return _loggers[who % LOGGERS];
    }

    function logOf(uint256 log) public pure returns (bytes32) {
        return bytes32(1 + log % LOGS);
    }

    /// @dev Makes the call and folds what it emitted.
    function _act(address sender, bytes memory data) private returns (bool worked) {
        vm.recordLogs();
        vm.prank(sender);
        (worked,) = address(_ANCHOR).call(data);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        if (!worked) ++refused;
        if (logs.length != (worked ? 1 : 0)) ++impossibleEvents;
        for (uint256 i = 0; i < logs.length; ++i) {
            _fold(sender, logs[i]);
        }
    }

    function _fold(address sender, Vm.Log memory log) private {
        address logger = address(uint160(uint256(log.topics[1])));
        if (log.topics[0] == IAuditAnchor.Anchored.selector) {
            bytes32 logId = log.topics[2];
            (bytes32 previous, bytes32 root, bytes32 head) = abi.decode(log.data, (bytes32, bytes32, bytes32));
            uint64 size = uint64(uint256(head) >> 192);
            bool follows = previous == _heads[logger][logId] && _successors[logger][logId] == address(0);
            bool grows = size > uint64(uint256(previous) >> 192);
            bytes32 hash = keccak256(abi.encode(previous, root, size));
            bool fits = uint192(uint256(hash)) == uint192(uint256(head));
            if (!follows || !grows || !fits) ++impossibleEvents;
            if (logger != sender) ++trespasses;
            if (previous == 0) ++begun[logId];
            _heads[logger][logId] = head;
        } else {
            address successor = address(uint160(uint256(log.topics[2])));
            bytes32 logId = log.topics[3];
            bytes32 head = abi.decode(log.data, (bytes32));
            bool open = head != 0 && head == _heads[logger][logId];
            bool fresh = _heads[successor][logId] == 0 && _successors[successor][logId] == address(0);
            if (log.topics[0] != IAuditAnchor.HandedOver.selector || !open || !fresh) ++impossibleEvents;
            _heads[logger][logId] = 0;
            _successors[logger][logId] = successor;
            _heads[successor][logId] = head;
        }
    }

    function _sign(address signer, bytes32 digest) private view returns (bytes memory) {
        for (uint256 i = 0; i < LOGGERS; ++i) {
            if (_loggers[i] != signer) continue;
            (uint8 v, bytes32 r, bytes32 s) = vm.sign(i + 1, digest);
            return abi.encodePacked(r, s, v);
        }
        return "";
    }
}
