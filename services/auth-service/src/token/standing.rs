//! What is known of a person, or of a token, right now: asked of the database each time.

use access_token::{Amr, Claims, ScopeSet, Verified};
use alloy::primitives::Address;
use time::OffsetDateTime;
use uuid::Uuid;

use super::person::Person;
use crate::App;
use crate::account::{Account, Role};
use crate::db::StoreError;
use crate::directory::{ReadPermit, organizations, patients};
use crate::grant::scopes;
use crate::revocation;

/// A person with what the directory says of them.
#[derive(Debug, Clone)]
pub struct Standing {
    /// Their account.
    pub account: Account,
    subjects: Vec<Address>,
    /// `None` when the directory does not have their organisation.
    grantees: Option<Vec<Address>>,
}

impl Standing {
    /// Looks a person up.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn of(app: &App, account: Account) -> Result<Self, StoreError> {
        let permit = ReadPermit::for_tenant(&account.tenant);
        let (mut subjects, mut grantees) = (Vec::new(), None);
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
                grantees = organizations::addresses(&app.db, &permit, organization).await?;
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
            organization_stands: self
                .grantees
                .as_ref()
                .is_some_and(|addresses| !addresses.is_empty()),
        })
    }

    /// As the claims want it.
    pub fn person(&self) -> Person<'_> {
        Person {
            account: &self.account,
            subjects: &self.subjects,
            grantees: self.grantees.as_deref().unwrap_or_default(),
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
