//! Grantee addresses: which address on chain is an organisation's, or a practitioner's of it, by that address's own
//! signature.
//!
//! The table alone is not believed: whoever relies on a binding has [`proven`] verify it again, as the gateway does.

use alloy::primitives::Address;
use contract_bindings::intent::BindGrantee;
use futures::{StreamExt as _, TryStreamExt as _};
use sqlx::{PgConnection, PgPool};
use time::OffsetDateTime;
use uuid::Uuid;

use super::bindings::Bound;
use super::statement::{self, Statement, StatementError};
use super::{GranteePermit, PractitionerPermit, ReadPermit};
use crate::App;
use crate::db::StoreError;
use crate::events::{self, Event, Kind};
use crate::projection::ProjectionError;
use crate::revocation;

/// The most addresses of one practitioner; each is looked up on chain for each of their tokens.
const OWN_AT_MOST: usize = 4;
/// Statements that are verified at the same time; a contract wallet's takes a call.
const AT_ONCE: usize = 8;

/// Whose an address is, by its statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owner<'a> {
    /// The custodian whose directory says so.
    pub tenant: &'a str,
    /// The organisation.
    pub organization: &'a str,
    /// The practitioner of it; `None` for the organisation itself.
    pub practitioner: Option<&'a str>,
}

/// A stored binding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    /// What was signed.
    pub statement: Statement,
    /// When it was stored.
    pub bound_at: OffsetDateTime,
}

/// A statement whose signature was verified, for one owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Verified<'a> {
    pub(super) owner: Owner<'a>,
    pub(super) statement: Statement,
}

/// Why a statement was not taken.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// It is not signed, or too late.
    #[error(transparent)]
    Statement(#[from] StatementError),
    /// The nonce does not grow.
    #[error("the nonce is not greater than that of the address's statement before")]
    StaleNonce,
    /// The address stands for somebody else now.
    #[error("the address belongs to another organisation or practitioner")]
    Taken,
    /// The practitioner has as many addresses as one may have.
    #[error("a practitioner has at most 4 addresses: end one first")]
    TooMany,
    /// The directory no longer has the organisation.
    #[error("the directory does not have the organisation")]
    UnknownOrganization,
    /// The database gave no answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for BindError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

impl Binding {
    /// A binding as the database has it.
    pub(super) fn stored(
        grantee: &[u8],
        nonce: &[u8],
        deadline: i64,
        signer: Vec<u8>,
        signature: Vec<u8>,
        bound_at: OffsetDateTime,
    ) -> Result<Self, StoreError> {
        let table = "grantee_bindings";
        let statement = Statement::stored(grantee, nonce, deadline, signer, signature, table)?;
        Ok(Self {
            statement,
            bound_at,
        })
    }
}

impl Owner<'_> {
    fn practitioner(&self) -> &str {
        self.practitioner.unwrap_or_default()
    }
}

/// Checks the signature over `BindGrantee(tenant, organization, practitioner, grantee, nonce, deadline)`.
///
/// # Errors
/// [`StatementError`].
async fn verify<'a>(
    app: &App,
    owner: Owner<'a>,
    statement: Statement,
) -> Result<Verified<'a>, StatementError> {
    let message = BindGrantee {
        tenant: owner.tenant.to_owned(),
        organization: owner.organization.to_owned(),
        practitioner: owner.practitioner().to_owned(),
        grantee: statement.subject,
        nonce: statement.nonce,
        deadline: statement::unix(statement.deadline)?,
    };
    statement::judge(app, &message, &statement.proof).await?;
    Ok(Verified { owner, statement })
}

/// As [`verify`], for all of them.
///
/// # Errors
/// [`StatementError`] of any.
pub(super) async fn verify_all<'a>(
    app: &App,
    owner: Owner<'a>,
    statements: Vec<Statement>,
) -> Result<Vec<Verified<'a>>, StatementError> {
    futures::stream::iter(statements)
        .map(|statement| verify(app, owner, statement))
        .buffered(AT_ONCE)
        .try_collect()
        .await
}

