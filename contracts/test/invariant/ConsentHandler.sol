// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ConsentRegistry} from "../../src/consent/ConsentRegistry.sol";
import {IConsents} from "../../src/consent/IConsents.sol";
import {EventFold} from "../utils/EventFold.sol";
import {Vm, vm} from "../utils/Vm.sol";

/// @notice Drives a registry with several actors, right and wrong calls and a moving clock, and keeps what an observer
/// of the events knows.
/// @dev Every actor is a subject in some consents and a grantee in others.
contract ConsentHandler {
    uint256 internal constant ACTORS = 4;
    uint256 internal constant SCOPES = 2;

    ConsentRegistry public immutable REGISTRY;

    /// @dev Rebuilt from events only.
    mapping(bytes32 id => IConsents.Consent) private _folded;
    /// @dev The version that the subject last granted and did not stop since; 0 if there is none.
    mapping(bytes32 id => uint32) public authorised;

    /// @notice How often a subject's stop reverted.
    uint256 public failedStops;
    /// @notice How often somebody succeeded who may not.
    uint256 public trespasses;
    /// @notice How often an event named another version, actor or consent than the call.
    uint256 public falseEvents;
    /// @notice How often a version went down.
    uint256 public versionDrops;
    /// @notice How often each status was stored.
    mapping(IConsents.Status => uint256) public reached;

    constructor(ConsentRegistry registry) {
        REGISTRY = registry;
    }

    function request(uint256 who, uint256 caller, uint40 from, uint40 length, uint40 wait_, uint8 slip) external {
        (address subject, address grantee, bytes32 scope) = consentOf(who);
        uint32 version = _next(who, slip);
        (from, length) = (_now() + from % 50, length % 200);
        bytes memory data = abi.encodeCall(
            REGISTRY.request, (subject, grantee, scope, from, from + length, _now() + wait_ % 100, version)
        );
        _act(who, _pick(caller, grantee), grantee, data);
    }

    function grant(uint256 who, uint256 caller, uint40 from, uint40 length, uint8 slip) external {
        (address subject, address grantee, bytes32 scope) = consentOf(who);
        uint32 version = _next(who, slip);
        if (slip % 8 != 0 && REGISTRY.statusOf(subject, grantee, scope) == IConsents.Status.Requested) {
            --version;
        }
        from = _now() - 20 + from % 50;
        uint40 to = length % 8 == 0 ? type(uint40).max : from + length % 200;
        bytes memory data = abi.encodeCall(REGISTRY.grant, (subject, grantee, scope, 0, from, to, version));
        address sender = _pick(caller, subject);
        if (_act(who, sender, subject, data) && sender == subject) authorised[idOf(who)] = version;
    }

    function deny(uint256 who, uint256 caller) external {
        (address subject, address grantee, bytes32 scope) = consentOf(who);
        _stop(who, _pick(caller, subject), abi.encodeCall(REGISTRY.deny, (subject, grantee, scope)));
    }

    function revoke(uint256 who, uint256 caller) external {
        (address subject, address grantee, bytes32 scope) = consentOf(who);
        _stop(who, _pick(caller, subject), abi.encodeCall(REGISTRY.revoke, (subject, grantee, scope)));
    }

    function expire(uint256 who, uint256 caller) external {
        (address subject, address grantee, bytes32 scope) = consentOf(who);
        address sender = _actor(caller);
        _act(who, sender, sender, abi.encodeCall(REGISTRY.expire, (subject, grantee, scope)));
    }

    function wait(uint8 time) external {
        vm.warp(block.timestamp + time % 60);
    }

    /// @notice The number of consents in play.
    function consentCount() external pure returns (uint256) {
        return ACTORS * (ACTORS - 1) * SCOPES;
    }

    function folded(bytes32 id) external view returns (IConsents.Consent memory) {
        return _folded[id];
    }

    /// @notice The consent with a number, counted round; its parties always differ.
    function consentOf(uint256 who) public pure returns (address subject, address grantee, bytes32 scope) {
        who %= ACTORS * (ACTORS - 1) * SCOPES;
        uint256 first = who % ACTORS;
        uint256 second = (first + 1 + who / ACTORS % (ACTORS - 1)) % ACTORS;
        return (_actor(first), _actor(second), bytes32(1 + who / (ACTORS * (ACTORS - 1))));
    }

    function idOf(uint256 who) public view returns (bytes32) {
        (address subject, address grantee, bytes32 scope) = consentOf(who);
        return REGISTRY.consentId(subject, grantee, scope);
    }

    function _stop(uint256 who, address sender, bytes memory data) private {
        (address subject,,) = consentOf(who);
        bool worked = _act(who, sender, subject, data);
        if (sender != subject) return;
        if (!worked) ++failedStops;
        authorised[idOf(who)] = 0;
    }

    /// @dev Makes the call, which is for `right` only, and folds what it emitted.
    function _act(uint256 who, address sender, address right, bytes memory data) private returns (bool worked) {
        bytes32 id = idOf(who);
        uint32 before = REGISTRY.consents(id).version;
        vm.recordLogs();
        vm.prank(sender);
        (worked,) = address(REGISTRY).call(data);
        Vm.Log[] memory logs = vm.getRecordedLogs();

        if (worked && sender != right) ++trespasses;
        if ((logs.length != 0) != worked) ++falseEvents;
        for (uint256 i = 0; i < logs.length; ++i) {
            if (!_isAbout(who, sender, logs[i])) ++falseEvents;
            _folded[id] = EventFold.fold(_folded[id], logs[i], _now());
            if (logs[i].topics[0] == IConsents.ConsentExpired.selector) authorised[id] = 0;
        }
        if (REGISTRY.consents(id).version < before) ++versionDrops;
        if (worked) ++reached[REGISTRY.consents(id).status];
    }

    /// @dev Whether an event names the consent and the actor of the call. The actor is the last field of every event
    /// but ConsentExpired.
    function _isAbout(uint256 who, address sender, Vm.Log memory log) private view returns (bool) {
        (address subject, address grantee, bytes32 scope) = consentOf(who);
        if (log.emitter != address(REGISTRY) || log.topics.length != 4) return false;
        if (log.topics[1] != _word(subject) || log.topics[2] != _word(grantee) || log.topics[3] != scope) return false;
        if (log.topics[0] == IConsents.ConsentExpired.selector) return true;
        bytes memory data = log.data;
        bytes32 last;
        assembly ("memory-safe") {
            last := mload(add(data, mload(data)))
        }
        return last == _word(sender);
    }

    /// @dev The next version; one call in eight names a wrong one.
    function _next(uint256 who, uint8 slip) private view returns (uint32) {
        uint32 version = REGISTRY.consents(idOf(who)).version;
        return slip % 8 == 0 ? version + slip / 8 % 4 : version + 1;
    }

    /// @dev The right caller in three calls of four, else any actor.
    function _pick(uint256 caller, address right) private pure returns (address) {
        return caller % 4 == 0 ? _actor(caller / 4) : right;
    }

    function _actor(uint256 index) private pure returns (address) {
        return address(uint160(uint256(keccak256(abi.encode("actor", index % ACTORS)))));
    }

    function _word(address value) private pure returns (bytes32) {
        return bytes32(uint256(uint160(value)));
    }

    function _now() private view returns (uint40) {
        return uint40(block.timestamp);
    }
}
