// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IGrantees} from "./IGrantees.sol";
import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";

/// @title What the registries of grantees share
/// @notice See {IGrantees}.
/// @dev Keeps one word per grantee. The functions that change it check no right: callers are `restricted`.
abstract contract Grantees is IGrantees, AccessManaged {
    /// @dev A grantee in one storage word. An organisation belongs to none: there it is zero.
    struct Grantee {
        Status status;
        uint40 validTo;
        uint40 changedAt;
        address organization;
    }

    mapping(address grantee => Grantee state) private _grantees;

    /// @param authority The AccessManager. One that has no code could never let anybody do anything.
    constructor(address authority) AccessManaged(authority) {
        if (authority.code.length == 0) revert AccessManagedInvalidAuthority(authority);
    }

    /// @dev Requires that the grantee is not suspended and still as it was when this was decided.
    function _verify(address grantee, address organization, bytes32 credential, uint40 validTo, uint40 asOf) internal {
        if (grantee == address(0)) revert ZeroGrantee();
        if (credential == 0) revert ZeroCredential();
        uint40 time = _now();
        if (validTo <= time) revert ValidityOver(validTo, time);

        Grantee memory before = _grantees[grantee];
        if (before.status == Status.Suspended) revert WrongStatus(grantee, before.status);
        if (asOf != before.changedAt) revert ChangedSince(asOf, before.changedAt);
        _grantees[grantee] = Grantee(Status.Verified, validTo, time, organization);
    }

    /// @dev Also a grantee past its time can be suspended: a renewal may be under way.
    function _suspend(address grantee) internal returns (address organization) {
        Grantee storage g = _grantees[grantee];
        if (g.status != Status.Verified) revert WrongStatus(grantee, g.status);
        return _change(g, Status.Suspended);
    }

    /// @dev Requires that the suspension is the one that this was decided on.
    function _reinstate(address grantee, uint40 asOf) internal returns (address organization) {
        Grantee storage g = _grantees[grantee];
        if (g.status != Status.Suspended) revert WrongStatus(grantee, g.status);
        if (asOf != g.changedAt) revert ChangedSince(asOf, g.changedAt);
        return _change(g, Status.Verified);
    }

    function _remove(address grantee) internal returns (address organization) {
        Grantee storage g = _grantees[grantee];
        if (g.status != Status.Verified && g.status != Status.Suspended) revert WrongStatus(grantee, g.status);
        return _change(g, Status.Removed);
    }

    function _grantee(address grantee) internal view returns (Grantee storage) {
        return _grantees[grantee];
    }

    /// @dev Whether a grantee's own verification holds at the block time.
    function _holds(Grantee storage g) internal view returns (bool) {
        return g.status == Status.Verified && _now() < g.validTo;
    }

    function _change(Grantee storage g, Status status) private returns (address organization) {
        g.status = status;
        g.changedAt = _now();
        return g.organization;
    }

    /// @dev The block time. It fits until the year 36812.
    function _now() private view returns (uint40) {
        return uint40(block.timestamp);
    }
}
