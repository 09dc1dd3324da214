//! `GET /v1/consents` and `GET /v1/consents/{id}`.

use axum::Json;
use axum::extract::{Path, RawQuery, State};
use consent_core::{Address, ConsentId, ScopeId};
use serde::Serialize;
use service_kit::Problem;
use service_kit::extract::{Head, QueryParams};
use sqlx::PgConnection;
use time::OffsetDateTime;
use utoipa::{IntoParams, ToSchema};

use super::access::{self, Visible};
use super::chain::NoParameters;
use super::error::ApiError;
use super::snapshot::{self, AsOf};
use super::{Shared, limit};
use crate::projection::ProjectionError;
use crate::projection::consents::{self, ConsentColumns};
use crate::row::{ConsentRow, Status, View};

const MAX_VALUES: usize = 100;
/// A page may be shorter than its limit when a status filter would have to look at more than so many limits of rows.
const MAX_ROUNDS: usize = 8;

/// What to list. `patient` and `grantee` may be repeated; at least one of them is needed.
#[derive(Debug, Default, PartialEq, Eq, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Filter {
    /// Addresses that stand for patients. A patient's token narrows this to its own. Needed unless a `grantee` is named.
    #[param(value_type = Vec<String>, required = false)]
    patient: Vec<Address>,
    /// Addresses of organisations. A provider's token narrows this to its own. Needed unless a `patient` is named.
    #[param(value_type = Vec<String>, required = false)]
    grantee: Vec<Address>,
    /// Hash of a policy document.
    #[param(value_type = Option<String>)]
    scope: Option<ScopeId>,
    /// Only rows with this status now.
    status: Option<Status>,
    /// Rows in a page, 1 to 500; 100 if absent.
    limit: Option<usize>,
    /// The `next` of the page before.
    #[param(value_type = Option<String>)]
    cursor: Option<ConsentId>,
}

impl Filter {
    fn parse(query: &str) -> Result<Self, Problem> {
        let mut filter = Self::default();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            let invalid = || invalid_parameter(&format!("`{name}` has the wrong form."));
            match &*name {
                "patient" => filter.patient.push(value.parse().map_err(|_| invalid())?),
                "grantee" => filter.grantee.push(value.parse().map_err(|_| invalid())?),
                "scope" => set(
                    &mut filter.scope,
                    "scope",
                    value.parse().map_err(|_| invalid())?,
                )?,
                "status" => set(
                    &mut filter.status,
                    "status",
                    Status::parse(&value).ok_or_else(invalid)?,
                )?,
                "limit" => {
                    let limit = value
                        .parse()
                        .ok()
                        .filter(|limit| (1..=usize::from(limit::MAX)).contains(limit));
                    set(&mut filter.limit, "limit", limit.ok_or_else(invalid)?)?;
                }
                "cursor" => set(
                    &mut filter.cursor,
                    "cursor",
                    value.parse().map_err(|_| invalid())?,
                )?,
                // The name is the caller's own text and stays out of the answer.
                _ => {
                    return Err(invalid_parameter(
                        "Unknown parameter; known are patient, grantee, scope, status, limit, cursor.",
                    ));
                }
            }
        }
        if filter.patient.is_empty() && filter.grantee.is_empty() {
            return Err(invalid_parameter(
                "Name at least one `patient` or `grantee`.",
            ));
        }
        if filter.patient.len() > MAX_VALUES || filter.grantee.len() > MAX_VALUES {
            return Err(invalid_parameter(
                "Too many `patient` or `grantee` values; 100 of each at most.",
            ));
        }
        Ok(filter)
    }

    /// Narrows the filter to what the caller may see. Asking for another's rows is refused, not answered with nothing.
    fn narrow(&mut self, visible: Visible) -> Result<(), ApiError> {
        match visible {
            Visible::All => Ok(()),
            Visible::Grantees(own) => limit(
                &mut self.grantee,
                own,
                "A `grantee` is not an address of the token's organisation.",
                "The token's organisation has no address on the chain.",
            ),
            Visible::Subjects(own) => limit(
                &mut self.patient,
                own,
                "A `patient` is not an address of the token's patient.",
                "The token's patient has bound no address on the chain.",
            ),
        }
    }
}

