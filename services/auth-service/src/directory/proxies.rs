//! Who may act for a patient: a parent, somebody with a power of attorney.
//!
//! A proxy's token names the patient, and the proxy as who acts (`act`). What it allows has a ceiling of its own. To give
//! consent is no part of it unless the patient's subject made the proxy's address a delegate with the right to grant,
//! which the chain says anew at each token.

use access_token::ScopeSet;
use access_token::revocation::Kind as RevocationKind;
use alloy::primitives::Address;
use sqlx::PgPool;
use time::OffsetDateTime;
use uuid::Uuid;

use super::WritePermit;
use super::bindings::ensure_patient;
use super::permit::PATIENT_SCOPE;
use crate::App;
use crate::account::{Role, store as accounts};
use crate::db::StoreError;
use crate::events::{self, Event, Kind as EventKind};
use crate::grant::{authorizations, consents};
use crate::projection::ProjectionError;
use crate::revocation;

/// By what right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A parent of a minor.
    Parent,
    /// A power of attorney.
    Attorney,
}

impl Kind {
    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Parent => "parent",
            Self::Attorney => "attorney",
        }
    }

    /// Reads it.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Parent, Self::Attorney]
            .into_iter()
            .find(|kind| kind.as_str() == text)
    }
}

/// A mandate to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mandate {
    /// The account of who acts.
    pub account: Uuid,
    /// For whom: an id on the tenant's FHIR server.
    pub fhir_id: String,
    /// By what right.
    pub kind: Kind,
    /// The most that tokens allow.
    pub ceiling: ScopeSet,
    /// The address by which the proxy signs.
    pub delegate: Option<Address>,
    /// From when on.
    pub valid_from: OffsetDateTime,
    /// Until when; exclusive.
    pub valid_to: OffsetDateTime,
}

/// A mandate that holds now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proxy {
    /// What tokens name as `sub`.
    pub id: Uuid,
    /// For whom: an id on the tenant's FHIR server.
    pub fhir_id: String,
    /// By what right.
    pub kind: Kind,
    /// The most that tokens allow, before the chain is asked.
    pub ceiling: ScopeSet,
    /// The address by which the proxy signs.
    pub delegate: Option<Address>,
    /// Until when it holds; exclusive.
    pub valid_to: OffsetDateTime,
}

