// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IGrantees} from "../../../src/grantees/IGrantees.sol";
import {IHospitalRegistry} from "../../../src/grantees/IHospitalRegistry.sol";
import {vm} from "../../utils/Vm.sol";
import {GranteeTest} from "./GranteeTest.sol";
import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";

/// @notice See GranteeCases.tree: what holds in both registries alike. Each names its own grantee, and what of it is
/// its own.
abstract contract GranteeCases is GranteeTest {
    /// @dev What both registries store.
    struct State {
        IGrantees.Status status;
        uint40 validTo;
        uint40 changedAt;
    }

    /// @dev Situations of a grantee at `NOW`. The lapsed one's validity ended at that very second.
    enum Situation {
        None,
        Verified,
        Lapsed,
        Suspended,
        Removed
    }

    uint256 internal constant SITUATIONS = uint256(type(Situation).max) + 1;

    function setUp() public virtual override {
        super.setUp();
        vm.warp(BEFORE);
        _prepare();
        _verify(_grantee(Situation.Verified), NOW + 1, 0);
        _verify(_grantee(Situation.Lapsed), NOW, 0);
        _verify(_grantee(Situation.Suspended), NOW + 1, 0);
        _suspend(SUSPENDER, _grantee(Situation.Suspended));
        _verify(_grantee(Situation.Removed), NOW + 1, 0);
        _remove(REGISTRAR, _grantee(Situation.Removed));
        vm.warp(NOW);
    }

    function test_RefusesWhoeverLacksTheRole() public {
        address grantee = _grantee(Situation.Verified);
        bytes[4] memory calls = [
            _verifyCall(grantee, CREDENTIAL, NOW + DAY, BEFORE),
            abi.encodeCall(IHospitalRegistry.suspend, (grantee, REASON)),
            abi.encodeCall(IHospitalRegistry.reinstate, (grantee, REASON, BEFORE)),
            abi.encodeCall(IHospitalRegistry.remove, (grantee, REASON))
        ];
        address[6] memory callers = [STRANGER, grantee, ADMIN, address(this), REGISTRAR, SUSPENDER];
        for (uint256 i = 0; i < calls.length; ++i) {
            for (uint256 j = 0; j < callers.length; ++j) {
                if (callers[j] == (i == 1 ? SUSPENDER : REGISTRAR)) continue;
                vm.prank(callers[j]);
                (bool worked, bytes memory data) = address(_registry()).call(calls[i]);
                vm.assertFalse(worked, "allowed");
                vm.assertEq(
                    data,
                    abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, callers[j]),
                    "reason"
                );
            }
        }
    }

    function test_VerifyRefusesTheZeroAddress() public {
        _expectVerifyRefused(address(0), CREDENTIAL, NOW + 1, 0, abi.encodeWithSelector(IGrantees.ZeroGrantee.selector));
    }

    function test_VerifyRefusesMissingEvidence() public {
        address grantee = _grantee(Situation.None);
        _expectVerifyRefused(grantee, 0, NOW + 1, 0, abi.encodeWithSelector(IGrantees.ZeroCredential.selector));
    }

    function test_VerifyRefusesAValidityThatIsOver() public {
        address grantee = _grantee(Situation.None);
        bytes memory over = abi.encodeWithSelector(IGrantees.ValidityOver.selector, NOW, NOW);
        _expectVerifyRefused(grantee, CREDENTIAL, NOW, 0, over);
        over = abi.encodeWithSelector(IGrantees.ValidityOver.selector, 0, NOW);
        _expectVerifyRefused(grantee, CREDENTIAL, 0, 0, over);
    }

    function test_VerifyRefusesASuspendedOne() public {
        address grantee = _grantee(Situation.Suspended);
        bytes memory reason =
            abi.encodeWithSelector(IGrantees.WrongStatus.selector, grantee, IGrantees.Status.Suspended);
        _expectVerifyRefused(grantee, CREDENTIAL, NOW + 1, BEFORE, reason);
    }

    function test_VerifyRefusesWhatWasDecidedOnAnotherState() public {
        Situation[4] memory open = [Situation.None, Situation.Verified, Situation.Lapsed, Situation.Removed];
        for (uint256 i = 0; i < open.length; ++i) {
            address grantee = _grantee(open[i]);
            uint40 changedAt = _state(grantee).changedAt;
            uint40[3] memory wrong = [changedAt + 1, changedAt == 0 ? NOW : 0, UNTIL_REMOVED];
            for (uint256 j = 0; j < wrong.length; ++j) {
                bytes memory reason = abi.encodeWithSelector(IGrantees.ChangedSince.selector, wrong[j], changedAt);
                _expectVerifyRefused(grantee, CREDENTIAL, NOW + 1, wrong[j], reason);
            }
        }
    }

    function test_VerifyStoresAndAnnounces() public {
        Situation[4] memory open = [Situation.None, Situation.Verified, Situation.Lapsed, Situation.Removed];
        for (uint256 i = 0; i < open.length; ++i) {
            address grantee = _grantee(open[i]);
            uint40 asOf = _state(grantee).changedAt;
            vm.expectEmit(address(_registry()));
            _emitVerified(grantee, CREDENTIAL, UNTIL_REMOVED - 1);
            _verify(grantee, UNTIL_REMOVED - 1, asOf);
            _assertState(grantee, IGrantees.Status.Verified, UNTIL_REMOVED - 1);
            vm.assertTrue(_registry().isVerified(grantee), "verified");
        }
    }

    function test_SuspendStoresAndAnnounces() public {
        Situation[2] memory verified = [Situation.Verified, Situation.Lapsed];
        for (uint256 i = 0; i < verified.length; ++i) {
            address grantee = _grantee(verified[i]);
            uint40 validTo = _state(grantee).validTo;
            vm.expectEmit(address(_registry()));
            _emitSuspended(grantee, REASON);
            _suspend(SUSPENDER, grantee);
            _assertState(grantee, IGrantees.Status.Suspended, validTo);
            vm.assertFalse(_registry().isVerified(grantee), "suspended");
        }
    }

    function test_SuspendRefusesWhatIsNotVerified() public {
        Situation[3] memory wrong = [Situation.None, Situation.Suspended, Situation.Removed];
        for (uint256 i = 0; i < wrong.length; ++i) {
            _expectWrongStatus(_grantee(wrong[i]));
            _suspend(SUSPENDER, _grantee(wrong[i]));
        }
    }

    function test_ReinstateStoresAndAnnounces() public {
        address grantee = _grantee(Situation.Suspended);
        vm.expectEmit(address(_registry()));
        _emitReinstated(grantee, REASON);
        _reinstate(REGISTRAR, grantee, BEFORE);
        _assertState(grantee, IGrantees.Status.Verified, NOW + 1);
        vm.assertTrue(_registry().isVerified(grantee), "reinstated");
    }

    function test_ReinstateBringsNoLapsedValidityBack() public {
        address grantee = _grantee(Situation.Suspended);
        vm.warp(NOW + 1);
        _reinstate(REGISTRAR, grantee, BEFORE);
        _assertStatus(_state(grantee).status, IGrantees.Status.Verified, "stored");
        vm.assertFalse(_registry().isVerified(grantee), "lapsed");
    }

    function test_ReinstateRefusesWhatIsNotSuspended() public {
        Situation[4] memory wrong = [Situation.None, Situation.Verified, Situation.Lapsed, Situation.Removed];
        for (uint256 i = 0; i < wrong.length; ++i) {
            uint40 asOf = _state(_grantee(wrong[i])).changedAt;
            _expectWrongStatus(_grantee(wrong[i]));
            _reinstate(REGISTRAR, _grantee(wrong[i]), asOf);
        }
    }

    function test_ReinstateRefusesAnotherSuspension() public {
        address grantee = _grantee(Situation.Suspended);
        _reinstate(REGISTRAR, grantee, BEFORE);
        vm.warp(NOW + 5);
        _suspend(SUSPENDER, grantee);
        vm.expectRevert(abi.encodeWithSelector(IGrantees.ChangedSince.selector, BEFORE, NOW + 5));
        _reinstate(REGISTRAR, grantee, BEFORE);
    }

    function test_RemoveStoresAndAnnounces() public {
        Situation[3] memory known = [Situation.Verified, Situation.Lapsed, Situation.Suspended];
        for (uint256 i = 0; i < known.length; ++i) {
            address grantee = _grantee(known[i]);
            uint40 validTo = _state(grantee).validTo;
            vm.expectEmit(address(_registry()));
            _emitRemoved(grantee, REASON);
            _remove(REGISTRAR, grantee);
            _assertState(grantee, IGrantees.Status.Removed, validTo);
            vm.assertFalse(_registry().isVerified(grantee), "removed");
        }
    }

    function test_RemoveRefusesTheUnknownAndTheRemoved() public {
        Situation[2] memory wrong = [Situation.None, Situation.Removed];
        for (uint256 i = 0; i < wrong.length; ++i) {
            _expectWrongStatus(_grantee(wrong[i]));
            _remove(REGISTRAR, _grantee(wrong[i]));
        }
    }

    function test_IsVerifiedBeforeValidToOnly() public {
        address grantee = _grantee(Situation.Verified);
        vm.warp(NOW - 1);
        vm.assertTrue(_registry().isVerified(_grantee(Situation.Lapsed)), "the second before the end");
        vm.warp(NOW);
        vm.assertFalse(_registry().isVerified(_grantee(Situation.Lapsed)), "at the end");
        vm.assertTrue(_registry().isVerified(grantee), "the second before its end");
        vm.warp(NOW + 1);
        vm.assertFalse(_registry().isVerified(grantee), "at its end");
        vm.assertFalse(_registry().isVerified(address(0)), "nobody");
    }

    function test_AnUnknownOneReadsAsAllZero() public view {
        State memory state = _state(_grantee(Situation.None));
        _assertStatus(state.status, IGrantees.Status.None, "status");
        vm.assertEq(state.validTo, 0, "validTo");
        vm.assertEq(state.changedAt, 0, "changedAt");
    }

    function test_AChangeWritesTheGranteesWordOnly() public {
        address grantee = _grantee(Situation.None);
        vm.record();
        _verify(grantee, NOW + DAY, 0);
        _suspend(SUSPENDER, grantee);
        _reinstate(REGISTRAR, grantee, NOW);
        _remove(REGISTRAR, grantee);
        (, bytes32[] memory writes) = vm.accesses(address(_registry()));
        vm.assertTrue(writes.length >= 4, "writes");
        for (uint256 i = 0; i < writes.length; ++i) {
            vm.assertEq(writes[i], _slot(grantee), "another word");
        }
    }

    function test_TakesNoEther() public {
        vm.deal(REGISTRAR, 2);
        bytes memory call = _verifyCall(_grantee(Situation.None), CREDENTIAL, NOW + DAY, 0);
        vm.prank(REGISTRAR);
        (bool worked,) = address(_registry()).call{value: 1}(call);
        vm.assertFalse(worked, "with a call");
        vm.prank(REGISTRAR);
        (worked,) = address(_registry()).call{value: 1}("");
        vm.assertFalse(worked, "without one");
    }

    /// @dev The registry under test. Both have the same `suspend`, `reinstate` and `remove`.
    function _registry() internal view virtual returns (IHospitalRegistry);

    /// @dev What must be there before anybody is verified.
    function _prepare() internal virtual;

    function _verifyCall(address grantee, bytes32 credential, uint40 validTo, uint40 asOf)
        internal
        pure
        virtual
        returns (bytes memory);

    function _state(address grantee) internal view virtual returns (State memory);

    function _emitVerified(address grantee, bytes32 credential, uint40 validTo) internal virtual;

    function _emitSuspended(address grantee, bytes32 reason) internal virtual;

    function _emitReinstated(address grantee, bytes32 reason) internal virtual;

    function _emitRemoved(address grantee, bytes32 reason) internal virtual;

    function _grantee(Situation situation) internal pure returns (address) {
        return address(uint160(uint256(keccak256(abi.encode("grantee", situation)))));
    }

    function _verify(address grantee, uint40 validTo, uint40 asOf) internal {
        vm.prank(REGISTRAR);
        (bool worked,) = address(_registry()).call(_verifyCall(grantee, CREDENTIAL, validTo, asOf));
        vm.assertTrue(worked, "verify");
    }

    function _suspend(address caller, address grantee) internal {
        vm.prank(caller);
        _registry().suspend(grantee, REASON);
    }

    function _reinstate(address caller, address grantee, uint40 asOf) internal {
        vm.prank(caller);
        _registry().reinstate(grantee, REASON, asOf);
    }

    function _remove(address caller, address grantee) internal {
        vm.prank(caller);
        _registry().remove(grantee, REASON);
    }

    function _expectVerifyRefused(address grantee, bytes32 credential, uint40 validTo, uint40 asOf, bytes memory reason)
        internal
    {
        vm.prank(REGISTRAR);
        (bool worked, bytes memory data) = address(_registry()).call(_verifyCall(grantee, credential, validTo, asOf));
        vm.assertFalse(worked, "verified");
        vm.assertEq(data, reason, "reason");
    }

    function _assertState(address grantee, IGrantees.Status status, uint40 validTo) internal view {
        State memory state = _state(grantee);
        _assertStatus(state.status, status, "status");
        vm.assertEq(state.validTo, validTo, "validTo");
        vm.assertEq(state.changedAt, NOW, "changedAt");
    }

    function _expectWrongStatus(address grantee) private {
        IGrantees.Status status = _state(grantee).status;
        vm.expectRevert(abi.encodeWithSelector(IGrantees.WrongStatus.selector, grantee, status));
    }
}
