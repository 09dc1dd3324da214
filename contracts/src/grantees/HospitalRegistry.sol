// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IGranteeRegistry} from "../consent/IGranteeRegistry.sol";
import {Grantees} from "./Grantees.sol";
import {IHospitalRegistry} from "./IHospitalRegistry.sol";

/// @title Registry of organisations
/// @notice See {IHospitalRegistry}.
contract HospitalRegistry is IHospitalRegistry, Grantees {
    /// @param authority The AccessManager that says who may do what.
    constructor(address authority) Grantees(authority) {}

    /// @inheritdoc IHospitalRegistry
    function verify(address organization, bytes32 credential, uint40 validTo, uint40 asOf) external restricted {
        _verify(organization, address(0), credential, validTo, asOf);
        emit OrganizationVerified(organization, credential, validTo);
    }

    /// @inheritdoc IHospitalRegistry
    function suspend(address organization, bytes32 reason) external restricted {
        _suspend(organization);
        emit OrganizationSuspended(organization, reason);
    }

    /// @inheritdoc IHospitalRegistry
    function reinstate(address organization, bytes32 reason, uint40 asOf) external restricted {
        _reinstate(organization, asOf);
        emit OrganizationReinstated(organization, reason);
    }

    /// @inheritdoc IHospitalRegistry
    function remove(address organization, bytes32 reason) external restricted {
        _remove(organization);
        emit OrganizationRemoved(organization, reason);
    }

    /// @inheritdoc IGranteeRegistry
    function isVerified(address organization) external view returns (bool verified) {
        return _holds(_grantee(organization));
    }

    /// @inheritdoc IHospitalRegistry
    function organizations(address organization) external view returns (Organization memory state) {
        Grantee storage g = _grantee(organization);
        return Organization(g.status, g.validTo, g.changedAt);
    }
}
