//! One-time codes by which somebody becomes an account: who they are was settled by whoever made the code.

use sqlx::{PgConnection, PgPool};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::code::Code;
use super::{Role, store};
use crate::Random;
use crate::db::StoreError;

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
    /// The organisation whose backend made the code; `None` where an administrator did.
    pub invited_by: Option<String>,
    /// When it ends.
    pub expires_at: OffsetDateTime,
}

/// The terms on which codes are made.
#[derive(Debug, Clone, Copy)]
pub struct Terms {
    /// How long they are good for.
    pub lifetimes: Lifetimes,
    /// How many one organisation makes in an hour.
    pub organization_per_hour: i64,
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

/// Stores an enrolment under a new code. Only [`invite`](super::invite::invite) does so, which says who may.
///
/// # Errors
/// [`StoreError`].
pub(super) async fn create(
    connection: &mut PgConnection,
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
                                 created_by, invited_by, created_at, expires_at, opened)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 0)",
        enrolment.id,
        tenant,
        &code.hash()[..],
        enrolment.role.persona().as_str(),
        columns.fhir_id,
        columns.organization,
        columns.practitioner,
        enrolment.account,
        created_by,
        enrolment.invited_by,
        now,
        enrolment.expires_at,
    )
    .execute(connection)
    .await?;
    Ok(code)
}

/// How many codes an organisation has made since a time, and when the first of them; nobody else of it makes any until the
/// end of the transaction.
///
/// # Errors
/// [`StoreError`].
pub(super) async fn made_since(
    connection: &mut PgConnection,
    tenant: &str,
    organization: &str,
    since: OffsetDateTime,
) -> Result<(i64, Option<OffsetDateTime>), StoreError> {
    sqlx::query!(
        "select pg_advisory_xact_lock(hashtextextended('enrolments ' || $1 || ' ' || $2, 0))",
        tenant,
        organization,
    )
    .execute(&mut *connection)
    .await?;
    let row = sqlx::query!(
        r#"select count(*) as "made!", min(created_at) as first from enrolments
           where tenant = $1 and invited_by = $2 and created_at > $3"#,
        tenant,
        organization,
        since,
    )
    .fetch_one(connection)
    .await?;
    Ok((row.made, row.first))
}

struct Row {
    id: Uuid,
    persona: String,
    fhir_id: Option<String>,
    organization: Option<String>,
    practitioner: Option<String>,
    account: Option<Uuid>,
    invited_by: Option<String>,
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
            invited_by: row.invited_by,
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
         returning id, persona, fhir_id, organization, practitioner, account, invited_by, expires_at",
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
        "select id, persona, fhir_id, organization, practitioner, account, invited_by, expires_at from enrolments
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
