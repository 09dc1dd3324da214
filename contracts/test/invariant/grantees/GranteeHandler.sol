// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {HospitalRegistry} from "../../../src/grantees/HospitalRegistry.sol";
import {IGrantees} from "../../../src/grantees/IGrantees.sol";
import {IHospitalRegistry} from "../../../src/grantees/IHospitalRegistry.sol";
import {IProviderRegistry} from "../../../src/grantees/IProviderRegistry.sol";
import {ProviderRegistry} from "../../../src/grantees/ProviderRegistry.sol";
import {Vm, vm} from "../../utils/Vm.sol";
import {GranteeFold} from "./GranteeFold.sol";
import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";

/// @notice Drives both registries with a registrar whose decisions wait, a suspender whose do not, callers without any
/// right and a moving clock, and keeps what an observer of the events knows.
/// @dev Grantees are counted through: the first ones are organisations, the rest practitioners.
contract GranteeHandler {
    uint256 private constant ORGANIZATIONS = 2;
    uint256 private constant GRANTEES = 4;
    uint256 private constant MAX_PENDING = 12;

    /// @dev What the registrar has decided and not yet carried out.
    struct Pending {
        uint256 who;
        bytes data;
        uint40 decidedAt;
    }

    AccessManager private immutable _MANAGER;
    HospitalRegistry private immutable _HOSPITALS;
    ProviderRegistry private immutable _PROVIDERS;
    address private immutable _REGISTRAR;
    address private immutable _SUSPENDER;

    Pending[] private _pending;
    /// @dev Rebuilt from events only.
    mapping(address grantee => IProviderRegistry.Practitioner) private _folded;

    /// @notice How often somebody without the right changed something.
    uint256 public trespasses;
    /// @notice How often a suspender failed to suspend a verified grantee.
    uint256 public failedSuspensions;
    /// @notice How often a decision lifted a stop that came after it.
    uint256 public undoneStops;
    /// @notice How often an event named another grantee than the call, or came without one.
    uint256 public falseEvents;
    /// @notice How often each status was left for another, or for the same by a renewal.
    mapping(IGrantees.Status => mapping(IGrantees.Status => uint256)) public moves;
    /// @notice How often a decision came too late.
    uint256 public tooLate;

    constructor(
        AccessManager manager,
        HospitalRegistry hospitals,
        ProviderRegistry providers,
        address registrar,
        address suspender
    ) {
        _MANAGER = manager;
        _HOSPITALS = hospitals;
        _PROVIDERS = providers;
        _REGISTRAR = registrar;
        _SUSPENDER = suspender;
    }

    /// @notice The registrar decides something, mostly on the state it sees.
    function decide(uint256 who, uint8 kind, uint40 validTo, uint256 organization, uint8 slip) external {
        if (_pending.length == MAX_PENDING) return;
        who %= GRANTEES;
        bytes memory data = _decision(who, kind, validTo, organization, slip);
        vm.prank(_REGISTRAR);
        try _MANAGER.schedule(_registryOf(who), data, 0) {
            _pending.push(Pending(who, data, _now()));
        } catch {
            // The same decision is waiting already.
        }
    }

    /// @notice The registrar carries out one of its decisions, or drops it where that does not work any more.
    function carryOut(uint256 index) external {
        uint48 ready = type(uint48).max;
        uint40 time = _now();
        Pending memory p;
        for (uint256 i = 0; i < _pending.length && ready > time; ++i) {
            index = (index % _pending.length + 1) % _pending.length;
            p = _pending[index];
            ready = _MANAGER.getSchedule(_MANAGER.hashOperation(_REGISTRAR, _registryOf(p.who), p.data));
        }
        if (ready > time) return;
        IProviderRegistry.Practitioner memory before = stored(p.who);
        bool worked =
            _act(p.who, _REGISTRAR, address(_MANAGER), abi.encodeCall(_MANAGER.execute, (_registryOf(p.who), p.data)));
        if (worked) {
            bool stopped = before.status == IGrantees.Status.Suspended || before.status == IGrantees.Status.Removed;
            bool lifted = stored(p.who).status == IGrantees.Status.Verified;
            if (stopped && lifted && p.decidedAt < before.changedAt) ++undoneStops;
        } else {
            ++tooLate;
            if (ready != 0) {
                vm.prank(_REGISTRAR);
                _MANAGER.cancel(_REGISTRAR, _registryOf(p.who), p.data);
            }
        }
        _pending[index] = _pending[_pending.length - 1];
        _pending.pop();
    }

    function suspend(uint256 who) external {
        who %= GRANTEES;
        bool verified = stored(who).status == IGrantees.Status.Verified;
        bytes memory data = abi.encodeCall(IHospitalRegistry.suspend, (granteeOf(who), bytes32(0)));
        if (_act(who, _SUSPENDER, _registryOf(who), data) != verified) ++failedSuspensions;
    }

    /// @notice Somebody does what is not theirs, at once.
    function trespass(uint256 who, uint8 kind, uint8 caller, uint40 validTo, uint256 organization) external {
        who %= GRANTEES;
        address[4] memory callers = [granteeOf(who), address(this), _REGISTRAR, _SUSPENDER];
        bytes memory data = kind % 4 == 3
            ? abi.encodeCall(IHospitalRegistry.suspend, (granteeOf(who), bytes32(0)))
            : _decision(who, kind, validTo, organization, 1);
        // Only the suspender may suspend.
        address sender = callers[caller % (kind % 4 == 3 ? 3 : 4)];
        if (_act(who, sender, _registryOf(who), data)) ++trespasses;
    }

    function wait(uint40 time) external {
        vm.warp(block.timestamp + time % 1 days);
    }

    /// @notice A grantee as the events tell it.
    function folded(uint256 who) external view returns (IProviderRegistry.Practitioner memory) {
        return _folded[granteeOf(who)];
    }

    /// @notice A grantee as stored.
    function stored(uint256 who) public view returns (IProviderRegistry.Practitioner memory g) {
        if (who >= ORGANIZATIONS) return _PROVIDERS.practitioners(granteeOf(who));
        IHospitalRegistry.Organization memory o = _HOSPITALS.organizations(granteeOf(who));
        return IProviderRegistry.Practitioner(o.status, o.validTo, o.changedAt, address(0));
    }

    /// @notice The address of a grantee.
    function granteeOf(uint256 who) public pure returns (address) {
        return address(uint160(uint256(keccak256(abi.encode("grantee", who)))));
    }

    /// @dev One decision in eight is based on another state than the one there is, or does not fit its status.
    function _decision(uint256 who, uint8 kind, uint40 validTo, uint256 organization, uint8 slip)
        private
        view
        returns (bytes memory)
    {
        address grantee = granteeOf(who);
        uint40 asOf = stored(who).changedAt;
        if (slip % 8 == 0) asOf += 1;
        else if (kind % 4 != 2) kind = stored(who).status == IGrantees.Status.Suspended ? 1 : 0;
        validTo = _now() + validTo % 8 days;
        bytes32 evidence = keccak256(abi.encode(validTo));
        if (kind % 4 == 1) return abi.encodeCall(IHospitalRegistry.reinstate, (grantee, evidence, asOf));
        if (kind % 4 == 2) return abi.encodeCall(IHospitalRegistry.remove, (grantee, evidence));
        if (who < ORGANIZATIONS) return abi.encodeCall(IHospitalRegistry.verify, (grantee, evidence, validTo, asOf));
        address employer = granteeOf(organization % ORGANIZATIONS);
        return abi.encodeCall(IProviderRegistry.verify, (grantee, employer, evidence, validTo, asOf));
    }

    /// @dev Makes the call and folds what the registries emitted.
    function _act(uint256 who, address sender, address target, bytes memory data) private returns (bool worked) {
        IGrantees.Status before = stored(who).status;
        vm.recordLogs();
        vm.prank(sender);
        (worked,) = target.call(data);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        uint256 events = 0;
        for (uint256 i = 0; i < logs.length; ++i) {
            if (logs[i].emitter == address(_MANAGER)) continue;
            ++events;
            address grantee = address(uint160(uint256(logs[i].topics[1])));
            if (grantee != granteeOf(who) || logs[i].emitter != _registryOf(who)) ++falseEvents;
            _folded[grantee] = GranteeFold.fold(_folded[grantee], logs[i], _now());
        }
        if (events != (worked ? 1 : 0)) ++falseEvents;
        if (worked) ++moves[before][stored(who).status];
    }

    function _registryOf(uint256 who) private view returns (address) {
        return who < ORGANIZATIONS ? address(_HOSPITALS) : address(_PROVIDERS);
    }

    function _now() private view returns (uint40) {
        return uint40(block.timestamp);
    }
}
