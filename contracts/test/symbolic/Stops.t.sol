// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IConsents} from "../../src/consent/IConsents.sol";
import {vm} from "../utils/Vm.sol";
import {SymbolicTest} from "./SymbolicTest.sol";

// Fields are cut out of words on purpose.
// forge-lint: disable-start(unsafe-typecast)
/// @notice See Symbolic.tree.
contract StopsProofs is SymbolicTest {
    function check_TheControllerCanRevokeAnyWord(uint256 consent, uint256 subject, uint256 freeze, uint40 time) public {
        _store(consent, subject, time);
        _storeFreeze(freeze);
        _assertStopped(consent, abi.encodeCall(registry.revoke, (PATIENT, CLINIC, SCOPE)));
        assert(_load().status == IConsents.Status.Revoked);
    }

    function check_TheControllerCanDenyAnyWord(uint256 consent, uint256 subject, uint40 time) public {
        _store(consent, subject, time);
        bool requested = _status() == IConsents.Status.Requested;
        _assertStopped(consent, abi.encodeCall(registry.deny, (PATIENT, CLINIC, SCOPE)));
        assert(_load().status == (requested ? IConsents.Status.Denied : IConsents.Status.Revoked));
    }

    function check_ASignedStopAppliesExactlyUpToItsVersion(
        uint256 consent,
        uint256 subject,
        uint32 through,
        uint40 time
    ) public {
        vm.assume(time != type(uint40).max);
        _store(consent, subject, time);
        uint32 before = _load().version;
        bool worked = _stopThrough(_controller(), through);
        assert(worked == (before <= through && before != MAX_VERSION));
        if (!worked) return;
        assert(_load().version == (through == MAX_VERSION ? through : through + 1));
        assert(_status() == IConsents.Status.Revoked);
        assert(!_isActive());
        // And never again.
        assert(!_stopThrough(_controller(), through));
    }

    function check_AGrantCannotFollowAStopThatReachesItsVersion(
        uint256 consent,
        uint256 subject,
        uint32 through,
        uint32 version,
        uint40 from,
        uint40 to,
        uint40 time
    ) public {
        vm.assume(time != type(uint40).max);
        vm.assume(version <= through);
        _store(consent, subject, time);
        address controller = _controller();
        uint24 seq = registry.subjects(PATIENT).seq;
        vm.assume(_stopThrough(controller, through));
        bool granted =
            _send(controller, abi.encodeCall(registry.grant, (PATIENT, CLINIC, SCOPE, seq, from, to, version)));
        assert(!granted);
        assert(_status() != IConsents.Status.Active);
    }

    function check_RevokeAllLeavesNothingActive(uint256 consent, uint256 subject, bool drop, uint40 time) public {
        // What is open was opened below the largest epoch, which no opening may have.
        vm.assume(uint24(consent >> 120) != MAX24);
        _store(consent, subject, time);
        vm.assume(_load().epoch <= registry.subjects(PATIENT).epoch);
        assert(_send(_controller(), abi.encodeCall(registry.revokeAll, (PATIENT, drop))));
        IConsents.Status status = _status();
        assert(status != IConsents.Status.Active && status != IConsents.Status.Requested);
        assert(!_isActive());
        // Another one changes no status.
        assert(_send(_controller(), abi.encodeCall(registry.revokeAll, (PATIENT, !drop))));
        assert(_status() == status);
    }

    function _assertStopped(uint256 consent, bytes memory data) private {
        uint32 before = uint32(consent >> 88);
        assert(_send(_controller(), data));
        assert(!_isActive());
        assert(_status() != IConsents.Status.Active);
        assert(_load().version == (before == MAX_VERSION ? before : before + 1));
    }
}
// forge-lint: disable-end(unsafe-typecast)
