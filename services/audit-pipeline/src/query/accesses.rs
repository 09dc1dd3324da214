//! `GET /v1/accesses`: who asked for a patient's records, and how it was decided.

use std::sync::PoisonError;

use audit_core::{Action, ChainRef, Outcome, Record};
use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use futures::{StreamExt, TryStreamExt, stream};
use serde::{Deserialize, Serialize};
use service_kit::Problem;
use service_kit::extract::QueryParams;
use time::OffsetDateTime;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::Place;
use super::index::Position;
use super::told::{self, Recipient};
use crate::caller::Viewer;
use crate::routes::AppState;

const DEFAULT_LIMIT: usize = 50;
const MAX_LIMIT: usize = 100;
/// Objects read at the same time for one page.
const CONCURRENT_READS: usize = 8;

/// The question.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Question {
    /// FHIR id of the patient, without `Patient/`. With a patient's token it may be left out, and is that of the token's
    /// patient; all others have to name it.
    patient: Option<String>,
    /// Rows on a page, 1 to 100; 50 when not given.
    limit: Option<usize>,
    /// `next` of the page before.
    cursor: Option<String>,
}

/// A page of decisions about one patient, newest first.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Accesses {
    /// The decisions.
    pub accesses: Vec<Access>,
    /// Cursor of the next page; null on the last.
    pub next: Option<String>,
}

/// One decision, as archived. Patients and those who act for them are told less of it than auditors.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Access {
    /// The decision's id.
    #[schema(value_type = String, format = "uuid")]
    pub event_id: Uuid,
    /// When it was decided.
    #[serde(with = "time::serde::rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    pub ts: OffsetDateTime,
    /// Who acted: the client that sent the request.
    pub actor: String,
    /// The organisation on whose behalf, by its id.
    pub requester: Option<String>,
    /// The actor's persona.
    pub role: String,
    /// What was asked for.
    pub action: Action,
    /// FHIR resource type.
    pub resource_type: Option<String>,
    /// Purpose of use.
    pub purpose: Option<String>,
    /// How it was decided.
    pub result: Outcome,
    /// The rule that decided. Towards a patient's token only the rules about the patient's own consents and choices, and
    /// of all others what they come to: `requester-refused`, `not-released` or `undecided`. Towards a token with `act`
    /// (a proxy) `no-consent` wherever whoever asked was told that.
    pub rule: String,
    /// Correlation id of the request. For auditors only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub corr_id: Option<String>,
    /// What the release was bound to: how many resources were released, and how many kept back. Not for proxies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub obligations: Option<Vec<String>>,
    /// The consent on chain that the decision rests on.
    pub chain_ref: Option<ChainRef>,
    /// Key of the locked object that holds the record. For auditors only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object: Option<String>,
}

impl Access {
    fn new(record: Record, object: String, recipient: Recipient) -> Self {
        let rule = told::rule(&record, recipient).to_owned();
        let operations = told::shows_operations(recipient);
        Self {
            event_id: record.event_id,
            ts: record.ts,
            actor: record.actor,
            requester: record.requester,
            role: record.role,
            action: record.action,
            resource_type: record.resource_type,
            purpose: record.purpose,
            result: record.result,
            rule,
            corr_id: operations.then_some(record.corr_id),
            obligations: told::shows_obligations(recipient).then_some(record.obligations),
            chain_ref: record.chain_ref,
            object: operations.then_some(object),
        }
    }
}

/// Who looked: decisions about one patient, newest first.
///
/// Auditors ask about any patient of their tenant. A patient's own token shows who looked at that patient's record and no
/// other; so does a proxy's (`act`), for the patient whom it represents. The patient's id is turned into the pseudonym
/// under which the archive knows the patient; it is neither logged nor kept. A patient nobody asked about and one that
/// does not exist look the same.
#[utoipa::path(
    get,
    path = "/v1/accesses",
    tag = "audit",
    params(Question),
    responses(
        (status = 200, description = "A page of the token's tenant's decisions; not to be cached", body = Accesses),
        (status = 400, description = "A parameter is missing, unknown or malformed", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "No valid token", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The token lacks audit.read, or is a patient's and another patient is asked about", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The archive has not been read yet, or cannot be read", body = Problem, content_type = "application/problem+json"),
    ),
    security(
        ("bearer" = ["patient:audit.read"]),
        ("bearer" = ["system:audit.read"]),
        ("bearer" = ["admin:audit.read"]),
    ),
)]
pub async fn accesses(
    State(state): State<AppState>,
    viewer: Viewer,
    QueryParams(question): QueryParams<Question>,
) -> Result<impl IntoResponse, Problem> {
    let invalid = |detail: &str| Problem::bad_request("invalid-parameter", detail);
    let (tenant, recipient) = (viewer.tenant.clone(), viewer.recipient);
    let patient = viewer.whose(question.patient)?;
    let limit = question.limit.unwrap_or(DEFAULT_LIMIT);
    if !(1..=MAX_LIMIT).contains(&limit) {
        return Err(invalid("`limit` is not a number from 1 to 100."));
    }
    let before = question
        .cursor
        .map(|cursor| parse_cursor(&cursor).ok_or_else(|| invalid("`cursor` is not one of ours.")))
        .transpose()?;
    state.require_archive_read()?;

    let subject = state.pseudonyms.of_patient(&tenant, &patient);
    let (places, next) = {
        let index = state.index.read().unwrap_or_else(PoisonError::into_inner);
        let mut page = index.accesses(&tenant, &subject, before, limit + 1);
        let more = page.len() > limit;
        page.truncate(limit);
        let next = page.last().filter(|_| more).copied().map(cursor);
        let places: Vec<Place> = page
            .iter()
            .filter_map(|(_, event)| index.place(*event))
            .collect();
        (places, next)
    };
    let reader = &state.reader;
    let accesses = stream::iter(places)
        .map(|place| async move {
            let record = reader.record(&place).await?;
            Ok(Access::new(record, place.object.key, recipient))
        })
        .buffered(CONCURRENT_READS)
        .try_collect()
        .await
        .map_err(|error: super::reader::ReadError| {
            tracing::warn!(%error, "a record cannot be read from the archive");
            Problem::unavailable("The archive cannot be read right now; try again shortly.")
        })?;
    let headers = [(header::CACHE_CONTROL, "no-store")];
    Ok((headers, Json(Accesses { accesses, next })))
}

fn cursor((ts, event): Position) -> String {
    BASE64URL.encode(format!("{}.{}", ts.unix_timestamp_nanos(), event.simple()))
}

fn parse_cursor(cursor: &str) -> Option<Position> {
    let text = String::from_utf8(BASE64URL.decode(cursor).ok()?).ok()?;
    let (nanos, event) = text.split_once('.')?;
    let ts = OffsetDateTime::from_unix_timestamp_nanos(nanos.parse().ok()?).ok()?;
    Some((ts, event.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn cursors_read_back(seconds in 0i64..4_000_000_000, nanos in 0i64..1_000_000_000, id: u128) {
            let ts = OffsetDateTime::from_unix_timestamp(seconds).unwrap() + time::Duration::nanoseconds(nanos);
            let position = (ts, Uuid::from_u128(id));
            prop_assert_eq!(parse_cursor(&cursor(position)), Some(position));
        }

        #[test]
        fn a_made_up_cursor_is_refused_and_harms_nobody(text in ".{0,80}") {
            if let Some(position) = parse_cursor(&text) {
                prop_assert_eq!(parse_cursor(&cursor(position)), Some(position));
            }
        }
    }
}
