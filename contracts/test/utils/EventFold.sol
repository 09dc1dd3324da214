// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IConsents} from "../../src/consent/IConsents.sol";
import {Vm} from "./Vm.sol";

/// @notice Rebuilds consents from events and block times alone, as an indexer does, and refuses any event that cannot
/// follow those before it.
library EventFold {
    /// @dev The data of ConsentRequested.
    struct Requested {
        uint40 validFrom;
        uint40 validTo;
        uint40 respondBy;
        uint32 version;
        address actor;
    }

    error ImpossibleEvent(bytes32 selector, IConsents.Status status, uint32 version);

    /// @notice The consent after one more event.
    /// @param consent The consent before it; changed in place.
    /// @param log The event.
    /// @param time The time of its block.
    /// @return The consent after it.
    function fold(IConsents.Consent memory consent, Vm.Log memory log, uint40 time)
        internal
        pure
        returns (IConsents.Consent memory)
    {
        bytes32 selector = log.topics[0];
        IConsents.Status status = consent.status;
        uint32 version = consent.version;
        uint32 next = version == type(uint32).max ? version : version + 1;
        bool requested = status == IConsents.Status.Requested;
        bool open = requested || status == IConsents.Status.Active;
        bool possible;

        if (selector == IConsents.ConsentRequested.selector) {
            Requested memory data = abi.decode(log.data, (Requested));
            consent.status = IConsents.Status.Requested;
            consent.validFrom = data.validFrom;
            consent.validTo = data.validTo;
            consent.respondBy = data.respondBy;
            consent.version = data.version;
            possible = !open && consent.version == next && next != type(uint32).max;
        } else if (selector == IConsents.ConsentCreated.selector) {
            consent.status = IConsents.Status.Active;
            (consent.validFrom, consent.validTo, consent.version,) =
                abi.decode(log.data, (uint40, uint40, uint32, address));
            consent.respondBy = 0;
            possible = consent.version == (requested ? version : next) && consent.version != type(uint32).max;
        } else if (selector == IConsents.ConsentDenied.selector) {
            consent.status = IConsents.Status.Denied;
            (consent.version,) = abi.decode(log.data, (uint32, address));
            possible = requested && consent.version == next;
        } else if (selector == IConsents.ConsentRevoked.selector) {
            consent.status = IConsents.Status.Revoked;
            (consent.version,) = abi.decode(log.data, (uint32, address));
            possible = consent.version == next;
        } else if (selector == IConsents.ConsentExpired.selector) {
            consent.status = IConsents.Status.Expired;
            possible = open && abi.decode(log.data, (uint32)) == version;
        }
        consent.changedAt = time;
        if (!possible) revert ImpossibleEvent(selector, status, version);
        return consent;
    }
}