/// The addresses of those bindings whose signatures hold now. The others are in the table by somebody else's doing.
///
/// # Errors
/// When only the chain could tell of one, and gave no answer.
pub async fn proven(
    app: &App,
    owner: Owner<'_>,
    bindings: &[Binding],
) -> Result<Vec<Address>, ProjectionError> {
    let statements: Vec<Statement> = bindings
        .iter()
        .map(|binding| binding.statement.clone())
        .collect();
    let checked: Vec<Option<Address>> = futures::stream::iter(statements)
        .map(|statement| async move {
            match verify(app, owner, statement).await {
                Ok(verified) => Ok(Some(verified.statement.subject)),
                Err(StatementError::Signature | StatementError::PastDeadline) => Ok(None),
                Err(StatementError::Chain(error)) => Err(error),
            }
        })
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    let proven: Vec<Address> = checked.into_iter().flatten().collect();
    let unverified = bindings.len() - proven.len();
    if unverified > 0 {
        tracing::error!(
            unverified,
            organization = owner.organization,
            "the directory holds addresses that did not sign for it"
        );
        metrics::counter!("directory_unverified_grantees_total").increment(unverified as u64);
    }
    Ok(proven)
}

/// What is bound to an owner now, in order of address.
///
/// # Errors
/// [`StoreError`].
pub async fn find(db: &PgPool, owner: Owner<'_>) -> Result<Vec<Binding>, StoreError> {
    let mut connection = db.acquire().await?;
    bound_to(&mut connection, owner).await
}

/// Stores a practitioner's statement, if the address signed it for them.
///
/// # Errors
/// [`BindError`].
pub async fn bind(
    app: &App,
    permit: &GranteePermit,
    statement: Statement,
) -> Result<Bound, BindError> {
    let (owner, now) = (permit.practitioner().owner(), app.now());
    let verified = verify(app, owner, statement).await?;
    let mut transaction = app.db.begin().await?;
    // One practitioner's statement of an organisation at a time, so that each counts what is there.
    let known = sqlx::query_scalar!(
        "select id from organizations where tenant = $1 and id = $2 for no key update",
        owner.tenant,
        owner.organization,
    )
    .fetch_optional(&mut *transaction)
    .await?;
    known.ok_or(BindError::UnknownOrganization)?;
    let bound = bound_to(&mut transaction, owner).await?;
    let subject = verified.statement.subject;
    let is_new = bound
        .iter()
        .all(|binding| binding.statement.subject != subject);
    if is_new && bound.len() >= OWN_AT_MOST {
        return Err(BindError::TooMany);
    }
    let outcome = store(&mut transaction, &verified, &bound, now).await?;
    if outcome != Bound::Unchanged {
        changed(&mut transaction, app, subject, now).await?;
    }
    transaction.commit().await?;
    Ok(outcome)
}

/// Ends a practitioner's own address, and their tokens with it; false when it was not theirs.
///
/// # Errors
/// [`StoreError`].
pub async fn end(
    app: &App,
    permit: &PractitionerPermit,
    grantee: Address,
) -> Result<bool, StoreError> {
    let (owner, now) = (permit.owner(), app.now());
    let mut transaction = app.db.begin().await?;
    let ended = sqlx::query!(
        "update grantee_bindings set ended_at = $5
         where tenant = $1 and organization = $2 and practitioner = $3 and grantee = $4 and ended_at is null",
        owner.tenant,
        owner.organization,
        owner.practitioner(),
        grantee.as_slice(),
        now,
    )
    .execute(&mut *transaction)
    .await?;
    if ended.rows_affected() == 0 {
        return Ok(false);
    }
    changed(&mut transaction, app, grantee, now).await?;
    let kind = revocation::Kind::Account;
    revocation::record(&mut transaction, owner.tenant, kind, &permit.account, now).await?;
    transaction.commit().await?;
    Ok(true)
}

/// The accounts of the practitioners that these addresses belong to; their ids as tokens name them.
///
/// # Errors
/// [`StoreError`].
pub async fn accounts(
    db: &PgPool,
    permit: &ReadPermit,
    addresses: &[Address],
) -> Result<Vec<String>, StoreError> {
    let addresses: Vec<Vec<u8>> = addresses.iter().map(|address| address.to_vec()).collect();
    let accounts = sqlx::query_scalar!(
        "select distinct accounts.id from grantee_bindings join accounts using (tenant, organization, practitioner)
         where tenant = $1 and grantee = any($2) and ended_at is null order by accounts.id",
        permit.tenant,
        &addresses,
    )
    .fetch_all(db)
    .await?;
    Ok(accounts.iter().map(Uuid::to_string).collect())
}

