// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {AuditAnchor} from "../../src/audit/AuditAnchor.sol";
import {ConsentRegistry} from "../../src/consent/ConsentRegistry.sol";
import {IntentLens} from "../../src/consent/IntentLens.sol";
import {HospitalRegistry} from "../../src/grantees/HospitalRegistry.sol";
import {ProviderRegistry} from "../../src/grantees/ProviderRegistry.sol";
import {vm} from "./Vm.sol";
import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";
import {
    ERC7913WebAuthnVerifier
} from "@openzeppelin/contracts/utils/cryptography/verifiers/ERC7913WebAuthnVerifier.sol";

/// @title The contracts as they are deployed
/// @notice Creates what tests try out from its artifact. `new` would put it into the test's own code, compiled once
/// more and, as tests are compiled (tools/solc), not as it is deployed.
library Built {
    function consents(address hospitals_, address providers_) internal returns (ConsentRegistry) {
        return ConsentRegistry(_create("ConsentRegistry.sol:ConsentRegistry", abi.encode(hospitals_, providers_)));
    }

    function lens() internal returns (IntentLens) {
        return IntentLens(_create("IntentLens.sol:IntentLens", ""));
    }

    function manager(address firstAdmin) internal returns (AccessManager) {
        return AccessManager(_create("AccessManager.sol:AccessManager", abi.encode(firstAdmin)));
    }

    function hospitals(address authority) internal returns (HospitalRegistry) {
        return HospitalRegistry(_create("HospitalRegistry.sol:HospitalRegistry", abi.encode(authority)));
    }

    function providers(address authority, address hospitals_) internal returns (ProviderRegistry) {
        return ProviderRegistry(_create("ProviderRegistry.sol:ProviderRegistry", abi.encode(authority, hospitals_)));
    }

    function anchor() internal returns (AuditAnchor) {
        return AuditAnchor(_create("AuditAnchor.sol:AuditAnchor", ""));
    }

    function passkeyVerifier() internal returns (ERC7913WebAuthnVerifier) {
        return ERC7913WebAuthnVerifier(_create("ERC7913WebAuthnVerifier.sol:ERC7913WebAuthnVerifier", ""));
    }

    /// @dev Not by `vm.deployCode`: a constructor that reverts in there ends the test as if it had passed, where a
    /// revert is expected.
    function _create(string memory artifact, bytes memory arguments) private returns (address created) {
        bytes memory code = bytes.concat(vm.getCode(artifact), arguments);
        assembly ("memory-safe") {
            created := create(0, add(code, 0x20), mload(code))
        }
        vm.assertTrue(created != address(0), artifact);
    }
}
