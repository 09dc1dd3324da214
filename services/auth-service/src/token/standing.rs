//! What is known of a person, or of a token, right now: asked of the database each time.

use access_token::{Amr, Claims, ScopeSet, TokenError, Verified};
use alloy::primitives::Address;
use service_kit::CorrId;
use time::OffsetDateTime;
use uuid::Uuid;

use super::error::OAuthError;
use super::person::Person;
use crate::App;
use crate::account::Role;
use crate::db::StoreError;
use crate::directory::grantees::{self, Owner};
use crate::directory::proxies::Proxy;
use crate::directory::{ReadPermit, organizations, patients};
use crate::grant::holder::Holder;
use crate::grant::scopes;
use crate::projection::ProjectionError;
use crate::revocation;

/// A person with what the directory says of them.
#[derive(Debug, Clone)]
pub struct Standing {
    /// Who it is.
    pub holder: Holder,
    subjects: Vec<Address>,
    /// Those addresses of their organisation, and then their own, that are signed for and verified now.
    grantees: Vec<Address>,
    /// Whether any of them is the organisation's.
    organization_stands: bool,
    /// What their mandate allows now, where they act for a patient.
    mandate: Option<ScopeSet>,
    /// Why a right that rests on the chain's word is not among them, where that could not be asked.
    doubt: Option<ProjectionError>,
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
    /// Looks a person up, in the directory and, for an organisation and for what a proxy may do, on chain. Of a proxy only
    /// what is `wanted` is looked at.
    ///
    /// # Errors
    /// [`StandingError`].
    pub async fn of(app: &App, holder: Holder, wanted: &ScopeSet) -> Result<Self, StandingError> {
        let permit = ReadPermit::for_tenant(&holder.account.tenant);
        let (mut subjects, mut grantees) = (Vec::new(), Vec::new());
        if let Some(fhir_id) = holder.patient() {
            let patient = patients::find(&app.db, &permit, fhir_id).await?;
            let bindings = patient.map(|patient| patient.bindings).unwrap_or_default();
            subjects = bindings
                .iter()
                .map(|binding| binding.statement.subject)
                .collect();
        }
        let mut organization_stands = false;
        if let Role::Provider {
            organization,
            practitioner,
        } = &holder.account.role
        {
            grantees = self::grantees(app, &permit, organization)
                .await?
                .unwrap_or_default();
            organization_stands = !grantees.is_empty();
            if let Some(practitioner) = practitioner {
                let owner = Owner {
                    tenant: permit.tenant(),
                    organization,
                    practitioner: Some(practitioner),
                };
                let own = own_grantees(app, owner, &grantees).await?;
                grantees.extend(own);
            }
        }
        let (mandate, doubt) = match &holder.proxy {
            Some(proxy) => {
                let (allowed, doubt) = mandate(app, proxy, &subjects, wanted).await;
                (Some(allowed), doubt)
            }
            None => (None, None),
        };
        Ok(Self {
            holder,
            subjects,
            grantees,
            organization_stands,
            mandate,
            doubt,
        })
    }

    /// Why less is granted than may be right: the chain could not be asked. Whoever has nothing left but for that is to
    /// ask again, and is not refused.
    pub fn doubt(&self) -> Option<StandingError> {
        self.doubt.map(StandingError::Projection)
    }

    /// The rights that it gives whoever signed in so.
    pub fn rights(&self, amr: &[Amr]) -> ScopeSet {
        scopes::derived(scopes::Standing {
            role: &self.holder.account.role,
            amr,
            organization_stands: self.organization_stands,
            mandate: self.mandate.as_ref(),
        })
    }

    /// As the claims want it.
    pub fn person(&self) -> Person<'_> {
        Person {
            holder: &self.holder,
            subjects: &self.subjects,
            grantees: &self.grantees,
        }
    }
}

/// Those addresses of an organisation that signed for it and are verified on chain now; `None` when the directory does not
/// know it.
///
/// # Errors
/// [`StandingError`].
pub async fn grantees(
    app: &App,
    permit: &ReadPermit,
    organization: &str,
) -> Result<Option<Vec<Address>>, StandingError> {
    let Some(known) = organizations::find(&app.db, permit, organization).await? else {
        return Ok(None);
    };
    let proven = grantees::proven(app, known.owner(), &known.bindings).await?;
    Ok(Some(app.projection.verified(app, &proven).await?))
}

/// Those of a practitioner's own addresses that signed for them and that the chain says are verified practitioners of
/// their organisation, by one of its `standing` addresses.
async fn own_grantees(
    app: &App,
    owner: Owner<'_>,
    standing: &[Address],
) -> Result<Vec<Address>, StandingError> {
    if standing.is_empty() {
        return Ok(Vec::new());
    }
    let bindings = grantees::find(&app.db, owner).await?;
    let mut own = Vec::new();
    for address in grantees::proven(app, owner, &bindings).await? {
        let employer = app.projection.employer(app, address).await?;
        if employer.is_some_and(|employer| standing.contains(&employer)) {
            own.push(address);
        }
    }
    Ok(own)
}

/// What a mandate allows of this now. Without the chain's word nothing that rests on it; all the rest does not.
async fn mandate(
    app: &App,
    proxy: &Proxy,
    subjects: &[Address],
    wanted: &ScopeSet,
) -> (ScopeSet, Option<ProjectionError>) {
    let asked = Proxy {
        ceiling: proxy.ceiling.intersect(wanted),
        ..proxy.clone()
    };
    match asked.allowed(app, subjects).await {
        Ok(allowed) => (allowed, None),
        Err(error) => {
            tracing::warn!(corr_id = %CorrId::current(), %error, "a proxy is given no right to write consents");
            (asked.without_consent_write(), Some(error))
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
/// for as it was; a proxy's, also that the mandate holds.
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
        is_as_it_was(app, claims, now),
    )?;
    Ok(unrevoked && same)
}

async fn is_as_it_was(app: &App, claims: &Claims, now: OffsetDateTime) -> Result<bool, StoreError> {
    let account = match &claims.sign_in {
        Some(sign_in) => match Uuid::parse_str(&claims.sub) {
            Ok(id) => Some((id, sign_in.sv)),
            Err(_) => return Ok(false),
        },
        None => None,
    };
    let actor = claims
        .act
        .as_ref()
        .and_then(|actor| Uuid::parse_str(&actor.sub).ok());
    // A proxy's token names the mandate, and the account as who acts.
    let row = sqlx::query!(
        r#"select
             exists (select 1 from clients where tenant = $1 and client_id = $2 and active and disabled_at is null)
                 as "client!",
             (select version from accounts where tenant = $1 and status = 'active' and id = coalesce(
                  (select account from proxies
                   where tenant = $1 and id = $3 and account = $4 and ended_at is null
                     and valid_from <= $5 and $5 < valid_to),
                  $3)) as version"#,
        app.tenant,
        claims.client_id,
        account.map(|(id, _)| id),
        actor,
        now,
    )
    .fetch_one(&app.db)
    .await?;
    let same = account.is_none_or(|(_, version)| row.version == Some(version));
    Ok(row.client && same)
}
