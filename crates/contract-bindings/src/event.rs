//! A chain log turned into a consent event. The only parser of the registry's events.

use alloy::primitives::{Address, B256, LogData};
use alloy::sol_types::SolEvent;
use consent_core::{ConsentEvent, EventKind};
use thiserror::Error;

use crate::registry::ConsentRegistry::{
    ConsentCreated, ConsentDenied, ConsentExpired, ConsentRequested, ConsentRevoked,
};

/// Why a log of the registry's address is no consent event. Both mean that this code is older than
/// the contract, or not its reader at all: whoever follows the chain must stop, never skip.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum LogError {
    /// The registry emitted an event this code does not know.
    #[error("unknown event {0} from the registry")]
    UnknownEvent(B256),
    /// A known event whose topics or data do not have its shape.
    #[error("event {0} from the registry is malformed")]
    Malformed(B256),
}

/// Decodes a log that the registry's address emitted.
///
/// # Errors
/// [`LogError`] when it is not exactly one of the five consent events.
pub fn decode(log: &LogData) -> Result<ConsentEvent, LogError> {
    let topic = log.topics().first().copied().unwrap_or_default();
    Ok(match topic {
        ConsentRequested::SIGNATURE_HASH => {
            let e: ConsentRequested = parse(log)?;
            let kind = EventKind::Requested {
                valid_from: e.validFrom.to(),
                valid_to: e.validTo.to(),
                respond_by: e.respondBy.to(),
                version: e.version,
                actor: core_address(e.actor),
            };
            event((e.subject, e.grantee, e.scopeId), kind)
        }
        ConsentCreated::SIGNATURE_HASH => {
            let e: ConsentCreated = parse(log)?;
            let kind = EventKind::Created {
                valid_from: e.validFrom.to(),
                valid_to: e.validTo.to(),
                version: e.version,
                actor: core_address(e.actor),
            };
            event((e.subject, e.grantee, e.scopeId), kind)
        }
        ConsentDenied::SIGNATURE_HASH => {
            let e: ConsentDenied = parse(log)?;
            let kind = EventKind::Denied {
                version: e.version,
                actor: core_address(e.actor),
            };
            event((e.subject, e.grantee, e.scopeId), kind)
        }
        ConsentRevoked::SIGNATURE_HASH => {
            let e: ConsentRevoked = parse(log)?;
            let kind = EventKind::Revoked {
                version: e.version,
                actor: core_address(e.actor),
            };
            event((e.subject, e.grantee, e.scopeId), kind)
        }
        ConsentExpired::SIGNATURE_HASH => {
            let e: ConsentExpired = parse(log)?;
            event(
                (e.subject, e.grantee, e.scopeId),
                EventKind::Expired { version: e.version },
            )
        }
        unknown => return Err(LogError::UnknownEvent(unknown)),
    })
}

/// Strict: encoding the parsed event again must give the very same log.
fn parse<E: SolEvent>(log: &LogData) -> Result<E, LogError> {
    E::decode_raw_log_validate(log.topics(), &log.data)
        .ok()
        .filter(|event| event.encode_log_data() == *log)
        .ok_or(LogError::Malformed(E::SIGNATURE_HASH))
}

fn event((subject, grantee, scope): (Address, Address, B256), kind: EventKind) -> ConsentEvent {
    ConsentEvent {
        subject: core_address(subject),
        grantee: core_address(grantee),
        scope_id: consent_core::Hash32(scope.0),
        kind,
    }
}

/// The chain library's address as the core's.
pub fn core_address(address: Address) -> consent_core::Address {
    consent_core::Address(address.into_array())
}

/// The core's address as the chain library's.
pub fn chain_address(address: consent_core::Address) -> Address {
    Address::from(address.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy::primitives::{Bytes, aliases::U40};

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
    fn a_known_event_is_decoded_field_by_field() {
        let event = decode(&created().encode_log_data()).unwrap();
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
    fn what_is_not_exactly_a_known_event_is_an_error_not_a_skip() {
        let foreign = LogData::new_unchecked(vec![B256::repeat_byte(9)], Bytes::new());
        assert_eq!(
            decode(&foreign),
            Err(LogError::UnknownEvent(B256::repeat_byte(9)))
        );
        assert!(decode(&LogData::default()).is_err());

        let whole = created().encode_log_data();
        let truncated = LogData::new_unchecked(whole.topics().to_vec(), whole.data.slice(..64));
        let malformed = Err(LogError::Malformed(ConsentCreated::SIGNATURE_HASH));
        assert_eq!(decode(&truncated), malformed);
        let mut dirty = whole.data.to_vec();
        dirty[0] = 1; // above the 40 bits of validFrom
        let dirty = LogData::new_unchecked(whole.topics().to_vec(), dirty.into());
        assert_eq!(decode(&dirty), malformed);
    }
}
