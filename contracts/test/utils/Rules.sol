// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IConsents} from "../../src/consent/IConsents.sol";
import {ISubjects} from "../../src/consent/ISubjects.sol";
import {Act, Acts, Kind} from "./Acts.sol";
import {EventFold, Projection} from "./EventFold.sol";
import {vm} from "./Vm.sol";

// The block time decides, as in the registry.
// forge-lint: disable-start(block-timestamp)
/// @notice The table of transitions, written down a second time: whether a registry that is known from its events must
/// carry out an act, or must refuse it. Batches are compared with the sequence of their items instead.
library Rules {
    using EventFold for Projection;

    uint24 private constant MAX24 = type(uint24).max;
    uint32 private constant MAX32 = type(uint32).max;
    uint8 private constant REVOKE = 1;
    uint8 private constant DENY = 2;
    uint8 private constant GRANT = 4;

    /// @notice Whether an act must succeed.
    /// @param self What is known.
    /// @param act The act.
    /// @param signer The address of the key that signed it, or that sends it if it is direct.
    /// @param sender Who sends it.
    /// @param verified Whether the registries of grantees vouch for anybody.
    function allows(Projection storage self, Act memory act, address signer, address sender, bool verified)
        internal
        view
        returns (bool)
    {
        if (!_vouched(act, signer)) return false;
        if (act.kind == Kind.Request) return verified && _mayRequest(self, act);
        if (act.kind == Kind.Grant) return _mayGrant(self, act);
        if (act.kind == Kind.Deny) return _mayStop(self, act, DENY);
        if (act.kind == Kind.Revoke) return _mayStop(self, act, REVOKE);
        if (act.kind == Kind.Relinquish) return _mayRelinquish(self, act);
        if (act.kind == Kind.Expire) return _mayExpire(self, act);
        if (act.kind == Kind.Propose || act.kind == Kind.Freeze) return _mayAsRecoverer(self, act);
        if (act.kind == Kind.Recover) return _mayRecover(self, act, sender);
        return act.actor == self.controllerOf(act.subject) && _mayAsController(self, act, sender);
    }

    function _vouched(Act memory act, address signer) private view returns (bool) {
        if (act.kind == Kind.Expire || act.kind == Kind.Recover) return true;
        if (signer != act.actor) return false;
        if (act.isPlain()) return true;
        return block.timestamp <= act.deadline && (act.isStop() || act.deadline <= block.timestamp + 90 days);
    }

    function _mayRequest(Projection storage self, Act memory act) private view returns (bool) {
        IConsents.Status status = _status(self, act);
        uint256 time = block.timestamp;
        return act.actor == act.grantee && act.grantee != act.subject && act.from < act.to && act.to > time
            && act.by > time && act.by <= time + 90 days && status != IConsents.Status.Requested
            && status != IConsents.Status.Active && _mayOpen(self, act, _version(self, act) + 1);
    }

    function _mayGrant(Projection storage self, Act memory act) private view returns (bool) {
        (uint8 rights, uint40 end) = self.rightsAt(act.subject, act.actor, block.timestamp);
        uint256 target = _version(self, act) + (_status(self, act) == IConsents.Status.Requested ? 0 : 1);
        return rights & GRANT != 0 && act.actor != act.grantee && _seqFits(self, act) && !_isFrozen(self, act)
            && act.from < act.to && act.to > block.timestamp && act.to <= end && _mayOpen(self, act, target);
    }

    function _mayStop(Projection storage self, Act memory act, uint8 right) private view returns (bool) {
        (uint8 rights,) = self.rightsAt(act.subject, act.actor, block.timestamp);
        uint256 version = _version(self, act);
        return rights & right != 0 && (act.direct || (version <= act.number && version != MAX32));
    }

    function _mayRelinquish(Projection storage self, Act memory act) private view returns (bool) {
        IConsents.Status status = _status(self, act);
        return act.actor == act.grantee && (act.direct || act.number == _version(self, act))
            && (status == IConsents.Status.Requested || status == IConsents.Status.Active);
    }

    function _mayExpire(Projection storage self, Act memory act) private view returns (bool) {
        IConsents.Status stored = self.consents[self.idOf(act.subject, act.grantee, act.scope)].status;
        return stored != IConsents.Status.Expired && _status(self, act) == IConsents.Status.Expired;
    }

    function _mayAsController(Projection storage self, Act memory act, address sender) private view returns (bool) {
        ISubjects.Subject storage subject = self.subjects[act.subject];
        if (act.kind == Kind.RevokeAll) {
            return act.direct || (subject.epoch <= act.epoch && subject.epoch != MAX24);
        }
        if (act.kind == Kind.Invalidate) return subject.seq <= act.seq && subject.seq != MAX24;
        if (act.kind == Kind.Veto) {
            return self.proposedFor(act.subject) != address(0) && self.proposals[act.subject].id == act.number;
        }
        if (act.kind == Kind.RemoveDelegate) {
            uint32 nonce = self.delegates[act.subject][act.other].nonce;
            return act.other != address(0) && nonce <= act.number && nonce != MAX32;
        }
        uint256 known = self.recoveries[act.subject].nonce;
        if (act.kind == Kind.SetRecovery && act.other == address(0)) return act.delay == 0 && act.number > known;
        if (!_seqFits(self, act)) return false;
        if (act.kind == Kind.Unfreeze) return _isFrozen(self, act);
        if (act.kind == Kind.Rotate) {
            return act.other != address(0) && act.other != act.actor && _accepted(self, act, act.other, sender);
        }
        if (act.other == act.actor || subject.authEpoch == MAX24) return false;
        if (act.kind == Kind.SetRecovery) {
            return act.delay >= 48 hours && act.delay <= 90 days && act.number == known + 1 && act.number != MAX32;
        }
        return act.other != address(0) && act.rights != 0 && act.rights <= 7 && act.from < act.to
            && act.to > block.timestamp && !_isFrozen(self, act) && act.number != MAX32
            && act.number == uint256(self.delegates[act.subject][act.other].nonce) + 1;
    }

    function _mayAsRecoverer(Projection storage self, Act memory act) private view returns (bool) {
        if (act.actor != self.recovererOf(act.subject) || act.actor == address(0)) return false;
        if (act.kind == Kind.Freeze) {
            return _seqFits(self, act) && block.timestamp >= self.subjects[act.subject].nextFreezeAt;
        }
        return act.other != address(0) && act.other != self.controllerOf(act.subject) && act.number != MAX32
            && act.number == uint256(self.proposals[act.subject].id) + 1;
    }

    function _mayRecover(Projection storage self, Act memory act, address sender) private view returns (bool) {
        ISubjects.Proposal storage proposal = self.proposals[act.subject];
        address proposed = self.proposedFor(act.subject);
        return proposed != address(0) && proposal.id == act.number && block.timestamp >= proposal.readyAt
            && proposed != self.controllerOf(act.subject) && self.subjects[act.subject].seq != MAX24
            && _accepted(self, act, proposed, sender);
    }

    /// @dev Whether the new controller agreed: it sends, or it signed for this seq.
    function _accepted(Projection storage self, Act memory act, address controller, address sender)
        private
        view
        returns (bool)
    {
        if (sender == controller) return true;
        return vm.addr(Acts.secret(act.acceptor)) == controller && act.seq == self.subjects[act.subject].seq
            && block.timestamp <= act.deadline && act.deadline <= block.timestamp + 90 days;
    }

    /// @dev Whether a consent may be opened with the version named, which has to be `target`.
    function _mayOpen(Projection storage self, Act memory act, uint256 target) private view returns (bool) {
        return act.number == target && target < MAX32 && self.subjects[act.subject].epoch < MAX24;
    }

    function _seqFits(Projection storage self, Act memory act) private view returns (bool) {
        return act.seq == self.subjects[act.subject].seq && act.seq != MAX24;
    }

    function _isFrozen(Projection storage self, Act memory act) private view returns (bool) {
        return block.timestamp < self.subjects[act.subject].frozenUntil;
    }

    function _version(Projection storage self, Act memory act) private view returns (uint256) {
        return self.consents[self.idOf(act.subject, act.grantee, act.scope)].version;
    }

    function _status(Projection storage self, Act memory act) private view returns (IConsents.Status) {
        return self.statusAt(self.idOf(act.subject, act.grantee, act.scope), act.subject, block.timestamp);
    }
}
// forge-lint: disable-end(block-timestamp)
