//! From the request's token to the permit that a handler demands.

use std::sync::Arc;

use access_token::{Call, Challenge, Claims, TokenError};
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use service_kit::{CorrId, Problem};
use uuid::Uuid;

use crate::App;
use crate::account::administration::{ACCOUNTS_SCOPE, AccountsPermit};
use crate::account::invite::{self, InvitePermit};
use crate::account::{Account, store as accounts};
use crate::client::{self, ClientsPermit};
use crate::db::StoreError;
use crate::directory::permit::{
    FRESH, PATIENT_SCOPE, PRACTITIONER_SCOPE, READ_SCOPES, WRITE_SCOPE,
};
use crate::directory::{
    BindPermit, GranteePermit, PatientPermit, PractitionerPermit, PublicPermit, ReadPermit,
    WritePermit,
};
use crate::pages::browser;
use crate::revocation::{self, FeedPermit};
use crate::session::{self, store as sessions};
use crate::token::keys::{self, KeysPermit};

/// 401, 403, 400 or 503 with its challenge.
#[derive(Debug)]
pub struct Refusal {
    /// None where another token would not help.
    challenge: Option<Challenge>,
    problem: Problem,
}

impl Refusal {
    fn unauthenticated(error: TokenError) -> Self {
        tracing::info!(corr_id = %CorrId::current(), check = error.check(), "request not authenticated");
        let challenge = Challenge::from(error);
        let (slug, hint) = match error {
            TokenError::KeysUnavailable | TokenError::RevocationsStale => {
                ("unavailable", "Try again shortly.")
            }
            TokenError::BadRequest => ("invalid-authorization", "Send one Authorization header."),
            _ => (
                "unauthenticated",
                "Send an access token of this service as Bearer.",
            ),
        };
        let status = StatusCode::from_u16(challenge.status()).unwrap_or(StatusCode::UNAUTHORIZED);
        Self {
            problem: Problem::new(status, slug, format!("{error}. {hint}")),
            challenge: Some(challenge),
        }
    }

    fn stale() -> Self {
        tracing::info!(corr_id = %CorrId::current(), check = "insufficient-user-authentication", "request denied");
        let (acr, age) = FRESH;
        let seconds = age.whole_seconds();
        let detail = format!(
            "Sign in again with a second factor or a passkey ({acr}), at most {seconds} seconds before this."
        );
        let slug = "insufficient-user-authentication";
        Self {
            problem: Problem::new(StatusCode::UNAUTHORIZED, slug, detail),
            challenge: Some(Challenge::insufficient_user_authentication(acr, seconds)),
        }
    }

    fn insufficient(claims: &Claims, scopes: &[&str]) -> Self {
        tracing::info!(
            corr_id = %CorrId::current(), client_id = claims.client_id, persona = %claims.persona,
            check = "insufficient-scope", "request denied"
        );
        let detail = format!("This needs the scope {}.", scopes.join(" or "));
        Self {
            problem: Problem::new(StatusCode::FORBIDDEN, "insufficient-scope", detail),
            challenge: Some(Challenge::insufficient_scope(&scopes.join(" "))),
        }
    }
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        Self {
            problem,
            challenge: None,
        }
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Problem::from(error).into()
    }
}

/// A signed-in patient who may bind a key.
#[derive(Debug)]
pub struct Binder {
    /// What they may bind.
    pub permit: BindPermit,
    /// Who they are.
    pub patient: PatientPermit,
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = self.problem.into_response();
        let value = self
            .challenge
            .and_then(|challenge| challenge.www_authenticate())
            .and_then(|text| HeaderValue::try_from(text).ok());
        if let Some(value) = value {
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, value);
        }
        response
    }
}

/// What the request's token says. It was issued here for this tenant, and nothing that it names was revoked since.
async fn claims(parts: &Parts, app: &App) -> Result<Claims, Refusal> {
    let now = app.now();
    let keys = app.keys.refresh(now).await;
    let verified = app.verifier.verify_call(Call::from(parts), now).await;
    let verified = verified.map_err(|error| match error {
        // It may be a good one that we have not seen.
        TokenError::UnknownKey if keys.is_err() => {
            Refusal::unauthenticated(TokenError::KeysUnavailable)
        }
        error => Refusal::unauthenticated(error),
    })?;
    let claims = verified.claims;
    if claims.tenant != app.tenant {
        return Err(Refusal::unauthenticated(TokenError::Claim("tenant")));
    }
    match revocation::store::stands(&app.db, &claims, now).await {
        Ok(true) => Ok(claims),
        Ok(false) => Err(Refusal::unauthenticated(TokenError::Revoked)),
        Err(error) => Err(error.into()),
    }
}

