//! A chain log turned into a domain event, by the contract that emitted it. The only parser of the contracts' events.

use alloy::primitives::{Address, B256, LogData};
use alloy::sol_types::SolEvent;
use consent_core::{ConsentEvent, GranteeEvent, SubjectEvent};
use thiserror::Error;

mod grantee;
mod registry;

/// Why a log of a contract that we follow is no event of it. Both mean that this code is older than the contract, or
/// not its reader at all: whoever follows the chain must stop, never skip.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum LogError {
    /// The contract emitted an event this code does not know.
    #[error("unknown event {topic} from {contract}")]
    UnknownEvent {
        /// The contract.
        contract: Contract,
        /// The log's first topic.
        topic: B256,
    },
    /// A known event whose topics or data do not have its shape.
    #[error("event {topic} from {contract} is malformed")]
    Malformed {
        /// The contract.
        contract: Contract,
        /// The log's first topic.
        topic: B256,
    },
}

/// A contract that can be followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Contract {
    /// `ConsentRegistry`
    Registry,
    /// `HospitalRegistry`
    Hospitals,
    /// `ProviderRegistry`
    Providers,
}

impl std::fmt::Display for Contract {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Registry => "the registry",
            Self::Hospitals => "the registry of organisations",
            Self::Providers => "the registry of practitioners",
        })
    }
}

/// What a followed contract says happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// To a consent.
    Consent(ConsentEvent),
    /// To a subject.
    Subject(SubjectEvent),
    /// To an organisation.
    Organization(GranteeEvent),
    /// To a practitioner.
    Practitioner(GranteeEvent),
    /// A registry of grantees is kept by another authority from now on.
    Authority {
        /// Which of the two.
        contract: Contract,
        /// The AccessManager that says who may do what.
        authority: consent_core::Address,
    },
}

/// Where the followed contracts are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Followed {
    /// `ConsentRegistry`.
    pub registry: Address,
    /// `HospitalRegistry`, if it is followed.
    pub hospitals: Option<Address>,
    /// `ProviderRegistry`, if it is followed.
    pub providers: Option<Address>,
}

impl Followed {
    /// The registry of consents alone.
    pub fn registry(registry: Address) -> Self {
        Self {
            registry,
            hospitals: None,
            providers: None,
        }
    }

    /// Every followed contract with its address.
    pub fn contracts(&self) -> impl Iterator<Item = (Contract, Address)> {
        let grantees = [
            (Contract::Hospitals, self.hospitals),
            (Contract::Providers, self.providers),
        ];
        let present = |(contract, address): (_, Option<Address>)| Some((contract, address?));
        std::iter::once((Contract::Registry, self.registry))
            .chain(grantees.into_iter().filter_map(present))
    }

    /// The contract at an address; `None` for one that is none of our business.
    pub fn contract_at(&self, address: Address) -> Option<Contract> {
        self.contracts()
            .find_map(|(contract, at)| (at == address).then_some(contract))
    }
}

/// Decodes a log of a followed contract.
///
/// # Errors
/// [`LogError`] when it is not exactly one of the contract's events.
pub fn decode(contract: Contract, log: &LogData) -> Result<Event, LogError> {
    match contract {
        Contract::Registry => registry::decode(log),
        Contract::Hospitals => grantee::decode_hospitals(log),
        Contract::Providers => grantee::decode_providers(log),
    }
}

fn topic_of(log: &LogData) -> B256 {
    log.topics().first().copied().unwrap_or_default()
}

/// Strict: encoding the parsed event again must give the very same log.
fn parse<E: SolEvent>(contract: Contract, log: &LogData) -> Result<E, LogError> {
    E::decode_raw_log_validate(log.topics(), &log.data)
        .ok()
        .filter(|event| event.encode_log_data() == *log)
        .ok_or(LogError::Malformed {
            contract,
            topic: E::SIGNATURE_HASH,
        })
}

/// The chain library's address as the core's.
pub fn core_address(address: Address) -> consent_core::Address {
    consent_core::Address(address.into_array())
}

/// The core's address as the chain library's.
pub fn chain_address(address: consent_core::Address) -> Address {
    Address::from(address.0)
}

/// The chain library's word as the core's.
pub fn core_hash(hash: B256) -> consent_core::Hash32 {
    consent_core::Hash32(hash.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_belongs_to_the_contract_at_its_address() {
        let address = Address::repeat_byte;
        let followed = Followed {
            providers: Some(address(3)),
            ..Followed::registry(address(1))
        };
        assert_eq!(followed.contract_at(address(1)), Some(Contract::Registry));
        assert_eq!(followed.contract_at(address(3)), Some(Contract::Providers));
        assert_eq!(followed.contract_at(address(2)), None);
        assert_eq!(followed.contract_at(Address::ZERO), None);
        assert_eq!(followed.contracts().count(), 2);
    }
}
