//! `/v1/accounts`.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use service_kit::extract::QueryParams;
use service_kit::{CorrId, Problem};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::App;
use crate::account::administration::{self, AccountsPermit};
use crate::account::factors::Factors;
use crate::account::{self, Account, Role, factors, store};

const DEFAULT_LIMIT: i64 = 50;
const MAX_LIMIT: i64 = 200;

/// An account.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccountView {
    /// Its id; what tokens name as `sub`.
    #[schema(value_type = String)]
    id: Uuid,
    /// The name it signs in with.
    login: String,
    /// `patient`, `provider` or `admin`.
    persona: &'static str,
    /// A patient's id on the custodian's FHIR server.
    #[serde(skip_serializing_if = "Option::is_none")]
    fhir_id: Option<String>,
    /// A provider's organisation.
    #[serde(skip_serializing_if = "Option::is_none")]
    organization: Option<String>,
    /// A provider's id as a FHIR Practitioner.
    #[serde(skip_serializing_if = "Option::is_none")]
    practitioner: Option<String>,
    /// `active` or `disabled`.
    status: &'static str,
}

impl From<Account> for AccountView {
    fn from(account: Account) -> Self {
        let persona = account.role.persona().as_str();
        let (fhir_id, organization, practitioner) = match account.role {
            Role::Patient { fhir_id } => (Some(fhir_id), None, None),
            Role::Provider {
                organization,
                practitioner,
            } => (None, Some(organization), practitioner),
            Role::Admin => (None, None, None),
        };
        Self {
            id: account.id,
            login: account.login,
            persona,
            fhir_id,
            organization,
            practitioner,
            status: if account.disabled {
                "disabled"
            } else {
                "active"
            },
        }
    }
}

/// An account with what it proves itself with.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccountDetail {
    #[serde(flatten)]
    account: AccountView,
    /// Whether it has a password.
    password: bool,
    /// Whether it has an authenticator app.
    app: bool,
    /// How many passkeys it has.
    passkeys: i64,
}

impl AccountDetail {
    /// An account with what it has.
    pub fn of(account: Account, factors: Factors) -> Self {
        Self {
            account: account.into(),
            password: factors.password,
            app: factors.app,
            passkeys: factors.passkeys,
        }
    }
}

/// A page of accounts.
#[derive(Debug, Serialize, ToSchema)]
pub struct AccountPage {
    /// In order of id.
    accounts: Vec<AccountView>,
    /// The cursor of the next page, if there is one.
    next: Option<String>,
}

/// The query of the list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AccountsQuery {
    /// Only accounts of this persona.
    persona: Option<String>,
    /// How many, 1 to 200; 50 without it.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
    /// `next` of the page before.
    cursor: Option<String>,
}

/// 404.
pub fn unknown() -> Problem {
    Problem::not_found("This tenant has no account of this id.")
}

fn checked_id(id: &str) -> Result<Uuid, Problem> {
    id.parse().map_err(|_| unknown())
}

fn wrong(text: &str) -> Problem {
    Problem::bad_request("invalid-parameter", text)
}

