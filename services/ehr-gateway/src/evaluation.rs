//! The AuthZEN 1.0 evaluation: the decision of a read without the data.
//!
//! A provider asks for its own organisation, a system or an administrator for any. It is on record like a read, or it
//! would be a way to find out, unseen, who consented to what. `true` says that the request would be let in; single
//! records may still be withheld.

use std::sync::Arc;
use std::time::Instant;

use access_token::{Call, Challenge, Claims, Persona, TokenError, Verified};
use audit_core::Action as Asked;
use axum::response::{IntoResponse as _, Response};
use consent_core::decide::Ground;
use consent_core::policy::{Action, Purpose};
use consent_core::resource::{is_id, type_row};
use http::{HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};
use service_kit::{CorrId, Problem};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::decision::authorize::{Asker, Question, Refusal, asker};
use crate::decision::rule::Rule;
use crate::record::Draft;
use crate::release::answer;
use crate::serve::Gateway;
use audit_core::Outcome;

/// Who wants to do what with which resource.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EvaluationRequest {
    /// On whose behalf.
    pub subject: Subject,
    /// What.
    pub action: ActionName,
    /// With what.
    pub resource: Resource,
    /// Under which circumstances.
    #[serde(default)]
    pub context: Option<Circumstances>,
}

/// An organisation.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Subject {
    /// `organization`
    #[serde(rename = "type")]
    pub kind: SubjectKind,
    /// Its id in the directory.
    pub id: String,
}

/// What a subject can be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum SubjectKind {
    /// An organisation of the directory.
    Organization,
}

/// An action.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ActionName {
    /// Its name.
    pub name: ActionKind,
}

/// What can be done.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ActionKind {
    /// FHIR read.
    Read,
    /// FHIR search on a type.
    Search,
}

/// Records of one patient.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Resource {
    /// FHIR resource type.
    #[serde(rename = "type")]
    pub kind: String,
    /// FHIR id of one record; not looked up.
    #[serde(default)]
    pub id: Option<String>,
    /// Whose, and which.
    pub properties: Properties,
}

/// Whose records, and which.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Properties {
    /// FHIR id of the patient.
    pub patient: String,
    /// Category codes; absent = all.
    #[serde(default)]
    pub category: Option<Vec<String>>,
}

/// Circumstances.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Circumstances {
    /// Purpose of use. A provider's token already says it; another one here is refused.
    #[serde(default)]
    pub purpose: Option<String>,
}

/// The decision.
#[derive(Debug, Serialize, ToSchema)]
pub struct EvaluationAnswer {
    /// Whether the request would be let in.
    pub decision: bool,
    /// Why.
    pub context: Reason,
}

/// Why.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Reason {
    /// The rule.
    pub rule: &'static str,
    /// The record's id.
    #[schema(value_type = String, format = "uuid")]
    pub decision_id: Uuid,
}

/// Serves an evaluation.
pub async fn evaluate(
    gateway: Arc<Gateway>,
    call: Call<'_>,
    request: EvaluationRequest,
) -> Response {
    let arrived = Instant::now();
    if let Err(problem) = check(&request) {
        metrics::counter!("gateway_garbage_total").increment(1);
        return problem.into_response();
    }
    let token = match gateway
        .tokens
        .verifier
        .verify_call(call, gateway.clock.now())
        .await
    {
        Ok(token) => token,
        Err(error) => return unauthenticated(&gateway, error),
    };
    if let Some(problem) = contradiction(&token.claims, &request) {
        metrics::counter!("gateway_garbage_total").increment(1);
        return problem.into_response();
    }
    let Ok(turn) = gateway.busy.clone().try_acquire_owned() else {
        metrics::counter!("gateway_shed_total").increment(1);
        return Problem::unavailable("Too many requests at once; try again shortly.")
            .into_response();
    };
    let work = CorrId::current().scope(async move {
        let _turn = turn;
        decide_and_answer(&gateway, arrived, token, request).await
    });
    tokio::spawn(work)
        .await
        .unwrap_or_else(|_| Problem::internal().into_response())
}

/// What can be told without knowing who asks.
fn check(request: &EvaluationRequest) -> Result<(), Problem> {
    let invalid = |detail| Err(Problem::bad_request("invalid-body", detail));
    let resource = &request.resource;
    if type_row(&resource.kind).is_none() {
        return invalid("`resource.type` is not offered here. See the CapabilityStatement.");
    }
    if !is_id(&resource.properties.patient) || resource.id.as_deref().is_some_and(|id| !is_id(id)) {
        return invalid("`resource.properties.patient` and `resource.id` must be FHIR ids.");
    }
    if !is_organization_id(&request.subject.id) {
        return invalid("`subject.id` is not an organisation's id.");
    }
    let categories = resource.properties.category.as_deref();
    if categories.is_some_and(|codes| {
        codes.is_empty() || codes.len() > 32 || codes.iter().any(|code| code.len() > 128)
    }) {
        return invalid("`resource.properties.category` must hold 1 to 32 codes.");
    }
    let purpose = request
        .context
        .as_ref()
        .and_then(|context| context.purpose.as_deref());
    if purpose.is_some_and(|code| Purpose::from_code(code).is_none()) {
        return invalid("`context.purpose` is not a purpose of use.");
    }
    Ok(())
}

fn is_organization_id(text: &str) -> bool {
    let plain = text
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte));
    (1..=128).contains(&text.len())
        && plain
        && text.bytes().any(|byte| byte.is_ascii_alphanumeric())
}