/// Gives a handler its permit, if the request's token allows it.
async fn permit<P>(
    parts: &Parts,
    app: &App,
    permitted: impl FnOnce(&Claims) -> Option<P>,
    scopes: &[&str],
) -> Result<P, Refusal> {
    let claims = claims(parts, app).await?;
    permitted(&claims).ok_or_else(|| Refusal::insufficient(&claims, scopes))
}

impl FromRequestParts<Arc<App>> for ReadPermit {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Refusal> {
        permit(parts, app, Self::from_claims, &READ_SCOPES).await
    }
}

impl FromRequestParts<Arc<App>> for PublicPermit {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Refusal> {
        Ok(Self::from_claims(&claims(parts, app).await?))
    }
}

impl FromRequestParts<Arc<App>> for WritePermit {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Refusal> {
        permit(parts, app, Self::from_claims, &[WRITE_SCOPE]).await
    }
}

impl FromRequestParts<Arc<App>> for ClientsPermit {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Refusal> {
        permit(parts, app, Self::from_claims, &[client::WRITE_SCOPE]).await
    }
}

impl FromRequestParts<Arc<App>> for KeysPermit {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Refusal> {
        permit(parts, app, Self::from_claims, &[keys::WRITE_SCOPE]).await
    }
}

impl FromRequestParts<Arc<App>> for FeedPermit {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Refusal> {
        let scopes = [access_token::revocation::SCOPE];
        permit(parts, app, Self::from_claims, &scopes).await
    }
}

impl FromRequestParts<Arc<App>> for AccountsPermit {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Refusal> {
        permit(parts, app, Self::from_claims, &[ACCOUNTS_SCOPE]).await
    }
}

impl FromRequestParts<Arc<App>> for InvitePermit {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Refusal> {
        let scopes = [ACCOUNTS_SCOPE, invite::ORGANIZATION_SCOPE];
        permit(parts, app, Self::from_claims, &scopes).await
    }
}

/// A person, by a token of theirs or by their browser's session.
pub struct Person {
    /// Who.
    pub account: Account,
    /// The session that the token or the browser is of.
    pub session: Uuid,
}

impl FromRequestParts<Arc<App>> for Person {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Refusal> {
        if parts.headers.contains_key(header::AUTHORIZATION) {
            let claims = claims(parts, app).await?;
            let person = person(app, &claims).await?;
            return person.ok_or_else(|| Refusal::unauthenticated(TokenError::Revoked));
        }
        let session = session::current(app, &parts.headers).await?;
        let session = session.ok_or_else(|| Refusal::unauthenticated(TokenError::Missing))?;
        // A browser sends its cookie along whoever asks for it; but it says who asks.
        if parts.method != Method::GET && browser::check_origin(app, &parts.headers).is_err() {
            return Err(Refusal::from(Problem::forbidden(
                "With a cookie this works from the service's own pages only; send an access token instead.",
            )));
        }
        Ok(Self {
            account: session.account,
            session: session.id,
        })
    }
}

/// Whose token it is, if all that it comes from still counts.
async fn person(app: &App, claims: &Claims) -> Result<Option<Person>, StoreError> {
    let Some(sign_in) = &claims.sign_in else {
        return Ok(None);
    };
    let (Ok(id), Ok(session)) = (claims.sub.parse(), sign_in.sid.parse()) else {
        return Ok(None);
    };
    let found = accounts::find(&app.db, &app.tenant, id).await?;
    let Some(account) = found.filter(|account| !account.disabled && account.version == sign_in.sv)
    else {
        return Ok(None);
    };
    let live = sessions::is_live(&app.db, &account, session, app.now()).await?;
    Ok(live.then_some(Person { account, session }))
}

impl FromRequestParts<Arc<App>> for PatientPermit {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Refusal> {
        let claims = claims(parts, app).await?;
        Self::from_claims(&claims).ok_or_else(|| Refusal::insufficient(&claims, &[PATIENT_SCOPE]))
    }
}

impl FromRequestParts<Arc<App>> for Binder {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Refusal> {
        let claims = claims(parts, app).await?;
        let patient = PatientPermit::from_claims(&claims)
            .ok_or_else(|| Refusal::insufficient(&claims, &[PATIENT_SCOPE]))?;
        let permit =
            BindPermit::of_patient(&patient, &claims, app.now()).ok_or_else(Refusal::stale)?;
        Ok(Self { permit, patient })
    }
}

impl FromRequestParts<Arc<App>> for PractitionerPermit {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Refusal> {
        permit(parts, app, Self::from_claims, &[PRACTITIONER_SCOPE]).await
    }
}

impl FromRequestParts<Arc<App>> for GranteePermit {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Refusal> {
        let claims = claims(parts, app).await?;
        let practitioner = PractitionerPermit::from_claims(&claims)
            .ok_or_else(|| Refusal::insufficient(&claims, &[PRACTITIONER_SCOPE]))?;
        Self::of_practitioner(&practitioner, &claims, app.now()).ok_or_else(Refusal::stale)
    }
}
