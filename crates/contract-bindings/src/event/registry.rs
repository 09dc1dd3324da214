//! The events of `ConsentRegistry`: of consents and of their subjects.

use alloy::primitives::{Address, B256, LogData, Uint};
use alloy::sol_types::SolEvent as _;
use consent_core::subject::{Counters, SubjectEventKind};
use consent_core::{ConsentEvent, EventKind, SubjectEvent};

use super::{Contract, Event, LogError, core_address, core_hash, parse, topic_of};
use crate::registry::ConsentRegistry::{
    AllConsentsRevoked, ConsentCreated, ConsentDenied, ConsentExpired, ConsentRequested,
    ConsentRevoked, ControllerChanged, DelegateRemoved, DelegateSet, RecoveryProposed, RecoverySet,
    RecoveryVetoed, SignaturesInvalidated, SubjectFrozen, SubjectUnfrozen,
};

/// Parses the log as an event type, and makes a subject event of it with the given kind.
macro_rules! subject_event {
    ($log:expr, $event:ident => $kind:expr) => {{
        #[allow(clippy::redundant_closure_call)]
        let event: $event = parse(Contract::Registry, $log)?;
        let kind = ($kind)(&event);
        Event::Subject(SubjectEvent {
            subject: core_address(event.subject),
            counters: counters(event.epoch, event.authEpoch, event.seq),
            actor: core_address(event.actor),
            kind,
        })
    }};
}

pub(super) fn decode(log: &LogData) -> Result<Event, LogError> {
    Ok(match topic_of(log) {
        ConsentRequested::SIGNATURE_HASH => {
            let e: ConsentRequested = parse(Contract::Registry, log)?;
            let kind = EventKind::Requested {
                valid_from: e.validFrom.to(),
                valid_to: e.validTo.to(),
                respond_by: e.respondBy.to(),
                version: e.version,
                actor: core_address(e.actor),
            };
            consent((e.subject, e.grantee, e.scopeId), kind)
        }
        ConsentCreated::SIGNATURE_HASH => {
            let e: ConsentCreated = parse(Contract::Registry, log)?;
            let kind = EventKind::Created {
                valid_from: e.validFrom.to(),
                valid_to: e.validTo.to(),
                version: e.version,
                actor: core_address(e.actor),
            };
            consent((e.subject, e.grantee, e.scopeId), kind)
        }
        ConsentDenied::SIGNATURE_HASH => {
            let e: ConsentDenied = parse(Contract::Registry, log)?;
            let kind = EventKind::Denied {
                version: e.version,
                actor: core_address(e.actor),
            };
            consent((e.subject, e.grantee, e.scopeId), kind)
        }
        ConsentRevoked::SIGNATURE_HASH => {
            let e: ConsentRevoked = parse(Contract::Registry, log)?;
            let kind = EventKind::Revoked {
                version: e.version,
                actor: core_address(e.actor),
            };
            consent((e.subject, e.grantee, e.scopeId), kind)
        }
        ConsentExpired::SIGNATURE_HASH => {
            let e: ConsentExpired = parse(Contract::Registry, log)?;
            let kind = EventKind::Expired { version: e.version };
            consent((e.subject, e.grantee, e.scopeId), kind)
        }
        AllConsentsRevoked::SIGNATURE_HASH => subject_event!(log, AllConsentsRevoked => |_: &_| {
            SubjectEventKind::AllConsentsRevoked
        }),
        SignaturesInvalidated::SIGNATURE_HASH => {
            subject_event!(log, SignaturesInvalidated => |_: &_| SubjectEventKind::SignaturesInvalidated)
        }
        ControllerChanged::SIGNATURE_HASH => {
            subject_event!(log, ControllerChanged => |e: &ControllerChanged| {
                SubjectEventKind::ControllerChanged {
                    controller: core_address(e.controller),
                }
            })
        }
        DelegateSet::SIGNATURE_HASH => subject_event!(log, DelegateSet => |e: &DelegateSet| {
            SubjectEventKind::DelegateSet {
                delegate: core_address(e.delegate),
                rights: e.rights,
                valid_from: e.validFrom.to(),
                valid_to: e.validTo.to(),
                nonce: e.nonce,
            }
        }),
        DelegateRemoved::SIGNATURE_HASH => {
            subject_event!(log, DelegateRemoved => |e: &DelegateRemoved| {
                SubjectEventKind::DelegateRemoved {
                    delegate: core_address(e.delegate),
                    nonce: e.nonce,
                }
            })
        }
        RecoverySet::SIGNATURE_HASH => subject_event!(log, RecoverySet => |e: &RecoverySet| {
            SubjectEventKind::RecoverySet {
                recoverer: core_address(e.recoverer),
                delay: e.delay,
                nonce: e.nonce,
            }
        }),
        RecoveryProposed::SIGNATURE_HASH => {
            subject_event!(log, RecoveryProposed => |e: &RecoveryProposed| {
                SubjectEventKind::RecoveryProposed {
                    new_controller: core_address(e.newController),
                    proposal_id: e.proposalId,
                    ready_at: e.readyAt.to(),
                }
            })
        }
        RecoveryVetoed::SIGNATURE_HASH => {
            subject_event!(log, RecoveryVetoed => |e: &RecoveryVetoed| {
                SubjectEventKind::RecoveryVetoed {
                    proposal_id: e.proposalId,
                }
            })
        }
        SubjectFrozen::SIGNATURE_HASH => subject_event!(log, SubjectFrozen => |e: &SubjectFrozen| {
            SubjectEventKind::SubjectFrozen {
                frozen_until: e.frozenUntil.to(),
                next_freeze_at: e.nextFreezeAt.to(),
            }
        }),
        SubjectUnfrozen::SIGNATURE_HASH => {
            subject_event!(log, SubjectUnfrozen => |_: &_| SubjectEventKind::SubjectUnfrozen)
        }
        topic => {
            return Err(LogError::UnknownEvent {
                contract: Contract::Registry,
                topic,
            });
        }
    })
}