/// A purpose that contradicts the token's. The purpose comes from the token; only who has none may name one.
fn contradiction(claims: &Claims, request: &EvaluationRequest) -> Option<Problem> {
    let named = request
        .context
        .as_ref()
        .and_then(|context| context.purpose.as_deref());
    match (claims.purpose.as_deref(), named) {
        (Some(own), Some(named)) if own != named => Some(Problem::bad_request(
            "invalid-body",
            "`context.purpose` is not the token's purpose of use.",
        )),
        (None, None) => Some(Problem::bad_request(
            "invalid-body",
            "`context.purpose` is required: the token has none.",
        )),
        _ => None,
    }
}

async fn decide_and_answer(
    gateway: &Gateway,
    arrived: Instant,
    token: Verified,
    request: EvaluationRequest,
) -> Response {
    let categories = request.resource.properties.category.clone();
    let named = request
        .context
        .as_ref()
        .and_then(|context| context.purpose.as_deref());
    let purpose = token.claims.purpose.as_deref().or(named).map(str::to_owned);
    let mut draft = Draft::new(
        arrived,
        Asked::Evaluate,
        token,
        &request.resource.kind,
        categories,
    );
    draft.about(&request.resource.properties.patient);
    draft.for_purpose(purpose.as_deref());
    let may_ask = may_ask(gateway, draft.claims(), &request);
    let persona = draft.claims().persona;
    let outcome = if may_ask {
        decide(gateway, &mut draft, &request, purpose.as_deref()).await
    } else {
        Err(Rule::InsufficientScope.into())
    };
    let outcome = gateway
        .still_stands(&draft)
        .map_err(Refusal::from)
        .and(outcome);
    let told = |rule: Rule| match persona {
        Persona::Provider => rule.for_a_provider(),
        _ => rule,
    };
    let id = draft.id();
    let (rule, ground) = match outcome {
        Ok(ground) => (Rule::ConsentActive, ground),
        Err(Refusal { rule, ground }) => (rule, ground),
    };
    if gateway
        .record(draft, rule, ground, Vec::new())
        .await
        .is_err()
    {
        return answer::with_decision(undecidable(Rule::JournalUnavailable), id);
    }
    let response = if rule == Rule::TokenRevoked {
        unauthenticated(gateway, TokenError::Revoked)
    } else if rule.outcome() == Outcome::Indeterminate {
        undecidable(rule)
    } else if !may_ask {
        let mut response =
            Problem::forbidden("The token may not ask on behalf of this organisation.")
                .into_response();
        gateway.add_challenge(
            &mut response,
            Challenge::insufficient_scope("system:decision.evaluate"),
        );
        response
    } else {
        let context = Reason {
            rule: told(rule).code(),
            decision_id: id,
        };
        axum::Json(EvaluationAnswer {
            decision: rule.outcome() == Outcome::Permit,
            context,
        })
        .into_response()
    };
    let mut response = answer::with_decision(response, id);
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// A provider for its own organisation, a system or administrator with the scope for any.
fn may_ask(gateway: &Gateway, claims: &Claims, request: &EvaluationRequest) -> bool {
    let scoped = match claims.persona {
        Persona::Provider => {
            claims.org.as_deref() == Some(&request.subject.id)
                && claims
                    .scope
                    .allows_persona(crate::decision::authorize::RECORDS_READ)
        }
        Persona::System => claims.scope.allows_persona("system:decision.evaluate"),
        Persona::Admin => claims.scope.allows_persona("admin:decision.evaluate"),
        Persona::Patient => false,
    };
    scoped && claims.tenant == gateway.tenant
}

async fn decide(
    gateway: &Gateway,
    draft: &mut Draft,
    request: &EvaluationRequest,
    purpose: Option<&str>,
) -> Result<Option<Ground>, Refusal> {
    let action = match request.action.name {
        ActionKind::Read => Action::Read,
        ActionKind::Search => Action::Search,
    };
    let resource_type = request.resource.kind.as_str();
    let now = gateway.clock.now();
    let asker = if draft.claims().persona == Persona::Provider {
        asker(draft.claims(), &gateway.tenant, action, resource_type)?
    } else {
        let grantees = gateway
            .authorizer
            .directory
            .grantees(&request.subject.id, now)
            .await
            .map_err(|error| {
                tracing::warn!(%error, "no answer from the directory");
                Rule::DirectoryUnavailable
            })?;
        if grantees.is_some() {
            draft.on_behalf_of(&request.subject.id);
        }
        Asker {
            grantees: grantees.unwrap_or_default(),
            purpose: purpose.and_then(Purpose::from_code),
            scope_categories: None,
        }
    };
    let question = Question {
        patient: &request.resource.properties.patient,
        action,
        resource_type,
        categories: request.resource.properties.category.clone(),
    };
    let standing = gateway.authorizer.standing(asker, &question, now).await?;
    let permit = gateway
        .authorizer
        .decide(&standing, gateway.clock.now())
        .await?;
    Ok(permit.grounds().next().cloned())
}

fn undecidable(rule: Rule) -> Response {
    let mut response =
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, rule.code(), rule.text()).into_response();
    response
        .headers_mut()
        .insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    response
}

/// A refused token, as a problem with its challenge.
pub fn unauthenticated(gateway: &Gateway, error: TokenError) -> Response {
    metrics::counter!("gateway_unauthenticated_total", "check" => error.check()).increment(1);
    if error == TokenError::RevocationsStale {
        return undecidable(Rule::RevocationsStale);
    }
    let challenge = Challenge::from(error);
    let status = StatusCode::from_u16(challenge.status()).unwrap_or(StatusCode::UNAUTHORIZED);
    let mut response = Problem::new(
        status,
        "unauthenticated",
        "A valid access token for this service is required.",
    )
    .into_response();
    gateway.add_challenge(&mut response, challenge);
    response
}
