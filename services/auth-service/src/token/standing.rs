//! What is known of a person, or of a token, right now: asked of the database each time.

use access_token::{Amr, Claims, ScopeSet, TokenError, Verified};
use alloy::primitives::Address;
use time::OffsetDateTime;
use uuid::Uuid;

use super::error::OAuthError;
use super::person::Person;
use crate::App;
use crate::account::{Account, Role};
use crate::db::StoreError;
use crate::directory::{ReadPermit, organizations, patients};
use crate::grant::scopes;
use crate::projection::ProjectionError;
use crate::revocation;

/// A person with what the directory says of them.
#[derive(Debug, Clone)]
pub struct Standing {
    /// Their account.
    pub account: Account,
    subjects: Vec<Address>,
    /// Those addresses of their organisation that are verified now.
    grantees: Vec<Address>,
}

/// A person's standing is not known.
#[derive(Debug, thiserror::Error)]
pub enum StandingError {
    /// The database gave no answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Whether an organisation is verified on chain is not known.
    #[error(transparent)]
    Projection(#[from] ProjectionError),
}

impl Standing {
    /// Looks a person up, in the directory and, for an organisation, on chain.
    ///
    /// # Errors
    /// [`StandingError`].
    pub async fn of(app: &App, account: Account) -> Result<Self, StandingError> {
        let permit = ReadPermit::for_tenant(&account.tenant);
        let (mut subjects, mut grantees) = (Vec::new(), Vec::new());
        match &account.role {
            Role::Patient { fhir_id } => {
                let patient = patients::find(&app.db, &permit, fhir_id).await?;
                let bindings = patient.map(|patient| patient.bindings).unwrap_or_default();
                subjects = bindings
                    .iter()
                    .map(|binding| binding.statement.subject)
                    .collect();
            }
            Role::Provider { organization, .. } => {
                let known = organizations::addresses(&app.db, &permit, organization).await?;
                grantees = app
                    .projection
                    .verified(app, &known.unwrap_or_default())
                    .await?;
            }
            Role::Admin => {}
        }
        Ok(Self {
            account,
            subjects,
            grantees,
        })
    }

    /// The rights that it gives whoever signed in so.
    pub fn rights(&self, amr: &[Amr]) -> ScopeSet {
        scopes::derived(scopes::Standing {
            role: &self.account.role,
            amr,
            organization_stands: !self.grantees.is_empty(),
        })
    }

    /// As the claims want it.
    pub fn person(&self) -> Person<'_> {
        Person {
            account: &self.account,
            subjects: &self.subjects,
            grantees: &self.grantees,
        }
    }
}

/// What one of our own tokens says, for whatever audience and whoever sent it; `None` when it is worth nothing.
///
/// # Errors
/// When that cannot be told.
pub async fn inspect(
    app: &App,
    text: &str,
    now: OffsetDateTime,
) -> Result<Option<Verified>, OAuthError> {
    let keys = app.keys.refresh(now).await;
    match (app.verifier.inspect(text, now).await, keys) {
        (Ok(token), _) => Ok(Some(token).filter(|token| token.claims.tenant == app.tenant)),
        // It may be a good one, by a key that we have not seen.
        (Err(TokenError::UnknownKey), Err(error)) => Err(error.into()),
        (Err(error), _) => {
            tracing::debug!(check = error.check(), "a token is worth nothing");
            Ok(None)
        }
    }
}

/// Whether a token that was verified is still worth something: not revoked, its client active, and the account it speaks
/// for as it was.
///
/// # Errors
/// [`StoreError`].
pub async fn stands(app: &App, token: &Verified, now: OffsetDateTime) -> Result<bool, StoreError> {
    let claims = &token.claims;
    if claims.tenant != app.tenant {
        return Ok(false);
    }
    let (unrevoked, same) = tokio::try_join!(
        revocation::store::stands(&app.db, claims, now),
        is_as_it_was(app, claims),
    )?;
    Ok(unrevoked && same)
}

async fn is_as_it_was(app: &App, claims: &Claims) -> Result<bool, StoreError> {
    let account = match &claims.sign_in {
        Some(sign_in) => match Uuid::parse_str(&claims.sub) {
            Ok(id) => Some((id, sign_in.sv)),
            Err(_) => return Ok(false),
        },
        None => None,
    };
    let row = sqlx::query!(
        r#"select
             exists (select 1 from clients where tenant = $1 and client_id = $2 and active and disabled_at is null)
                 as "client!",
             (select version from accounts where tenant = $1 and id = $3 and status = 'active') as version"#,
        app.tenant,
        claims.client_id,
        account.map(|(id, _)| id),
    )
    .fetch_one(&app.db)
    .await?;
    let same = account.is_none_or(|(_, version)| row.version == Some(version));
    Ok(row.client && same)
}
