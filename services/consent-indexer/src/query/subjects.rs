//! `GET /v1/subjects/{address}` and `GET /v1/subjects/{address}/delegates`: who decides for a subject, and the counters
//! that the next signature must name.

use axum::Json;
use axum::extract::{Path, State};
use consent_core::subject::rights;
use consent_core::{Address, Delegate, Subject, UNTIL_REVOKED};
use serde::{Deserialize, Serialize};
use service_kit::Problem;
use service_kit::extract::{Head, QueryParams};
use sqlx::PgConnection;
use time::OffsetDateTime;
use utoipa::{IntoParams, ToSchema};

use super::access::{self, Visible};
use super::chain::NoParameters;
use super::error::ApiError;
use super::snapshot::{self, AsOf, Snapshot};
use super::{Shared, limit, place::Place};
use crate::projection::ProjectionError;
use crate::projection::subjects::{self, DelegateColumns};

/// One subject. Times are Unix seconds.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SubjectRow {
    /// The address that stands for a patient.
    #[schema(value_type = String)]
    pub subject: Address,
    /// Who decides: the subject itself unless control was handed over.
    #[schema(value_type = String)]
    pub controller: Address,
    /// Consents opened in an earlier epoch are revoked.
    pub epoch: u32,
    /// Delegates and recovery set under an earlier one are void.
    pub auth_epoch: u32,
    /// What the next grant must name.
    pub seq: u32,
    /// Until when new grants are stopped; null if they are not.
    pub frozen_until: Option<u64>,
    /// When the recoverer may freeze again; null if it never did.
    pub next_freeze_at: Option<u64>,
    /// Who may recover the subject; null if nobody.
    pub recovery: Option<RecoveryRow>,
    /// The number of the last change of the recovery, also of a void one.
    pub recovery_nonce: u32,
    /// The recovery under way; null if none is.
    pub proposal: Option<ProposalRow>,
    /// The number of the last proposal, also of one that is over.
    pub last_proposal_id: u32,
    /// The last event about the subject; null if there never was one.
    #[serde(flatten)]
    pub place: Option<Place>,
}

/// Who may recover a subject.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RecoveryRow {
    /// Who may propose.
    #[schema(value_type = String)]
    pub recoverer: Address,
    /// Seconds between a proposal and its earliest execution; also how long a freeze lasts.
    pub delay: u32,
}

/// A recovery under way.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProposalRow {
    /// Its number.
    pub id: u32,
    /// Who is to control the subject.
    #[schema(value_type = String)]
    pub new_controller: Address,
    /// First second at which it can be carried out.
    pub ready_at: u64,
}

impl SubjectRow {
    fn new(subject: &Subject, place: Option<Place>, now: u64) -> Self {
        Self {
            subject: subject.address,
            controller: subject.controller,
            epoch: subject.counters.epoch,
            auth_epoch: subject.counters.auth_epoch,
            seq: subject.counters.seq,
            frozen_until: subject.frozen(now),
            next_freeze_at: (subject.next_freeze_at != 0).then_some(subject.next_freeze_at),
            recovery: subject.recoverer().map(|recovery| RecoveryRow {
                recoverer: recovery.recoverer,
                delay: recovery.delay,
            }),
            recovery_nonce: subject.recovery.nonce,
            proposal: subject.proposed().map(|proposal| ProposalRow {
                id: proposal.id,
                new_controller: proposal.new_controller,
                ready_at: proposal.ready_at,
            }),
            last_proposal_id: subject.proposal.id,
            place,
        }
    }
}

/// One subject.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SingleSubject {
    /// What the row rests on.
    pub as_of: AsOf,
    /// The row.
    pub subject: SubjectRow,
}

