//! What happens next to an authorization request: pure, from the request, who is signed in, and what that person has
//! allowed the app before.

use access_token::{Acr, Amr, Persona, ScopeSet};
use time::{Duration, OffsetDateTime};

use super::request::{AuthorizationRequest, Fault};
use crate::client::Client;
use crate::session::Session;

/// What happens next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// The person signs in (again), at least this surely, and comes back.
    SignIn {
        /// How surely.
        acr: Acr,
        /// How old the sign-in may be, in seconds.
        max_age: Option<i64>,
    },
    /// The person is asked whether the app may have these scopes.
    Ask(ScopeSet),
    /// The app gets a code for these scopes.
    Answer(ScopeSet),
    /// The app is told that nothing comes of it.
    Refuse(Fault),
}

/// What is known when the question is asked.
#[derive(Debug, Clone, Copy)]
pub struct Scene<'a> {
    /// Who asks.
    pub client: &'a Client,
    /// For what.
    pub request: &'a AuthorizationRequest,
    /// When the request came in: a sign-in after that is always fresh, however long it took.
    pub asked_at: OffsetDateTime,
    /// Who is signed in.
    pub session: Option<&'a Session>,
    /// What is granted if the person agrees with everything; nothing where their standing does not allow it.
    pub possible: &'a ScopeSet,
    /// What the person has allowed this app before.
    pub allowed: Option<&'a ScopeSet>,
}

/// Decides.
pub fn next(scene: Scene<'_>, now: OffsetDateTime) -> Step {
    let Scene {
        client, request, ..
    } = scene;
    let session = match scene.session {
        Some(session) if is_sure(scene, session) => session,
        Some(session) if session.auth_time >= scene.asked_at && session.acr >= request.acr => {
            // Asking again would go on for ever.
            let description = "administrators sign in with a passkey";
            return Step::Refuse(Fault::new("access_denied", description));
        }
        _ if request.prompt.none => {
            let description = "the person has to sign in";
            return Step::Refuse(Fault::new("login_required", description));
        }
        session => {
            // A sign-in that is sure enough and still not the right one is to be done anew.
            let anew = session.is_some_and(|session| {
                session.acr >= request.acr && oldest(scene).is_none_or(|at| session.auth_time >= at)
            });
            let max_age = oldest(scene).map(|oldest| (now - oldest).whole_seconds().max(0));
            return Step::SignIn {
                acr: request.acr,
                max_age: if anew { Some(0) } else { max_age },
            };
        }
    };
    let role = &session.account.role;
    let same_organization = match (&client.organization, role) {
        (Some(own), crate::account::Role::Provider { organization, .. }) => own == organization,
        (None, _) => true,
        (Some(_), _) => false,
    };
    if role.persona() != client.persona || !same_organization {
        let description = "the app is not for the person who is signed in";
        return Step::Refuse(Fault::new("access_denied", description));
    }
    let nothing = scene.possible.is_empty()
        || (scene.possible.rights().is_empty() && !request.scope.rights().is_empty());
    if nothing {
        let description = "the person cannot be given any of these scopes now";
        return Step::Refuse(Fault::new("access_denied", description));
    }
    if client.first_party {
        return Step::Answer(scene.possible.clone());
    }
    let allowed = scene
        .allowed
        .is_some_and(|allowed| allowed.covers(scene.possible));
    if allowed && !request.prompt.consent {
        Step::Answer(scene.possible.clone())
    } else if request.prompt.none {
        let description = "the person has to be asked for the app";
        Step::Refuse(Fault::new("consent_required", description))
    } else {
        Step::Ask(scene.possible.clone())
    }
}

/// The earliest sign-in that is fresh enough.
fn oldest(scene: Scene<'_>) -> Option<OffsetDateTime> {
    let max_age = if scene.request.prompt.login {
        Some(Duration::ZERO)
    } else {
        scene.request.max_age
    };
    max_age.map(|age| scene.asked_at - age)
}

fn is_sure(scene: Scene<'_>, session: &Session) -> bool {
    let fresh = oldest(scene).is_none_or(|oldest| session.auth_time >= oldest);
    // An administrator's sign-in is by passkey: nothing else withstands a page that looks like ours.
    let bound = scene.client.persona != Persona::Admin || session.amr.contains(&Amr::Pop);
    fresh && bound && session.acr >= scene.request.acr
}