/// Asking for nobody means asking for all of one's own.
fn limit(
    asked: &mut Vec<Address>,
    own: Vec<Address>,
    foreign: &str,
    none: &str,
) -> Result<(), ApiError> {
    if own.is_empty() {
        return Err(Problem::forbidden(none).into());
    }
    if asked.is_empty() {
        *asked = own;
    } else if !asked.iter().all(|address| own.contains(address)) {
        return Err(Problem::forbidden(foreign).into());
    }
    Ok(())
}

fn set<T>(slot: &mut Option<T>, name: &str, value: T) -> Result<(), Problem> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(invalid_parameter(&format!(
            "`{name}` may be given once only."
        ))),
    }
}

fn invalid_parameter(detail: &str) -> Problem {
    Problem::bad_request("invalid-parameter", detail)
}

/// A page of consents.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConsentPage {
    /// What the rows rest on.
    pub as_of: AsOf,
    /// The rows, ordered by consent id.
    pub consents: Vec<ConsentRow>,
    /// Send as `cursor` for the next page; null at the end. A page can be short, or even empty, and not be the last.
    pub next: Option<String>,
}

/// The consents of patients or grantees, also served as `/consents`.
#[utoipa::path(
    get, path = "/v1/consents", tag = "consents", operation_id = "listConsents", params(Filter),
    responses(
        (status = 200, description = "The matching consents", body = ConsentPage),
        (status = 400, description = "Unknown or malformed parameter", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "No valid token", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "Not the caller's rows", body = Problem, content_type = "application/problem+json"),
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
pub async fn list(
    State(app): State<Shared>,
    head: Head,
    RawQuery(query): RawQuery,
) -> Result<Json<ConsentPage>, ApiError> {
    let now = OffsetDateTime::now_utc();
    let claims = access::caller(&app, &head, now).await?;
    let visible = access::consents(&claims)?;
    let mut filter = Filter::parse(query.as_deref().unwrap_or_default())?;
    filter.narrow(visible)?;
    let mut snapshot = snapshot::open(&app, now).await?;
    let (consents, next) = page(&mut snapshot.tx, &filter, &snapshot.view).await?;
    Ok(Json(ConsentPage {
        as_of: snapshot.as_of,
        consents,
        next: next.map(|id| id.to_string()),
    }))
}

async fn page(
    connection: &mut PgConnection,
    filter: &Filter,
    view: &View,
) -> Result<(Vec<ConsentRow>, Option<ConsentId>), ProjectionError> {
    let limit = filter.limit.unwrap_or(usize::from(limit::DEFAULT));
    let mut found = Vec::new();
    let mut after = filter.cursor;
    for _ in 0..MAX_ROUNDS {
        // One more than fits tells whether there is another page.
        let mut rows = select(connection, filter, after, limit + 1).await?;
        let more = rows.len() > limit;
        rows.truncate(limit);
        let mut rows = rows.into_iter();
        while let Some(columns) = rows.next() {
            let (projected, rev) = columns.into_projected()?;
            after = Some(projected.consent.id);
            let row = ConsentRow::new(&projected, rev, view);
            if filter.status.is_none_or(|status| status == row.status) {
                found.push(row);
            }
            if found.len() == limit {
                let is_last = rows.len() == 0 && !more;
                return Ok((found, after.filter(|_| !is_last)));
            }
        }
        if !more {
            return Ok((found, None));
        }
    }
    Ok((found, after))
}

async fn select(
    connection: &mut PgConnection,
    filter: &Filter,
    after: Option<ConsentId>,
    limit: usize,
) -> Result<Vec<ConsentColumns>, ProjectionError> {
    let bytes = |addresses: &[Address]| {
        (!addresses.is_empty()).then(|| {
            addresses
                .iter()
                .map(|address| address.0.to_vec())
                .collect::<Vec<_>>()
        })
    };
    let (patients, grantees) = (bytes(&filter.patient), bytes(&filter.grantee));
    let rows = sqlx::query_as!(
        ConsentColumns,
        r#"SELECT consent_id, subject, grantee, scope_id, status, valid_from, valid_to, respond_by, version, c.epoch,
                changed_at, c.tx_hash, c.block_no, c.block_hash, c.log_index, rev,
                COALESCE(s.epoch, 0) AS "subject_epoch!"
         FROM consents c LEFT JOIN subjects s USING (subject)
         WHERE ($1::bytea[] IS NULL OR subject = ANY($1))
           AND ($2::bytea[] IS NULL OR grantee = ANY($2))
           AND ($3::bytea IS NULL OR scope_id = $3)
           AND ($4::bytea IS NULL OR consent_id > $4)
         ORDER BY consent_id LIMIT $5"#,
        patients.as_deref() as Option<&[Vec<u8>]>,
        grantees.as_deref() as Option<&[Vec<u8>]>,
        filter.scope.as_ref().map(|scope| scope.as_bytes().as_slice()),
        after.as_ref().map(|id| id.as_bytes().as_slice()),
        i64::try_from(limit).unwrap_or(i64::MAX),
    )
    .fetch_all(connection)
    .await?;
    Ok(rows)
}

/// One consent.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SingleConsent {
    /// What the row rests on.
    pub as_of: AsOf,
    /// The row.
    pub consent: ConsentRow,
}

