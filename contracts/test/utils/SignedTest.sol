// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {AcceptControl, Acceptance, Proof} from "../../src/consent/Intents.sol";
import {Built} from "./Built.sol";
import {Passkey, Passkeys} from "./Passkey.sol";
import {RegistryTest} from "./RegistryTest.sol";
import {TypeHashes} from "./TypeHashes.sol";
import {vm} from "./Vm.sol";
import {OwnedWallet} from "./Wallets.sol";
import {
    ERC7913WebAuthnVerifier
} from "@openzeppelin/contracts/utils/cryptography/verifiers/ERC7913WebAuthnVerifier.sol";

/// @notice The kinds of keys a party can have.
enum KeyKind {
    Eoa,
    CompactEoa,
    Wallet,
    Passkey
}

/// @notice Who signs.
struct Key {
    KeyKind kind;
    /// The address it acts as.
    address id;
    /// Its secret; of a wallet, its owner's.
    uint256 secret;
    /// Its ERC-7913 signer; empty for an address.
    bytes signer;
}

/// @notice A registry whose parties sign instead of calling.
abstract contract SignedTest is RegistryTest {
    uint256 internal constant KEY_KINDS = uint256(type(KeyKind).max) + 1;

    ERC7913WebAuthnVerifier internal verifier;

    function setUp() public virtual override {
        super.setUp();
        verifier = Built.passkeyVerifier();
    }

    /// @dev The key of a party, the same for the same words. Wallets are deployed.
    function _key(KeyKind kind, string memory party) internal returns (Key memory key) {
        key.kind = kind;
        key.secret = uint256(keccak256(abi.encode(kind, party))) >> 1;
        if (kind == KeyKind.Passkey) {
            Passkey memory passkey = Passkeys.create(address(verifier), key.secret);
            key.id = passkey.id;
            key.signer = passkey.signer;
        } else {
            key.id = vm.addr(key.secret);
            if (kind == KeyKind.Wallet) key.id = address(new OwnedWallet(key.id));
        }
    }

    function _keyName(KeyKind kind) internal pure returns (string memory) {
        string[4] memory names = ["an account", "a compact signature", "a wallet", "a passkey"];
        return names[uint256(kind)];
    }

    /// @dev The key's proof of a struct.
    function _prove(Key memory key, bytes32 structHash) internal view returns (Proof memory) {
        return _proveDigest(key, _digest(structHash));
    }

    function _proveDigest(Key memory key, bytes32 digest) internal pure returns (Proof memory) {
        if (key.kind == KeyKind.Passkey) {
            return Proof(key.signer, Passkeys.sign(Passkey(key.id, key.signer, key.secret), digest));
        }
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key.secret, digest);
        if (key.kind == KeyKind.CompactEoa) return Proof("", abi.encodePacked(r, _compact(v, s)));
        return Proof("", abi.encodePacked(r, s, v));
    }

    /// @dev The second half of an EIP-2098 signature.
    function _compact(uint8 v, bytes32 s) internal pure returns (bytes32) {
        return bytes32(uint256(s) | (uint256(v - 27) << 255));
    }

    function _digest(bytes32 structHash) internal view returns (bytes32) {
        return _digestFor(structHash, block.chainid, address(registry));
    }

    function _digestFor(bytes32 structHash, uint256 chainId, address contract_) internal pure returns (bytes32) {
        bytes32 domain = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256("Consentry"),
                keccak256("1"),
                chainId,
                contract_
            )
        );
        return keccak256(abi.encodePacked(hex"1901", domain, structHash));
    }

    /// @dev A new key's agreement to control a subject.
    function _accept(Key memory key, address subject, uint24 seq) internal view returns (Acceptance memory) {
        uint40 deadline = NOW + 80 * DAY;
        return Acceptance(deadline, _prove(key, TypeHashes.hash(AcceptControl(key.id, subject, seq, deadline))));
    }

    /// @dev The proof of an actor who calls itself.
    function _none() internal pure returns (Proof memory proof) {}

    /// @dev The agreement of a new controller who calls itself.
    function _noAcceptance() internal pure returns (Acceptance memory acceptance) {}
}
