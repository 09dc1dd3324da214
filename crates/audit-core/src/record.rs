//! Schema v1 of the audit record. Fields may be added, never removed or renamed.

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::chain::Digest;

/// The version every record of this schema carries in `v`.
pub const SCHEMA_VERSION: u8 = 1;

/// What was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Action {
    /// FHIR read of one resource by its id.
    Read,
    /// FHIR search on one resource type.
    Search,
    /// AuthZEN evaluation: a decision without data.
    Evaluate,
}

/// How it was decided, in XACML's terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Outcome {
    /// Allowed, and whatever the policy covers was released.
    Permit,
    /// Refused.
    Deny,
    /// Could not be decided, hence nothing was released.
    Indeterminate,
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Read => "read",
            Self::Search => "search",
            Self::Evaluate => "evaluate",
        })
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Permit => "permit",
            Self::Deny => "deny",
            Self::Indeterminate => "indeterminate",
        })
    }
}

/// Where in which gateway's journal the record stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Gateway {
    /// The gateway instance.
    pub id: String,
    /// Grows by one at each opening of the journal.
    pub epoch: u64,
    /// Position within the epoch, from 0 without gaps.
    pub seq: u64,
    /// Digest of the line before this one, across epochs.
    #[cfg_attr(feature = "openapi", schema(value_type = String, pattern = "^[0-9a-f]{64}$"))]
    pub prev_hash: Digest,
}

/// The consent on chain that a decision rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ChainRef {
    /// EIP-155 chain id.
    pub chain_id: u64,
    /// Address of the ConsentRegistry, 0x-hex.
    pub registry: String,
    /// The consent, 0x-hex.
    pub consent_id: String,
    /// Its version at the time of the decision.
    pub version: u32,
    /// Number of the block up to which the registry was known.
    pub block_no: u64,
    /// Hash of that block, 0x-hex.
    pub block_hash: String,
    /// The projection's revision at that block.
    pub rev: i64,
}

/// One decision, allowed or not. Holds no names, no resource bodies, no query strings and no
/// identifier of a patient but a pseudonym.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Record {
    /// The version of this schema, 1.
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 1))]
    pub v: u8,
    /// UUIDv7; the decision's id everywhere.
    pub event_id: Uuid,
    /// When it was decided, UTC.
    #[serde(with = "time::serde::rfc3339")]
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub ts: OffsetDateTime,
    /// The custodian whose gateway decided.
    pub tenant: String,
    /// Where the record stands in the journal.
    pub gateway: Gateway,
    /// Who acted: the account or client of the token.
    pub actor: String,
    /// The organisation on whose behalf, if any.
    pub requester: Option<String>,
    /// The actor's persona.
    pub role: String,
    /// What was asked for.
    pub action: Action,
    /// FHIR resource type asked for.
    pub resource_type: Option<String>,
    /// Category codes asked for, if the request named any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub categories: Vec<String>,
    /// Pseudonym of the patient, if the request came so far as to concern one.
    pub subject: Option<String>,
    /// Purpose of use, from the token.
    pub purpose: Option<String>,
    /// The token's scopes, an input of the decision.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<String>,
    /// The decision.
    pub result: Outcome,
    /// The rule that decided.
    pub rule: String,
    /// What the release was bound to, for example `withheld=2`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub obligations: Vec<String>,
    /// The policy document it rests on, 0x-hex.
    pub policy_hash: Option<String>,
    /// The consent on chain it rests on.
    pub chain_ref: Option<ChainRef>,
    /// The request's correlation id.
    pub corr_id: String,
    /// Microseconds from the request's arrival to the decision.
    pub latency_us: u64,
    /// Requests refused before this record because the journal could not be written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gap: Option<u64>,
}

/// Why a line is not a record.
#[derive(Debug, Error)]
pub enum RecordError {
    /// Not JSON of the schema; the message names the place, never the content.
    #[error("not a record of schema v1 (line {line}, column {column})")]
    Malformed {
        /// Line within the text, from 1.
        line: usize,
        /// Column within the line, from 1.
        column: usize,
    },
    /// A schema this code does not know.
    #[error("record schema {0} is not supported, only {SCHEMA_VERSION}")]
    Version(u8),
    /// The record cannot be written as JSON.
    #[error("the record cannot be serialised")]
    Unserialisable,
}

impl Record {
    /// The line without its newline: the bytes that are hashed and kept.
    ///
    /// # Errors
    /// [`RecordError::Unserialisable`], for example a year that RFC 3339 cannot express.
    pub fn to_line(&self) -> Result<Vec<u8>, RecordError> {
        serde_json::to_vec(self).map_err(|_| RecordError::Unserialisable)
    }

    /// Reads a line (without newline).
    ///
    /// # Errors
    /// When the bytes are not exactly a record of this schema.
    pub fn from_line(line: &[u8]) -> Result<Self, RecordError> {
        let record: Self =
            serde_json::from_slice(line).map_err(|error| RecordError::Malformed {
                line: error.line(),
                column: error.column(),
            })?;
        if record.v == SCHEMA_VERSION {
            Ok(record)
        } else {
            Err(RecordError::Version(record.v))
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn sample(seq: u64, prev_hash: Digest) -> Record {
        Record {
            v: SCHEMA_VERSION,
            event_id: Uuid::from_u128(0x0198_0000_0000_7000_8000_0000_0000_0000 + u128::from(seq)),
            ts: OffsetDateTime::from_unix_timestamp(1_790_000_000).unwrap(),
            tenant: "general-hospital".into(),
            gateway: Gateway {
                id: "gateway-1".into(),
                epoch: 1,
                seq,
                prev_hash,
            },
            actor: "clinic-a".into(),
            requester: Some("clinic-a".into()),
            role: "provider".into(),
            action: Action::Search,
            resource_type: Some("Observation".into()),
            categories: vec![],
            subject: Some("ab".repeat(32)),
            purpose: Some("TREAT".into()),
            scopes: vec!["provider:records.read".into()],
            result: Outcome::Permit,
            rule: "consent-active".into(),
            obligations: vec![],
            policy_hash: None,
            chain_ref: None,
            corr_id: "4bf92f3577b34da6a3ce929d0e0e4736".into(),
            latency_us: 1_234,
            gap: None,
        }
    }

    #[test]
    fn a_record_reads_back_from_its_own_line() {
        let record = sample(0, Digest::ZERO);
        let line = record.to_line().unwrap();
        assert!(!line.contains(&b'\n'));
        assert_eq!(Record::from_line(&line).unwrap(), record);
    }

    #[test]
    fn the_field_order_of_a_line_is_fixed() {
        let line = String::from_utf8(sample(0, Digest::ZERO).to_line().unwrap()).unwrap();
        let names = [
            "\"v\"",
            "\"eventId\"",
            "\"ts\"",
            "\"tenant\"",
            "\"gateway\"",
            "\"actor\"",
            "\"result\"",
            "\"corrId\"",
        ];
        let places: Vec<_> = names.iter().map(|name| line.find(name).unwrap()).collect();
        assert!(places.is_sorted(), "{line}");
    }

    #[test]
    fn errors_never_quote_the_line() {
        let error = Record::from_line(b"{\"v\":1,\"patient\":\"Jane Doe\"}").unwrap_err();
        assert!(!error.to_string().contains("Jane"));
        let mut other = sample(0, Digest::ZERO);
        other.v = 2;
        assert!(matches!(
            Record::from_line(&other.to_line().unwrap()),
            Err(RecordError::Version(2))
        ));
    }
}
