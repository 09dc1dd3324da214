// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ISubjects} from "../../src/consent/ISubjects.sol";
import {Proof} from "../../src/consent/Intents.sol";
import {AttackTest} from "../utils/AttackTest.sol";
import {Passkey, Passkeys} from "../utils/Passkey.sol";
import {KeyKind} from "../utils/SignedTest.sol";
import {vm} from "../utils/Vm.sol";
import {Base64} from "@openzeppelin/contracts/utils/Base64.sol";
import {P256} from "@openzeppelin/contracts/utils/cryptography/P256.sol";
import {WebAuthn} from "@openzeppelin/contracts/utils/cryptography/WebAuthn.sol";

/// @notice Passkey signatures that were made for something else, by an authenticator that was less sure of its user, or
/// bent on the way. Each is signed rightly by the patient's own passkey: what refuses it is what it says.
contract PasskeyAbuseAttack is AttackTest {
    bytes1 private constant SURE = 0x05; // present and verified
    address private constant PRECOMPILE = address(0x100);

    Passkey private _passkey;
    Action private _grant;
    bytes32 private _wanted;

    function setUp() public override {
        super.setUp();
        _meet(KeyKind.Passkey);
        _passkey = Passkey(subject.id, subject.signer, subject.secret);
        _grant = _action(Kind.Grant);
        _wanted = _digest(_grant.structHash);
    }

    /// @dev A page has the patient register a passkey, or confirm a payment, with the digest of a grant as its
    /// challenge. The type of the ceremony is signed with it.
    function test_AnotherCeremony() public {
        _expectRefused(Passkeys.clientData("webauthn.create", _wanted), 23, 1);
        _expectRefused(Passkeys.clientData("payment.get!", _wanted), 23, 1);
        _expectAccepted(Passkeys.clientData("webauthn.get", _wanted), 23, 1);
    }

    /// @dev The attacker chooses where the type and the challenge are looked for, and points at text that a page may
    /// choose: a browser escapes quotes in it, so it never reads like a field.
    function test_IndexesThatPointIntoAPagesText() public {
        string memory challenge = Base64.encodeURL(bytes.concat(_wanted));
        string memory other = Base64.encodeURL(bytes.concat(keccak256("what the page asked for")));
        string memory text = string.concat('\\"challenge\\":\\"', challenge, '\\",\\"type\\":\\"webauthn.get\\"');
        string memory client = string.concat(
            '{"type":"webauthn.create","challenge":"', other, '","origin":"https://x.example","x":"', text, '"}'
        );
        for (uint256 i = 0; i < bytes(client).length; ++i) {
            if (i % 8 < 2) _expectRefused(client, i, 1);
            if (i % 8 < 2) _expectRefused(client, 26, i);
        }
    }

    /// @dev Indexes past the end, or so large that a sum with them wraps around.
    function test_IndexesBeyondTheEnd() public {
        string memory client = Passkeys.clientData(_wanted);
        uint256[5] memory wrong = [uint256(0), 22, 24, bytes(client).length, type(uint256).max];
        for (uint256 i = 0; i < wrong.length; ++i) {
            _expectRefused(client, wrong[i], 1);
            _expectRefused(client, 23, wrong[i]);
            _expectRefused(client, type(uint256).max - 20 + i, type(uint256).max - 20 + i);
        }
    }

    /// @dev A challenge that only begins like the digest, or is another.
    function test_AnotherChallenge() public {
        string memory longer = string.concat(Base64.encodeURL(bytes.concat(_wanted)), "AA");
        _expectRefused(
            string.concat('{"type":"webauthn.get","challenge":"', longer, '","origin":"https://patients.example"}'),
            23,
            1
        );
        _expectRefused(Passkeys.clientData(keccak256("another")), 23, 1);
    }

    /// @dev Somebody holds the patient's unlocked phone, or a security key without a PIN: present, but not verified.
    function test_AUserWhoWasNotVerified() public {
        bytes1[4] memory unsure = [bytes1(0x00), 0x01, 0x04, 0x19];
        for (uint256 i = 0; i < unsure.length; ++i) {
            _expectRefusedWith(Passkeys.authenticatorData(unsure[i]));
        }
        // Said to be backed up although it cannot be.
        _expectRefusedWith(Passkeys.authenticatorData(0x15));
        _expectRefusedWith(abi.encodePacked(bytes32(0), SURE, bytes3(0)));
        _expectAcceptedWith(Passkeys.authenticatorData(0x1d));
    }

    /// @dev The registry does not look at the origin or the relying party: an authenticator makes each passkey for one
    /// relying party, and never signs with it for another. A key made for elsewhere is another key, and another id.
    function test_TheOriginIsTheAuthenticatorsToCheck() public {
        string memory client = string.concat(
            '{"type":"webauthn.get","challenge":"',
            Base64.encodeURL(bytes.concat(_wanted)),
            '","origin":"android:apk-key-hash:x","crossOrigin":false}'
        );
        _expectAccepted(client, 23, 1);

        Passkey memory elsewhere = Passkeys.create(address(verifier), uint256(keccak256("elsewhere")));
        vm.assertTrue(elsewhere.id != subject.id, "another id");
        _expect(Proof(subject.signer, Passkeys.sign(elsewhere, _wanted)), _badSignature(subject.id));
        _expect(
            Proof(elsewhere.signer, Passkeys.sign(elsewhere, _wanted)),
            abi.encodeWithSelector(ISubjects.BadSigner.selector, subject.id)
        );
    }

    /// @dev The twin of a P-256 signature, with the high s, and zeros.
    function test_HighSAndZeros() public {
        WebAuthn.WebAuthnAuth memory auth = _assertion(Passkeys.clientData(_wanted), 23, 1);
        bytes32 low = auth.s;
        auth.s = Passkeys.mirrored(low);
        _expectAuth(auth, false);
        bytes32[3] memory wrong = [bytes32(0), bytes32(P256.N), bytes32(type(uint256).max)];
        for (uint256 i = 0; i < wrong.length; ++i) {
            auth.s = wrong[i];
            _expectAuth(auth, false);
        }
        auth.s = low;
        auth.r = 0;
        _expectAuth(auth, false);
    }

    /// @dev Keys that are no points of the curve: zero, and one beside it.
    function test_KeysOffTheCurve() public {
        bytes[2] memory keys = [new bytes(64), abi.encodePacked(bytes32(uint256(5)), bytes32(uint256(5)))];
        for (uint256 i = 0; i < keys.length; ++i) {
            bytes memory signer = bytes.concat(bytes20(address(verifier)), keys[i]);
            _passkey.id = address(uint160(uint256(keccak256(bytes.concat("Consentry ERC-7913 signer", signer)))));
            vm.prank(_passkey.id);
            registry.revokeAll(_passkey.id, false);
            subject.id = _passkey.id;
            _grant = _action(Kind.Grant);
            _expect(Proof(signer, Passkeys.sign(_passkey, _digest(_grant.structHash))), _badSignature(_passkey.id));
        }
    }

    /// @dev A signature cut anywhere, or with offsets that point outside of it, is no signature, and no crash that a
    /// batch of others would share.
    function test_SignaturesCutOrWithWildOffsets() public {
        bytes memory whole = Passkeys.sign(_passkey, _wanted);
        // The last word is in part padding, which nobody misses.
        for (uint256 length = 0; length <= whole.length - 0x20; length += 31) {
            bytes memory cut = new bytes(length);
            for (uint256 i = 0; i < length; ++i) {
                cut[i] = whole[i];
            }
            _expect(Proof(subject.signer, cut), _badSignature(subject.id));
        }
        for (uint256 word = 2; word < 6; ++word) {
            bytes memory wild = bytes.concat(whole);
            for (uint256 i = 0; i < 32; ++i) {
                wild[32 * word + i] = 0xff;
            }
            _expect(Proof(subject.signer, wild), _badSignature(subject.id));
        }
    }

    /// @dev A chain without the precompile (RIP-7212, EIP-7951): a call to it succeeds and answers nothing. The
    /// verifier computes by itself then, and takes and refuses the same.
    function test_AChainWithoutThePrecompile() public {
        vm.mockCall(PRECOMPILE, "", "");
        (bool ok, bytes memory answer) = PRECOMPILE.staticcall(new bytes(160));
        vm.assertTrue(ok && answer.length == 0, "it is gone");

        WebAuthn.WebAuthnAuth memory auth = _assertion(Passkeys.clientData(_wanted), 23, 1);
        bytes32 low = auth.s;
        auth.s = bytes32(uint256(low) ^ 1);
        _expectAuth(auth, false);
        auth.s = Passkeys.mirrored(low);
        _expectAuth(auth, false);
        _expectRefused(Passkeys.clientData(keccak256("another")), 23, 1);
        auth.s = low;
        _expectAuth(auth, true);
    }

    function _expectRefused(string memory client, uint256 challengeIndex, uint256 typeIndex) private {
        _expectAuth(_assertion(client, challengeIndex, typeIndex), false);
    }

    function _expectAccepted(string memory client, uint256 challengeIndex, uint256 typeIndex) private {
        _expectAuth(_assertion(client, challengeIndex, typeIndex), true);
    }

    function _expectRefusedWith(bytes memory data) private {
        _expectAuth(Passkeys.assertion(_passkey, data, Passkeys.clientData(_wanted)), false);
    }

    function _expectAcceptedWith(bytes memory data) private {
        _expectAuth(Passkeys.assertion(_passkey, data, Passkeys.clientData(_wanted)), true);
    }

    function _expectAuth(WebAuthn.WebAuthnAuth memory auth, bool accepted) private {
        _expect(Proof(subject.signer, Passkeys.encode(auth)), accepted ? bytes("") : _badSignature(subject.id));
    }

    /// @dev The answer to the grant with this proof: nothing, or why not. Leaves no trace.
    function _expect(Proof memory proof, bytes memory reason) private {
        uint256 before = vm.snapshotState();
        (bool ok, bytes memory answer) = _send(_grant, proof);
        vm.assertTrue(ok == (reason.length == 0), "accepted or not");
        vm.assertEq(answer, reason, "why");
        vm.revertToState(before);
    }

    function _assertion(string memory client, uint256 challengeIndex, uint256 typeIndex)
        private
        view
        returns (WebAuthn.WebAuthnAuth memory auth)
    {
        auth = Passkeys.assertion(_passkey, Passkeys.authenticatorData(SURE), client);
        auth.challengeIndex = challengeIndex;
        auth.typeIndex = typeIndex;
    }
}
