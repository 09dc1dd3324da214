// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ConsentRegistry} from "../../src/consent/ConsentRegistry.sol";
import {IConsents} from "../../src/consent/IConsents.sol";
import {ISubjects} from "../../src/consent/ISubjects.sol";
import {ConsentHandler} from "../invariant/ConsentHandler.sol";
import {EventFold, Projection} from "../utils/EventFold.sol";
import {Vm, vm} from "../utils/Vm.sol";

// The block time decides, as in the registry.
// forge-lint: disable-start(block-timestamp)
/// @notice Replays the events of long random histories, once they are over, and compares all there is to compare. See
/// EventReplay.tree.
contract EventReplayTest {
    using EventFold for Projection;

    uint40 private constant NOW = 1_800_000_000;
    uint256 private constant CONSENTS = 6;
    uint256 private constant KEYS = 8;

    ConsentHandler private _handler;
    ConsentRegistry private _registry;
    Projection private _replayed;

    function setUp() public {
        vm.warp(NOW);
        _handler = ConsentHandler(vm.deployCode("ConsentHandler.sol:ConsentHandler", abi.encode(false, true)));
        _registry = _handler.REGISTRY();
        _replayed.registry = address(_registry);
    }

    /// forge-config: default.fuzz.runs = 12
    /// forge-config: long.fuzz.runs = 1000
    function testFuzz_EventsAndBlockTimesRebuildTheWholeState(uint256 seed) public {
        vm.record();
        for (uint256 i = 0; i < 120; ++i) {
            uint256 move = uint256(keccak256(abi.encode(seed, i)));
            if (move % 10 < 5) _handler.decide(move);
            else if (move % 10 == 5) _handler.relay(move);
            else if (move % 10 == 6) _handler.trespass(move);
            else if (move % 10 == 7) _handler.pass(move);
            else if (move % 10 == 8) _handler.reorganise(move);
            else _handler.unsettle(move);
        }
        (, bytes32[] memory written) = vm.accesses(address(_registry));
        _replay();
        _compareStored();
        _compareSlots(written);
        _compareLater();
    }

    function _replay() private {
        uint256 length = _handler.historyLength();
        for (uint256 i = 0; i < length; ++i) {
            (uint40 time, bytes memory log) = _handler.history(i);
            vm.assertTrue(_replayed.fold(abi.decode(log, (Vm.Log)), time), "an event that cannot be");
        }
    }

    function _compareStored() private view {
        for (uint256 i = 0; i < CONSENTS; ++i) {
            bytes32 id = _handler.idAt(i);
            _same(abi.encode(_registry.consents(id)), abi.encode(_replayed.consents[id]), "consent");
        }
        for (uint256 i = 0; i < 2; ++i) {
            address subject = _handler.keyAt(i);
            ISubjects.Subject memory state = _replayed.subjects[subject];
            state.controller = _replayed.controllerOf(subject);
            _same(abi.encode(_registry.subjects(subject)), abi.encode(state), "subject");
            _same(abi.encode(_registry.recoveries(subject)), abi.encode(_replayed.recoveries[subject]), "recovery");
            _same(abi.encode(_registry.proposals(subject)), abi.encode(_replayed.proposals[subject]), "proposal");
            for (uint256 key = 0; key < KEYS; ++key) {
                address delegate = _handler.keyAt(key);
                bytes memory known = abi.encode(_replayed.delegates[subject][delegate]);
                _same(abi.encode(_registry.delegates(subject, delegate)), known, "delegate");
            }
        }
    }

    /// @dev The registry stores nothing that the events do not tell of.
    function _compareSlots(bytes32[] memory written) private view {
        for (uint256 i = 0; i < written.length; ++i) {
            if (vm.load(address(_registry), written[i]) == 0) continue;
            vm.assertTrue(_isKnown(written[i]), "a word that no event tells of");
        }
    }

    function _isKnown(bytes32 slot) private view returns (bool) {
        for (uint256 i = 0; i < CONSENTS; ++i) {
            if (slot == _handler.idAt(i)) return true;
        }
        for (uint256 i = 0; i < 2; ++i) {
            address subject = _handler.keyAt(i);
            // Subject, recovery, proposal in two words, freeze.
            if (slot == _at(subject, 2) || slot == _at(subject, 4) || slot == _at(subject, 6)) return true;
            if (slot == _at(subject, 5) || uint256(slot) == uint256(_at(subject, 5)) + 1) return true;
            for (uint256 key = 0; key < KEYS; ++key) {
                if (slot == keccak256(abi.encode(_handler.keyAt(key), _at(subject, 3)))) return true;
            }
        }
        return false;
    }

    function _at(address key, uint256 mapping_) private pure returns (bytes32) {
        return keccak256(abi.encode(key, mapping_));
    }

    /// @dev What readers see now, at every time when it can change, and just before.
    function _compareLater() private {
        uint256 time = block.timestamp;
        _compareEffective(time);
        for (uint256 i = 0; i < CONSENTS; ++i) {
            IConsents.Consent storage consent = _replayed.consents[_handler.idAt(i)];
            uint40[3] memory turns = [consent.validFrom, consent.validTo, consent.respondBy];
            for (uint256 j = 0; j < turns.length; ++j) {
                if (turns[j] <= time || turns[j] == type(uint40).max) continue;
                _compareEffective(turns[j] - 1);
                _compareEffective(turns[j]);
            }
        }
        _compareEffective(time + 100 days);
        _compareEffective(type(uint40).max - 1);
    }

    function _compareEffective(uint256 time) private {
        vm.warp(time);
        for (uint256 i = 0; i < CONSENTS; ++i) {
            (address subject, address grantee, bytes32 scope) = _handler.consentAt(i);
            bytes32 id = _handler.idAt(i);
            uint256 status = uint256(_replayed.statusAt(id, subject, time));
            vm.assertEq(uint256(_registry.statusOf(subject, grantee, scope)), status, "effective status");
            bool active = _replayed.isActiveAt(id, subject, time);
            vm.assertTrue(_registry.isActive(subject, grantee, scope) == active, "isActive");
        }
        for (uint256 i = 0; i < 2; ++i) {
            for (uint256 key = 0; key < KEYS; ++key) {
                (uint8 rights, uint40 end) = _registry.rightsOf(_handler.keyAt(i), _handler.keyAt(key));
                (uint8 known, uint40 knownEnd) = _replayed.rightsAt(_handler.keyAt(i), _handler.keyAt(key), time);
                vm.assertTrue(rights == known && end == knownEnd, "rights");
            }
        }
    }

    function _same(bytes memory actual, bytes memory known, string memory what) private pure {
        vm.assertEq(keccak256(actual), keccak256(known), what);
    }
}
// forge-lint: disable-end(block-timestamp)
