//! The events of `HospitalRegistry` and `ProviderRegistry`.

use alloy::primitives::{Address, B256, LogData};
use alloy::sol_types::SolEvent as _;
use consent_core::GranteeEvent;
use consent_core::grantee::GranteeEventKind;

use super::{Contract, Event, LogError, core_address, core_hash, parse, topic_of};
use crate::registry::HospitalRegistry::{
    self, OrganizationReinstated, OrganizationRemoved, OrganizationSuspended, OrganizationVerified,
};
use crate::registry::ProviderRegistry::{
    self, PractitionerReinstated, PractitionerRemoved, PractitionerSuspended, PractitionerVerified,
};

pub(super) fn decode_hospitals(log: &LogData) -> Result<Event, LogError> {
    let contract = Contract::Hospitals;
    let event =
        |organization, kind| Event::Organization(grantee(organization, Address::ZERO, kind));
    Ok(match topic_of(log) {
        OrganizationVerified::SIGNATURE_HASH => {
            let e: OrganizationVerified = parse(contract, log)?;
            event(e.organization, verified(e.credential, e.validTo.to()))
        }
        OrganizationSuspended::SIGNATURE_HASH => {
            let e: OrganizationSuspended = parse(contract, log)?;
            event(e.organization, suspended(e.reason))
        }
        OrganizationReinstated::SIGNATURE_HASH => {
            let e: OrganizationReinstated = parse(contract, log)?;
            event(e.organization, reinstated(e.reason))
        }
        OrganizationRemoved::SIGNATURE_HASH => {
            let e: OrganizationRemoved = parse(contract, log)?;
            event(e.organization, removed(e.reason))
        }
        HospitalRegistry::AuthorityUpdated::SIGNATURE_HASH => {
            let e: HospitalRegistry::AuthorityUpdated = parse(contract, log)?;
            Event::Authority {
                contract,
                authority: core_address(e.authority),
            }
        }
        topic => return Err(LogError::UnknownEvent { contract, topic }),
    })
}

pub(super) fn decode_providers(log: &LogData) -> Result<Event, LogError> {
    let contract = Contract::Providers;
    let event = |practitioner, organization, kind| {
        Event::Practitioner(grantee(practitioner, organization, kind))
    };
    Ok(match topic_of(log) {
        PractitionerVerified::SIGNATURE_HASH => {
            let e: PractitionerVerified = parse(contract, log)?;
            let kind = verified(e.credential, e.validTo.to());
            event(e.practitioner, e.organization, kind)
        }
        PractitionerSuspended::SIGNATURE_HASH => {
            let e: PractitionerSuspended = parse(contract, log)?;
            event(e.practitioner, e.organization, suspended(e.reason))
        }
        PractitionerReinstated::SIGNATURE_HASH => {
            let e: PractitionerReinstated = parse(contract, log)?;
            event(e.practitioner, e.organization, reinstated(e.reason))
        }
        PractitionerRemoved::SIGNATURE_HASH => {
            let e: PractitionerRemoved = parse(contract, log)?;
            event(e.practitioner, e.organization, removed(e.reason))
        }
        ProviderRegistry::AuthorityUpdated::SIGNATURE_HASH => {
            let e: ProviderRegistry::AuthorityUpdated = parse(contract, log)?;
            Event::Authority {
                contract,
                authority: core_address(e.authority),
            }
        }
        topic => return Err(LogError::UnknownEvent { contract, topic }),
    })
}

fn grantee(grantee: Address, organization: Address, kind: GranteeEventKind) -> GranteeEvent {
    GranteeEvent {
        grantee: core_address(grantee),
        organization: core_address(organization),
        kind,
    }
}

fn verified(credential: B256, valid_to: u64) -> GranteeEventKind {
    GranteeEventKind::Verified {
        credential: core_hash(credential),
        valid_to,
    }
}

fn suspended(reason: B256) -> GranteeEventKind {
    GranteeEventKind::Suspended {
        reason: core_hash(reason),
    }
}

fn reinstated(reason: B256) -> GranteeEventKind {
    GranteeEventKind::Reinstated {
        reason: core_hash(reason),
    }
}

fn removed(reason: B256) -> GranteeEventKind {
    GranteeEventKind::Removed {
        reason: core_hash(reason),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy::primitives::aliases::U40;

    #[test]
    fn an_event_counts_only_from_its_own_registry() {
        let log = PractitionerVerified {
            practitioner: Address::repeat_byte(1),
            organization: Address::repeat_byte(2),
            credential: B256::repeat_byte(3),
            validTo: U40::from(9),
        }
        .encode_log_data();
        let expected = GranteeEvent {
            grantee: consent_core::Address([1; 20]),
            organization: consent_core::Address([2; 20]),
            kind: GranteeEventKind::Verified {
                credential: consent_core::Hash32([3; 32]),
                valid_to: 9,
            },
        };
        assert_eq!(decode_providers(&log), Ok(Event::Practitioner(expected)));
        let unknown = LogError::UnknownEvent {
            contract: Contract::Hospitals,
            topic: PractitionerVerified::SIGNATURE_HASH,
        };
        assert_eq!(decode_hospitals(&log), Err(unknown));
    }

    #[test]
    fn an_organisation_belongs_to_none() {
        let log = OrganizationRemoved {
            organization: Address::repeat_byte(1),
            reason: B256::ZERO,
        };
        let Ok(Event::Organization(event)) = decode_hospitals(&log.encode_log_data()) else {
            panic!("an organisation's event");
        };
        assert!(event.organization.is_zero());
        assert_eq!(event.grantee, consent_core::Address([1; 20]));
    }
}
