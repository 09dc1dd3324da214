// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IGranteeRegistry} from "../consent/IGranteeRegistry.sol";
import {Grantees} from "./Grantees.sol";
import {IProviderRegistry} from "./IProviderRegistry.sol";

/// @title Registry of practitioners
/// @notice See {IProviderRegistry}.
contract ProviderRegistry is IProviderRegistry, Grantees {
    /// @inheritdoc IProviderRegistry
    address public immutable HOSPITALS;

    /// @param authority The AccessManager that says who may do what.
    /// @param hospitals The registry of organisations.
    constructor(address authority, address hospitals) Grantees(authority) {
        if (hospitals.code.length == 0) revert NoHospitals(hospitals);
        HOSPITALS = hospitals;
    }

    /// @inheritdoc IProviderRegistry
    function verify(address practitioner, address organization, bytes32 credential, uint40 validTo, uint40 asOf)
        external
        restricted
    {
        if (practitioner == organization) revert OwnOrganization(practitioner);
        if (!_isVerifiedOrganization(organization)) revert OrganizationNotVerified(organization);
        _verify(practitioner, organization, credential, validTo, asOf);
        emit PractitionerVerified(practitioner, organization, credential, validTo);
    }

    /// @inheritdoc IProviderRegistry
    function suspend(address practitioner, bytes32 reason) external restricted {
        emit PractitionerSuspended(practitioner, _suspend(practitioner), reason);
    }

    /// @inheritdoc IProviderRegistry
    function reinstate(address practitioner, bytes32 reason, uint40 asOf) external restricted {
        emit PractitionerReinstated(practitioner, _reinstate(practitioner, asOf), reason);
    }

    /// @inheritdoc IProviderRegistry
    function remove(address practitioner, bytes32 reason) external restricted {
        emit PractitionerRemoved(practitioner, _remove(practitioner), reason);
    }

    /// @inheritdoc IGranteeRegistry
    function isVerified(address practitioner) external view returns (bool verified) {
        Grantee storage g = _grantee(practitioner);
        return _holds(g) && _isVerifiedOrganization(g.organization);
    }

    /// @inheritdoc IProviderRegistry
    function practitioners(address practitioner) external view returns (Practitioner memory state) {
        Grantee storage g = _grantee(practitioner);
        return Practitioner(g.status, g.validTo, g.changedAt, g.organization);
    }

    function _isVerifiedOrganization(address organization) private view returns (bool) {
        return IGranteeRegistry(HOSPITALS).isVerified(organization);
    }
}