/// List the tenant's accounts.
#[utoipa::path(
    get,
    path = "/v1/accounts",
    tag = "accounts",
    operation_id = "listAccounts",
    security(("accessToken" = ["admin:accounts.write"])),
    params(AccountsQuery),
    responses(
        (status = 200, description = "A page.", body = AccountPage),
        (status = 400, description = "A parameter is wrong or unknown.", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "No valid token.", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The token does not allow it.", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The database is not available.", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn list(
    State(app): State<Arc<App>>,
    _: AccountsPermit,
    QueryParams(query): QueryParams<AccountsQuery>,
) -> Result<Json<AccountPage>, Problem> {
    let limit = query.limit.unwrap_or(DEFAULT_LIMIT);
    if !(1..=MAX_LIMIT).contains(&limit) {
        return Err(wrong("limit must be 1 to 200."));
    }
    let after = match query.cursor.as_deref().map(str::parse) {
        None => Uuid::nil(),
        Some(Ok(after)) => after,
        Some(Err(_)) => return Err(wrong("cursor is not one that a page before named.")),
    };
    let persona = match query.persona.as_deref().map(account::persona) {
        None => None,
        Some(Ok(persona)) => Some(persona.as_str()),
        Some(Err(rule)) => return Err(wrong(&format!("persona {rule}."))),
    };
    // One more than wanted shows whether there is a next page.
    let mut accounts = store::list(&app.db, &app.tenant, persona, after, limit + 1).await?;
    let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = accounts.len() > wanted;
    accounts.truncate(wanted);
    let next = accounts
        .last()
        .filter(|_| more)
        .map(|account| account.id.to_string());
    Ok(Json(AccountPage {
        accounts: accounts.into_iter().map(Into::into).collect(),
        next,
    }))
}

/// Read an account.
#[utoipa::path(
    get,
    path = "/v1/accounts/{id}",
    tag = "accounts",
    operation_id = "getAccount",
    security(("accessToken" = ["admin:accounts.write"])),
    params(("id" = String, Path, description = "The account's id.")),
    responses(
        (status = 200, description = "The account.", body = AccountDetail),
        (status = 401, description = "No valid token.", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The token does not allow it.", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "The tenant has no such account.", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The database is not available.", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn get(
    State(app): State<Arc<App>>,
    _: AccountsPermit,
    Path(id): Path<String>,
) -> Result<Json<AccountDetail>, Problem> {
    let id = checked_id(&id)?;
    let account = store::find(&app.db, &app.tenant, id)
        .await?
        .ok_or_else(unknown)?;
    let factors = factors::of(&app.db, &app.tenant, id).await?;
    Ok(Json(AccountDetail::of(account, factors)))
}

/// Close an account: its sessions and tokens end at once.
#[utoipa::path(
    post,
    path = "/v1/accounts/{id}/disable",
    tag = "accounts",
    operation_id = "disableAccount",
    security(("accessToken" = ["admin:accounts.write"])),
    params(("id" = String, Path, description = "The account's id.")),
    responses(
        (status = 200, description = "The account is closed.", body = AccountView),
        (status = 401, description = "No valid token.", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The token does not allow it.", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "The tenant has no such account.", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The database is not available.", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn disable(
    State(app): State<Arc<App>>,
    permit: AccountsPermit,
    Path(id): Path<String>,
) -> Result<Json<AccountView>, Problem> {
    set_disabled(&app, &permit, &id, true).await
}

/// Open a closed account again.
#[utoipa::path(
    post,
    path = "/v1/accounts/{id}/enable",
    tag = "accounts",
    operation_id = "enableAccount",
    security(("accessToken" = ["admin:accounts.write"])),
    params(("id" = String, Path, description = "The account's id.")),
    responses(
        (status = 200, description = "The account is open.", body = AccountView),
        (status = 401, description = "No valid token.", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The token does not allow it.", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "The tenant has no such account.", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The database is not available.", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn enable(
    State(app): State<Arc<App>>,
    permit: AccountsPermit,
    Path(id): Path<String>,
) -> Result<Json<AccountView>, Problem> {
    set_disabled(&app, &permit, &id, false).await
}

async fn set_disabled(
    app: &App,
    permit: &AccountsPermit,
    id: &str,
    disabled: bool,
) -> Result<Json<AccountView>, Problem> {
    let id = checked_id(id)?;
    let (tenant, now) = (&app.tenant, app.now());
    let changed =
        administration::set_disabled(&app.db, tenant, id, disabled, &app.random, now).await?;
    let account = changed.ok_or_else(unknown)?.account;
    tracing::info!(corr_id = %CorrId::current(), account = %id, disabled, by = permit.by(), "account opened or closed");
    Ok(Json(account.into()))
}
