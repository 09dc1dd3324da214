//! What a request could come to for whoever is signed in.

use access_token::ScopeSet;

use super::holder::Holder;
use super::request::AuthorizationRequest;
use super::scopes::{self, Limits};
use crate::App;
use crate::client::Client;
use crate::directory::proxies::{self, Proxy};
use crate::session::Session;
use crate::token::standing::{Standing, StandingError};

/// What would be granted if the person agreed with everything.
#[derive(Debug, Clone, Default)]
pub struct Possible {
    /// The scopes; nothing where the person's standing does not allow it.
    pub scope: ScopeSet,
    /// The mandate by which the person would act; none where they act for themselves.
    pub proxy: Option<Proxy>,
}

impl Possible {
    /// Looks it up. Nothing is possible for a patient for whom the person has no mandate now, whether there is such a
    /// patient or not.
    ///
    /// # Errors
    /// [`StandingError`], also where nothing is possible but for the chain's word, which cannot be had.
    pub async fn of(
        app: &App,
        client: &Client,
        request: &AuthorizationRequest,
        session: Option<&Session>,
    ) -> Result<Self, StandingError> {
        let Some(session) =
            session.filter(|session| session.account.role.persona() == client.persona)
        else {
            return Ok(Self::default());
        };
        let mut holder = Holder {
            account: session.account.clone(),
            proxy: None,
        };
        if let Some(patient) = &request.patient
            && holder.patient() != Some(patient)
        {
            let (db, account) = (&app.db, session.account.id);
            let found = proxies::find(db, &app.tenant, account, patient, app.now()).await?;
            let Some(proxy) = found else {
                return Ok(Self::default());
            };
            holder.proxy = Some(proxy);
        }
        let standing = Standing::of(app, holder, &request.scope).await?;
        let rights = standing.rights(&session.amr);
        let limits = Limits {
            client: &client.scope,
            persona: client.persona,
            derived: Some(&rights),
            ticked: None,
            subject: None,
        };
        let scope = scopes::granted(&request.scope, limits);
        match standing.doubt() {
            Some(doubt) if scope.rights().is_empty() => Err(doubt),
            _ => Ok(Self {
                scope,
                proxy: standing.holder.proxy,
            }),
        }
    }
}
