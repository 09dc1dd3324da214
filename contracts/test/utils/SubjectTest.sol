// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IConsents} from "../../src/consent/IConsents.sol";
import {ISubjects} from "../../src/consent/ISubjects.sol";
import {
    Batch,
    BatchMode,
    Freeze,
    Invalidate,
    Op,
    OpKind,
    ProposeRecovery,
    RemoveDelegate,
    Rotate,
    SetDelegate,
    SetRecovery,
    Unfreeze,
    Veto
} from "../../src/consent/Intents.sol";
import {Key, SignedTest} from "./SignedTest.sol";
import {SituationTest} from "./SituationTest.sol";
import {vm} from "./Vm.sol";

/// @notice Short forms of what is decided for `PATIENT`, each sent by its actor.
abstract contract SubjectTest is SignedTest, SituationTest {
    address internal constant PARENT = address(uint160(uint256(keccak256("parent"))));
    address internal constant RECOVERER = address(uint160(uint256(keccak256("recoverer"))));
    uint32 internal constant DELAY = 48 hours;
    uint24 internal constant MAX24 = type(uint24).max;
    uint32 internal constant MAX32 = type(uint32).max;

    function setUp() public virtual override(SignedTest, SituationTest) {
        SituationTest.setUp();
    }

    function _grantAt(address actor, uint24 seq, uint32 version) internal {
        vm.prank(actor);
        registry.grant(PATIENT, CLINIC, SCOPE, seq, NOW, NOW + DAY, version);
    }

    function _revokeAll(address actor, bool dropDelegates) internal {
        vm.prank(actor);
        registry.revokeAll(PATIENT, dropDelegates);
    }

    function _invalidate(address actor, uint24 throughSeq) internal {
        vm.prank(actor);
        registry.invalidate(Invalidate(actor, PATIENT, throughSeq, _time()), _none());
    }

    function _rotate(address actor, Key memory to, uint24 seq) internal {
        vm.prank(actor);
        registry.rotate(Rotate(actor, PATIENT, to.id, seq, _time()), _none(), _accept(to, PATIENT, seq));
    }

    function _setDelegate(address actor, address delegate, uint8 rights, uint32 nonce, uint24 seq) internal {
        _setDelegate(actor, delegate, rights, NOW, NOW + 30 * DAY, nonce, seq);
    }

    function _setDelegate(
        address actor,
        address delegate,
        uint8 rights,
        uint40 validFrom,
        uint40 validTo,
        uint32 nonce,
        uint24 seq
    ) internal {
        vm.prank(actor);
        registry.setDelegate(
            SetDelegate(actor, PATIENT, delegate, rights, validFrom, validTo, nonce, seq, _time()), _none()
        );
    }

    function _removeDelegate(address actor, address delegate, uint32 throughNonce) internal {
        vm.prank(actor);
        registry.removeDelegate(RemoveDelegate(actor, PATIENT, delegate, throughNonce, _time()), _none());
    }

    function _setRecovery(address actor, address recoverer, uint32 delay, uint32 nonce, uint24 seq) internal {
        vm.prank(actor);
        registry.setRecovery(SetRecovery(actor, PATIENT, recoverer, delay, nonce, seq, _time()), _none());
    }

    function _propose(address actor, address newController, uint32 proposalId) internal {
        vm.prank(actor);
        registry.proposeRecovery(ProposeRecovery(actor, PATIENT, newController, proposalId, _time()), _none());
    }

    function _veto(address actor, uint32 proposalId) internal {
        vm.prank(actor);
        registry.veto(Veto(actor, PATIENT, proposalId, _time()), _none());
    }

    function _freeze(address actor, uint24 seq) internal {
        vm.prank(actor);
        registry.freeze(Freeze(actor, PATIENT, seq, _time()), _none());
    }

    function _unfreeze(address actor, uint24 seq) internal {
        vm.prank(actor);
        registry.unfreeze(Unfreeze(actor, PATIENT, seq, _time()), _none());
    }

    function _batch(address actor, BatchMode mode, uint24 seq, Op[] memory ops) internal {
        vm.prank(actor);
        registry.batch(Batch(actor, PATIENT, mode, seq, ops, _time()), _none());
    }

    function _batchCall(address actor, BatchMode mode, uint24 seq, Op[] memory ops)
        internal
        view
        returns (bytes memory)
    {
        return abi.encodeCall(registry.batch, (Batch(actor, PATIENT, mode, seq, ops, _time()), _none()));
    }

    function _grantOp(bytes32 scope, uint32 version) internal pure returns (Op memory) {
        return Op(OpKind.Grant, CLINIC, scope, NOW, NOW + DAY, version);
    }

    function _revokeOp(bytes32 scope, uint32 throughVersion) internal pure returns (Op memory) {
        return Op(OpKind.Revoke, CLINIC, scope, 0, 0, throughVersion);
    }

    function _denyOp(bytes32 scope, uint32 throughVersion) internal pure returns (Op memory) {
        return Op(OpKind.Deny, CLINIC, scope, 0, 0, throughVersion);
    }

    function _ops(Op memory first) internal pure returns (Op[] memory ops) {
        ops = new Op[](1);
        ops[0] = first;
    }

    function _ops(Op memory first, Op memory second) internal pure returns (Op[] memory ops) {
        ops = new Op[](2);
        (ops[0], ops[1]) = (first, second);
        _sort(ops);
    }

    /// @dev Puts items into the order that a batch must have.
    function _sort(Op[] memory ops) internal pure {
        for (uint256 i = 1; i < ops.length; ++i) {
            for (uint256 j = i; j > 0 && _isBefore(ops[j], ops[j - 1]); --j) {
                (ops[j], ops[j - 1]) = (ops[j - 1], ops[j]);
            }
        }
    }

    function _isBefore(Op memory left, Op memory right) private pure returns (bool) {
        if (left.grantee != right.grantee) return left.grantee < right.grantee;
        return left.scopeId < right.scopeId;
    }

    function _subject() internal view returns (ISubjects.Subject memory) {
        return registry.subjects(PATIENT);
    }

    function _assertSubject(ISubjects.Subject memory expected, string memory what) internal view {
        ISubjects.Subject memory actual = _subject();
        vm.assertEq(actual.controller, expected.controller, string.concat(what, ": controller"));
        vm.assertEq(actual.epoch, expected.epoch, string.concat(what, ": epoch"));
        vm.assertEq(actual.authEpoch, expected.authEpoch, string.concat(what, ": authEpoch"));
        vm.assertEq(actual.seq, expected.seq, string.concat(what, ": seq"));
        vm.assertEq(actual.frozenUntil, expected.frozenUntil, string.concat(what, ": frozenUntil"));
        vm.assertEq(actual.nextFreezeAt, expected.nextFreezeAt, string.concat(what, ": nextFreezeAt"));
    }

    /// @dev Writes the patient's word straight into storage: controller, epoch, authEpoch, seq.
    function _putSubject(address controller, uint24 epoch, uint24 authEpoch, uint24 seq) internal {
        uint256 word =
            uint160(controller) | (uint256(epoch) << 160) | (uint256(authEpoch) << 184) | (uint256(seq) << 208);
        vm.store(address(registry), _slotOf(PATIENT, 2), bytes32(word));
    }

    /// @dev Writes a delegate's nonce straight into storage.
    function _putDelegateNonce(address delegate, uint32 nonce) internal {
        vm.store(
            address(registry), keccak256(abi.encode(delegate, _slotOf(PATIENT, 3))), bytes32(uint256(nonce) << 112)
        );
    }

    /// @dev Writes the nonce of the patient's recovery straight into storage.
    function _putRecoveryNonce(uint32 nonce) internal {
        vm.store(address(registry), _slotOf(PATIENT, 4), bytes32(uint256(nonce) << 216));
    }

    /// @dev Writes the number of the patient's last proposal straight into storage.
    function _putProposalId(uint32 id) internal {
        vm.store(address(registry), _slotOf(PATIENT, 5), bytes32(uint256(id) << 200));
    }

    function _slotOf(address subject, uint256 mapping_) internal pure returns (bytes32) {
        return keccak256(abi.encode(subject, mapping_));
    }

    function _notAuthorized(address actor) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(ISubjects.NotAuthorized.selector, actor, PATIENT);
    }

    function _wrongSeq(uint24 given, uint24 expected) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(ISubjects.WrongSeq.selector, given, expected);
    }

    function _wrongVersion(uint32 given, uint32 expected) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(IConsents.WrongVersion.selector, given, expected);
    }

    /// @dev The block time, for the deadline of what happens at once.
    function _time() internal view returns (uint40) {
        // forge-lint: disable-next-line(unsafe-typecast)
        return uint40(vm.getBlockTimestamp());
    }
}
