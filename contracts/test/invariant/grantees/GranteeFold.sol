// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IGrantees} from "../../../src/grantees/IGrantees.sol";
import {IHospitalRegistry} from "../../../src/grantees/IHospitalRegistry.sol";
import {IProviderRegistry} from "../../../src/grantees/IProviderRegistry.sol";
import {Vm} from "../../utils/Vm.sol";

/// @notice Rebuilds grantees from events and block times alone, as an indexer does, and refuses any event that cannot
/// follow those before it. An organisation is folded like a practitioner that belongs to none.
library GranteeFold {
    error ImpossibleEvent(bytes32 selector, IGrantees.Status status);

    /// @notice The grantee after one more event.
    /// @param g The grantee before it; changed in place.
    /// @param log The event.
    /// @param time The time of its block.
    /// @return The grantee after it.
    function fold(IProviderRegistry.Practitioner memory g, Vm.Log memory log, uint40 time)
        internal
        pure
        returns (IProviderRegistry.Practitioner memory)
    {
        bytes32 selector = log.topics[0];
        IGrantees.Status status = g.status;
        bool ofPractitioner = log.topics.length == 3;
        address organization = ofPractitioner ? address(uint160(uint256(log.topics[2]))) : address(0);
        bool possible;

        if (
            selector == IHospitalRegistry.OrganizationVerified.selector
                || selector == IProviderRegistry.PractitionerVerified.selector
        ) {
            possible = status != IGrantees.Status.Suspended;
            g.status = IGrantees.Status.Verified;
            (, g.validTo) = abi.decode(log.data, (bytes32, uint40));
            g.organization = organization;
            possible = possible && g.validTo > time;
        } else if (
            selector == IHospitalRegistry.OrganizationSuspended.selector
                || selector == IProviderRegistry.PractitionerSuspended.selector
        ) {
            possible = status == IGrantees.Status.Verified;
            g.status = IGrantees.Status.Suspended;
        } else if (
            selector == IHospitalRegistry.OrganizationReinstated.selector
                || selector == IProviderRegistry.PractitionerReinstated.selector
        ) {
            possible = status == IGrantees.Status.Suspended;
            g.status = IGrantees.Status.Verified;
        } else if (
            selector == IHospitalRegistry.OrganizationRemoved.selector
                || selector == IProviderRegistry.PractitionerRemoved.selector
        ) {
            possible = status == IGrantees.Status.Verified || status == IGrantees.Status.Suspended;
            g.status = IGrantees.Status.Removed;
        }
        g.changedAt = time;
        if (!possible || g.organization != organization) revert ImpossibleEvent(selector, status);
        return g;
    }
}
