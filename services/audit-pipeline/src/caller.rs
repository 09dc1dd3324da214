//! Who calls, and whose accesses they may be shown.

use access_token::{Call, Challenge, Claims, Persona, TokenError};
use axum::extract::FromRequestParts;
use axum::http::{HeaderValue, StatusCode, header, request::Parts};
use axum::response::{IntoResponse, Response};
use service_kit::Problem;

use crate::query::told::Recipient;
use crate::routes::AppState;

/// The scopes of which one lets a caller read the whole tenant's trail.
const AUDITORS: [&str; 2] = ["system:audit.read", "admin:audit.read"];
/// The scope by which patients see who looked at their own record.
const OWN: &str = "patient:audit.read";

/// A caller who may read the audit trail, of one tenant.
pub struct Auditor {
    /// The tenant.
    pub tenant: String,
}

impl FromRequestParts<AppState> for Auditor {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Response> {
        let claims = verified(parts, state).await?;
        if may_audit(&claims) {
            Ok(Self {
                tenant: claims.tenant,
            })
        } else {
            let [system, admin] = AUDITORS;
            let detail = format!("The token needs {system} or {admin}.");
            let scope = system;
            Err(Insufficient { detail, scope }.into_response())
        }
    }
}

/// A caller who may ask who looked: at anybody's record of the tenant, or at one alone.
pub struct Viewer {
    /// The tenant.
    pub tenant: String,
    /// How much a row tells them.
    pub recipient: Recipient,
    /// The one patient whose accesses they may see, by a claim that the issuer made. `None` for auditors: any.
    patient: Option<String>,
}

impl Viewer {
    fn new(claims: Claims) -> Result<Self, Insufficient> {
        if may_audit(&claims) {
            return Ok(Self {
                tenant: claims.tenant,
                recipient: Recipient::Auditor,
                patient: None,
            });
        }
        let is_patient = claims.persona == Persona::Patient;
        if !is_patient || !claims.scope.allows_persona(OWN) {
            let [system, admin] = AUDITORS;
            return Err(Insufficient {
                detail: format!("The token needs {OWN}, {system} or {admin}."),
                scope: if is_patient { OWN } else { system },
            });
        }
        let patient = claims.patient.filter(|patient| is_fhir_id(patient));
        let nobody = || Insufficient {
            detail: "The token names no patient.".to_owned(),
            scope: OWN,
        };
        Ok(Self {
            tenant: claims.tenant,
            // Who acts for the patient is not the patient.
            recipient: match claims.act {
                None => Recipient::Patient,
                Some(_) => Recipient::Proxy,
            },
            patient: Some(patient.ok_or_else(nobody)?),
        })
    }

    /// The FHIR id of the patient whose accesses are to be shown. A patient's token answers for its own patient only,
    /// whatever is asked; who is asked about, and whether there is such a patient, makes no difference.
    ///
    /// # Errors
    /// 400 for what is no FHIR id, or when an auditor names nobody; 403 for another patient than the token's.
    pub fn whose(self, asked: Option<String>) -> Result<String, Problem> {
        let invalid = |detail: &str| Problem::bad_request("invalid-parameter", detail);
        if asked.as_deref().is_some_and(|id| !is_fhir_id(id)) {
            return Err(invalid(
                "`patient` is not a FHIR id: 1 to 64 letters, digits, `-` or `.`.",
            ));
        }
        match (self.patient, asked) {
            (None, asked) => asked.ok_or_else(|| invalid("`patient` is missing.")),
            (Some(own), None) => Ok(own),
            (Some(own), Some(asked)) if own == asked => Ok(own),
            (Some(_), Some(_)) => Err(Problem::forbidden(
                "The token shows the accesses to its own patient's record only.",
            )),
        }
    }
}

impl FromRequestParts<AppState> for Viewer {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Response> {
        Self::new(verified(parts, state).await?).map_err(IntoResponse::into_response)
    }
}

async fn verified(parts: &Parts, state: &AppState) -> Result<Claims, Response> {
    let call = Call::from(parts);
    let verified = state.tokens.verifier.verify_call(call, (state.clock)());
    Ok(verified.await.map_err(refuse)?.claims)
}

fn may_audit(claims: &Claims) -> bool {
    AUDITORS
        .iter()
        .any(|scope| claims.scope.allows_persona(scope))
}

/// FHIR's `id`: 1 to 64 of letters, digits, `-` and `.`.
fn is_fhir_id(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.')
}

/// A token that does not reach so far, and the scope that would.
struct Insufficient {
    detail: String,
    scope: &'static str,
}

impl IntoResponse for Insufficient {
    fn into_response(self) -> Response {
        let challenge = Challenge::insufficient_scope(self.scope);
        challenged(Problem::forbidden(self.detail), &challenge)
    }
}

fn refuse(error: TokenError) -> Response {
    tracing::info!(check = error.check(), "a token was refused");
    let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::UNAUTHORIZED);
    let (slug, detail) = match status {
        StatusCode::SERVICE_UNAVAILABLE => (
            "unavailable",
            "Tokens cannot be checked right now; try again shortly.".to_owned(),
        ),
        StatusCode::BAD_REQUEST => ("invalid-request", sentence(&error)),
        _ => ("unauthenticated", sentence(&error)),
    };
    challenged(Problem::new(status, slug, detail), &Challenge::from(error))
}

fn sentence(error: &TokenError) -> String {
    let text = error.to_string();
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        format!("{}{}.", first.to_uppercase(), letters.as_str())
    })
}

fn challenged(problem: Problem, challenge: &Challenge) -> Response {
    let mut response = problem.into_response();
    let value = challenge
        .www_authenticate()
        .and_then(|value| HeaderValue::try_from(value).ok());
    if let Some(value) = value {
        response
            .headers_mut()
            .insert(header::WWW_AUTHENTICATE, value);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_fhir_ids_are_accepted() {
        for good in ["1", "a-b.C", &"x".repeat(64)] {
            assert!(is_fhir_id(good), "{good}");
        }
        for bad in ["", "a/b", "a b", "ä", "a\n", &"x".repeat(65)] {
            assert!(!is_fhir_id(bad), "{bad}");
        }
    }

    #[test]
    fn a_patients_token_answers_for_its_own_patient_whatever_is_asked() {
        let viewer = |patient: Option<&str>| Viewer {
            tenant: "general-hospital".to_owned(),
            recipient: Recipient::Patient,
            patient: patient.map(str::to_owned),
        };
        let asked = |id: &str| Some(id.to_owned());
        assert_eq!(viewer(Some("a")).whose(None).unwrap(), "a");
        assert_eq!(viewer(Some("a")).whose(asked("a")).unwrap(), "a");
        for other in ["b", "A", "aa", "Patient-a"] {
            let problem = viewer(Some("a")).whose(asked(other)).unwrap_err();
            assert_eq!(problem.into_response().status(), 403, "{other}");
        }
        assert_eq!(viewer(None).whose(asked("b")).unwrap(), "b");
        assert!(viewer(None).whose(None).is_err());
    }
}
