// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IConsents} from "../../src/consent/IConsents.sol";
import {ISubjects} from "../../src/consent/ISubjects.sol";
import {Acceptance, Proof} from "../../src/consent/Intents.sol";
import {vm} from "../utils/Vm.sol";
import {SymbolicTest} from "./SymbolicTest.sol";

// Fields are cut out of words on purpose.
// forge-lint: disable-start(unsafe-typecast)
/// @notice See Symbolic.tree.
contract RightsProofs is SymbolicTest {
    function check_ActiveMeansStoredActiveOfThisEpochAndInWindow(uint256 consent, uint256 subject, uint40 time) public {
        _store(consent, subject, time);
        IConsents.Consent memory stored = _load();
        bool expected = stored.status == IConsents.Status.Active && stored.epoch == registry.subjects(PATIENT).epoch
            && stored.validFrom <= time && time < stored.validTo;
        assert(_isActive() == expected);
    }

    function check_AGrantNeedsTheRightTheSeqTheVersionAndTheWindow(
        uint256 consent,
        uint256 subject,
        uint256 delegate,
        uint256 freeze,
        uint24 seq,
        uint40 from,
        uint40 to,
        uint32 version,
        uint40 time
    ) public {
        _store(consent, subject, time);
        _storeDelegate(ACTOR, delegate);
        _storeFreeze(freeze);
        bool requested = _status() == IConsents.Status.Requested;
        bool granted = _send(ACTOR, abi.encodeCall(registry.grant, (PATIENT, CLINIC, SCOPE, seq, from, to, version)));

        uint32 before = uint32(consent >> 88);
        bool may = _or(uint160(subject) == uint160(ACTOR), _represents(subject, delegate, 4, time));
        may = _and(may, _or(uint160(subject) == uint160(ACTOR), to <= uint40(delegate >> 48)));
        may = _and(may, _and(seq == uint24(subject >> 208), seq != MAX24));
        may = _and(may, _or(subject >> 232 == 0, time >= uint40(freeze)));
        may = _and(may, _and(from < to, time < to));
        may = _and(may, _and(version != MAX_VERSION, uint24(subject >> 160) != MAX24));
        may = _and(may, _or(_and(requested, version == before), _and(!requested, version == uint256(before) + 1)));
        assert(granted == may);
        if (!granted) return;
        IConsents.Consent memory stored = _load();
        assert(stored.status == IConsents.Status.Active && stored.version == version && stored.version >= before);
        assert(stored.validFrom == from && stored.validTo == to && stored.epoch == uint24(subject >> 160));
        assert(stored.changedAt == time && stored.respondBy == 0);
    }

    function check_AStopNeedsTheRight(uint256 consent, uint256 subject, uint256 delegate, bool deny, uint40 time)
        public
    {
        _store(consent, subject, time);
        _storeDelegate(ACTOR, delegate);
        bytes memory data = deny
            ? abi.encodeCall(registry.deny, (PATIENT, CLINIC, SCOPE))
            : abi.encodeCall(registry.revoke, (PATIENT, CLINIC, SCOPE));
        bool stopped = _send(ACTOR, data);

        bool may = _or(uint160(subject) == uint160(ACTOR), _represents(subject, delegate, deny ? 2 : 1, time));
        assert(stopped == may);
    }

    /// @notice Even if it controls the subject, or is its delegate.
    function check_AGranteeNeverGrants(
        uint256 consent,
        uint256 subject,
        uint256 delegate,
        uint24 seq,
        uint40 from,
        uint40 to,
        uint32 version,
        uint40 time
    ) public {
        _store(consent, subject, time);
        _storeDelegate(CLINIC, delegate);
        assert(!_send(CLINIC, abi.encodeCall(registry.grant, (PATIENT, CLINIC, SCOPE, seq, from, to, version))));
    }

    function check_ARequestNeverMakesActiveNorEndsIt(
        uint256 consent,
        uint256 subject,
        uint40 from,
        uint40 to,
        uint40 by,
        uint32 version,
        uint40 time
    ) public {
        _store(consent, subject, time);
        IConsents.Status before = _status();
        bool asked = _send(CLINIC, abi.encodeCall(registry.request, (PATIENT, CLINIC, SCOPE, from, to, by, version)));
        if (!asked) return;
        assert(before != IConsents.Status.Active && before != IConsents.Status.Requested);
        assert(_status() == IConsents.Status.Requested);
        assert(_load().version > uint32(consent >> 88));
    }

    function check_RecordingALapseChangesNoEffectiveStatus(uint256 consent, uint256 subject, uint40 time) public {
        _store(consent, subject, time);
        IConsents.Status before = _status();
        bool lapsed = before == IConsents.Status.Expired && _load().status != before;
        assert(_send(ACTOR, abi.encodeCall(registry.expire, (PATIENT, CLINIC, SCOPE))) == lapsed);
        assert(_status() == before);
        assert(_load().version == uint32(consent >> 88));
    }

    /// @notice A recovery is one way to change the controller, and needs no signature if the new one sends it.
    function check_AChangeOfControllerVoidsDelegatesAndProposals(
        uint256 subject,
        uint256 delegate,
        uint256 first,
        uint256 second,
        uint32 proposalId,
        uint40 time
    ) public {
        _storeSubject(subject);
        vm.warp(time);
        _storeDelegate(ACTOR, delegate);
        _storeProposal(first, second);
        ISubjects.Subject memory before = registry.subjects(PATIENT);
        Acceptance memory none = Acceptance(0, Proof("", ""));
        vm.assume(_send(CLINIC, abi.encodeCall(registry.recover, (PATIENT, proposalId, none))));

        ISubjects.Subject memory state = registry.subjects(PATIENT);
        assert(state.controller == CLINIC && state.frozenUntil == 0);
        assert(state.seq == before.seq + 1 && state.epoch == before.epoch && state.authEpoch == before.authEpoch + 1);
        (uint8 rights,) = registry.rightsOf(PATIENT, ACTOR);
        assert(rights == 0 || uint24(delegate >> 88) == state.authEpoch);
        assert(!_send(CLINIC, abi.encodeCall(registry.recover, (PATIENT, proposalId, none))));
    }

    /// @dev Whether a delegate's word gives a right now. Without branches, which would double the paths to prove.
    function _represents(uint256 subject, uint256 delegate, uint256 right, uint40 time) private pure returns (bool) {
        uint24 authEpoch = uint24(subject >> 184);
        bool current = _and(uint24(delegate >> 88) == authEpoch, authEpoch != MAX24);
        bool inTime = _and(uint40(delegate >> 8) <= time, time < uint40(delegate >> 48));
        return _and(_and(current, inTime), delegate & right != 0);
    }

    function _and(bool left, bool right) private pure returns (bool hold) {
        assembly ("memory-safe") {
            hold := and(left, right)
        }
    }

    function _or(bool left, bool right) private pure returns (bool holds) {
        assembly ("memory-safe") {
            holds := or(left, right)
        }
    }
}
// forge-lint: disable-end(unsafe-typecast)
