//! Revocations in the database.

use access_token::Claims;
use access_token::revocation::{Kind, Page, Revocation};
use sqlx::{PgConnection, PgPool};
use time::{Duration, OffsetDateTime};

use crate::db::StoreError;
use crate::events;

/// The most entries of one answer: well below what a reader takes.
const PAGE: i64 = 1000;

/// How long an entry is kept after its time, for readers whose clock is slow.
const KEEP: Duration = Duration::minutes(10);

const CORRUPT: StoreError = StoreError::Corrupt("revocations");

fn name(kind: Kind) -> &'static str {
    match kind {
        Kind::Session => "session",
        Kind::Token => "token",
        Kind::Client => "client",
        Kind::Account => "account",
        Kind::Organization => "organization",
        Kind::Key => "key",
    }
}

fn kind(name_of_it: &str) -> Result<Kind, StoreError> {
    Kind::ALL
        .into_iter()
        .find(|kind| name(*kind) == name_of_it)
        .ok_or(CORRUPT)
}

/// Ends every token that `id` names and that was issued up to now, once the caller's transaction commits.
///
/// From here to the end of the transaction no other one can record anything for this tenant, so that entries become
/// visible in the order of their places: do it last.
///
/// # Errors
/// [`StoreError`].
pub async fn record(
    connection: &mut PgConnection,
    tenant: &str,
    kind: Kind,
    id: &str,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    let place = sqlx::query_scalar!(
        "insert into revocation_feeds (tenant, last_seq) values ($1, 1)
         on conflict (tenant) do update set last_seq = revocation_feeds.last_seq + 1
         returning last_seq",
        tenant,
    )
    .fetch_one(&mut *connection)
    .await?;
    let seq = u64::try_from(place).map_err(|_| CORRUPT)?;
    let entry = Revocation::new(seq, kind, id, Some(tenant.to_owned()), now);
    sqlx::query!(
        "insert into revocations (tenant, seq, kind, id, before, until, created_at)
         values ($1, $2, $3, $4, $5, $6, $7)",
        tenant,
        place,
        name(kind),
        id,
        entry.before,
        entry.until,
        now,
    )
    .execute(&mut *connection)
    .await?;
    metrics::counter!("revocations_total", "kind" => name(kind)).increment(1);
    events::publish_revocation(connection, tenant, &entry, now).await
}

/// The last place given away in the tenant's feed; 0 before the first.
///
/// # Errors
/// [`StoreError`].
pub async fn head(db: &PgPool, tenant: &str) -> Result<u64, StoreError> {
    let head = sqlx::query_scalar!(
        r#"select coalesce(max(last_seq), 0) as "head!" from revocation_feeds where tenant = $1"#,
        tenant,
    )
    .fetch_one(db)
    .await?;
    u64::try_from(head).map_err(|_| CORRUPT)
}

/// The entries after a place whose time is not over, in order. A place that the feed never reached belongs to another
/// life of it: then it is told from its beginning.
///
/// # Errors
/// [`StoreError`].
pub async fn page(
    db: &PgPool,
    tenant: &str,
    after: u64,
    now: OffsetDateTime,
) -> Result<Page, StoreError> {
    let page = read(db, tenant, after, now).await?;
    if page.next >= after {
        return Ok(page);
    }
    let page = read(db, tenant, 0, now).await?;
    Ok(Page {
        reset: true,
        ..page
    })
}

async fn read(
    db: &PgPool,
    tenant: &str,
    after: u64,
    now: OffsetDateTime,
) -> Result<Page, StoreError> {
    // One statement sees one moment: the head is that of the very entries it returns.
    let rows = sqlx::query!(
        r#"select head.seq as "head!", r.seq as "seq?", r.kind as "kind?", r.id as "id?", r.before as "before?",
                  r.until as "until?"
           from (select coalesce(max(last_seq), 0) as seq from revocation_feeds where tenant = $1) head
           left join lateral (
               select * from revocations where tenant = $1 and seq > $2 and until > $3 order by seq limit $4
           ) r on true
           order by r.seq"#,
        tenant,
        i64::try_from(after).unwrap_or(i64::MAX),
        now.unix_timestamp(),
        PAGE + 1,
    )
    .fetch_all(db)
    .await?;
    let number = |number: i64| u64::try_from(number).map_err(|_| CORRUPT);
    let head = rows.first().map_or(Ok(0), |row| number(row.head))?;
    let mut revocations = Vec::new();
    for row in rows {
        let (Some(seq), Some(kind_of_it), Some(id), Some(before), Some(until)) =
            (row.seq, row.kind, row.id, row.before, row.until)
        else {
            continue;
        };
        revocations.push(Revocation {
            seq: number(seq)?,
            kind: kind(&kind_of_it)?,
            id,
            before,
            until,
            tenant: Some(tenant.to_owned()),
        });
    }
    let page = usize::try_from(PAGE).unwrap_or(usize::MAX);
    let more = revocations.len() > page;
    revocations.truncate(page);
    let next = match revocations.last() {
        Some(last) if more => last.seq,
        _ => head,
    };
    Ok(Page {
        as_of: now,
        next,
        revocations,
        reset: false,
        more: Some(more),
    })
}

/// Whether nothing that a token names was revoked after the token was issued.
///
/// # Errors
/// [`StoreError`].
pub async fn stands(db: &PgPool, claims: &Claims, now: OffsetDateTime) -> Result<bool, StoreError> {
    let dead = sqlx::query_scalar!(
        r#"select exists (
               select 1 from revocations
               where tenant = $1 and before > $2 and until > $3
                 and (kind = 'token' and id = $4 or kind = 'client' and id = $5
                      or kind = 'account' and id in ($6, $7) or kind = 'session' and id = $8
                      or kind = 'organization' and id = $9)
           ) as "dead!""#,
        claims.tenant,
        claims.iat,
        now.unix_timestamp(),
        claims.jti,
        claims.client_id,
        claims.sub,
        claims.act.as_ref().map(|actor| actor.sub.as_str()),
        claims.sign_in.as_ref().map(|sign_in| sign_in.sid.as_str()),
        claims.org,
    )
    .fetch_one(db)
    .await?;
    Ok(!dead)
}

/// Forgets entries whose time was over a while ago. Their places stay taken.
///
/// # Errors
/// [`StoreError`].
pub async fn forget_expired(
    db: &PgPool,
    tenant: &str,
    now: OffsetDateTime,
) -> Result<u64, StoreError> {
    let done = sqlx::query!(
        "delete from revocations where tenant = $1 and until < $2",
        tenant,
        (now - KEEP).unix_timestamp(),
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected())
}
