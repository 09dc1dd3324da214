// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ISubjects} from "../../src/consent/ISubjects.sol";
import {Proof, Revoke} from "../../src/consent/Intents.sol";
import {AttackTest} from "../utils/AttackTest.sol";
import {Key} from "../utils/SignedTest.sol";
import {vm} from "../utils/Vm.sol";
import {GasBomb, Mute, Parrot, Reentrant, ReturnBomb} from "../utils/Wallets.sol";
import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {IERC7913SignatureVerifier} from "@openzeppelin/contracts/interfaces/IERC7913.sol";

/// @notice Wallets (ERC-1271) and verifiers (ERC-7913) that are written to do harm. They are the actor's own choice, so
/// what they may reach is the sender's gas and nothing else.
contract HostileSignersAttack is AttackTest {
    uint256 private constant PLENTY = 3_000_000;

    /// @dev The wallet, while being asked, calls the registry to change something before the decision it is asked about
    /// is taken. It is asked by a call that may change nothing.
    function test_AReentrantWalletOrVerifier() public {
        Reentrant reentrant = new Reentrant(address(registry));
        for (uint256 i = 0; i < 2; ++i) {
            Key memory key = i == 0 ? _as(address(reentrant), "") : _as(address(0), _signerOf(address(reentrant)));
            Proof memory proof = Proof(key.signer, "any");

            reentrant.aim(abi.encodeCall(registry.revokeAll, (key.id, true)));
            _expectRefused(key, proof, "revokeAll");
            reentrant.aim(abi.encodeCall(registry.grant, (key.id, grantee.id, FRESH, 0, NOW, FOREVER, 1)));
            _expectRefused(key, proof, "grant");
            reentrant.aim(abi.encodeCall(registry.expire, (subject.id, grantee.id, GIVEN)));
            vm.warp(NOW + 100 * DAY);
            _expectRefused(key, proof, "expire");
            vm.warp(NOW);
            Revoke memory again = _revokeOf(key);
            reentrant.aim(abi.encodeCall(registry.revokeBySig, (again, proof)));
            _expectRefused(key, proof, "the same again");

            reentrant.aim(abi.encodeCall(registry.isActive, (subject.id, grantee.id, GIVEN)));
            registry.revokeBySig(_revokeOf(key), proof);
            vm.assertEq(registry.consents(registry.consentId(key.id, grantee.id, FRESH)).version, 2, "reading is free");
        }
    }

    /// @dev The wallet burns all gas, to make whoever relays for it pay or to make batches of others fail. It costs the
    /// sender what it gave, and changes nothing.
    function test_AGasBomb() public {
        _expectHarmless(address(new GasBomb()));
    }

    /// @dev The wallet answers with a flood of bytes, in the hope that they are copied at the sender's cost.
    function test_AReturndataBomb() public {
        _expectHarmless(address(new ReturnBomb(200_000)));
        _expectHarmless(address(new ReturnBomb(32)));
    }

    /// @dev The wallet reverts. For others nothing changes; its owner can still act by calling.
    function test_AMute() public {
        _expectHarmless(address(new Mute()));
    }

    /// @dev The wallet answers something that a careless caller takes for a yes: `true`, the magic value at the wrong
    /// end, cut short, or followed by more.
    function test_AnswersThatLookLikeAYes() public {
        bytes4[2] memory magic = [IERC1271.isValidSignature.selector, IERC7913SignatureVerifier.verify.selector];
        bytes4[2] memory otherMagic = [magic[1], magic[0]];
        for (uint256 i = 0; i < 2; ++i) {
            bytes[7] memory answers = [
                bytes(""),
                abi.encodePacked(magic[i]),
                abi.encodePacked(magic[i], new bytes(27)),
                abi.encode(uint256(uint32(magic[i]))),
                abi.encode(true),
                abi.encodePacked(magic[i], bytes27(0), bytes1(0x01)),
                abi.encode(otherMagic[i])
            ];
            for (uint256 j = 0; j < answers.length; ++j) {
                address liar = address(new Parrot(answers[j]));
                Key memory key = i == 0 ? _as(liar, "") : _as(address(0), _signerOf(liar));
                _expectRefused(key, Proof(key.signer, "any"), "no plain yes");
            }
            address yes = address(new Parrot(abi.encode(magic[i])));
            Key memory willing = i == 0 ? _as(yes, "") : _as(address(0), _signerOf(yes));
            registry.revokeBySig(_revokeOf(willing), Proof(willing.signer, "any"));
        }
    }

    /// @dev The signer's verifier is a precompile: the identity (0x04) returns its input, which begins with the very
    /// selector that means yes. Or nobody has deployed it yet: then a call succeeds, and later anyone may deploy.
    function test_APrecompileOrNothingAsTheVerifier() public {
        for (uint160 i = 0; i <= 0x11; ++i) {
            _expectBadSigner(address(i));
        }
        _expectBadSigner(address(0x100));
        _expectBadSigner(STRANGER);
        _expectBadSigner(subject.id);
    }

    /// @dev An ERC-7913 signer of 20 bytes means, in the standard, an address. Were it taken so here, a contract could
    /// act under an id that is not its address.
    function test_ASignerThatIsOnlyAnAddress() public {
        address yes = address(new Parrot(abi.encode(IERC1271.isValidSignature.selector)));
        Key memory key = _as(address(0), abi.encodePacked(yes));
        _expectBadSignerOf(key);
        key.id = yes;
        _expectBadSignerOf(key);
        key.id = subject.id;
        key.signer = abi.encodePacked(subject.id);
        _expectBadSignerOf(key);
    }

    /// @dev A signer and an actor that do not belong together: the attacker's own key and verifier for the patient's
    /// decisions.
    function test_TheAttackersSignerForThePatient() public {
        address yes = address(new Parrot(abi.encode(IERC7913SignatureVerifier.verify.selector)));
        Key memory key = _as(subject.id, _signerOf(yes));
        _expectBadSignerOf(key);
        for (uint256 i = 0; i < KINDS; ++i) {
            uint256 before = vm.snapshotState();
            _prepare(Kind(i));
            Action memory action = _action(Kind(i));
            _assertRefused(
                action,
                Proof(key.signer, "any"),
                abi.encodeWithSelector(ISubjects.BadSigner.selector, action.by.id),
                "the attacker's signer"
            );
            vm.revertToState(before);
        }
    }

    /// @dev As a wallet and as a verifier, with plenty of gas and with little.
    function _expectHarmless(address hostile) private {
        Key[2] memory keys = [_as(hostile, ""), _as(address(0), _signerOf(hostile))];
        for (uint256 i = 0; i < 2; ++i) {
            bytes memory data = abi.encodeCall(registry.revokeBySig, (_revokeOf(keys[i]), Proof(keys[i].signer, "any")));
            for (uint256 gas_ = 30_000; gas_ < PLENTY; gas_ *= 2) {
                (bool ok,) = address(registry).call{gas: gas_}(data);
                vm.assertFalse(ok, "not a yes");
            }
            (bool done, bytes memory answer) = address(registry).call{gas: PLENTY}(data);
            vm.assertFalse(done, "refused");
            vm.assertEq(answer, _badSignature(keys[i].id), "and says so");
            vm.assertEq(registry.consents(registry.consentId(keys[i].id, grantee.id, FRESH)).version, 0, "no effect");

            vm.prank(keys[i].id);
            registry.revoke(keys[i].id, grantee.id, FRESH);
        }
    }

    function _expectRefused(Key memory key, Proof memory proof, string memory what) private {
        bytes memory data = abi.encodeCall(registry.revokeBySig, (_revokeOf(key), proof));
        (bool ok, bytes memory answer) = address(registry).call{gas: PLENTY}(data);
        vm.assertFalse(ok, what);
        vm.assertEq(answer, _badSignature(key.id), what);
    }

    function _expectBadSigner(address verifier_) private {
        _expectBadSignerOf(_as(address(0), _signerOf(verifier_)));
    }

    function _expectBadSignerOf(Key memory key) private {
        // The signature repeats what a yes looks like.
        Proof memory proof = Proof(key.signer, abi.encode(IERC7913SignatureVerifier.verify.selector));
        vm.expectRevert(abi.encodeWithSelector(ISubjects.BadSigner.selector, key.id));
        registry.revokeBySig(_revokeOf(key), proof);
    }

    /// @dev A party by its address, or by its signer if it has one and no other address is asked for.
    function _as(address id, bytes memory signer) private pure returns (Key memory key) {
        key.signer = signer;
        key.id = id;
        if (id == address(0)) {
            key.id = address(uint160(uint256(keccak256(bytes.concat("Consentry ERC-7913 signer", signer)))));
        }
    }

    function _signerOf(address verifier_) private pure returns (bytes memory) {
        return abi.encodePacked(verifier_, keccak256("x"), keccak256("y"));
    }

    function _revokeOf(Key memory key) private view returns (Revoke memory) {
        return Revoke(key.id, key.id, grantee.id, FRESH, 1, FOREVER);
    }
}
