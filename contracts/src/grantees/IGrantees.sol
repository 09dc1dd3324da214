// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IGranteeRegistry} from "../consent/IGranteeRegistry.sol";

/// @title What the registries of grantees share
/// @notice A grantee is verified until a set time by whoever keeps the registry, and may be suspended, reinstated and
/// removed.
/// @dev Who may do what is up to the authority, an AccessManager: verifying and reinstating are meant to wait for its
/// delays, suspending is not. The rules that this contract itself keeps:
///
/// - Verifying and reinstating name the `changedAt` they were decided on. A decision that waits out its delay while the
///   grantee is suspended or removed comes too late, instead of undoing that. The first one names 0.
/// - A suspension ends by {IHospitalRegistry.reinstate} or {IProviderRegistry.reinstate} only, never by verifying anew.
/// - Validity is half-open: a grantee is verified before `validTo`, not at it.
///
/// Evidence is only in the events, as a hash. It must be salted: a hash of a licence number alone can be searched for.
/// Nothing here names a person. The events and the times of their blocks rebuild every stored bit.
interface IGrantees is IGranteeRegistry {
    /// @notice What is recorded about a grantee. A `Verified` one may be past its time, see {isVerified}.
    enum Status {
        /// Nothing was ever recorded.
        None,
        /// Its credential was checked.
        Verified,
        /// Not verified for now.
        Suspended,
        /// Not verified any more. It may be verified anew.
        Removed
    }

    /// @notice The grantee is the zero address.
    error ZeroGrantee();

    /// @notice A verification without evidence.
    error ZeroCredential();

    /// @notice The validity would already be over: `validTo` must be greater than the block time.
    /// @param validTo The end given.
    /// @param time The block time.
    error ValidityOver(uint40 validTo, uint40 time);

    /// @notice This is not done to a grantee of this status.
    /// @param grantee The grantee.
    /// @param status Its status.
    error WrongStatus(address grantee, Status status);

    /// @notice The grantee has changed since this was decided.
    /// @param asOf The `changedAt` given.
    /// @param changedAt That of the grantee.
    error ChangedSince(uint40 asOf, uint40 changedAt);
}
