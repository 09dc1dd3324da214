//! What ends what an account has: closing it, signing out everywhere, a device lost.

use access_token::Claims;
use sqlx::{PgConnection, PgPool};
use time::OffsetDateTime;
use uuid::Uuid;

use super::{Account, store};
use crate::Random;
use crate::db::StoreError;
use crate::events::{self, Event, Kind};
use crate::revocation;
use crate::session::store as sessions;

/// May manage the accounts of this service's tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountsPermit {
    by: String,
}

/// The scope that permits it.
pub const ACCOUNTS_SCOPE: &str = "admin:accounts.write";

impl AccountsPermit {
    /// A permit, if a scope allows it.
    pub fn from_claims(claims: &Claims) -> Option<Self> {
        claims.scope.allows_persona(ACCOUNTS_SCOPE).then(|| Self {
            by: claims.sub.clone(),
        })
    }

    /// Who has it.
    pub fn by(&self) -> &str {
        &self.by
    }
}

/// Ends every session but `keep`, and every token that was issued up to now. The account's row has to be locked.
///
/// # Errors
/// [`StoreError`].
pub async fn end_everything(
    connection: &mut PgConnection,
    account: &Account,
    keep: Option<Uuid>,
    random: &Random,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    let tenant = &account.tenant;
    store::raise_version(connection, account, now).await?;
    let ended = sessions::end_all(connection, tenant, account.id, keep, now).await?;
    for session in ended {
        let event = Event::new(random, tenant, Kind::SessionEnded, account.id, now);
        events::emit(connection, &event.with("sid", session.to_string())).await?;
    }
    let id = account.id.to_string();
    revocation::record(connection, tenant, revocation::Kind::Account, &id, now).await
}

/// An account, and whether it is so only now.
#[derive(Debug)]
pub struct Changed {
    /// As it is now.
    pub account: Account,
    /// False when it was so already.
    pub is_new: bool,
}

/// Closes or opens an account; `None` when the tenant has none of this id. Closing it ends all that it has.
///
/// # Errors
/// [`StoreError`].
pub async fn set_disabled(
    db: &PgPool,
    tenant: &str,
    id: Uuid,
    disabled: bool,
    random: &Random,
    now: OffsetDateTime,
) -> Result<Option<Changed>, StoreError> {
    let mut transaction = db.begin().await?;
    let Some(account) = store::lock(&mut transaction, tenant, id).await? else {
        return Ok(None);
    };
    let is_new = store::set_disabled(&mut transaction, &account, disabled, now).await?;
    if is_new {
        let status = if disabled { "disabled" } else { "enabled" };
        let event = Event::new(random, tenant, Kind::AccountChanged, id, now);
        events::emit(&mut transaction, &event.with("change", status)).await?;
        if disabled {
            end_everything(&mut transaction, &account, None, random, now).await?;
        }
    }
    transaction.commit().await?;
    let found = store::find(db, tenant, id).await?;
    Ok(found.map(|account| Changed { account, is_new }))
}

/// Ends every session of the account and every token that was issued up to now; false when the tenant has none of this id.
///
/// # Errors
/// [`StoreError`].
pub async fn sign_out_everywhere(
    db: &PgPool,
    tenant: &str,
    id: Uuid,
    random: &Random,
    now: OffsetDateTime,
) -> Result<bool, StoreError> {
    let mut transaction = db.begin().await?;
    let Some(account) = store::lock(&mut transaction, tenant, id).await? else {
        return Ok(false);
    };
    end_everything(&mut transaction, &account, None, random, now).await?;
    transaction.commit().await?;
    Ok(true)
}