/// Tells that an address is a practitioner's from now on, or no longer.
async fn changed(
    connection: &mut PgConnection,
    app: &App,
    grantee: Address,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    let key = grantee.to_checksum(None);
    let event = Event::new(&app.random, &app.tenant, Kind::GranteeChanged, key, now);
    events::emit(connection, &event).await
}

/// What is bound to an owner now, in order of address.
pub(super) async fn bound_to(
    connection: &mut PgConnection,
    owner: Owner<'_>,
) -> Result<Vec<Binding>, StoreError> {
    let rows = sqlx::query!(
        "select grantee, nonce, deadline, signer, signature, bound_at from grantee_bindings
         where tenant = $1 and organization = $2 and practitioner = $3 and ended_at is null
         order by grantee",
        owner.tenant,
        owner.organization,
        owner.practitioner(),
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|row| {
            Binding::stored(
                &row.grantee,
                &row.nonce,
                row.deadline,
                row.signer,
                row.signature,
                row.bound_at,
            )
        })
        .collect()
}

/// Stores a statement beside what is `bound` to its owner. Sent again unchanged it changes nothing, even after its
/// deadline.
pub(super) async fn store(
    connection: &mut PgConnection,
    verified: &Verified<'_>,
    bound: &[Binding],
    now: OffsetDateTime,
) -> Result<Bound, BindError> {
    let Verified { owner, statement } = verified;
    let known = bound
        .iter()
        .find(|binding| binding.statement.subject == statement.subject);
    if known.is_some_and(|binding| binding.statement == *statement) {
        return Ok(Bound::Unchanged);
    }
    if statement.is_past(now) {
        return Err(StatementError::PastDeadline.into());
    }
    let nonce = statement.nonce.to_be_bytes::<32>();
    let stored = sqlx::query!(
        "insert into grantee_bindings as known
             (tenant, grantee, organization, practitioner, nonce, deadline, signer, signature, bound_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
         on conflict (tenant, grantee) do update
             set organization = excluded.organization, practitioner = excluded.practitioner, nonce = excluded.nonce,
                 deadline = excluded.deadline, signer = excluded.signer, signature = excluded.signature,
                 bound_at = excluded.bound_at, ended_at = null
             where known.nonce < excluded.nonce
               and (known.ended_at is not null
                    or (known.organization = excluded.organization and known.practitioner = excluded.practitioner))",
        owner.tenant,
        statement.subject.as_slice(),
        owner.organization,
        owner.practitioner(),
        &nonce[..],
        statement.deadline,
        &statement.proof.signer[..],
        &statement.proof.signature[..],
        now,
    )
    .execute(&mut *connection)
    .await?;
    if stored.rows_affected() == 1 {
        return Ok(match known {
            Some(_) => Bound::Renewed,
            None => Bound::Created,
        });
    }
    let is_theirs = sqlx::query_scalar!(
        r#"select ended_at is null and (organization <> $3 or practitioner <> $4) as "is_theirs!"
           from grantee_bindings where tenant = $1 and grantee = $2"#,
        owner.tenant,
        statement.subject.as_slice(),
        owner.organization,
        owner.practitioner(),
    )
    .fetch_one(connection)
    .await?;
    Err(if is_theirs {
        BindError::Taken
    } else {
        BindError::StaleNonce
    })
}

/// Ends what is bound to an owner but for these addresses; returns how many.
pub(super) async fn end_others(
    connection: &mut PgConnection,
    owner: Owner<'_>,
    keep: &[Address],
    now: OffsetDateTime,
) -> Result<u64, StoreError> {
    let keep: Vec<Vec<u8>> = keep.iter().map(|address| address.to_vec()).collect();
    let ended = sqlx::query!(
        "update grantee_bindings set ended_at = $5
         where tenant = $1 and organization = $2 and practitioner = $3 and ended_at is null and grantee <> all($4)",
        owner.tenant,
        owner.organization,
        owner.practitioner(),
        &keep,
        now,
    )
    .execute(connection)
    .await?;
    Ok(ended.rows_affected())
}
