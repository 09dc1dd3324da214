//! A new address for a patient whose keys are all lost. One administrator proposes it, another confirms, and unless the
//! patient vetoes in the three days after that, it takes the place of all others.

use std::sync::Arc;

use service_kit::Shutdown;
use sqlx::{PgConnection, PgPool};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::bindings::{self, BindError, ensure_patient};
use super::statement::{Statement, Verified};
use super::{PatientPermit, WritePermit};
use crate::db::StoreError;
use crate::events::{self, Event, Kind};
use crate::{App, random_id};

/// In which the patient can veto.
pub const DELAY: Duration = Duration::hours(72);

const EVERY: std::time::Duration = std::time::Duration::from_secs(60);

/// How far it has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// One administrator wants it.
    Proposed,
    /// Two do; it is carried out at the time given.
    Confirmed,
    /// The patient refused.
    Vetoed,
    /// The new address stands for the patient, alone.
    Done,
}

impl State {
    fn parse(text: &str) -> Result<Self, StoreError> {
        match text {
            "proposed" => Ok(Self::Proposed),
            "confirmed" => Ok(Self::Confirmed),
            "vetoed" => Ok(Self::Vetoed),
            "done" => Ok(Self::Done),
            _ => Err(StoreError::Corrupt("rebindings")),
        }
    }

    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Proposed => "proposed",
            Self::Confirmed => "confirmed",
            Self::Vetoed => "vetoed",
            Self::Done => "done",
        }
    }
}

/// A rebinding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rebinding {
    /// Its id.
    pub id: Uuid,
    /// Whose.
    pub fhir_id: String,
    /// The new address's own statement.
    pub statement: Statement,
    /// How far it has come.
    pub state: State,
    /// Who proposed it.
    pub proposed_by: String,
    /// When.
    pub proposed_at: OffsetDateTime,
    /// When it is carried out, once confirmed.
    pub ready_at: Option<OffsetDateTime>,
}

