//! What happened here, told to other services: written in the transaction that does it, published by the outbox relay.
//!
//! An event holds opaque ids only: no sign-in names, no people's names, no addresses of theirs, no FHIR ids, no secrets.

use access_token::revocation::Revocation;
use serde_json::{Map, Value};
use service_kit::event_schema::EventSchema;
use service_kit::{CorrId, bus, outbox};
use sha2::{Digest, Sha256};
use sqlx::PgConnection;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use utoipa::openapi::schema::SchemaType;
use utoipa::openapi::{KnownFormat, ObjectBuilder, RefOr, Schema, SchemaFormat, Type};
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
const REVOCATION_KIND: &str = "consentry.revocation.v1";

macro_rules! kinds {
    ($($(#[$doc:meta])* $variant:ident = $name:literal in $topic:ident,)+) => {
        /// What kind of thing happened.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Kind { $($(#[$doc])* $variant,)+ }

        impl Kind {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Its name.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            const fn topic(self) -> &'static str {
                match self { $(Self::$variant => $topic),+ }
            }
        }
    };
}

kinds! {
    /// Somebody signed in. About the account.
    SignInSucceeded = "sign-in.succeeded" in AUTH_TOPIC,
    /// Somebody tried to sign in to an account. About the account.
    SignInFailed = "sign-in.failed" in AUTH_TOPIC,
    /// A session was ended before its time. About the account.
    SessionEnded = "session.ended" in AUTH_TOPIC,
    /// A one-time enrolment code was made. About the enrolment.
    EnrolmentMade = "enrolment.made" in AUTH_TOPIC,
    /// A one-time enrolment code was used. About the account.
    EnrolmentUsed = "enrolment.used" in AUTH_TOPIC,
    /// An account was made, changed or closed. About the account.
    AccountChanged = "account.changed" in AUTH_TOPIC,
    /// A code or refresh token was used again, which kills what descends from it. About the client.
    TokenReused = "token.reused" in AUTH_TOPIC,
    /// A grant was made or widened. About the account, or the client where there is none.
    GrantMade = "grant.made" in AUTH_TOPIC,
    /// A grant was taken back. About the account, or the client where there is none.
    GrantRevoked = "grant.revoked" in AUTH_TOPIC,
    /// A client was registered or changed. About the client.
    ClientChanged = "client.changed" in AUTH_TOPIC,
    /// A client may no longer obtain tokens. About the client.
    ClientDisabled = "client.disabled" in AUTH_TOPIC,
    /// A disabled client may obtain tokens again. About the client.
    ClientEnabled = "client.enabled" in AUTH_TOPIC,
    /// Another key signs from now on. About the key.
    KeyRotated = "key.rotated" in AUTH_TOPIC,
    /// A key is no longer to be believed. About the key.
    KeyCompromised = "key.compromised" in AUTH_TOPIC,
    /// An address stands for a patient from now on, or no longer alone. About the address.
    BindingChanged = "binding.changed" in DIRECTORY_TOPIC,
    /// An address is a practitioner's from now on, or no longer. About the address.
    GranteeChanged = "grantee.changed" in DIRECTORY_TOPIC,
    /// A patient stopped everything without a key. About the account.
    StopPlaced = "stop.placed" in DIRECTORY_TOPIC,
    /// A key lifted such a stop. About the account.
    StopLifted = "stop.lifted" in DIRECTORY_TOPIC,
    /// Somebody may act for a patient from now on, or no longer. About the mandate.
    ProxyChanged = "proxy.changed" in DIRECTORY_TOPIC,
    /// A rebinding was proposed, confirmed, vetoed or carried out. About the rebinding.
    RebindingChanged = "rebinding.changed" in DIRECTORY_TOPIC,
    /// An organisation's name or addresses changed. About the organisation.
    OrganizationChanged = "organization.changed" in DIRECTORY_TOPIC,
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

fn ce_type(kind: &str) -> String {
    format!("consentry.{kind}.v1")
}

/// What is published, by topic.
pub fn schemas() -> Vec<EventSchema> {
    let kinds = format!("`{}` of the body's kind", ce_type("{kind}"));
    let key = "the body's `key`";
    vec![
        EventSchema::new(AUTH_TOPIC, key, &kinds, body_schema(AUTH_TOPIC)),
        EventSchema::new(DIRECTORY_TOPIC, key, &kinds, body_schema(DIRECTORY_TOPIC)),
        EventSchema::of::<Revocation>(
            REVOCATION_TOPIC,
            "the body's `id`",
            &format!("`{REVOCATION_KIND}`"),
        ),
    ]
}

/// What [`Event::body`] makes of a topic's events.
fn body_schema(topic: &str) -> RefOr<Schema> {
    let text = |about: &str| {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some(about))
    };
    let kinds = Kind::ALL.iter().filter(|kind| kind.topic() == topic);
    let kind = text("What happened.").enum_values(Some(kinds.map(|kind| kind.as_str())));
    let at = text("When.").format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)));
    let detail = ObjectBuilder::new()
        .schema_type(SchemaType::from_iter([
            Type::String,
            Type::Boolean,
            Type::Array,
            Type::Null,
        ]))
        .description(Some("What else there is to say of this kind."));
    ObjectBuilder::new()
        .description(Some("Something that happened, by opaque ids only."))
        .property("kind", kind)
        .property("key", text("What it is about."))
        .property("tenant", text("The custodian."))
        .property("at", at)
        .required("kind")
        .required("key")
        .required("tenant")
        .required("at")
        .additional_properties(Some(detail))
        .into()
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
        kind: ce_type(event.kind.as_str()),
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
        kind: REVOCATION_KIND.to_owned(),
        source: SOURCE.to_owned(),
        time: now,
        tenant: Some(tenant.to_owned()),
        corr_id: CorrId::current().to_string(),
        body,
    };
    Ok(outbox::insert(connection, &record).await?)
}
