// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {IERC7913SignatureVerifier} from "@openzeppelin/contracts/interfaces/IERC7913.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

/// @notice A plain contract wallet: one owner signs for it.
contract OwnedWallet is IERC1271 {
    /// @dev Part of the code, so that an account that borrows the code (EIP-7702) has the same owner.
    address private immutable OWNER;

    constructor(address owner) {
        OWNER = owner;
    }

    /// @inheritdoc IERC1271
    function isValidSignature(bytes32 digest, bytes calldata signature) external view returns (bytes4) {
        (address signer,,) = ECDSA.tryRecover(digest, signature);
        return signer == OWNER ? IERC1271.isValidSignature.selector : bytes4(0xffffffff);
    }
}

/// @notice Gives every call one and the same answer: a wallet or a verifier that says what its maker likes.
contract Parrot {
    bytes private _answer;

    constructor(bytes memory answer) {
        _answer = answer;
    }

    fallback(bytes calldata) external returns (bytes memory) {
        return _answer;
    }
}

/// @notice A wallet or verifier that never answers.
contract Mute {
    fallback() external {
        revert("no");
    }
}

/// @notice A wallet or verifier that burns all the gas it gets.
contract GasBomb {
    fallback() external {
        while (true) {}
    }
}

/// @notice A wallet or verifier that refuses in very many words, which a careless caller copies at its own cost.
contract ReturnBomb {
    uint256 private immutable SIZE;

    constructor(uint256 size) {
        SIZE = size;
    }

    fallback() external {
        uint256 size = SIZE;
        assembly ("memory-safe") {
            return(0x80, size)
        }
    }
}

/// @notice A wallet and verifier that confirms a signature only if, while being asked, it could call the registry.
contract Reentrant is IERC1271, IERC7913SignatureVerifier {
    address private immutable TARGET;
    bytes private _payload;

    constructor(address target) {
        TARGET = target;
    }

    /// @notice Sets what it calls.
    function aim(bytes calldata payload) external {
        _payload = payload;
    }

    /// @inheritdoc IERC1271
    function isValidSignature(bytes32, bytes calldata) external view returns (bytes4) {
        return _call() ? IERC1271.isValidSignature.selector : bytes4(0);
    }

    /// @inheritdoc IERC7913SignatureVerifier
    function verify(bytes calldata, bytes32, bytes calldata) external view returns (bytes4) {
        return _call() ? IERC7913SignatureVerifier.verify.selector : bytes4(0);
    }

    /// @dev Low-level and not marked as one that only reads, but for the compiler's sake.
    function _call() private view returns (bool done) {
        bytes memory payload = _payload;
        address target = TARGET;
        function(address, bytes memory) returns (bool) write = _write;
        function(address, bytes memory) view returns (bool) read;
        assembly ("memory-safe") {
            read := write
        }
        return read(target, payload);
    }

    function _write(address target, bytes memory payload) private returns (bool done) {
        (done,) = target.call(payload);
    }
}