/// Why it goes no further.
#[derive(Debug, thiserror::Error)]
pub enum RebindError {
    /// One is under way for this patient.
    #[error("a rebinding is under way for this patient")]
    UnderWay,
    /// The patient is not in the directory.
    #[error("the directory does not have this patient")]
    UnknownPatient,
    /// There is none of this id, or it has come too far for that.
    #[error("there is no such rebinding, or it is over")]
    NotOpen,
    /// The second administrator has to be another one.
    #[error("who proposed a rebinding cannot confirm it: ask another administrator")]
    SameAdministrator,
    /// The new address's statement cannot be stored.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// The database gave no answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for RebindError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// Proposes a rebinding of a patient that the directory has.
///
/// # Errors
/// [`RebindError`].
pub async fn propose(
    app: &App,
    permit: &WritePermit,
    fhir_id: &str,
    verified: Verified,
) -> Result<Uuid, RebindError> {
    let (statement, now) = (verified.statement, app.now());
    let id = random_id(&app.random);
    let mut transaction = app.db.begin().await?;
    if statement.is_past(now) {
        return Err(BindError::from(super::statement::StatementError::PastDeadline).into());
    }
    let known = sqlx::query_scalar!(
        "select fhir_id from patients where tenant = $1 and fhir_id = $2",
        permit.tenant,
        fhir_id,
    )
    .fetch_optional(&mut *transaction)
    .await?;
    known.ok_or(RebindError::UnknownPatient)?;
    let done = sqlx::query!(
        "insert into rebindings
            (id, tenant, fhir_id, subject, nonce, deadline, signer, signature, state, proposed_by, proposed_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, 'proposed', $9, $10)
         on conflict (tenant, fhir_id) where state in ('proposed', 'confirmed') do nothing",
        id,
        permit.tenant,
        fhir_id,
        statement.subject.as_slice(),
        &statement.nonce.to_be_bytes::<32>()[..],
        statement.deadline,
        &statement.proof.signer[..],
        &statement.proof.signature[..],
        permit.administrator,
        now,
    )
    .execute(&mut *transaction)
    .await?;
    if done.rows_affected() == 0 {
        return Err(RebindError::UnderWay);
    }
    tell(&mut transaction, app, id, State::Proposed, now).await?;
    transaction.commit().await?;
    Ok(id)
}

/// A second administrator's word; returns when it will be carried out.
///
/// # Errors
/// [`RebindError`].
pub async fn confirm(
    app: &App,
    permit: &WritePermit,
    id: Uuid,
) -> Result<OffsetDateTime, RebindError> {
    let now = app.now();
    let mut transaction = app.db.begin().await?;
    let proposed_by = sqlx::query_scalar!(
        "select proposed_by from rebindings where tenant = $1 and id = $2 and state = 'proposed'",
        permit.tenant,
        id,
    )
    .fetch_optional(&mut *transaction)
    .await?
    .ok_or(RebindError::NotOpen)?;
    if proposed_by == permit.administrator {
        return Err(RebindError::SameAdministrator);
    }
    let ready_at = now + DELAY;
    let done = sqlx::query!(
        "update rebindings set state = 'confirmed', confirmed_by = $3, confirmed_at = $4, ready_at = $5
         where tenant = $1 and id = $2 and state = 'proposed'",
        permit.tenant,
        id,
        permit.administrator,
        now,
        ready_at,
    )
    .execute(&mut *transaction)
    .await?;
    if done.rows_affected() == 0 {
        return Err(RebindError::NotOpen);
    }
    tell(&mut transaction, app, id, State::Confirmed, now).await?;
    transaction.commit().await?;
    Ok(ready_at)
}

/// The patient refuses.
///
/// # Errors
/// [`RebindError::NotOpen`] when there is nothing (more) to refuse.
pub async fn veto(app: &App, permit: &PatientPermit, id: Uuid) -> Result<(), RebindError> {
    let now = app.now();
    let mut transaction = app.db.begin().await?;
    let done = sqlx::query!(
        "update rebindings set state = 'vetoed', ended_at = $4
         where tenant = $1 and fhir_id = $2 and id = $3 and state in ('proposed', 'confirmed')",
        permit.tenant,
        permit.fhir_id,
        id,
        now,
    )
    .execute(&mut *transaction)
    .await?;
    if done.rows_affected() == 0 {
        return Err(RebindError::NotOpen);
    }
    tell(&mut transaction, app, id, State::Vetoed, now).await?;
    transaction.commit().await?;
    Ok(())
}

async fn tell(
    connection: &mut PgConnection,
    app: &App,
    id: Uuid,
    state: State,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    let event = Event::new(&app.random, &app.tenant, Kind::RebindingChanged, id, now)
        .with("state", state.as_str());
    events::emit(connection, &event).await
}

/// How many are read at once, at most.
const MOST: i64 = 200;

/// A row of the table.
struct Row {
    id: Uuid,
    fhir_id: String,
    subject: Vec<u8>,
    nonce: Vec<u8>,
    deadline: i64,
    signer: Vec<u8>,
    signature: Vec<u8>,
    state: String,
    proposed_by: String,
    proposed_at: OffsetDateTime,
    ready_at: Option<OffsetDateTime>,
}

impl TryFrom<Row> for Rebinding {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id,
            fhir_id: row.fhir_id,
            statement: Statement::stored(
                &row.subject,
                &row.nonce,
                row.deadline,
                row.signer,
                row.signature,
                "rebindings",
            )?,
            state: State::parse(&row.state)?,
            proposed_by: row.proposed_by,
            proposed_at: row.proposed_at,
            ready_at: row.ready_at,
        })
    }
}

