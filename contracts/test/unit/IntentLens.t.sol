// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IConsents} from "../../src/consent/IConsents.sol";
import {ISubjects} from "../../src/consent/ISubjects.sol";
import {IntentLens} from "../../src/consent/IntentLens.sol";
import {
    AcceptControl,
    Acceptance,
    Batch,
    BatchMode,
    Deny,
    Freeze,
    Grant,
    Invalidate,
    Op,
    OpKind,
    Proof,
    ProposeRecovery,
    Relinquish,
    RemoveDelegate,
    Request,
    Revoke,
    RevokeAll,
    Rotate,
    SetDelegate,
    SetRecovery,
    Unfreeze,
    Veto
} from "../../src/consent/Intents.sol";
import {Built} from "../utils/Built.sol";
import {RegistryTest} from "../utils/RegistryTest.sol";
import {vm} from "../utils/Vm.sol";

/// @notice See IntentLens.tree. Whatever is signed here is sent by somebody else, so that it applies only if the lens
/// and the registry agree on the digest.
contract IntentLensTest is RegistryTest {
    uint256 private constant PATIENT_KEY = 0xA11CE;
    uint256 private constant CLINIC_KEY = 0xC11;
    uint256 private constant RECOVERER_KEY = 0xEC0;
    uint256 private constant NEXT_KEY = 0x2E;
    uint40 private constant DEADLINE = NOW + DAY;

    IntentLens private lens;
    address private patient;
    address private clinic;
    address private recoverer;
    address private next;

    function setUp() public override {
        super.setUp();
        lens = Built.lens();
        patient = vm.addr(PATIENT_KEY);
        clinic = vm.addr(CLINIC_KEY);
        recoverer = vm.addr(RECOVERER_KEY);
        next = vm.addr(NEXT_KEY);
    }

    function test_TheRegistryTakesWhatAGranteeSigns() public {
        Request memory request = Request(clinic, patient, clinic, SCOPE, NOW, UNTIL_REVOKED, NOW + DAY, 1, DEADLINE);
        registry.requestBySig(request, _signed(CLINIC_KEY, lens.digestRequest(address(registry), request)));
        _requireStatus(IConsents.Status.Requested, "requested");

        Relinquish memory relinquish = Relinquish(clinic, patient, clinic, SCOPE, 1, DEADLINE);
        registry.relinquishBySig(relinquish, _signed(CLINIC_KEY, lens.digestRelinquish(address(registry), relinquish)));
        _requireStatus(IConsents.Status.Revoked, "relinquished");
    }

    function test_TheRegistryTakesWhatASubjectSignsAboutAConsent() public {
        Grant memory grant = _grantOf(1);
        registry.grantBySig(grant, _signed(PATIENT_KEY, lens.digestGrant(address(registry), grant)));
        _requireStatus(IConsents.Status.Active, "granted");

        Revoke memory revoke = Revoke(patient, patient, clinic, SCOPE, 2, DEADLINE);
        registry.revokeBySig(revoke, _signed(PATIENT_KEY, lens.digestRevoke(address(registry), revoke)));
        _requireStatus(IConsents.Status.Revoked, "revoked");

        vm.prank(clinic);
        registry.request(patient, clinic, SCOPE, NOW, UNTIL_REVOKED, NOW + DAY, 4);
        Deny memory deny = Deny(patient, patient, clinic, SCOPE, 5, DEADLINE);
        registry.denyBySig(deny, _signed(PATIENT_KEY, lens.digestDeny(address(registry), deny)));
        _requireStatus(IConsents.Status.Denied, "denied");

        Op[] memory ops = new Op[](2);
        ops[0] = Op(OpKind.Grant, clinic, SCOPE, NOW, UNTIL_REVOKED, 7);
        ops[1] = Op(OpKind.Revoke, clinic, keccak256("another scope"), 0, 0, 1);
        Batch memory batch = Batch(patient, patient, BatchMode.Atomic, 0, ops, DEADLINE);
        registry.batch(batch, _signed(PATIENT_KEY, lens.digestBatch(address(registry), batch)));
        _requireStatus(IConsents.Status.Active, "granted in a batch");
    }

    function test_TheRegistryTakesWhatASubjectSignsAboutItself() public {
        SetDelegate memory setDelegate = SetDelegate(patient, patient, next, 7, NOW, NOW + DAY, 1, 0, DEADLINE);
        registry.setDelegate(setDelegate, _signed(PATIENT_KEY, lens.digestSetDelegate(address(registry), setDelegate)));
        (uint8 rights,) = registry.rightsOf(patient, next);
        vm.assertEq(rights, 7, "delegate");

        RemoveDelegate memory remove = RemoveDelegate(patient, patient, next, 1, DEADLINE);
        registry.removeDelegate(remove, _signed(PATIENT_KEY, lens.digestRemoveDelegate(address(registry), remove)));
        (rights,) = registry.rightsOf(patient, next);
        vm.assertEq(rights, 0, "no delegate");

        Invalidate memory invalidate = Invalidate(patient, patient, 0, DEADLINE);
        registry.invalidate(invalidate, _signed(PATIENT_KEY, lens.digestInvalidate(address(registry), invalidate)));
        vm.assertEq(registry.subjects(patient).seq, 1, "seq after the invalidation");

        RevokeAll memory all = RevokeAll(patient, patient, 0, 1, true, DEADLINE);
        registry.revokeAllBySig(all, _signed(PATIENT_KEY, lens.digestRevokeAll(address(registry), all)));
        vm.assertEq(registry.subjects(patient).epoch, 1, "epoch");

        Rotate memory rotate = Rotate(patient, patient, next, 2, DEADLINE);
        registry.rotate(rotate, _signed(PATIENT_KEY, lens.digestRotate(address(registry), rotate)), _accepted(2));
        vm.assertEq(registry.subjects(patient).controller, next, "controller");
    }

    function test_TheRegistryTakesWhatARecovererAndTheNextControllerSign() public {
        _setRecovery();
        Freeze memory freeze = Freeze(recoverer, patient, 0, DEADLINE);
        registry.freeze(freeze, _signed(RECOVERER_KEY, lens.digestFreeze(address(registry), freeze)));
        vm.assertEq(registry.subjects(patient).frozenUntil, NOW + 2 * DAY, "frozen");

        Unfreeze memory unfreeze = Unfreeze(patient, patient, 1, DEADLINE);
        registry.unfreeze(unfreeze, _signed(PATIENT_KEY, lens.digestUnfreeze(address(registry), unfreeze)));
        vm.assertEq(registry.subjects(patient).frozenUntil, 0, "not frozen");

        _propose(1);
        Veto memory veto = Veto(patient, patient, 1, DEADLINE);
        registry.veto(veto, _signed(PATIENT_KEY, lens.digestVeto(address(registry), veto)));
        vm.assertEq(registry.proposals(patient).newController, address(0), "vetoed");

        _propose(2);
        vm.warp(NOW + 2 * DAY);
        registry.recover(patient, 2, _accepted(1));
        vm.assertEq(registry.subjects(patient).controller, next, "recovered");
    }

    function test_ADigestForAnotherRegistryOrChainIsRefused() public {
        Grant memory grant = _grantOf(1);
        Proof memory elsewhere = _signed(PATIENT_KEY, lens.digestGrant(STRANGER, grant));
        vm.expectRevert(abi.encodeWithSelector(ISubjects.BadSignature.selector, patient));
        registry.grantBySig(grant, elsewhere);

        vm.chainId(block.chainid + 1);
        Proof memory onAnotherChain = _signed(PATIENT_KEY, lens.digestGrant(address(registry), grant));
        vm.chainId(block.chainid - 1);
        vm.expectRevert(abi.encodeWithSelector(ISubjects.BadSignature.selector, patient));
        registry.grantBySig(grant, onAnotherChain);
    }

    function test_ConsentIdIsThatOfTheRegistry() public view {
        vm.assertEq(
            lens.consentId(address(registry), PATIENT, CLINIC, SCOPE),
            registry.consentId(PATIENT, CLINIC, SCOPE),
            "of this registry"
        );
        vm.assertTrue(
            lens.consentId(STRANGER, PATIENT, CLINIC, SCOPE) != registry.consentId(PATIENT, CLINIC, SCOPE),
            "of another registry"
        );
    }

    function test_SignerIdIsTheActorThatTheRegistryTakes() public {
        bytes memory signer = abi.encodePacked(address(registry), "a key");
        Grant memory grant = _grantOf(1);
        grant.actor = lens.signerId(signer);
        // Had the id been another's, it would be BadSigner; the registry is no verifier, so nobody signed.
        vm.expectRevert(abi.encodeWithSelector(ISubjects.BadSignature.selector, grant.actor));
        registry.grantBySig(grant, Proof(signer, ""));
    }

    function test_TypeHashesAreThoseOfTheHashesEachNamedOnce() public view {
        IntentLens.TypeHash[] memory all = lens.typeHashes();
        vm.assertEq(all.length, 18, "how many");
        for (uint256 i = 0; i < all.length; ++i) {
            for (uint256 j = 0; j < i; ++j) {
                vm.assertTrue(all[i].typeHash != all[j].typeHash, all[i].name);
                vm.assertTrue(keccak256(bytes(all[i].name)) != keccak256(bytes(all[j].name)), all[i].name);
            }
        }
        Grant memory grant = _grantOf(1);
        vm.assertEq(keccak256(bytes(all[1].name)), keccak256("Grant"), "the second");
        vm.assertEq(lens.hashGrant(grant), keccak256(abi.encode(all[1].typeHash, grant)), "its hash");
    }

    function test_TheLimitsAreThoseAtWhichTheRegistryRefuses() public {
        IntentLens.Limits memory limits = lens.limits();
        Grant memory grant = _grantOf(1);
        grant.deadline = NOW + limits.maxSignatureLife + 1;
        Proof memory proof = _signed(PATIENT_KEY, lens.digestGrant(address(registry), grant));
        vm.expectRevert(abi.encodeWithSelector(ISubjects.DeadlineTooFar.selector, grant.deadline, grant.deadline - 1));
        registry.grantBySig(grant, proof);
        grant.deadline = NOW + limits.maxSignatureLife;
        registry.grantBySig(grant, _signed(PATIENT_KEY, lens.digestGrant(address(registry), grant)));

        uint40 respondBy = NOW + limits.maxResponseTime + 1;
        vm.expectRevert(abi.encodeWithSelector(IConsents.RespondByTooFar.selector, respondBy, respondBy - 1));
        _requestAs(CLINIC, SCOPE, respondBy, 1);
        _requestAs(CLINIC, SCOPE, respondBy - 1, 1);

        _refuseDelay(limits.minRecoveryDelay - 1);
        _refuseDelay(limits.maxRecoveryDelay + 1);
        _setDelay(limits.minRecoveryDelay, 1);
        _setDelay(limits.maxRecoveryDelay, 2);

        _refuseOps(uint256(limits.maxOps) + 1);
        _stopAll(limits.maxOps);
    }

    function _grantOf(uint32 version) private view returns (Grant memory) {
        return Grant(patient, patient, clinic, SCOPE, 0, NOW, UNTIL_REVOKED, version, DEADLINE);
    }

    function _setRecovery() private {
        SetRecovery memory set = SetRecovery(patient, patient, recoverer, 2 days, 1, 0, DEADLINE);
        registry.setRecovery(set, _signed(PATIENT_KEY, lens.digestSetRecovery(address(registry), set)));
    }

    function _propose(uint32 id) private {
        ProposeRecovery memory propose = ProposeRecovery(recoverer, patient, next, id, DEADLINE);
        registry.proposeRecovery(
            propose, _signed(RECOVERER_KEY, lens.digestProposeRecovery(address(registry), propose))
        );
    }

    function _accepted(uint24 seq) private view returns (Acceptance memory) {
        AcceptControl memory accept = AcceptControl(next, patient, seq, NOW + 3 * DAY);
        return Acceptance(accept.deadline, _signed(NEXT_KEY, lens.digestAcceptControl(address(registry), accept)));
    }

    function _setDelay(uint32 delay, uint32 nonce) private {
        vm.prank(patient);
        registry.setRecovery(SetRecovery(patient, patient, recoverer, delay, nonce, 0, DEADLINE), Proof("", ""));
    }

    function _refuseDelay(uint32 delay) private {
        vm.expectRevert(abi.encodeWithSelector(ISubjects.BadDelay.selector, delay));
        _setDelay(delay, 1);
    }

    function _refuseOps(uint256 length) private {
        vm.expectRevert(abi.encodeWithSelector(IConsents.BadBatchLength.selector, length));
        _stopAll(length);
    }

    function _stopAll(uint256 length) private {
        Op[] memory ops = new Op[](length);
        for (uint256 i = 0; i < length; ++i) {
            ops[i] = Op(OpKind.Revoke, clinic, bytes32(i), 0, 0, 1);
        }
        vm.prank(patient);
        registry.batch(Batch(patient, patient, BatchMode.Atomic, 0, ops, DEADLINE), Proof("", ""));
    }

    function _requireStatus(IConsents.Status expected, string memory what) private view {
        _assertStatus(registry.statusOf(patient, clinic, SCOPE), expected, what);
    }

    function _signed(uint256 key, bytes32 digest) private pure returns (Proof memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        return Proof("", abi.encodePacked(r, s, v));
    }
}
