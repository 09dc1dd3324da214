//! `PUT` and `GET /v1/policies/{hash}`: policy documents, immutable, found by the hash of their canonical bytes.

use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use consent_core::{Address, Policy, PolicyError, ScopeId};
use service_kit::Problem;
use service_kit::extract::{Head, QueryParams, body_bytes};
use sqlx::PgPool;
use time::OffsetDateTime;

use super::Shared;
use super::access::{self, PolicyReader, Uploader};
use super::chain::NoParameters;
use super::error::ApiError;

/// Stores a document under its hash. Doing so again changes nothing.
#[utoipa::path(
    put, path = "/v1/policies/{hash}", tag = "policies", operation_id = "putPolicy",
    params(("hash" = String, Path, description = "keccak-256 of the canonical bytes, 0x and 64 hexadecimal digits")),
    request_body(content = String, content_type = "application/json", description = "Policy document, version 1, at most 16 KiB; it need not be canonical"),
    responses(
        (status = 201, description = "Stored"),
        (status = 200, description = "Was stored before"),
        (status = 400, description = "Not a policy document, or not the one with this hash", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "No valid token", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The token lacks the scope", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "Larger than 16 KiB", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "Not JSON", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "`unavailable`: the database cannot be used", body = Problem, content_type = "application/problem+json"),
    ),
    security(
        ("token" = ["provider:consent.request"]),
        ("token" = ["system:policy.write"]),
        ("token" = ["patient:consent.write"]),
    )
)]
pub async fn put(
    State(app): State<Shared>,
    head: Head,
    Path(hash): Path<String>,
    QueryParams(NoParameters {}): QueryParams<NoParameters>,
    request: Request,
) -> Result<StatusCode, ApiError> {
    let now = OffsetDateTime::now_utc();
    let claims = access::caller(&app, &head, now).await?;
    let uploader = access::store_policy(&claims)?;
    let hash = parse_hash(&hash)?;
    if !is_json(&head.headers) {
        let detail = "Send the document as application/json.";
        return Err(Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported-media-type",
            detail,
        )
        .into());
    }
    let body = body_bytes(request, &()).await?;
    let policy = Policy::parse(&body).map_err(refused)?;
    if policy.hash() != hash {
        return Err(Problem::bad_request(
            "hash-mismatch",
            "The document's canonical bytes have another hash.",
        )
        .into());
    }
    Ok(if store(&app.pool, &policy, &uploader, now).await? {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    })
}

/// The canonical bytes of a document. What the token does not show does not exist.
#[utoipa::path(
    get, path = "/v1/policies/{hash}", tag = "policies", operation_id = "getPolicy",
    params(("hash" = String, Path, description = "keccak-256 of the canonical bytes, 0x and 64 hexadecimal digits")),
    responses(
        (status = 200, description = "The canonical bytes", body = String, content_type = "application/json"),
        (status = 400, description = "Malformed hash", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "No valid token", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The token lacks the scope", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such document for this caller", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "`unavailable`: the database cannot be used", body = Problem, content_type = "application/problem+json"),
    ),
    security(
        ("token" = ["system:consent.read"]),
        ("token" = ["admin:consent.read"]),
        ("token" = ["provider:records.read"]),
        ("token" = ["patient:consent.read"]),
        ("token" = ["provider:consent.request"]),
        ("token" = ["system:policy.write"]),
        ("token" = ["patient:consent.write"]),
    )
)]
pub async fn get(
    State(app): State<Shared>,
    head: Head,
    Path(hash): Path<String>,
    QueryParams(NoParameters {}): QueryParams<NoParameters>,
) -> Result<Response, ApiError> {
    let claims = access::caller(&app, &head, OffsetDateTime::now_utc()).await?;
    let reader = access::read_policy(&claims)?;
    let hash = parse_hash(&hash)?;
    let canonical = find(&app.pool, hash, &reader)
        .await?
        .ok_or_else(|| Problem::not_found("No such policy document."))?;
    Ok(([(header::CONTENT_TYPE, "application/json")], canonical).into_response())
}

/// True if this uploader had not stored the document before.
async fn store(
    pool: &PgPool,
    policy: &Policy,
    by: &Uploader,
    now: OffsetDateTime,
) -> Result<bool, sqlx::Error> {
    let mut tx = pool.begin().await?;
    let hash = policy.hash();
    sqlx::query!(
        "INSERT INTO policies (hash, canonical) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        hash.as_bytes(),
        policy.canonical_bytes()
    )
    .execute(&mut *tx)
    .await?;
    let upload = sqlx::query!(
        "INSERT INTO policy_uploads (tenant, hash, organization, uploader, uploaded_at) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT DO NOTHING",
        by.tenant,
        hash.as_bytes(),
        by.organization,
        by.name,
        now
    )
    .execute(&mut *tx)
    .await?;
    tx.commit().await?;
    Ok(upload.rows_affected() == 1)
}

/// The document, if the reader may see it. A consent shows it to the subject who brought the hash onto the chain, and to
/// its grantee only when that subject granted it: everybody can read the hash there, and then ask that subject, or grant
/// it to themselves from an address of their own.
async fn find(
    pool: &PgPool,
    hash: ScopeId,
    reader: &PolicyReader,
) -> Result<Option<Vec<u8>>, sqlx::Error> {
    let bytes = |addresses: &[Address]| -> Vec<Vec<u8>> {
        addresses.iter().map(|address| address.0.to_vec()).collect()
    };
    sqlx::query_scalar!(
        "SELECT canonical FROM policies p
         WHERE hash = $1
           AND EXISTS (SELECT 1 FROM policy_uploads u WHERE u.hash = p.hash AND u.tenant = $2)
           AND ($3
             OR EXISTS (SELECT 1 FROM policy_uploads u WHERE u.hash = p.hash AND u.tenant = $2
                        AND ((u.organization <> '' AND u.organization = $4) OR (u.organization = '' AND u.uploader = $5)))
             OR EXISTS (SELECT 1 FROM consents c
                        WHERE c.scope_id = p.hash
                          AND (c.subject = ANY($7)
                            OR c.grantee = ANY($6)
                              AND EXISTS (SELECT 1 FROM events e
                                          WHERE e.canonical AND e.consent_id = c.consent_id AND e.kind = 'created'))
                          AND c.subject = (SELECT o.subject FROM consents o
                                           JOIN events e ON e.canonical AND e.consent_id = o.consent_id
                                           WHERE o.scope_id = p.hash ORDER BY e.block_no, e.log_index LIMIT 1)))",
        hash.as_bytes(),
        reader.own.tenant,
        reader.all,
        reader.own.organization,
        reader.own.name,
        &bytes(&reader.grantees),
        &bytes(&reader.subjects),
    )
    .fetch_optional(pool)
    .await
}

fn parse_hash(text: &str) -> Result<ScopeId, Problem> {
    text.parse().map_err(|_| {
        Problem::bad_request(
            "invalid-parameter",
            "The hash is 0x and 64 hexadecimal digits.",
        )
    })
}

fn is_json(headers: &HeaderMap) -> bool {
    headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
}

/// The core names members and rules, never values.
fn refused(error: PolicyError) -> Problem {
    match error {
        PolicyError::TooLong => Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "payload-too-large",
            "A policy document has at most 16 KiB.",
        ),
        error => Problem::bad_request(
            "invalid-policy",
            format!("Not a policy document, version 1: {error}."),
        ),
    }
}
