// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IConsents} from "../../src/consent/IConsents.sol";
import {RegistryTest} from "../utils/RegistryTest.sol";
import {Vm, vm} from "../utils/Vm.sol";

/// @notice See ConsentRules.tree.
contract ConsentRulesTest is RegistryTest {
    /// @dev A call with any arguments. Small numbers stand for values near the ones that matter.
    struct Call {
        uint8 kind;
        uint8 from;
        uint8 to;
        uint8 by;
        uint8 version;
        bool deny;
    }

    /// @dev Any storable consent, before {_start} moves it into range.
    struct Seed {
        uint8 status;
        uint40 validFrom;
        uint40 validTo;
        uint32 version;
        uint24 epoch;
        uint40 changedAt;
        uint40 respondBy;
    }

    function testFuzz_AStopAlwaysWorksAndWins(Seed memory seed, bool deny) public {
        IConsents.Consent memory consent = _start(seed);
        IConsents.Status before = _status(SCOPE);

        _stop(deny);

        IConsents.Consent memory stopped = _stored(SCOPE);
        bool refused = deny && before == IConsents.Status.Requested;
        _assertStatus(stopped.status, refused ? IConsents.Status.Denied : IConsents.Status.Revoked, "status");
        _assertStatus(_status(SCOPE), stopped.status, "effective status");
        vm.assertFalse(_isActive(SCOPE), "stopped");
        vm.assertEq(stopped.version, consent.version == MAX_VERSION ? MAX_VERSION : consent.version + 1, "version");
        vm.assertEq(stopped.epoch, consent.epoch, "a stop keeps the epoch");
        vm.assertEq(stopped.validFrom, consent.validFrom, "a stop keeps validFrom");
        vm.assertEq(stopped.validTo, consent.validTo, "a stop keeps validTo");
        vm.assertEq(stopped.respondBy, consent.respondBy, "a stop keeps respondBy");
    }

    function testFuzz_AStopAndAnEarlierGrantEndNotActiveInEitherOrder(
        Seed memory seed,
        uint32 version,
        bool deny,
        bool stopFirst,
        bool valid
    ) public {
        IConsents.Consent memory consent = _start(seed);
        // What the subject may have meant before the stop: the valid version, or any up to it.
        uint32 target = _target(consent);
        version = valid ? target : uint32(_bound(version, 0, target));

        if (stopFirst) _stop(deny);
        vm.prank(PATIENT);
        (bool granted,) = address(registry)
            .call(abi.encodeCall(registry.grant, (PATIENT, CLINIC, SCOPE, 0, NOW, UNTIL_REVOKED, version)));
        if (stopFirst) vm.assertFalse(granted, "a grant follows the stop");
        else _stop(deny);

        vm.assertFalse(_isActive(SCOPE), "active after a stop");
        vm.assertTrue(_status(SCOPE) != IConsents.Status.Active, "Active after a stop");
    }

    function testFuzz_TheVersionNeverDecreases(Seed memory seed, Call[8] memory calls) public {
        _start(seed);
        address[3] memory callers = [PATIENT, CLINIC, STRANGER];
        for (uint256 i = 0; i < calls.length; ++i) {
            uint32 before = _stored(SCOPE).version;
            bool worked = _call(callers[calls[i].by % 3], calls[i]);
            uint32 current = _stored(SCOPE).version;
            vm.assertTrue(current == before || (worked && current == before + 1), "version moves by 0 or 1");
        }
    }

    function testFuzz_AThirdPartyCanOnlyRecordALapse(Seed memory seed, address caller, Call memory call) public {
        vm.assume(caller != PATIENT && caller != CLINIC);
        IConsents.Consent memory expected = _start(seed);
        IConsents.Status before = _status(SCOPE);
        bool lapsed = before == IConsents.Status.Expired && expected.status != before;

        bool worked = _call(caller, call);

        vm.assertTrue(worked == (lapsed && _kind(call) == 4), "only expire, only over a lapse");
        if (worked) {
            expected.status = IConsents.Status.Expired;
            expected.changedAt = NOW;
        }
        _assertSame(_stored(SCOPE), expected, "after a third party");
        _assertStatus(_status(SCOPE), before, "effective status");
    }

    function testFuzz_AGranteeNeverCausesActiveNorEndsIt(Seed memory seed, Call[4] memory calls) public {
        _start(seed);
        bool active = _status(SCOPE) == IConsents.Status.Active;
        for (uint256 i = 0; i < calls.length; ++i) {
            _call(CLINIC, calls[i]);
            vm.assertTrue((_status(SCOPE) == IConsents.Status.Active) == active, "a grantee changed what is active");
        }
    }

    function testFuzz_AGrantIsActiveExactlyInItsWindow(uint40 validFrom, uint40 validTo, uint40 time) public {
        validTo = uint40(_bound(validTo, NOW + 1, UNTIL_REVOKED));
        validFrom = uint40(_bound(validFrom, 0, validTo - 1));
        time = uint40(_bound(time, NOW, UNTIL_REVOKED - 1));
        _grantAs(PATIENT, SCOPE, validFrom, validTo, 1);

        _assertActiveExactly(time, validFrom, validTo);
        if (validFrom > NOW) _assertActiveExactly(validFrom - 1, validFrom, validTo);
        if (validFrom >= NOW) _assertActiveExactly(validFrom, validFrom, validTo);
        _assertActiveExactly(validTo - 1, validFrom, validTo);
        if (validTo != UNTIL_REVOKED) _assertActiveExactly(validTo, validFrom, validTo);
    }

    function testFuzz_ARequestLapsesAtRespondBy(uint40 respondBy, uint40 time) public {
        respondBy = uint40(_bound(respondBy, NOW + 1, NOW + 90 days));
        time = uint40(_bound(time, NOW, NOW + 180 days));
        _requestAs(CLINIC, SCOPE, respondBy, 1);
        uint40[3] memory times = [time, respondBy - 1, respondBy];
        for (uint256 i = 0; i < times.length; ++i) {
            vm.warp(times[i]);
            _assertStatus(
                _status(SCOPE), times[i] < respondBy ? IConsents.Status.Requested : IConsents.Status.Expired, "request"
            );
        }
    }

    function testFuzz_ALapseIsAnnouncedExactlyOnce(Seed memory seed, Call memory call) public {
        IConsents.Consent memory consent = _start(seed);
        bool lapsed = _status(SCOPE) == IConsents.Status.Expired && consent.status != IConsents.Status.Expired;
        vm.recordLogs();
        bool worked = _call(_kind(call) == 0 ? CLINIC : PATIENT, call);
        Vm.Log[] memory logs = vm.getRecordedLogs();

        uint256 announced = 0;
        for (uint256 i = 0; i < logs.length; ++i) {
            if (logs[i].topics[0] != IConsents.ConsentExpired.selector) continue;
            vm.assertEq(i, 0, "the lapse comes first");
            ++announced;
        }
        vm.assertEq(announced, worked && lapsed ? 1 : 0, "announced");
        if (worked) vm.assertEq(logs.length, announced + (_kind(call) == 4 ? 0 : 1), "one event a transition");
    }

    function testFuzz_OtherConsentsStayAsTheyAre(
        Seed memory seed,
        address subject,
        address grantee,
        bytes32 scope,
        Call memory call
    ) public {
        vm.assume(subject != PATIENT || grantee != CLINIC || scope != SCOPE);
        IConsents.Consent memory before = registry.consents(registry.consentId(subject, grantee, scope));
        _start(seed);
        _call(_kind(call) == 0 ? CLINIC : PATIENT, call);
        _assertSame(registry.consents(registry.consentId(subject, grantee, scope)), before, "another consent");
    }

    function testFuzz_ConsentIdsDiffer(
        address subject,
        address grantee,
        bytes32 scope,
        address subject2,
        address grantee2,
        bytes32 scope2,
        uint64 chain
    ) public {
        bytes32 id = registry.consentId(subject, grantee, scope);
        bool same = subject == subject2 && grantee == grantee2 && scope == scope2;
        vm.assertTrue((id == registry.consentId(subject2, grantee2, scope2)) == same, "parties and scope");
        if (subject != grantee) {
            vm.assertTrue(id != registry.consentId(grantee, subject, scope), "roles do not commute");
        }
        vm.assertTrue(id != _deploy(address(0), address(0)).consentId(subject, grantee, scope), "registry");
        vm.assume(chain != 0 && chain != block.chainid);
        vm.chainId(chain);
        vm.assertTrue(id != registry.consentId(subject, grantee, scope), "chain");
    }

    /// @dev Puts any storable consent in place, its times near now and its version often at the end of its range, so
    /// that every case is frequent.
    function _start(Seed memory seed) private returns (IConsents.Consent memory consent) {
        consent.status = IConsents.Status(seed.status % 6);
        consent.validFrom = _near(seed.validFrom);
        consent.validTo = seed.validTo % 8 == 7 ? UNTIL_REVOKED : _near(seed.validTo);
        consent.version = seed.version % 4 == 3 ? MAX_VERSION - seed.version / 4 % 4 : seed.version;
        consent.epoch = seed.epoch;
        consent.changedAt = seed.changedAt;
        consent.respondBy = _near(seed.respondBy);
        _put(SCOPE, consent);
        _assertSame(_stored(SCOPE), consent, "as put");
    }

    /// @dev The version that a valid grant would name.
    function _target(IConsents.Consent memory consent) private view returns (uint32) {
        if (_status(SCOPE) == IConsents.Status.Requested || consent.version == MAX_VERSION) {
            return consent.version;
        }
        return consent.version + 1;
    }

    function _stop(bool deny) private {
        if (deny) _deny(SCOPE);
        else _revoke(SCOPE);
    }

    function _kind(Call memory call) private pure returns (uint8) {
        return call.kind % 5;
    }

    function _call(address caller, Call memory call) private returns (bool worked) {
        uint40 from = _near(call.from);
        uint40 to = _near(call.to);
        uint40 by = _near(call.by);
        uint32 version;
        unchecked {
            version = _stored(SCOPE).version + call.version % 4;
        }
        bytes memory data;
        if (_kind(call) == 0) data = abi.encodeCall(registry.request, (PATIENT, CLINIC, SCOPE, from, to, by, version));
        else if (_kind(call) == 1) data = abi.encodeCall(registry.grant, (PATIENT, CLINIC, SCOPE, 0, from, to, version));
        else if (_kind(call) == 2) data = abi.encodeCall(registry.deny, (PATIENT, CLINIC, SCOPE));
        else if (_kind(call) == 3) data = abi.encodeCall(registry.revoke, (PATIENT, CLINIC, SCOPE));
        else data = abi.encodeCall(registry.expire, (PATIENT, CLINIC, SCOPE));
        vm.prank(caller);
        (worked,) = address(registry).call(data);
    }

    function _assertActiveExactly(uint40 time, uint40 validFrom, uint40 validTo) private {
        vm.warp(time);
        vm.assertTrue(_isActive(SCOPE) == (validFrom <= time && time < validTo), "isActive");
        _assertStatus(_status(SCOPE), time < validTo ? IConsents.Status.Active : IConsents.Status.Expired, "statusOf");
    }

    /// @dev A time within three seconds of now.
    function _near(uint40 value) private pure returns (uint40) {
        return NOW - 3 + value % 7;
    }

    function _bound(uint256 value, uint256 low, uint256 high) private pure returns (uint256) {
        return low + value % (high - low + 1);
    }
}