fn consent((subject, grantee, scope): (Address, Address, B256), kind: EventKind) -> Event {
    Event::Consent(ConsentEvent {
        subject: core_address(subject),
        grantee: core_address(grantee),
        scope_id: core_hash(scope),
        kind,
    })
}

fn counters(epoch: Uint<24, 1>, auth_epoch: Uint<24, 1>, seq: Uint<24, 1>) -> Counters {
    Counters {
        epoch: epoch.to(),
        auth_epoch: auth_epoch.to(),
        seq: seq.to(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy::primitives::{
        Bytes,
        aliases::{U24, U40},
    };

    fn created() -> ConsentCreated {
        ConsentCreated {
            subject: Address::repeat_byte(1),
            grantee: Address::repeat_byte(2),
            scopeId: B256::repeat_byte(3),
            validFrom: U40::from(10),
            validTo: U40::from(20),
            version: 7,
            actor: Address::repeat_byte(1),
        }
    }

    #[test]
    fn a_consent_event_is_decoded_field_by_field() {
        let Event::Consent(event) = decode(&created().encode_log_data()).unwrap() else {
            panic!("a consent event");
        };
        assert_eq!(event.grantee, consent_core::Address([2; 20]));
        assert_eq!(event.scope_id, consent_core::Hash32([3; 32]));
        let expected = EventKind::Created {
            valid_from: 10,
            valid_to: 20,
            version: 7,
            actor: consent_core::Address([1; 20]),
        };
        assert_eq!(event.kind, expected);
    }

    #[test]
    fn each_counter_of_a_subject_event_goes_to_its_own_place() {
        let log = DelegateSet {
            subject: Address::repeat_byte(1),
            delegate: Address::repeat_byte(2),
            rights: 5,
            validFrom: U40::from(10),
            validTo: U40::from(20),
            nonce: 3,
            seq: U24::from(4),
            epoch: U24::from(5),
            authEpoch: U24::from(6),
            actor: Address::repeat_byte(7),
        };
        let expected = SubjectEvent {
            subject: consent_core::Address([1; 20]),
            counters: Counters {
                epoch: 5,
                auth_epoch: 6,
                seq: 4,
            },
            actor: consent_core::Address([7; 20]),
            kind: SubjectEventKind::DelegateSet {
                delegate: consent_core::Address([2; 20]),
                rights: 5,
                valid_from: 10,
                valid_to: 20,
                nonce: 3,
            },
        };
        assert_eq!(decode(&log.encode_log_data()), Ok(Event::Subject(expected)));
    }

    #[test]
    fn what_is_not_exactly_a_known_event_is_an_error_not_a_skip() {
        let topic = B256::repeat_byte(9);
        let foreign = LogData::new_unchecked(vec![topic], Bytes::new());
        let contract = Contract::Registry;
        assert_eq!(
            decode(&foreign),
            Err(LogError::UnknownEvent { contract, topic })
        );
        assert!(decode(&LogData::default()).is_err());

        let whole = created().encode_log_data();
        let truncated = LogData::new_unchecked(whole.topics().to_vec(), whole.data.slice(..64));
        let malformed = Err(LogError::Malformed {
            contract,
            topic: ConsentCreated::SIGNATURE_HASH,
        });
        assert_eq!(decode(&truncated), malformed);
        let mut dirty = whole.data.to_vec();
        dirty[0] = 1; // above the 40 bits of validFrom
        let dirty = LogData::new_unchecked(whole.topics().to_vec(), dirty.into());
        assert_eq!(decode(&dirty), malformed);
    }
}
