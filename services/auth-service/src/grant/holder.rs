//! Who is behind an authorization, if all that it came from still counts.

use sqlx::PgPool;
use time::OffsetDateTime;
use uuid::Uuid;

use super::authorizations::Authorization;
use crate::account::{Account, Role, store as accounts};
use crate::db::StoreError;
use crate::directory::proxies::{self, Proxy};

/// Who is behind an authorization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// Who signed in.
    pub account: Account,
    /// By which mandate they act for a patient; none where they act for themselves.
    pub proxy: Option<Proxy>,
}

impl Holder {
    /// The patient in context: an id on the tenant's FHIR server.
    pub fn patient(&self) -> Option<&str> {
        match (&self.proxy, &self.account.role) {
            (Some(proxy), _) => Some(&proxy.fhir_id),
            (None, Role::Patient { fhir_id }) => Some(fhir_id),
            (None, Role::Provider { .. } | Role::Admin) => None,
        }
    }

    /// What tokens name as `sub`: an app must not take a proxy for the patient, nor for the same person without mandate.
    pub fn subject(&self) -> Uuid {
        self.proxy
            .as_ref()
            .map_or(self.account.id, |proxy| proxy.id)
    }
}

/// The holder, if the account still stands as it did, the mandate holds and, unless the app may stay, nobody signed out.
///
/// # Errors
/// [`StoreError`].
pub async fn find(
    db: &PgPool,
    tenant: &str,
    authorization: &Authorization,
    now: OffsetDateTime,
) -> Result<Option<Holder>, StoreError> {
    let account = accounts::find(db, tenant, authorization.account).await?;
    let Some(account) = account
        .filter(|account| !account.disabled && account.version == authorization.account_version)
    else {
        return Ok(None);
    };
    let proxy = match authorization.proxy {
        None => None,
        Some(id) => match proxies::holding(db, tenant, id, account.id, now).await? {
            None => return Ok(None),
            holding => holding,
        },
    };
    if authorization.offline {
        return Ok(Some(Holder { account, proxy }));
    }
    let signed_in = sqlx::query_scalar!(
        r#"select ended_at is null as "signed_in!" from sessions where tenant = $1 and id = $2"#,
        tenant,
        authorization.session,
    )
    .fetch_optional(db)
    .await?;
    Ok(signed_in
        .unwrap_or(false)
        .then_some(Holder { account, proxy }))
}
