// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IConsents} from "../../src/consent/IConsents.sol";
import {ISubjects} from "../../src/consent/ISubjects.sol";
import {Vm} from "./Vm.sol";

// Fields are cut out of words on purpose.
// forge-lint: disable-start(unsafe-typecast)
/// @notice All that an observer of the events knows about a registry.
struct Projection {
    /// Whose events these are.
    address registry;
    mapping(bytes32 id => IConsents.Consent) consents;
    /// The controller is zero as long as the subject decides for itself.
    mapping(address subject => ISubjects.Subject) subjects;
    mapping(address subject => mapping(address delegate => ISubjects.Delegate)) delegates;
    mapping(address subject => ISubjects.Recovery) recoveries;
    mapping(address subject => ISubjects.Proposal) proposals;
}

/// @notice Rebuilds a registry from its events and their block times alone, as an indexer does, and tells events that
/// cannot follow those before them. It shares nothing with the registry but the names of its types.
library EventFold {
    uint24 private constant MAX24 = type(uint24).max;
    uint32 private constant MAX32 = type(uint32).max;

    /// @notice Takes one more event in.
    /// @param self What was known before it.
    /// @param log The event.
    /// @param time The time of its block.
    /// @return possible Whether a registry in the known state can have emitted it.
    function fold(Projection storage self, Vm.Log memory log, uint40 time) internal returns (bool possible) {
        if (log.emitter != self.registry || log.topics.length < 2) return false;
        return log.topics.length == 4 ? _foldConsent(self, log, time) : _foldSubject(self, log);
    }

    /// @notice The id of a consent.
    function idOf(Projection storage self, address subject, address grantee, bytes32 scope)
        internal
        view
        returns (bytes32)
    {
        return keccak256(abi.encode(block.chainid, self.registry, subject, grantee, scope));
    }

    /// @notice Who decides for a subject.
    function controllerOf(Projection storage self, address subject) internal view returns (address) {
        address controller = self.subjects[subject].controller;
        return controller == address(0) ? subject : controller;
    }

    /// @notice The status a reader has to go by at a time.
    function statusAt(Projection storage self, bytes32 id, address subject, uint256 time)
        internal
        view
        returns (IConsents.Status)
    {
        IConsents.Consent storage consent = self.consents[id];
        bool requested = consent.status == IConsents.Status.Requested;
        if (!requested && consent.status != IConsents.Status.Active) return consent.status;
        if (consent.epoch < self.subjects[subject].epoch) return IConsents.Status.Revoked;
        bool over =
            requested ? time >= consent.respondBy : consent.validTo != type(uint40).max && time >= consent.validTo;
        return over ? IConsents.Status.Expired : consent.status;
    }

    /// @notice Whether the grantee may read at a time.
    function isActiveAt(Projection storage self, bytes32 id, address subject, uint256 time)
        internal
        view
        returns (bool)
    {
        return statusAt(self, id, subject, time) == IConsents.Status.Active && time >= self.consents[id].validFrom;
    }

    /// @notice What an actor may do for a subject at a time, and until when.
    function rightsAt(Projection storage self, address subject, address actor, uint256 time)
        internal
        view
        returns (uint8 rights, uint40 end)
    {
        if (actor == controllerOf(self, subject)) return (7, type(uint40).max);
        ISubjects.Delegate storage delegate = self.delegates[subject][actor];
        if (!_holds(self, subject, delegate.authEpoch) || delegate.rights == 0) return (0, 0);
        if (time < delegate.validFrom || time >= delegate.validTo) return (0, 0);
        return (delegate.rights, delegate.validTo);
    }

    /// @notice Who may recover a subject; zero if nobody.
    function recovererOf(Projection storage self, address subject) internal view returns (address) {
        ISubjects.Recovery storage recovery = self.recoveries[subject];
        return _holds(self, subject, recovery.authEpoch) ? recovery.recoverer : address(0);
    }

    /// @notice Who is proposed to control a subject; zero if nobody.
    function proposedFor(Projection storage self, address subject) internal view returns (address) {
        ISubjects.Proposal storage proposal = self.proposals[subject];
        return _holds(self, subject, proposal.authEpoch) ? proposal.newController : address(0);
    }

    /// @dev What was set under another authEpoch is void, and so is all under the last one.
    function _holds(Projection storage self, address subject, uint24 authEpoch) private view returns (bool) {
        return authEpoch == self.subjects[subject].authEpoch && authEpoch != MAX24;
    }

    function _foldConsent(Projection storage self, Vm.Log memory log, uint40 time) private returns (bool possible) {
        address subject = address(uint160(uint256(log.topics[1])));
        bytes32 id = idOf(self, subject, address(uint160(uint256(log.topics[2]))), log.topics[3]);
        IConsents.Consent storage consent = self.consents[id];
        IConsents.Status status = statusAt(self, id, subject, time);
        // A lapse that nobody has recorded comes first.
        bool lapsed = status == IConsents.Status.Expired && consent.status != status;
        bytes32 kind = log.topics[0];
        consent.changedAt = time;

        if (kind == IConsents.ConsentExpired.selector) {
            consent.status = IConsents.Status.Expired;
            return lapsed && abi.decode(log.data, (uint32)) == consent.version;
        }
        uint32 before = consent.version;
        uint32 next = before == MAX32 ? before : before + 1;
        bool requested = status == IConsents.Status.Requested;
        if (kind == IConsents.ConsentRequested.selector) {
            (consent.validFrom, consent.validTo, consent.respondBy, consent.version,) =
                abi.decode(log.data, (uint40, uint40, uint40, uint32, address));
            consent.status = IConsents.Status.Requested;
            possible = !requested && status != IConsents.Status.Active && consent.version == next && next != MAX32;
        } else if (kind == IConsents.ConsentCreated.selector) {
            (consent.validFrom, consent.validTo, consent.version,) =
                abi.decode(log.data, (uint40, uint40, uint32, address));
            consent.respondBy = 0;
            consent.status = IConsents.Status.Active;
            possible = consent.version == (requested ? before : next) && consent.version != MAX32;
        } else {
            bool denied = kind == IConsents.ConsentDenied.selector;
            (consent.version,) = abi.decode(log.data, (uint32, address));
            consent.status = denied ? IConsents.Status.Denied : IConsents.Status.Revoked;
            possible = (denied ? requested : kind == IConsents.ConsentRevoked.selector) && consent.version >= next;
            return possible && !lapsed;
        }
        consent.epoch = self.subjects[subject].epoch;
        return possible && !lapsed && consent.epoch != MAX24;
    }

    function _foldSubject(Projection storage self, Vm.Log memory log) private returns (bool possible) {
        address subject = address(uint160(uint256(log.topics[1])));
        ISubjects.Subject storage state = self.subjects[subject];
        (uint24 seq, uint24 epoch, uint24 authEpoch) = (state.seq, state.epoch, state.authEpoch);
        // Every event ends with the counters after the change, and the actor.
        uint256 fields = log.data.length / 32;
        state.seq = uint24(_field(log, fields - 4));
        state.epoch = uint24(_field(log, fields - 3));
        state.authEpoch = uint24(_field(log, fields - 2));
        bool sameEpoch = state.epoch == epoch;
        bool sameAuth = state.authEpoch == authEpoch;
        bytes32 kind = log.topics[0];

        if (kind == ISubjects.AllConsentsRevoked.selector) {
            return _grew(seq, state.seq) && _grew(epoch, state.epoch) && (sameAuth || _next(authEpoch, state.authEpoch));
        }
        if (kind == ISubjects.SignaturesInvalidated.selector) return _grew(seq, state.seq) && sameEpoch && sameAuth;
        if (kind == ISubjects.ControllerChanged.selector) {
            address controller = address(uint160(uint256(log.topics[2])));
            possible = controller != address(0) && controller != controllerOf(self, subject);
            state.controller = controller == subject ? address(0) : controller;
            state.frozenUntil = 0;
            return possible && _next(seq, state.seq) && sameEpoch && _next(authEpoch, state.authEpoch);
        }
        if (kind == ISubjects.SubjectFrozen.selector) {
            (state.frozenUntil, state.nextFreezeAt) = (uint40(_field(log, 0)), uint40(_field(log, 1)));
            return _next(seq, state.seq) && sameEpoch && sameAuth;
        }
        if (kind == ISubjects.SubjectUnfrozen.selector) {
            possible = state.frozenUntil != 0;
            state.frozenUntil = 0;
        } else {
            possible = _foldParty(self, log, subject, authEpoch);
        }
        return possible && state.seq == seq && sameEpoch && sameAuth;
    }

    /// @dev Delegates, recoverers and proposals: events that change no counter of the subject.
    function _foldParty(Projection storage self, Vm.Log memory log, address subject, uint24 authEpoch)
        private
        returns (bool possible)
    {
        bytes32 kind = log.topics[0];
        if (kind == ISubjects.RecoveryVetoed.selector) {
            possible = proposedFor(self, subject) != address(0) && self.proposals[subject].id == _field(log, 0);
            self.proposals[subject].newController = address(0);
            return possible;
        }
        address party = address(uint160(uint256(log.topics[2])));
        if (kind == ISubjects.DelegateSet.selector) {
            ISubjects.Delegate storage delegate = self.delegates[subject][party];
            uint32 nonce = uint32(_field(log, 3));
            possible = nonce == delegate.nonce + 1 && nonce != MAX32 && authEpoch != MAX24;
            self.delegates[subject][party] = ISubjects.Delegate(
                uint8(_field(log, 0)), uint40(_field(log, 1)), uint40(_field(log, 2)), authEpoch, nonce
            );
        } else if (kind == ISubjects.DelegateRemoved.selector) {
            uint32 nonce = uint32(_field(log, 0));
            possible = nonce > self.delegates[subject][party].nonce;
            self.delegates[subject][party] = ISubjects.Delegate(0, 0, 0, authEpoch, nonce);
        } else if (kind == ISubjects.RecoverySet.selector) {
            uint32 nonce = uint32(_field(log, 1));
            possible = nonce > self.recoveries[subject].nonce;
            self.recoveries[subject] = ISubjects.Recovery(party, uint32(_field(log, 0)), authEpoch, nonce);
            self.proposals[subject].newController = address(0);
        } else if (kind == ISubjects.RecoveryProposed.selector) {
            uint32 id = uint32(_field(log, 0));
            possible = id == self.proposals[subject].id + 1 && id != MAX32 && authEpoch != MAX24;
            self.proposals[subject] = ISubjects.Proposal(party, uint40(_field(log, 1)), id, authEpoch);
        }
    }

    /// @dev Whether a counter grew, or stays at its largest value.
    function _grew(uint24 before, uint24 afterwards) private pure returns (bool) {
        return afterwards > before || before == MAX24;
    }

    function _next(uint24 before, uint24 afterwards) private pure returns (bool) {
        return afterwards == (before == MAX24 ? before : before + 1);
    }

    /// @dev A field of the data, counted from 0.
    function _field(Vm.Log memory log, uint256 index) private pure returns (uint256 value) {
        bytes memory data = log.data;
        assembly ("memory-safe") {
            value := mload(add(data, mul(32, add(index, 1))))
        }
    }
}
// forge-lint: disable-end(unsafe-typecast)
