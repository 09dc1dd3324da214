// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IConsents} from "./IConsents.sol";
import {ISubjects} from "./ISubjects.sol";

/// @title Consent registry
/// @notice Who may read what of whom ({IConsents}), and who decides that ({ISubjects}).
/// @dev The EIP-712 domain is (`Consentry`, `1`, chain id, registry), see ERC-5267; the signed structs are in
/// `Intents.sol`, their hashes and digests with {IntentLens}.
interface IConsentRegistry is IConsents, ISubjects {}
