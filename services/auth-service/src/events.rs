//! What happened here, told to other services: written in the transaction that does it, published by the outbox relay.
//!
//! An event holds opaque ids only: no sign-in names, no people's names, no addresses of theirs, no FHIR ids, no secrets.

use access_token::revocation::Revocation;
use serde_json::{Map, Value};
use service_kit::{CorrId, bus, outbox};
use sha2::{Digest, Sha256};
use sqlx::PgConnection;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use uuid::Uuid;

use crate::db::StoreError;
use crate::{Random, random_id};

/// Security events, for the audit.
pub const AUTH_TOPIC: &str = "auth.events.v1";
/// Revocations, the same as the feed's.
pub const REVOCATION_TOPIC: &str = "auth.revocations.v1";
/// Changes of the directory, for whoever keeps a copy of it.
pub const DIRECTORY_TOPIC: &str = "directory.events.v1";

const SOURCE: &str = "auth-service";

/// What kind of thing happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Somebody signed in. About the account.
    SignInSucceeded,
    /// Somebody tried to sign in to an account. About the account.
    SignInFailed,
    /// A session was ended before its time. About the account.
    SessionEnded,
    /// A one-time enrolment code was made. About the enrolment.
    EnrolmentMade,
    /// A one-time enrolment code was used. About the account.
    EnrolmentUsed,
    /// An account was made, changed or closed. About the account.
    AccountChanged,
    /// A code or refresh token was used again, which kills what descends from it. About the client.
    TokenReused,
    /// A grant was made or widened. About the account, or the client where there is none.
    GrantMade,
    /// A grant was taken back. About the account, or the client where there is none.
    GrantRevoked,
    /// A client was registered or changed. About the client.
    ClientChanged,
    /// A client may no longer obtain tokens. About the client.
    ClientDisabled,
    /// A disabled client may obtain tokens again. About the client.
    ClientEnabled,
    /// Another key signs from now on. About the key.
    KeyRotated,
    /// A key is no longer to be believed. About the key.
    KeyCompromised,
    /// An address stands for a patient from now on, or no longer alone. About the address.
    BindingChanged,
    /// An address is a practitioner's from now on, or no longer. About the address.
    GranteeChanged,
    /// A patient stopped everything without a key. About the account.
    StopPlaced,
    /// A key lifted such a stop. About the account.
    StopLifted,
    /// Somebody may act for a patient from now on, or no longer. About the mandate.
    ProxyChanged,
    /// A rebinding was proposed, confirmed, vetoed or carried out. About the rebinding.
    RebindingChanged,
    /// An organisation's name or addresses changed. About the organisation.
    OrganizationChanged,
}

impl Kind {
    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SignInSucceeded => "sign-in.succeeded",
            Self::SignInFailed => "sign-in.failed",
            Self::SessionEnded => "session.ended",
            Self::EnrolmentMade => "enrolment.made",
            Self::EnrolmentUsed => "enrolment.used",
            Self::AccountChanged => "account.changed",
            Self::TokenReused => "token.reused",
            Self::GrantMade => "grant.made",
            Self::GrantRevoked => "grant.revoked",
            Self::ClientChanged => "client.changed",
            Self::ClientDisabled => "client.disabled",
            Self::ClientEnabled => "client.enabled",
            Self::KeyRotated => "key.rotated",
            Self::KeyCompromised => "key.compromised",
            Self::BindingChanged => "binding.changed",
            Self::GranteeChanged => "grantee.changed",
            Self::StopPlaced => "stop.placed",
            Self::StopLifted => "stop.lifted",
            Self::ProxyChanged => "proxy.changed",
            Self::RebindingChanged => "rebinding.changed",
            Self::OrganizationChanged => "organization.changed",
        }
    }

    fn topic(self) -> &'static str {
        match self {
            Self::BindingChanged
            | Self::GranteeChanged
            | Self::StopPlaced
            | Self::StopLifted
            | Self::RebindingChanged
            | Self::ProxyChanged
            | Self::OrganizationChanged => DIRECTORY_TOPIC,
            _ => AUTH_TOPIC,
        }
    }
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// The same for every retry.
    pub id: Uuid,
    /// The custodian.
    pub tenant: String,
    /// What.
    pub kind: Kind,
    /// What it is about, see [`Kind`]; events about the same keep their order.
    pub key: String,
    /// When.
    pub at: OffsetDateTime,
    /// What else there is to say.
    pub details: Map<String, Value>,
}

impl Event {
    /// An event without details.
    pub fn new(
        random: &Random,
        tenant: &str,
        kind: Kind,
        key: impl ToString,
        at: OffsetDateTime,
    ) -> Self {
        Self {
            id: random_id(random),
            tenant: tenant.to_owned(),
            kind,
            key: key.to_string(),
            at,
            details: Map::new(),
        }
    }

    /// The event with one more detail.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.details.insert(name.to_owned(), value.into());
        self
    }

    fn body(&self) -> Vec<u8> {
        let mut body = self.details.clone();
        for (name, value) in [
            ("kind", self.kind.as_str()),
            ("key", &self.key),
            ("tenant", &self.tenant),
            ("at", &self.at.format(&Rfc3339).unwrap_or_default()),
        ] {
            body.insert(name.to_owned(), Value::from(value));
        }
        Value::Object(body).to_string().into_bytes()
    }
}

/// Tells of it once the caller's transaction commits.
///
/// # Errors
/// [`StoreError`].
pub async fn emit(connection: &mut PgConnection, event: &Event) -> Result<(), StoreError> {
    let record = bus::Event {
        topic: event.kind.topic().to_owned(),
        key: event.key.clone(),
        id: event.id,
        kind: format!("consentry.{}.v1", event.kind.as_str()),
        source: SOURCE.to_owned(),
        time: event.at,
        tenant: Some(event.tenant.clone()),
        corr_id: CorrId::current().to_string(),
        body: event.body(),
    };
    Ok(outbox::insert(connection, &record).await?)
}

/// Tells of a revocation. Its place in the feed gives it its id.
pub(crate) async fn publish_revocation(
    connection: &mut PgConnection,
    tenant: &str,
    entry: &Revocation,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    let body = serde_json::to_vec(entry).map_err(|_| StoreError::Corrupt("revocations"))?;
    let mut id = [0; 16];
    let digest = Sha256::new_with_prefix(b"revocation")
        .chain_update(entry.seq.to_be_bytes())
        .chain_update(tenant)
        .chain_update(&body)
        .finalize();
    id.copy_from_slice(&digest[..16]);
    let record = bus::Event {
        topic: REVOCATION_TOPIC.to_owned(),
        key: entry.id.clone(),
        id: uuid::Builder::from_custom_bytes(id).into_uuid(),
        kind: "consentry.revocation.v1".to_owned(),
        source: SOURCE.to_owned(),
        time: now,
        tenant: Some(tenant.to_owned()),
        corr_id: CorrId::current().to_string(),
        body,
    };
    Ok(outbox::insert(connection, &record).await?)
}
