// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {vm} from "./Vm.sol";
import {Base64} from "@openzeppelin/contracts/utils/Base64.sol";
import {P256} from "@openzeppelin/contracts/utils/cryptography/P256.sol";
import {WebAuthn} from "@openzeppelin/contracts/utils/cryptography/WebAuthn.sol";

/// @notice A passkey of a patient.
struct Passkey {
    /// Address that stands for it: an actor, and as long as nobody else controls it, a subject.
    address id;
    /// Its ERC-7913 signer: verifier, then public key.
    bytes signer;
    /// The authenticator's secret.
    uint256 secret;
}

/// @title Passkeys
/// @notice Signs as a browser and an authenticator do. {sign} gives what is right; its parts are apart, so that a test
/// can bend one of them.
library Passkeys {
    string internal constant RP_ID = "patients.example";
    string internal constant ORIGIN = "https://patients.example";
    bytes1 internal constant USER_PRESENT = 0x01;
    bytes1 internal constant USER_VERIFIED = 0x04;

    /// @notice A passkey, the same for the same secret.
    function create(address verifier, uint256 secret) internal pure returns (Passkey memory passkey) {
        (uint256 x, uint256 y) = vm.publicKeyP256(secret);
        passkey.secret = secret;
        passkey.signer = abi.encodePacked(verifier, x, y);
        passkey.id = address(uint160(uint256(keccak256(bytes.concat("Consentry ERC-7913 signer", passkey.signer)))));
    }

    /// @notice The signature for an ERC-7913 proof of a digest.
    function sign(Passkey memory passkey, bytes32 digest) internal pure returns (bytes memory) {
        return encode(assertion(passkey, authenticatorData(USER_PRESENT | USER_VERIFIED), clientData(digest)));
    }

    /// @notice What a page gets that asks for a signature of a digest.
    function clientData(bytes32 digest) internal pure returns (string memory) {
        return clientData("webauthn.get", digest);
    }

    /// @notice The same for a ceremony of any type.
    function clientData(string memory ceremony, bytes32 digest) internal pure returns (string memory) {
        string memory challenge = Base64.encodeURL(bytes.concat(digest));
        return string.concat(
            '{"type":"', ceremony, '","challenge":"', challenge, '","origin":"', ORIGIN, '","crossOrigin":false}'
        );
    }

    /// @notice What an authenticator that keeps no counter says: for whom, and how sure it is of its user.
    function authenticatorData(bytes1 flags) internal pure returns (bytes memory) {
        return abi.encodePacked(sha256(bytes(RP_ID)), flags, uint32(0));
    }

    /// @notice Both, signed. The indexes are those of what {clientData} gives for any type as long as `webauthn.get`.
    function assertion(Passkey memory passkey, bytes memory data, string memory client)
        internal
        pure
        returns (WebAuthn.WebAuthnAuth memory)
    {
        (bytes32 r, bytes32 s) = signLow(passkey.secret, sha256(bytes.concat(data, sha256(bytes(client)))));
        return WebAuthn.WebAuthnAuth({
            r: r, s: s, challengeIndex: 23, typeIndex: 1, authenticatorData: data, clientDataJSON: client
        });
    }

    /// @notice As the verifier reads it: the fields of the struct, without an offset before them.
    function encode(WebAuthn.WebAuthnAuth memory auth) internal pure returns (bytes memory) {
        return
            abi.encode(auth.r, auth.s, auth.challengeIndex, auth.typeIndex, auth.authenticatorData, auth.clientDataJSON);
    }

    /// @notice The smaller s of the two that are right.
    function signLow(uint256 secret, bytes32 hash) internal pure returns (bytes32 r, bytes32 s) {
        (r, s) = vm.signP256(secret, hash);
        if (uint256(s) > P256.N / 2) s = mirrored(s);
    }

    /// @notice The other s of the two.
    function mirrored(bytes32 s) internal pure returns (bytes32) {
        return bytes32(P256.N - uint256(s));
    }
}