/// One consent by its id. What the token does not show does not exist.
#[utoipa::path(
    get, path = "/v1/consents/{id}", tag = "consents", operation_id = "getConsent",
    params(("id" = String, Path, description = "Consent id, 0x and 64 hexadecimal digits")),
    responses(
        (status = 200, description = "The consent", body = SingleConsent),
        (status = 400, description = "Malformed id", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "No valid token", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The token lacks the scope", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such consent for this caller", body = Problem, content_type = "application/problem+json"),
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
    Path(id): Path<String>,
    QueryParams(NoParameters {}): QueryParams<NoParameters>,
) -> Result<Json<SingleConsent>, ApiError> {
    let now = OffsetDateTime::now_utc();
    let claims = access::caller(&app, &head, now).await?;
    let visible = access::consents(&claims)?;
    let id: ConsentId = id
        .parse()
        .map_err(|_| invalid_parameter("The id is 0x and 64 hexadecimal digits."))?;
    let mut snapshot = snapshot::open(&app, now).await?;
    let found = consents::read(&mut snapshot.tx, id).await?;
    let (projected, rev) = found
        .filter(|(projected, _)| {
            visible.shows(projected.consent.subject, projected.consent.grantee)
        })
        .ok_or_else(|| Problem::not_found("No such consent."))?;
    let consent = ConsentRow::new(&projected, rev, &snapshot.view);
    Ok(Json(SingleConsent {
        as_of: snapshot.as_of,
        consent,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "0x00000000000000000000000000000000000000aa";
    const B: &str = "0x00000000000000000000000000000000000000bb";

    #[test]
    fn unknown_repeated_or_malformed_parameters_are_refused() {
        assert!(
            Filter::parse(&format!(
                "patient={A}&patient={B}&grantee={B}&status=ACTIVE&limit=5"
            ))
            .is_ok()
        );
        for bad in [
            String::new(),
            "status=ACTIVE".to_owned(),
            "patient=17".to_owned(),
            format!("patient={A}&name=x"),
            format!("patient={A}&limit=0"),
            format!("patient={A}&limit=501"),
            format!("patient={A}&limit=1&limit=2"),
            format!("patient={A}&status=ABSENT"),
            format!("patient={A}&cursor=3"),
            format!("patient={A}&scope={A}"),
            format!("patient={A}{}", format!("&grantee={B}").repeat(101)),
        ] {
            assert_eq!(Filter::parse(&bad).unwrap_err().status, 400, "{bad}");
        }
    }

    #[test]
    fn a_provider_sees_its_own_grantees_and_may_not_ask_for_others() {
        let own = Visible::Grantees(vec![A.parse().unwrap()]);
        let mut filter = Filter::parse(&format!("patient={B}")).unwrap();
        filter.narrow(own.clone()).unwrap();
        assert_eq!(filter.grantee, vec![A.parse::<Address>().unwrap()]);
        assert!(
            Filter::parse(&format!("grantee={A}&grantee={B}"))
                .unwrap()
                .narrow(own)
                .is_err()
        );
        let mut filter = Filter::parse(&format!("patient={B}")).unwrap();
        assert!(filter.narrow(Visible::Grantees(Vec::new())).is_err());
    }
}