/// Why no mandate was stored.
#[derive(Debug, thiserror::Error)]
pub enum MandateError {
    /// There is no such account, or it is not a patient's: other personas act for an organisation.
    #[error("the account does not exist or cannot act for a patient")]
    UnsuitableAccount,
    /// It is over before it begins.
    #[error("the mandate ends before it begins")]
    EmptyWindow,
    /// Nobody needs a mandate for themselves.
    #[error("the account is that patient's own")]
    OwnPatient,
    /// The database gave no answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for MandateError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// Stores a mandate in place of the one between the same two, if there is one. Tokens from that one end.
///
/// # Errors
/// [`MandateError`].
pub async fn put(app: &App, permit: &WritePermit, mandate: &Mandate) -> Result<Uuid, MandateError> {
    let now = app.now();
    if mandate.valid_from >= mandate.valid_to {
        return Err(MandateError::EmptyWindow);
    }
    let account = accounts::find(&app.db, &permit.tenant, mandate.account).await?;
    match account.map(|account| account.role) {
        Some(Role::Patient { fhir_id }) if fhir_id == mandate.fhir_id => {
            return Err(MandateError::OwnPatient);
        }
        Some(Role::Patient { .. }) => {}
        _ => return Err(MandateError::UnsuitableAccount),
    }
    end(app, permit, mandate.account, &mandate.fhir_id).await?;
    let id = crate::random_id(&app.random);
    let mut transaction = app.db.begin().await?;
    ensure_patient(&mut transaction, &permit.tenant, &mandate.fhir_id, now).await?;
    sqlx::query!(
        "insert into proxies
            (id, tenant, account, fhir_id, kind, scope, delegate, valid_from, valid_to, created_by, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        id,
        permit.tenant,
        mandate.account,
        mandate.fhir_id,
        mandate.kind.as_str(),
        mandate.ceiling.to_string(),
        mandate.delegate.as_ref().map(|address| address.as_slice()),
        mandate.valid_from,
        mandate.valid_to,
        permit.administrator,
        now,
    )
    .execute(&mut *transaction)
    .await?;
    let event = Event::new(
        &app.random,
        &permit.tenant,
        EventKind::ProxyChanged,
        id,
        now,
    );
    events::emit(&mut transaction, &event).await?;
    transaction.commit().await?;
    Ok(id)
}

/// Ends a mandate, what apps got by it, and its tokens; false when there was none.
///
/// # Errors
/// [`StoreError`].
pub async fn end(
    app: &App,
    permit: &WritePermit,
    account: Uuid,
    fhir_id: &str,
) -> Result<bool, StoreError> {
    let now = app.now();
    let mut transaction = app.db.begin().await?;
    let ended = sqlx::query_scalar!(
        "update proxies set ended_at = $4
         where tenant = $1 and account = $2 and fhir_id = $3 and ended_at is null returning id",
        permit.tenant,
        account,
        fhir_id,
        now,
    )
    .fetch_optional(&mut *transaction)
    .await?;
    let Some(id) = ended else { return Ok(false) };
    authorizations::end_of_proxy(&mut transaction, &permit.tenant, id, now).await?;
    consents::end_of_proxy(&mut transaction, &permit.tenant, id, now).await?;
    let subject = id.to_string();
    let kind = RevocationKind::Account;
    revocation::record(&mut transaction, &permit.tenant, kind, &subject, now).await?;
    let event = Event::new(
        &app.random,
        &permit.tenant,
        EventKind::ProxyChanged,
        id,
        now,
    );
    events::emit(&mut transaction, &event).await?;
    transaction.commit().await?;
    Ok(true)
}

/// The mandate that an account has for a patient now.
///
/// # Errors
/// [`StoreError`].
pub async fn find(
    db: &PgPool,
    tenant: &str,
    account: Uuid,
    fhir_id: &str,
    now: OffsetDateTime,
) -> Result<Option<Proxy>, StoreError> {
    sqlx::query_as!(
        Row,
        "select id, fhir_id, kind, scope, delegate, valid_to from proxies
         where tenant = $1 and account = $2 and fhir_id = $3 and ended_at is null
           and valid_from <= $4 and $4 < valid_to",
        tenant,
        account,
        fhir_id,
        now,
    )
    .fetch_optional(db)
    .await?
    .map(Proxy::try_from)
    .transpose()
}

/// The mandate of this id, if it is that account's and holds now.
///
/// # Errors
/// [`StoreError`].
pub async fn holding(
    db: &PgPool,
    tenant: &str,
    id: Uuid,
    account: Uuid,
    now: OffsetDateTime,
) -> Result<Option<Proxy>, StoreError> {
    sqlx::query_as!(
        Row,
        "select id, fhir_id, kind, scope, delegate, valid_to from proxies
         where tenant = $1 and id = $2 and account = $3 and ended_at is null
           and valid_from <= $4 and $4 < valid_to",
        tenant,
        id,
        account,
        now,
    )
    .fetch_optional(db)
    .await?
    .map(Proxy::try_from)
    .transpose()
}

/// Whose mandate it is or was.
///
/// # Errors
/// [`StoreError`].
pub async fn account_of(db: &PgPool, tenant: &str, id: Uuid) -> Result<Option<Uuid>, StoreError> {
    let account = sqlx::query_scalar!(
        "select account from proxies where tenant = $1 and id = $2",
        tenant,
        id,
    )
    .fetch_optional(db)
    .await?;
    Ok(account)
}

struct Row {
    id: Uuid,
    fhir_id: String,
    kind: String,
    scope: String,
    delegate: Option<Vec<u8>>,
    valid_to: OffsetDateTime,
}

impl TryFrom<Row> for Proxy {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let corrupt = || StoreError::Corrupt("proxies");
        let delegate = row.delegate.map(|bytes| Address::try_from(&*bytes));
        Ok(Self {
            id: row.id,
            fhir_id: row.fhir_id,
            kind: Kind::parse(&row.kind).ok_or_else(corrupt)?,
            ceiling: ScopeSet::parse(&row.scope).map_err(|_| corrupt())?,
            delegate: delegate.transpose().map_err(|_| corrupt())?,
            valid_to: row.valid_to,
        })
    }
}

impl Proxy {
    /// What a token of this proxy allows at most, for a patient with these addresses. Without a delegate's right to
    /// grant, on chain, at one of them, it is without `patient:consent.write`.
    ///
    /// # Errors
    /// [`ProjectionError`] when that has to be asked and cannot.
    pub async fn allowed(
        &self,
        app: &App,
        subjects: &[Address],
    ) -> Result<ScopeSet, ProjectionError> {
        if !self.ceiling.allows_persona(PATIENT_SCOPE) {
            return Ok(self.ceiling.clone());
        }
        let mut may_grant = false;
        for subject in subjects {
            if let Some(delegate) = self.delegate {
                may_grant |= app.projection.rights(app, *subject, delegate).await?.grant;
            }
        }
        Ok(if may_grant {
            self.ceiling.clone()
        } else {
            self.without_consent_write()
        })
    }

    /// The same where the chain cannot be asked: nothing that would rest on its word.
    #[must_use]
    pub fn without_consent_write(&self) -> ScopeSet {
        without_consent_write(&self.ceiling)
    }
}

fn without_consent_write(ceiling: &ScopeSet) -> ScopeSet {
    let rest = ceiling.to_string();
    let rest: Vec<&str> = rest
        .split(' ')
        .filter(|scope| *scope != PATIENT_SCOPE)
        .collect();
    // A part of what was parsed parses.
    ScopeSet::parse(&rest.join(" ")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ceiling_without_the_right_to_grant_keeps_all_the_rest() {
        let ceiling: ScopeSet = "patient:consent.read patient:consent.write patient/Observation.rs"
            .parse()
            .unwrap();
        let rest = without_consent_write(&ceiling);
        assert!(!rest.allows_persona(PATIENT_SCOPE));
        assert!(rest.allows_persona("patient:consent.read"));
        assert_eq!(
            rest,
            "patient:consent.read patient/Observation.rs"
                .parse()
                .unwrap()
        );
    }
}
