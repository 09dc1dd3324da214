//! Between the database's types and ours. What does not convert is a corrupt row.

use alloy::primitives::B256;
use consent_core::{Address, ConsentEvent, EventKind, Hash32, StoredStatus};

use super::{Position, ProjectionError};

/// A number as `bigint`. Heights, times and versions stay far below 2^63.
pub fn bigint(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A number as `integer`. Log indexes and 24-bit counters stay far below 2^31.
pub fn integer(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

/// Reads the columns of one table.
#[derive(Clone, Copy)]
pub struct Table(pub &'static str);

impl Table {
    /// The error for this table.
    pub fn corrupt(self) -> ProjectionError {
        ProjectionError::Corrupt(self.0)
    }

    /// A count, height or time.
    pub fn number(self, value: i64) -> Result<u64, ProjectionError> {
        u64::try_from(value).map_err(|_| self.corrupt())
    }

    /// A version or log index.
    pub fn small(self, value: i64) -> Result<u32, ProjectionError> {
        u32::try_from(value).map_err(|_| self.corrupt())
    }

    /// An address.
    pub fn address(self, value: Vec<u8>) -> Result<Address, ProjectionError> {
        value.try_into().map(Address).map_err(|_| self.corrupt())
    }

    /// A 32-byte identifier.
    pub fn hash(self, value: Vec<u8>) -> Result<Hash32, ProjectionError> {
        value.try_into().map(Hash32).map_err(|_| self.corrupt())
    }

    /// A hash of the chain.
    pub fn chain_hash(self, value: Vec<u8>) -> Result<B256, ProjectionError> {
        Ok(B256::from(self.hash(value)?.0))
    }

    /// Where an event is.
    pub fn position(
        self,
        tx_hash: Vec<u8>,
        block_no: i64,
        block_hash: Vec<u8>,
        log_index: i32,
    ) -> Result<Position, ProjectionError> {
        Ok(Position {
            tx_hash: self.chain_hash(tx_hash)?,
            block_no: self.number(block_no)?,
            block_hash: self.chain_hash(block_hash)?,
            log_index: self.small(log_index.into())?,
        })
    }

    /// A stored status.
    pub fn status(self, value: i16) -> Result<StoredStatus, ProjectionError> {
        u8::try_from(value)
            .ok()
            .and_then(StoredStatus::from_number)
            .ok_or_else(|| self.corrupt())
    }
}

/// The columns of an event that depend on its kind.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct KindColumns {
    /// See [`EventKind::name`].
    pub kind: String,
    /// Version after the event.
    pub version: i64,
    /// Start of the window.
    pub valid_from: Option<i64>,
    /// End of the window.
    pub valid_to: Option<i64>,
    /// When a request lapses.
    pub respond_by: Option<i64>,
    /// Who signed.
    pub actor: Option<Vec<u8>>,
}

impl KindColumns {
    /// Takes an event apart.
    pub fn of(event: &ConsentEvent) -> Self {
        let mut columns = Self {
            kind: event.kind.name().to_owned(),
            ..Self::default()
        };
        let mut set = |version: u32, actor: Option<Address>| {
            columns.version = i64::from(version);
            columns.actor = actor.map(|actor| actor.0.to_vec());
        };
        match event.kind {
            EventKind::Requested {
                valid_from,
                valid_to,
                respond_by,
                version,
                actor,
            } => {
                set(version, Some(actor));
                columns.valid_from = Some(bigint(valid_from));
                columns.valid_to = Some(bigint(valid_to));
                columns.respond_by = Some(bigint(respond_by));
            }
            EventKind::Created {
                valid_from,
                valid_to,
                version,
                actor,
            } => {
                set(version, Some(actor));
                columns.valid_from = Some(bigint(valid_from));
                columns.valid_to = Some(bigint(valid_to));
            }
            EventKind::Denied { version, actor } | EventKind::Revoked { version, actor } => {
                set(version, Some(actor))
            }
            EventKind::Expired { version } => set(version, None),
        }
        columns
    }

    /// Puts it together again; `None` for columns that no event has.
    pub fn into_kind(self) -> Option<EventKind> {
        let version = u32::try_from(self.version).ok()?;
        let time = |value: Option<i64>| u64::try_from(value?).ok();
        let actor = self
            .actor
            .and_then(|actor| actor.try_into().ok())
            .map(Address);
        let (valid_from, valid_to, respond_by) = (
            time(self.valid_from),
            time(self.valid_to),
            time(self.respond_by),
        );
        Some(match self.kind.as_str() {
            "requested" => EventKind::Requested {
                valid_from: valid_from?,
                valid_to: valid_to?,
                respond_by: respond_by?,
                version,
                actor: actor?,
            },
            "created" => EventKind::Created {
                valid_from: valid_from?,
                valid_to: valid_to?,
                version,
                actor: actor?,
            },
            "denied" => EventKind::Denied {
                version,
                actor: actor?,
            },
            "revoked" => EventKind::Revoked {
                version,
                actor: actor?,
            },
            "expired" => EventKind::Expired { version },
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_event_survives_the_tables() {
        let actor = Address([7; 20]);
        for kind in [
            EventKind::Requested {
                valid_from: 1,
                valid_to: (1 << 40) - 1,
                respond_by: 3,
                version: 4,
                actor,
            },
            EventKind::Created {
                valid_from: 1,
                valid_to: 2,
                version: u32::MAX,
                actor,
            },
            EventKind::Denied { version: 2, actor },
            EventKind::Revoked { version: 9, actor },
            EventKind::Expired { version: 1 },
        ] {
            let event = ConsentEvent {
                subject: actor,
                grantee: actor,
                scope_id: Hash32::ZERO,
                kind,
            };
            assert_eq!(KindColumns::of(&event).into_kind(), Some(kind));
        }
        assert_eq!(KindColumns::default().into_kind(), None);
    }
}
