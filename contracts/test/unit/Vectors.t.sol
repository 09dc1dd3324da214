// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ConsentRegistry} from "../../src/consent/ConsentRegistry.sol";
import {ISubjects} from "../../src/consent/ISubjects.sol";
import {IntentLens} from "../../src/consent/IntentLens.sol";
import {Proof, Revoke} from "../../src/consent/Intents.sol";
import {Signers} from "../../src/consent/Signers.sol";
import {Built} from "../utils/Built.sol";
import {RegistryTest} from "../utils/RegistryTest.sol";
import {vm} from "../utils/Vm.sol";
import {Strings} from "@openzeppelin/contracts/utils/Strings.sol";

/// @notice See Vectors.tree. Whatever the other languages hash and sign is what the contracts hash and take.
contract VectorsTest is RegistryTest {
    string private constant FOLDER = "../sdk/vectors/";

    IntentLens private lens;

    function setUp() public override {
        super.setUp();
        lens = Built.lens();
    }

    function test_APolicyHasTheHashOfItsCanonicalBytes() public view {
        string memory json = _read("policy-hash");
        uint256 count = 0;
        for (string memory at = _at("valid", 0); vm.keyExistsJson(json, at); at = _at("valid", ++count)) {
            string memory canonical = vm.parseJsonString(json, string.concat(at, ".canonical"));
            vm.assertEq(keccak256(bytes(canonical)), vm.parseJsonBytes32(json, string.concat(at, ".hash")), at);
        }
        vm.assertTrue(count != 0, "documents");
    }

    function test_AConsentHasTheIdOfTheLens() public {
        string memory json = _read("consent-id");
        uint256 count = 0;
        for (string memory at = _at("cases", 0); vm.keyExistsJson(json, at); at = _at("cases", ++count)) {
            vm.chainId(vm.parseJsonUint(json, string.concat(at, ".chainId")));
            bytes32 id = lens.consentId(
                vm.parseJsonAddress(json, string.concat(at, ".registry")),
                vm.parseJsonAddress(json, string.concat(at, ".subject")),
                vm.parseJsonAddress(json, string.concat(at, ".grantee")),
                vm.parseJsonBytes32(json, string.concat(at, ".scopeId"))
            );
            vm.assertEq(id, vm.parseJsonBytes32(json, string.concat(at, ".consentId")), at);
        }
        vm.assertTrue(count != 0, "consents");
    }

    function test_TypesAndDomainAreThoseOfTheLens() public {
        string memory json = _read("intents");
        vm.chainId(vm.parseJsonUint(json, ".domain.chainId"));
        vm.assertEq(
            lens.domainSeparator(vm.parseJsonAddress(json, ".domain.verifyingContract")),
            vm.parseJsonBytes32(json, ".domain.separator"),
            "domain"
        );
        uint256 known = 0;
        string[] memory names = vm.parseJsonKeys(json, ".types");
        for (uint256 i = 0; i < names.length; ++i) {
            bytes32 typeHash = vm.parseJsonBytes32(json, string.concat(".types.", names[i], ".typeHash"));
            vm.assertEq(keccak256(bytes(_type(json, names[i]))), typeHash, names[i]);
            bytes32 ours = _typeHash(names[i]);
            if (ours == 0) continue;
            vm.assertEq(ours, typeHash, names[i]);
            ++known;
        }
        // `Op` is signed only inside a batch.
        vm.assertEq(known + 1, lens.typeHashes().length, "a type of the lens is missing");
    }

    function test_WhatIsSignedHasItsDigestAndIsItsSigners() public {
        string memory json = _read("intents");
        address at_ = vm.parseJsonAddress(json, ".domain.verifyingContract");
        vm.chainId(vm.parseJsonUint(json, ".domain.chainId"));
        bytes32 separator = lens.domainSeparator(at_);
        uint256 count = 0;
        for (string memory at = _at("cases", 0); vm.keyExistsJson(json, at); at = _at("cases", ++count)) {
            string memory action = vm.parseJsonString(json, string.concat(at, ".action"));
            bytes memory intent = vm.parseJsonType(json, string.concat(at, ".message"), _type(json, action));
            bytes32 digest = vm.parseJsonBytes32(json, string.concat(at, ".digest"));
            bytes32 structHash = vm.eip712HashStruct(_type(json, action), intent);
            vm.assertEq(keccak256(abi.encodePacked(hex"1901", separator, structHash)), digest, at);
            if (_typeHash(action) != 0) vm.assertEq(_lensDigest(at_, action, intent), digest, action);

            string memory by = vm.parseJsonString(json, string.concat(at, ".signedBy"));
            address signer = vm.parseJsonAddress(json, string.concat(".keys.", by, ".address"));
            _requireSigned(signer, digest, vm.parseJsonBytes(json, string.concat(at, ".signature")), at);
            _requireSigned(signer, digest, vm.parseJsonBytes(json, string.concat(at, ".compactSignature")), at);
        }
        vm.assertTrue(count != 0, "cases");
    }

    function test_APasskeysSignatureHoldsForItsDigestOnly() public {
        string memory json = _read("intents");
        bytes memory signer = vm.parseJsonBytes(json, ".passkey.signer");
        bytes memory signature = vm.parseJsonBytes(json, ".passkey.signature");
        bytes32 digest = vm.parseJsonBytes32(json, ".passkey.digest");
        address actor = vm.parseJsonAddress(json, ".passkey.actor");
        vm.etch(vm.parseJsonAddress(json, ".passkey.verifier"), address(Built.passkeyVerifier()).code);
        vm.assertEq(lens.signerId(signer), actor, "actor");
        vm.assertTrue(this.isSignedByKey(signer, actor, digest, signature), "signed");
        vm.assertFalse(this.isSignedByKey(signer, actor, keccak256("another"), signature), "another digest");
    }

    function test_ARevocationIsTakenWithTheRightSignatureOnly() public {
        string memory json = _read("intents");
        ConsentRegistry deployed = _deployAt(json);
        uint256 count = 0;
        string memory at = _at("invalidSignatures", 0);
        bytes memory encoded;
        for (; vm.keyExistsJson(json, at); at = _at("invalidSignatures", ++count)) {
            vm.assertTrue(_is(vm.parseJsonString(json, string.concat(at, ".action")), "Revoke"), at);
            encoded = vm.parseJsonType(json, string.concat(at, ".message"), _type(json, "Revoke"));
            Revoke memory refused = abi.decode(encoded, (Revoke));
            vm.assertEq(refused.actor, vm.parseJsonAddress(json, string.concat(at, ".actor")), at);
            bytes memory signature = vm.parseJsonBytes(json, string.concat(at, ".signature"));
            _requireRefused(deployed, refused, Proof("", signature));
            bytes32 digest = vm.parseJsonBytes32(json, string.concat(at, ".digest"));
            vm.assertFalse(this.isSignedByAddress(refused.actor, digest, signature, false), at);
        }
        vm.assertTrue(count != 0, "wrong signatures");

        (Revoke memory intent, Proof memory proof) = _revocation(json);
        vm.chainId(1);
        _requireRefused(deployed, intent, proof);
        vm.chainId(vm.parseJsonUint(json, ".domain.chainId"));
        _requireRefused(registry, intent, proof);

        deployed.revokeBySig(intent, proof);
        bytes32 id = lens.consentId(address(deployed), intent.subject, intent.grantee, intent.scopeId);
        vm.assertEq(deployed.consents(id).version, intent.throughVersion + 1, "taken");
    }

    /// @dev The registry reads signatures from call data.
    function isSignedByAddress(address actor, bytes32 digest, bytes calldata signature, bool isStop)
        external
        view
        returns (bool)
    {
        return Signers.isSignedByAddress(actor, digest, signature, isStop);
    }

    function isSignedByKey(bytes calldata signer, address actor, bytes32 digest, bytes calldata signature)
        external
        view
        returns (bool)
    {
        return Signers.isSigner(signer, actor) && Signers.isSignedByKey(signer, digest, signature);
    }

    function _read(string memory name) private view returns (string memory) {
        return vm.readFile(string.concat(FOLDER, name, ".json"));
    }

    function _type(string memory json, string memory name) private pure returns (string memory) {
        return vm.parseJsonString(json, string.concat(".types.", name, ".type"));
    }

    /// @dev Zero for what is no intent of the registry.
    function _typeHash(string memory name) private view returns (bytes32) {
        IntentLens.TypeHash[] memory all = lens.typeHashes();
        for (uint256 i = 0; i < all.length; ++i) {
            if (_is(all[i].name, name)) return all[i].typeHash;
        }
        return 0;
    }

    /// @dev Asks the lens for the digest of an ABI-encoded intent.
    function _lensDigest(address at, string memory action, bytes memory intent) private view returns (bytes32) {
        // A struct of fixed size stands inline, one with an array behind its place.
        bytes memory arguments = _is(action, "Batch") ? bytes.concat(_word(0x40), _tail(intent)) : intent;
        (bool ok, bytes memory answer) =
            address(lens).staticcall(bytes.concat(_digestSelector(action), _word(uint160(at)), arguments));
        vm.assertTrue(ok, action);
        return abi.decode(answer, (bytes32));
    }

    /// @dev What follows the first word.
    function _tail(bytes memory encoded) private pure returns (bytes memory tail) {
        tail = new bytes(encoded.length - 32);
        for (uint256 i = 0; i < tail.length; ++i) {
            tail[i] = encoded[i + 32];
        }
    }

    function _word(uint256 value) private pure returns (bytes memory) {
        return abi.encode(value);
    }

    function _digestSelector(string memory action) private pure returns (bytes4) {
        bytes32 name = keccak256(bytes(action));
        if (name == keccak256("Request")) return IntentLens.digestRequest.selector;
        if (name == keccak256("Grant")) return IntentLens.digestGrant.selector;
        if (name == keccak256("Deny")) return IntentLens.digestDeny.selector;
        if (name == keccak256("Revoke")) return IntentLens.digestRevoke.selector;
        if (name == keccak256("Relinquish")) return IntentLens.digestRelinquish.selector;
        if (name == keccak256("Batch")) return IntentLens.digestBatch.selector;
        if (name == keccak256("RevokeAll")) return IntentLens.digestRevokeAll.selector;
        if (name == keccak256("Invalidate")) return IntentLens.digestInvalidate.selector;
        if (name == keccak256("Rotate")) return IntentLens.digestRotate.selector;
        if (name == keccak256("AcceptControl")) return IntentLens.digestAcceptControl.selector;
        if (name == keccak256("SetDelegate")) return IntentLens.digestSetDelegate.selector;
        if (name == keccak256("RemoveDelegate")) return IntentLens.digestRemoveDelegate.selector;
        if (name == keccak256("SetRecovery")) return IntentLens.digestSetRecovery.selector;
        if (name == keccak256("ProposeRecovery")) return IntentLens.digestProposeRecovery.selector;
        if (name == keccak256("Veto")) return IntentLens.digestVeto.selector;
        if (name == keccak256("Freeze")) return IntentLens.digestFreeze.selector;
        if (name == keccak256("Unfreeze")) return IntentLens.digestUnfreeze.selector;
        return 0;
    }

    /// @dev The registry at the address and on the chain for which the vectors are signed.
    function _deployAt(string memory json) private returns (ConsentRegistry deployed) {
        vm.chainId(vm.parseJsonUint(json, ".domain.chainId"));
        deployed = ConsentRegistry(vm.parseJsonAddress(json, ".domain.verifyingContract"));
        vm.etch(address(deployed), address(registry).code);
    }

    /// @dev The first revocation, which applies to a registry without consents.
    function _revocation(string memory json) private pure returns (Revoke memory intent, Proof memory proof) {
        uint256 index = 0;
        while (!_is(vm.parseJsonString(json, string.concat(_at("cases", index), ".action")), "Revoke")) ++index;
        string memory at = _at("cases", index);
        intent = abi.decode(vm.parseJsonType(json, string.concat(at, ".message"), _type(json, "Revoke")), (Revoke));
        proof = Proof("", vm.parseJsonBytes(json, string.concat(at, ".signature")));
    }

    function _is(string memory text, string memory other) private pure returns (bool) {
        return keccak256(bytes(text)) == keccak256(bytes(other));
    }

    function _requireSigned(address signer, bytes32 digest, bytes memory signature, string memory what) private view {
        vm.assertTrue(this.isSignedByAddress(signer, digest, signature, false), what);
        vm.assertTrue(this.isSignedByAddress(signer, digest, signature, true), what);
        vm.assertFalse(this.isSignedByAddress(STRANGER, digest, signature, true), what);
    }

    function _requireRefused(ConsentRegistry by, Revoke memory intent, Proof memory proof) private {
        vm.expectRevert(abi.encodeWithSelector(ISubjects.BadSignature.selector, intent.actor));
        by.revokeBySig(intent, proof);
    }

    function _at(string memory list, uint256 index) private pure returns (string memory) {
        return string.concat(".", list, "[", Strings.toString(index), "]");
    }
}
