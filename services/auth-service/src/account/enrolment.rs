//! One-time codes by which somebody becomes an account: who they are was settled by whoever made the code.

use sqlx::{PgConnection, PgPool};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::code::Code;
use super::{Role, store};
use crate::db::StoreError;
use crate::{Random, random_id};

/// How often a code may be entered before it is worth nothing.
const MOST_OPENED: i32 = 10;

/// What a code is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enrolment {
    /// Its id.
    pub id: Uuid,
    /// Whom the account will stand for, or stands for.
    pub role: Role,
    /// The account that gets new ways to prove itself; `None` when a new one is made.
    pub account: Option<Uuid>,
    /// When it ends.
    pub expires_at: OffsetDateTime,
}

/// How long codes are good for.
#[derive(Debug, Clone, Copy)]
pub struct Lifetimes {
    /// Those of patients, who get them by post.
    pub patient: Duration,
    /// All others.
    pub staff: Duration,
}

impl Lifetimes {
    /// How long the code of somebody in this role is good for.
    pub fn of(&self, role: &Role) -> Duration {
        match role {
            Role::Patient { .. } => self.patient,
            Role::Provider { .. } | Role::Admin => self.staff,
        }
    }
}

/// Makes a code.
///
/// # Errors
/// [`StoreError`].
pub async fn create(
    db: &PgPool,
    tenant: &str,
    enrolment: &Enrolment,
    created_by: &str,
    random: &Random,
    now: OffsetDateTime,
) -> Result<Code, StoreError> {
    let code = Code::generate(random);
    let columns = store::columns(&enrolment.role);
    sqlx::query!(
        "insert into enrolments (id, tenant, code_hash, persona, fhir_id, organization, practitioner, account,
                                 created_by, created_at, expires_at, opened)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 0)",
        enrolment.id,
        tenant,
        &code.hash()[..],
        enrolment.role.persona().as_str(),
        columns.fhir_id,
        columns.organization,
        columns.practitioner,
        enrolment.account,
        created_by,
        now,
        enrolment.expires_at,
    )
    .execute(db)
    .await?;
    Ok(code)
}

/// A new enrolment.
pub fn new(
    role: Role,
    account: Option<Uuid>,
    lifetimes: &Lifetimes,
    random: &Random,
    now: OffsetDateTime,
) -> Enrolment {
    Enrolment {
        id: random_id(random),
        expires_at: now + lifetimes.of(&role),
        role,
        account,
    }
}

struct Row {
    id: Uuid,
    persona: String,
    fhir_id: Option<String>,
    organization: Option<String>,
    practitioner: Option<String>,
    account: Option<Uuid>,
    expires_at: OffsetDateTime,
}

impl TryFrom<Row> for Enrolment {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let role = store::role(
            &row.persona,
            row.fhir_id,
            row.organization,
            row.practitioner,
        );
        Ok(Self {
            id: row.id,
            role: role.ok_or(StoreError::Corrupt("enrolments"))?,
            account: row.account,
            expires_at: row.expires_at,
        })
    }
}

/// Somebody enters a code: what it is for, and that is counted. `None` for a code that is wrong, used, expired, or was
/// entered too often; which of these it is stays with us.
///
/// # Errors
/// [`StoreError`].
pub async fn open(
    db: &PgPool,
    tenant: &str,
    code: &Code,
    now: OffsetDateTime,
) -> Result<Option<Enrolment>, StoreError> {
    sqlx::query_as!(
        Row,
        "update enrolments set opened = opened + 1
         where tenant = $1 and code_hash = $2 and used_at is null and expires_at > $3 and opened < $4
         returning id, persona, fhir_id, organization, practitioner, account, expires_at",
        tenant,
        &code.hash()[..],
        now,
        MOST_OPENED,
    )
    .fetch_optional(db)
    .await?
    .map(Enrolment::try_from)
    .transpose()
}

/// An enrolment that somebody has opened, while it is still good.
///
/// # Errors
/// [`StoreError`].
pub async fn find(
    db: &PgPool,
    tenant: &str,
    id: Uuid,
    now: OffsetDateTime,
) -> Result<Option<Enrolment>, StoreError> {
    sqlx::query_as!(
        Row,
        "select id, persona, fhir_id, organization, practitioner, account, expires_at from enrolments
         where tenant = $1 and id = $2 and used_at is null and expires_at > $3",
        tenant,
        id,
        now,
    )
    .fetch_optional(db)
    .await?
    .map(Enrolment::try_from)
    .transpose()
}

/// Uses it up; false when somebody was faster, or it has expired. One statement, so that a code makes one account.
///
/// # Errors
/// [`StoreError`].
pub async fn use_up(
    connection: &mut PgConnection,
    tenant: &str,
    id: Uuid,
    account: Uuid,
    now: OffsetDateTime,
) -> Result<bool, StoreError> {
    let done = sqlx::query!(
        "update enrolments set used_at = $4, used_by = $3
         where tenant = $1 and id = $2 and used_at is null and expires_at > $4",
        tenant,
        id,
        account,
        now,
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}
