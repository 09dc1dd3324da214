//! What is known of a person, or of a token, right now: asked of the database each time.

use access_token::{Amr, ScopeSet, Verified};
use alloy::primitives::Address;
use time::OffsetDateTime;
use uuid::Uuid;

use super::person::Person;
use crate::App;
use crate::account::{Account, Role};
use crate::db::StoreError;
use crate::directory::{ReadPermit, organizations, patients};
use crate::grant::scopes;

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
        let permit = ReadPermit::for_account(&account);
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
/// for as it was. One question to the database.
///
/// # Errors
/// [`StoreError`].
pub async fn stands(app: &App, token: &Verified, now: OffsetDateTime) -> Result<bool, StoreError> {
    let claims = &token.claims;
    if claims.tenant != app.tenant {
        return Ok(false);
    }
    let account = match &claims.sign_in {
        Some(sign_in) => match Uuid::parse_str(&claims.sub) {
            Ok(id) => Some((id, sign_in)),
            Err(_) => return Ok(false),
        },
        None => None,
    };
    let row = sqlx::query!(
        r#"select
             exists (select 1 from revocations r where r.tenant = $1 and r.until > $8 and (
                 (r.kind = 'key' and r.id = $7)
                 or (r.before > $9 and (
                     (r.kind = 'token' and r.id = $2) or (r.kind = 'client' and r.id = $3)
                     or (r.kind = 'account' and r.id = $4) or (r.kind = 'session' and r.id = $5)
                     or (r.kind = 'organization' and r.id = $6))))) as "revoked!",
             exists (select 1 from clients c where c.tenant = $1 and c.client_id = $3 and c.active
                     and c.disabled_at is null) as "client!",
             (select a.version from accounts a where a.tenant = $1 and a.id = $10 and a.status = 'active') as version"#,
        app.tenant,
        claims.jti,
        claims.client_id,
        claims.sub,
        claims.sign_in.as_ref().map(|sign_in| &sign_in.sid),
        claims.org,
        token.kid,
        now.unix_timestamp(),
        claims.iat,
        account.map(|(id, _)| id),
    )
    .fetch_one(&app.db)
    .await?;
    let account_stands = account.is_none_or(|(_, sign_in)| row.version == Some(sign_in.sv));
    Ok(!row.revoked && row.client && account_stands)
}
