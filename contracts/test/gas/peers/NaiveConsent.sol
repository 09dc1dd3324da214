// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title Naive consent registry
/// @notice What the same record costs when it is written down as one would first think of it: a struct of six words
/// for each consent, and neither versions nor signatures. Only measured, never deployed.
contract NaiveConsent {
    struct Consent {
        address subject;
        address grantee;
        bytes32 scopeId;
        uint256 validFrom;
        uint256 validTo;
        uint256 status;
    }

    /// @notice By keccak256 of subject, grantee and scope.
    mapping(bytes32 id => Consent consent) public consents;

    /// @notice A consent was given.
    /// @param subject The patient's address.
    /// @param grantee The organisation's address.
    /// @param scopeId The salted hash of the policy.
    /// @param validFrom First second of the window.
    /// @param validTo First second after it.
    event Granted(
        address indexed subject, address indexed grantee, bytes32 indexed scopeId, uint256 validFrom, uint256 validTo
    );

    /// @notice A consent was taken back.
    /// @param subject The patient's address.
    /// @param grantee The organisation's address.
    /// @param scopeId The salted hash of the policy.
    event Revoked(address indexed subject, address indexed grantee, bytes32 indexed scopeId);

    /// @notice Only what is active can be revoked.
    error NotActive();

    /// @notice Gives consent.
    /// @param grantee The organisation's address.
    /// @param scopeId The salted hash of the policy.
    /// @param validFrom First second of the window.
    /// @param validTo First second after it.
    function grant(address grantee, bytes32 scopeId, uint256 validFrom, uint256 validTo) external {
        bytes32 id = keccak256(abi.encode(msg.sender, grantee, scopeId));
        consents[id] = Consent(msg.sender, grantee, scopeId, validFrom, validTo, 1);
        emit Granted(msg.sender, grantee, scopeId, validFrom, validTo);
    }

    /// @notice Takes consent back.
    /// @param grantee The organisation's address.
    /// @param scopeId The salted hash of the policy.
    function revoke(address grantee, bytes32 scopeId) external {
        Consent storage consent = consents[keccak256(abi.encode(msg.sender, grantee, scopeId))];
        if (consent.status != 1) revert NotActive();
        consent.status = 2;
        emit Revoked(msg.sender, grantee, scopeId);
    }
}
