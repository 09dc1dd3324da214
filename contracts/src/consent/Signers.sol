// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";

/// @title Who signed
/// @notice Tells whether a proof is an actor's signature over a digest: an EOA's, a contract wallet's (ERC-1271), or
/// that of a key behind a verifier (ERC-7913), a passkey for instance.
library Signers {
    /// @dev Keeps ids apart from all other hashes.
    bytes private constant ID_TAG = "Consentry ERC-7913 signer";

    /// @dev A verifier's address comes before the key.
    uint256 private constant VERIFIER_LENGTH = 20;

    /// @notice The address that stands for an ERC-7913 signer.
    /// @param signer The verifier's 20 bytes followed by the key.
    /// @return The low 160 bits of its tagged hash.
    function id(bytes calldata signer) internal pure returns (address) {
        return address(uint160(uint256(keccak256(bytes.concat(ID_TAG, signer)))));
    }

    /// @notice Whether an ERC-7913 signer has a key and a verifier with code, and stands for an actor. Precompiles have
    /// no code: one that returns its input would confirm any signature.
    /// @param signer The signer.
    /// @param actor The actor.
    /// @return True if so.
    function isSigner(bytes calldata signer, address actor) internal view returns (bool) {
        return signer.length > VERIFIER_LENGTH && address(bytes20(signer[:VERIFIER_LENGTH])).code.length != 0
            && id(signer) == actor;
    }

    /// @notice Whether a proof without an ERC-7913 signer is an address's signature.
    /// @dev An address with code (a wallet; an EOA that delegates by EIP-7702) signs by ERC-1271. For a stop its plain
    /// ECDSA signature counts as well: a wallet that fails must not keep its owner from revoking, and wrongly revoking
    /// is the safe failure.
    /// @param actor The address.
    /// @param digest What was signed.
    /// @param signature 65 bytes (r, s, v) or 64 (EIP-2098) of ECDSA with a low s, or what the wallet takes.
    /// @param isStop Whether a stop was signed.
    /// @return True if so.
    function isSignedByAddress(address actor, bytes32 digest, bytes calldata signature, bool isStop)
        internal
        view
        returns (bool)
    {
        // Asking for code is what costs most here, so a stop tries the key first.
        if (isStop && _isRecovered(actor, digest, signature)) return true;
        if (actor.code.length == 0) return !isStop && _isRecovered(actor, digest, signature);
        return SignatureChecker.isValidERC1271SignatureNowCalldata(actor, digest, signature);
    }

    /// @notice Whether a key behind a verifier signed.
    /// @param signer An ERC-7913 signer, see {isSigner}.
    /// @param digest What was signed.
    /// @param signature What the verifier takes.
    /// @return True if so.
    function isSignedByKey(bytes calldata signer, bytes32 digest, bytes calldata signature)
        internal
        view
        returns (bool)
    {
        return SignatureChecker.isValidSignatureNow(signer, digest, signature);
    }

    /// @dev Whether an ECDSA signature is the actor's. Nobody is the zero address, which a malformed one yields.
    function _isRecovered(address actor, bytes32 digest, bytes calldata signature) private pure returns (bool) {
        address signer;
        if (signature.length == 64) {
            (signer,,) = ECDSA.tryRecover(digest, bytes32(signature[:32]), bytes32(signature[32:]));
        } else {
            (signer,,) = ECDSA.tryRecoverCalldata(digest, signature);
        }
        return signer == actor && signer != address(0);
    }
}
