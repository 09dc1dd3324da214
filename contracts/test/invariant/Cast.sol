// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ConsentRegistry} from "../../src/consent/ConsentRegistry.sol";
import {IConsents} from "../../src/consent/IConsents.sol";
import {ISubjects} from "../../src/consent/ISubjects.sol";
import {Acts, KINDS} from "../utils/Acts.sol";
import {Built} from "../utils/Built.sol";
import {EventFold, Projection} from "../utils/EventFold.sol";
import {MoodyRegistry} from "../utils/MoodyRegistry.sol";
import {vm} from "../utils/Vm.sol";

// The block time decides, as in the registry.
// forge-lint: disable-start(block-timestamp)
/// @notice What must never happen. Each is counted where it is seen, and has an invariant of its own.
enum Finding {
    /// A consent is Active by a grant that was signed before a stop.
    StopLost,
    /// A consent is active without being authorised for that version and epoch, or the other way round.
    WronglyActive,
    /// A counter went down.
    CounterDropped,
    /// A direct stop by the controller failed.
    StopRefused,
    /// A delegate or a proposal outlived a change of the controller.
    OutlivedRotation,
    /// Something signed before the openings were voided was applied after it.
    StaleOpening,
    /// A signature changed the state a second time.
    AppliedTwice,
    /// A consent or request of a subject outlived its revokeAll.
    OutlivedRevokeAll,
    /// Somebody did what is another's to do.
    Trespass,
    /// A grantee caused a consent to be active.
    SelfGrant,
    /// An event that cannot be, or that names another actor, subject or consent than the call.
    FalseEvent,
    /// A batch did something else than the sequence of its items.
    BatchDiffers,
    /// A call that brought ETH was carried out.
    EthTaken,
    /// The registry did what the rules refuse, or refused what they demand.
    RuleBroken,
    /// Recording a lapse changed what readers see.
    LapseChangedStatus
}

uint256 constant FINDINGS = 15;

/// @notice Rare and telling situations, counted to show that the moves reach them.
enum Sight {
    /// A signed stop came too late to change anything.
    StaleStop,
    /// A grant by a delegate was applied.
    GrantByDelegate,
    /// A grant of the right version was refused for its seq.
    VoidedGrant,
    /// A grant was refused because of a freeze.
    FrozenGrant,
    /// A grantee that controls or represents the subject was refused to grant to itself.
    SelfGrantRefused,
    /// A signature came again after it had been applied.
    Replay,
    /// A stop applied after a reorganisation had lowered the version below what its signer saw.
    StopAfterReorg,
    /// Something signed on a chain that is gone was applied on the one that stayed.
    AppliedAcrossReorg,
    /// A proposal was refused because it was void.
    VoidProposal,
    /// A batch applied in part.
    PartialBatch,
    /// A request was refused by the registries of grantees.
    Unverified,
    /// A stop at the largest version.
    StopAtTheEnd,
    /// An opening was refused because a counter is used up.
    Exhausted
}

uint256 constant SIGHTS = 13;

uint256 constant CONSENTS = 6;

/// @title Who and what is in play
/// @notice Two patients, six consents, and eight keys that take every part.
abstract contract Cast {
    using EventFold for Projection;

    /// @dev What is no part of the chain and therefore stays when blocks are taken back: all that was ever signed, and
    /// what the test has seen.
    struct Beyond {
        bytes[] pool;
        uint256 signed;
        uint256[FINDINGS] findings;
        uint256[SIGHTS] sights;
        uint256[KINDS] applied;
        uint256[6] statuses;
        /// The largest version that a wallet ever saw of each consent, on whatever chain.
        uint32[CONSENTS] seen;
    }

    uint256 internal constant SUBJECTS = 2;
    uint256 internal constant KEYS = 8;
    uint256 internal constant POOL = 40;

    // The keys by the part they mostly play. A patient is a grantee of the other; the first clinic also becomes a
    // delegate and a controller.
    uint256 internal constant CLINIC = 2;
    uint256 internal constant HOSPITAL = 3;
    uint256 internal constant NEW_KEY = 4;
    uint256 internal constant PARENT = 5;
    uint256 internal constant RECOVERER = 6;
    uint256 internal constant STRANGER = 7;

    ConsentRegistry public immutable REGISTRY;
    MoodyRegistry public immutable MOODY;

    /// @dev What the events say about the chain, and about it as of its last final block.
    Projection internal _chain;
    Projection internal _final;
    Beyond internal _beyond;
    address[KEYS] internal _keys;
    mapping(address key => uint256) internal _keyOf;
    uint256 private _throws;

    constructor() {
        MOODY = new MoodyRegistry();
        REGISTRY = Built.consents(address(MOODY), address(0));
        _chain.registry = address(REGISTRY);
        _final.registry = address(REGISTRY);
        for (uint256 i = 0; i < KEYS; ++i) {
            _keys[i] = vm.addr(Acts.secret(i));
            _keyOf[_keys[i]] = i;
        }
    }

    /// @notice How often something was seen that must never happen.
    function found(Finding finding) external view returns (uint256) {
        return _beyond.findings[uint256(finding)];
    }

    /// @notice The consent with a number.
    function consentAt(uint256 index) public view returns (address subject, address grantee, bytes32 scope) {
        uint256 patient = index / 3 % SUBJECTS;
        subject = _keys[patient];
        if (index % 3 == 0) return (subject, _keys[CLINIC], bytes32(uint256(1)));
        if (index % 3 == 1) return (subject, _keys[HOSPITAL], bytes32(uint256(1)));
        return (subject, _keys[1 - patient], bytes32(uint256(2)));
    }

    /// @notice Its id.
    function idAt(uint256 index) public view returns (bytes32) {
        (address subject, address grantee, bytes32 scope) = consentAt(index);
        return _chain.idOf(subject, grantee, scope);
    }

    /// @dev The number of a consent; `CONSENTS` if it is not in play.
    function _indexOf(bytes32 id) internal view returns (uint256 index) {
        while (index < CONSENTS && idAt(index) != id) ++index;
    }

    function _status(uint256 index) internal view returns (IConsents.Status) {
        (address subject,,) = consentAt(index);
        return _chain.statusAt(idAt(index), subject, block.timestamp);
    }

    function _version(uint256 index) internal view returns (uint32) {
        return _chain.consents[idAt(index)].version;
    }

    function _note(Finding finding) internal {
        ++_beyond.findings[uint256(finding)];
    }

    function _saw(Sight sight) internal {
        ++_beyond.sights[uint256(sight)];
    }

    /// @dev A number below `sides`, another one at each throw.
    function _dice(uint256 seed, uint256 sides) internal returns (uint256) {
        return uint256(keccak256(abi.encode(seed, ++_throws))) % sides;
    }

    /// @dev The last final block is the latest one.
    function _finalise() internal {
        for (uint256 i = 0; i < CONSENTS; ++i) {
            _final.consents[idAt(i)] = _chain.consents[idAt(i)];
        }
        for (uint256 i = 0; i < SUBJECTS; ++i) {
            address subject = _keys[i];
            _final.subjects[subject] = _chain.subjects[subject];
            _final.recoveries[subject] = _chain.recoveries[subject];
            _final.proposals[subject] = _chain.proposals[subject];
            for (uint256 j = 0; j < KEYS; ++j) {
                ISubjects.Delegate storage delegate = _chain.delegates[subject][_keys[j]];
                if (delegate.nonce != 0) _final.delegates[subject][_keys[j]] = delegate;
            }
        }
    }
}
// forge-lint: disable-end(block-timestamp)
