// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IGrantees} from "./IGrantees.sol";

/// @title Registry of organisations
/// @notice The organisations that may ask patients for consent: hospitals, practices, research institutes.
interface IHospitalRegistry is IGrantees {
    /// @notice An organisation as stored, in the order of its packed word.
    struct Organization {
        /// Stored status; {isVerified} also looks at the time.
        Status status;
        /// First second at which the verification is over, or `type(uint40).max`: until suspended or removed.
        uint40 validTo;
        /// Block time of the last change; 0 for an unknown one.
        uint40 changedAt;
    }

    /// @notice An organisation was verified, or verified anew.
    /// @param organization The organisation's address.
    /// @param credential The salted hash of the evidence.
    /// @param validTo First second at which the verification is over.
    event OrganizationVerified(address indexed organization, bytes32 credential, uint40 validTo);

    /// @notice An organisation was suspended; its `validTo` stays.
    /// @param organization The organisation's address.
    /// @param reason The salted hash of the reason; may be zero.
    event OrganizationSuspended(address indexed organization, bytes32 reason);

    /// @notice A suspension was lifted; the `validTo` from before it counts again.
    /// @param organization The organisation's address.
    /// @param reason The salted hash of the reason; may be zero.
    event OrganizationReinstated(address indexed organization, bytes32 reason);

    /// @notice An organisation was removed; its `validTo` stays as a record.
    /// @param organization The organisation's address.
    /// @param reason The salted hash of the reason; may be zero.
    event OrganizationRemoved(address indexed organization, bytes32 reason);

    /// @notice Verifies an organisation, or renews its verification. From every status but `Suspended`.
    /// @param organization The organisation's address.
    /// @param credential The salted hash of the evidence; not zero.
    /// @param validTo First second at which the verification is over, later than now.
    /// @param asOf The organisation's `changedAt` when this was decided; 0 for an unknown one.
    function verify(address organization, bytes32 credential, uint40 validTo, uint40 asOf) external;

    /// @notice Suspends a verified organisation, and thereby all its practitioners.
    /// @param organization The organisation's address.
    /// @param reason The salted hash of the reason; may be zero.
    function suspend(address organization, bytes32 reason) external;

    /// @notice Lifts a suspension.
    /// @param organization The organisation's address.
    /// @param reason The salted hash of the reason; may be zero.
    /// @param asOf The block time of the suspension.
    function reinstate(address organization, bytes32 reason, uint40 asOf) external;

    /// @notice Removes a verified or suspended organisation.
    /// @param organization The organisation's address.
    /// @param reason The salted hash of the reason; may be zero.
    function remove(address organization, bytes32 reason) external;

    /// @notice An organisation as stored.
    /// @param organization The organisation's address.
    /// @return state The decoded word; all zero for an unknown one.
    function organizations(address organization) external view returns (Organization memory state);
}