/// Who decides for a subject. An address that never did anything controls itself. What the token does not show does
/// not exist.
#[utoipa::path(
    get, path = "/v1/subjects/{address}", tag = "subjects", operation_id = "getSubject",
    params(("address" = String, Path, description = "The subject, 0x and 40 hexadecimal digits")),
    responses(
        (status = 200, description = "The subject", body = SingleSubject),
        (status = 400, description = "Malformed address", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "No valid token", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The token lacks the scope", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such subject for this caller", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "`stale-index`: halted, or the head was not confirmed recently. `unavailable`: the database cannot be used", body = Problem, content_type = "application/problem+json"),
    ),
    security(
        ("token" = ["system:consent.read"]),
        ("token" = ["admin:consent.read"]),
        ("token" = ["provider:records.read"]),
        ("token" = ["provider:consent.request"]),
        ("token" = ["patient:consent.read"]),
    )
)]
pub async fn get(
    State(app): State<Shared>,
    head: Head,
    Path(address): Path<String>,
    QueryParams(NoParameters {}): QueryParams<NoParameters>,
) -> Result<Json<SingleSubject>, ApiError> {
    let now = OffsetDateTime::now_utc();
    let claims = access::caller(&app, &head, now).await?;
    let visible = access::consents(&claims)?;
    let address = parse_address(&address)?;
    let mut snapshot = snapshot::open(&app, now).await?;
    let (subject, place) = visible_subject(&mut snapshot, &visible, address).await?;
    let subject = SubjectRow::new(&subject, place, snapshot.view.unix());
    Ok(Json(SingleSubject {
        as_of: snapshot.as_of,
        subject,
    }))
}

/// Which delegates to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DelegateFilter {
    /// Rows in a page, 1 to 500; 100 if absent.
    limit: Option<u16>,
    /// The `next` of the page before.
    #[param(value_type = Option<String>)]
    cursor: Option<Address>,
}

/// What a delegate's mandate is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum DelegateStatus {
    /// It has its rights now.
    Active,
    /// It will have them.
    Scheduled,
    /// Its mandate is over.
    Expired,
    /// Its rights were taken back.
    Removed,
    /// Its mandate is from before a change of control, or was dropped with all others.
    Void,
}

/// One delegate. Times are Unix seconds; the mandate is half-open, `[validFrom, validTo)`.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DelegateRow {
    /// Its address.
    #[schema(value_type = String)]
    pub delegate: Address,
    /// What its mandate is worth at the time of the answer.
    pub status: DelegateStatus,
    /// What it may do while its mandate counts: REVOKE, DENY, GRANT.
    pub rights: Vec<&'static str>,
    /// First second of the mandate.
    pub valid_from: u64,
    /// First second after it; null until removed.
    pub valid_to: Option<u64>,
    /// The subject's authEpoch when it was set.
    pub auth_epoch: u32,
    /// Counts changes of this delegate.
    pub nonce: u32,
    /// The last event about it.
    #[serde(flatten)]
    pub place: Place,
}

impl DelegateRow {
    fn new(
        subject: &Subject,
        address: Address,
        delegate: &Delegate,
        place: Place,
        now: u64,
    ) -> Self {
        let status = match delegate {
            _ if delegate.rights == 0 => DelegateStatus::Removed,
            _ if !subject.is_current(delegate.auth_epoch) => DelegateStatus::Void,
            _ if now < delegate.valid_from => DelegateStatus::Scheduled,
            _ if delegate.mandate(now).is_some() => DelegateStatus::Active,
            _ => DelegateStatus::Expired,
        };
        let named = [
            (rights::REVOKE, "REVOKE"),
            (rights::DENY, "DENY"),
            (rights::GRANT, "GRANT"),
        ];
        Self {
            delegate: address,
            status,
            rights: named
                .into_iter()
                .filter_map(|(right, name)| (delegate.rights & right != 0).then_some(name))
                .collect(),
            valid_from: delegate.valid_from,
            valid_to: (delegate.valid_to != UNTIL_REVOKED).then_some(delegate.valid_to),
            auth_epoch: delegate.auth_epoch,
            nonce: delegate.nonce,
            place,
        }
    }
}

/// A page of delegates.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DelegatePage {
    /// What the rows rest on.
    pub as_of: AsOf,
    /// The rows, ordered by address.
    pub delegates: Vec<DelegateRow>,
    /// Send as `cursor` for the next page; null at the end.
    pub next: Option<String>,
}