/// Those of one patient, newest first: the notice.
///
/// # Errors
/// [`StoreError`].
pub async fn of_patient(db: &PgPool, permit: &PatientPermit) -> Result<Vec<Rebinding>, StoreError> {
    let rows = sqlx::query_as!(
        Row,
        "select id, fhir_id, subject, nonce, deadline, signer, signature, state, proposed_by, proposed_at, ready_at
         from rebindings where tenant = $1 and fhir_id = $2 order by proposed_at desc limit $3",
        permit.tenant,
        permit.fhir_id,
        MOST,
    )
    .fetch_all(db)
    .await?;
    rows.into_iter().map(Rebinding::try_from).collect()
}

/// Those of the tenant that are under way, oldest first: what administrators have to look at.
///
/// # Errors
/// [`StoreError`].
pub async fn under_way(db: &PgPool, permit: &WritePermit) -> Result<Vec<Rebinding>, StoreError> {
    let rows = sqlx::query_as!(
        Row,
        "select id, fhir_id, subject, nonce, deadline, signer, signature, state, proposed_by, proposed_at, ready_at
         from rebindings where tenant = $1 and state in ('proposed', 'confirmed') order by proposed_at, id limit $2",
        permit.tenant,
        MOST,
    )
    .fetch_all(db)
    .await?;
    rows.into_iter().map(Rebinding::try_from).collect()
}

/// Carries out what is ready, one at a time: the new address takes the place of all others. Returns whether there was
/// one.
///
/// # Errors
/// [`RebindError`].
pub async fn carry_out_next(app: &App) -> Result<bool, RebindError> {
    let (tenant, now) = (app.tenant.as_str(), app.now());
    let mut transaction = app.db.begin().await?;
    let row = sqlx::query!(
        "select id, fhir_id, subject, nonce, deadline, signer, signature from rebindings
         where tenant = $1 and state = 'confirmed' and ready_at <= $2
         order by ready_at limit 1 for update skip locked",
        tenant,
        now,
    )
    .fetch_optional(&mut *transaction)
    .await?;
    let Some(row) = row else { return Ok(false) };
    let statement = Statement::stored(
        &row.subject,
        &row.nonce,
        row.deadline,
        row.signer,
        row.signature,
        "rebindings",
    )?;
    ensure_patient(&mut transaction, tenant, &row.fhir_id, now).await?;
    let stored = bindings::store(&mut transaction, tenant, &row.fhir_id, &statement, now).await;
    let state = match stored {
        Ok(_) => {
            sqlx::query!(
                "update bindings set ended_at = $4
                 where tenant = $1 and fhir_id = $2 and subject <> $3 and ended_at is null",
                tenant,
                row.fhir_id,
                statement.subject.as_slice(),
                now,
            )
            .execute(&mut *transaction)
            .await?;
            bindings::changed(&mut transaction, app, statement.subject, now).await?;
            State::Done
        }
        // The address was bound elsewhere meanwhile: as good as a veto, and not to be tried for ever.
        Err(BindError::SubjectTaken | BindError::StaleNonce) => State::Vetoed,
        Err(error) => return Err(error.into()),
    };
    sqlx::query!(
        "update rebindings set state = $2, ended_at = $3 where id = $1",
        row.id,
        state.as_str(),
        now,
    )
    .execute(&mut *transaction)
    .await?;
    tell(&mut transaction, app, row.id, state, now).await?;
    transaction.commit().await?;
    Ok(true)
}

/// Carries out what becomes ready, once a minute, until the service stops.
///
/// # Errors
/// None; a failed round is logged and the next one tried.
pub async fn carry_out(app: Arc<App>, shutdown: Shutdown) -> anyhow::Result<()> {
    while !shutdown.sleep(EVERY).await {
        loop {
            match carry_out_next(&app).await {
                Ok(true) => {
                    metrics::counter!("directory_rebindings_total").increment(1);
                    tracing::info!(tenant = app.tenant, "rebinding carried out");
                }
                Ok(false) => break,
                Err(error) => {
                    tracing::warn!(%error, "no rebinding was carried out");
                    break;
                }
            }
        }
    }
    Ok(())
}
