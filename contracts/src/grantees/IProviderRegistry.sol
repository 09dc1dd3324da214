// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IGrantees} from "./IGrantees.sol";

/// @title Registry of practitioners
/// @notice The practitioners that may ask patients for consent. Each belongs to one organisation of a registry of
/// organisations, and is verified only while that organisation is.
/// @dev An organisation that is reinstated, or removed and verified anew, has its practitioners back, unless their own
/// verification ended.
interface IProviderRegistry is IGrantees {
    /// @notice A practitioner as stored, in the order of its packed word.
    struct Practitioner {
        /// Stored status; {isVerified} also looks at the time and the organisation.
        Status status;
        /// First second at which the verification is over, or `type(uint40).max`: until suspended or removed.
        uint40 validTo;
        /// Block time of the last change; 0 for an unknown one.
        uint40 changedAt;
        /// The organisation it belongs to.
        address organization;
    }

    /// @notice A practitioner was verified, or verified anew, maybe for another organisation.
    /// @param practitioner The practitioner's address.
    /// @param organization The organisation it belongs to from now on.
    /// @param credential The salted hash of the evidence.
    /// @param validTo First second at which the verification is over.
    event PractitionerVerified(
        address indexed practitioner, address indexed organization, bytes32 credential, uint40 validTo
    );

    /// @notice A practitioner was suspended; its `validTo` stays.
    /// @param practitioner The practitioner's address.
    /// @param organization The organisation it belongs to.
    /// @param reason The salted hash of the reason; may be zero.
    event PractitionerSuspended(address indexed practitioner, address indexed organization, bytes32 reason);

    /// @notice A suspension was lifted; the `validTo` from before it counts again.
    /// @param practitioner The practitioner's address.
    /// @param organization The organisation it belongs to.
    /// @param reason The salted hash of the reason; may be zero.
    event PractitionerReinstated(address indexed practitioner, address indexed organization, bytes32 reason);

    /// @notice A practitioner was removed; its `validTo` and organisation stay as a record.
    /// @param practitioner The practitioner's address.
    /// @param organization The organisation it belonged to.
    /// @param reason The salted hash of the reason; may be zero.
    event PractitionerRemoved(address indexed practitioner, address indexed organization, bytes32 reason);

    /// @notice No contract is at the address of the registry of organisations.
    /// @param hospitals The address given.
    error NoHospitals(address hospitals);

    /// @notice The organisation is not verified.
    /// @param organization The organisation given.
    error OrganizationNotVerified(address organization);

    /// @notice A practitioner cannot be its own organisation.
    /// @param practitioner The address given for both.
    error OwnOrganization(address practitioner);

    /// @notice Verifies a practitioner, renews its verification, or moves it to another organisation. From every status
    /// but `Suspended`.
    /// @param practitioner The practitioner's address.
    /// @param organization The organisation it belongs to; must be verified.
    /// @param credential The salted hash of the evidence; not zero.
    /// @param validTo First second at which the verification is over, later than now.
    /// @param asOf The practitioner's `changedAt` when this was decided; 0 for an unknown one.
    function verify(address practitioner, address organization, bytes32 credential, uint40 validTo, uint40 asOf)
        external;

    /// @notice Suspends a verified practitioner.
    /// @param practitioner The practitioner's address.
    /// @param reason The salted hash of the reason; may be zero.
    function suspend(address practitioner, bytes32 reason) external;

    /// @notice Lifts a suspension.
    /// @param practitioner The practitioner's address.
    /// @param reason The salted hash of the reason; may be zero.
    /// @param asOf The block time of the suspension.
    function reinstate(address practitioner, bytes32 reason, uint40 asOf) external;

    /// @notice Removes a verified or suspended practitioner.
    /// @param practitioner The practitioner's address.
    /// @param reason The salted hash of the reason; may be zero.
    function remove(address practitioner, bytes32 reason) external;

    /// @notice The registry of organisations.
    /// @return The registry.
    function HOSPITALS() external view returns (address);

    /// @notice A practitioner as stored.
    /// @param practitioner The practitioner's address.
    /// @return state The decoded word; all zero for an unknown one.
    function practitioners(address practitioner) external view returns (Practitioner memory state);
}