/// Everyone who ever was a delegate of a subject.
#[utoipa::path(
    get, path = "/v1/subjects/{address}/delegates", tag = "subjects", operation_id = "listDelegates",
    params(("address" = String, Path, description = "The subject, 0x and 40 hexadecimal digits"), DelegateFilter),
    responses(
        (status = 200, description = "The delegates", body = DelegatePage),
        (status = 400, description = "Malformed address, unknown or malformed parameter", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "No valid token", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The token lacks the scope", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such subject for this caller", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "`stale-index`: halted, or the head was not confirmed recently. `unavailable`: the database cannot be used", body = Problem, content_type = "application/problem+json"),
    ),
    security(
        ("token" = ["system:consent.read"]),
        ("token" = ["admin:consent.read"]),
        ("token" = ["provider:records.read"]),
        ("token" = ["provider:consent.request"]),
        ("token" = ["patient:consent.read"]),
    )
)]
pub async fn delegates(
    State(app): State<Shared>,
    head: Head,
    Path(address): Path<String>,
    query: Result<QueryParams<DelegateFilter>, Problem>,
) -> Result<Json<DelegatePage>, ApiError> {
    let now = OffsetDateTime::now_utc();
    let claims = access::caller(&app, &head, now).await?;
    let visible = access::consents(&claims)?;
    let address = parse_address(&address)?;
    let QueryParams(DelegateFilter { limit, cursor }) = query?;
    let limit = limit::checked(limit)?;
    let mut snapshot = snapshot::open(&app, now).await?;
    let (subject, _) = visible_subject(&mut snapshot, &visible, address).await?;
    // One more than fits tells whether there is another page.
    let mut rows = select(&mut snapshot.tx, address, cursor, limit + 1).await?;
    let more = rows.len() > usize::from(limit);
    rows.truncate(usize::from(limit));
    let view = &snapshot.view;
    let delegates = rows
        .into_iter()
        .map(|row| {
            let (address, delegate, position) = row.into_delegate()?;
            let place = Place::new(&position, view);
            Ok(DelegateRow::new(
                &subject,
                address,
                &delegate,
                place,
                view.unix(),
            ))
        })
        .collect::<Result<Vec<_>, ProjectionError>>()?;
    let next = delegates.last().filter(|_| more);
    Ok(Json(DelegatePage {
        as_of: snapshot.as_of,
        next: next.map(|row| row.delegate.to_string()),
        delegates,
    }))
}

/// The subject, if the caller may see it: it may be anyone's, its own, or of someone it may act for.
async fn visible_subject(
    snapshot: &mut Snapshot,
    visible: &Visible,
    address: Address,
) -> Result<(Subject, Option<Place>), ApiError> {
    let found = subjects::read(&mut snapshot.tx, address).await?;
    let place = found
        .as_ref()
        .map(|found| Place::new(&found.position, &snapshot.view));
    let mut subject = found.map_or_else(|| Subject::untouched(address), |found| found.subject);
    let is_visible = match visible {
        Visible::All => true,
        Visible::Subjects(own) => own.contains(&address),
        Visible::Grantees(own) => {
            subject.delegates = subjects::delegates(&mut snapshot.tx, address, own).await?;
            let now = snapshot.view.unix();
            own.iter()
                .any(|party| *party == address || subject.rights_of(*party, now).0 != 0)
        }
    };
    if is_visible {
        Ok((subject, place))
    } else {
        Err(Problem::not_found("No such subject.").into())
    }
}

async fn select(
    connection: &mut PgConnection,
    subject: Address,
    after: Option<Address>,
    limit: u16,
) -> Result<Vec<DelegateColumns>, ProjectionError> {
    let rows = sqlx::query_as!(
        DelegateColumns,
        "SELECT delegate, rights, valid_from, valid_to, auth_epoch, nonce, tx_hash, block_no, block_hash, log_index
         FROM delegates WHERE subject = $1 AND ($2::bytea IS NULL OR delegate > $2)
         ORDER BY delegate LIMIT $3",
        subject.as_bytes(),
        after.as_ref().map(|after| after.as_bytes().as_slice()),
        i64::from(limit),
    )
    .fetch_all(connection)
    .await?;
    Ok(rows)
}

/// An address in a path.
pub(super) fn parse_address(text: &str) -> Result<Address, Problem> {
    text.parse().map_err(|_| {
        Problem::bad_request(
            "invalid-parameter",
            "The address is 0x and 40 hexadecimal digits.",
        )
    })
}
