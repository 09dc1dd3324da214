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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::{Account, Role};
    use crate::client::{AuthMethod, GrantType};
    use crate::grant::request::{Prompt, Target};
    use uuid::Uuid;

    const NOW: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

    fn client(persona: Persona, first_party: bool) -> Client {
        Client {
            id: "app".into(),
            tenant: "t".into(),
            name: None,
            persona,
            organization: None,
            scope: ScopeSet::default(),
            audiences: vec!["https://ehr.example".into()],
            purposes: Vec::new(),
            grant_types: vec![GrantType::AuthorizationCode],
            auth_method: AuthMethod::None,
            keys: Vec::new(),
            redirect_uris: Vec::new(),
            post_logout_redirect_uris: Vec::new(),
            require_dpop: false,
            resources: Vec::new(),
            first_party,
        }
    }

    fn request(acr: Acr, max_age: Option<i64>, prompt: Prompt) -> AuthorizationRequest {
        AuthorizationRequest {
            target: Target {
                redirect_uri: "https://app.example/cb".into(),
                state: None,
            },
            nonce: None,
            challenge: [0; 32],
            scope: scope(),
            resource: "https://ehr.example".into(),
            patient: None,
            acr,
            max_age: max_age.map(Duration::seconds),
            prompt,
            jkt: None,
        }
    }

    fn scope() -> ScopeSet {
        "patient/*.rs openid".parse().unwrap()
    }

    fn session(role: Role, acr: Acr, amr: Amr, auth_time: i64) -> Session {
        Session {
            id: Uuid::nil(),
            account: Account {
                id: Uuid::nil(),
                tenant: "t".into(),
                login: "jane".into(),
                role,
                disabled: false,
                version: 0,
            },
            acr,
            amr: vec![amr],
            auth_time: NOW + Duration::seconds(auth_time),
            ends_at: NOW + Duration::hours(12),
        }
    }

    fn patient(acr: Acr, auth_time: i64) -> Session {
        let role = Role::Patient {
            fhir_id: "p-1".into(),
        };
        session(role, acr, Amr::Pwd, auth_time)
    }

    fn step(
        client: &Client,
        request: &AuthorizationRequest,
        session: Option<&Session>,
        allowed: Option<&ScopeSet>,
    ) -> Step {
        let scene = Scene {
            client,
            request,
            asked_at: NOW,
            session,
            possible: &scope(),
            allowed,
        };
        next(scene, NOW + Duration::seconds(5))
    }

    #[test]
    fn nobody_is_asked_for_our_own_and_everybody_for_a_foreign_app() {
        let (own, foreign) = (
            client(Persona::Patient, true),
            client(Persona::Patient, false),
        );
        let request = request(Acr::Aal1, None, Prompt::default());
        let session = patient(Acr::Aal1, -10);
        let less: ScopeSet = "openid".parse().unwrap();
        assert_eq!(
            step(&own, &request, Some(&session), None),
            Step::Answer(scope())
        );
        assert_eq!(
            step(&foreign, &request, Some(&session), None),
            Step::Ask(scope())
        );
        assert_eq!(
            step(&foreign, &request, Some(&session), Some(&less)),
            Step::Ask(scope())
        );
        let all = scope();
        assert_eq!(
            step(&foreign, &request, Some(&session), Some(&all)),
            Step::Answer(scope())
        );
    }

    #[test]
    fn the_age_of_a_sign_in_is_measured_when_the_request_comes_in() {
        let own = client(Persona::Patient, true);
        let session = patient(Acr::Aal1, -10);
        let within = request(Acr::Aal1, Some(10), Prompt::default());
        assert_eq!(
            step(&own, &within, Some(&session), None),
            Step::Answer(scope())
        );
        let beyond = request(Acr::Aal1, Some(9), Prompt::default());
        let sign_in = Step::SignIn {
            acr: Acr::Aal1,
            max_age: Some(14),
        };
        assert_eq!(step(&own, &beyond, Some(&session), None), sign_in);
        // However long signing in took, it is fresh.
        let after = patient(Acr::Aal1, 1);
        assert_eq!(
            step(&own, &beyond, Some(&after), None),
            Step::Answer(scope())
        );
    }

    #[test]
    fn a_sign_in_that_cannot_become_the_right_one_is_refused_and_not_asked_for_ever() {
        let console = client(Persona::Admin, true);
        let request = request(Acr::Aal2, None, Prompt::default());
        let before = session(Role::Admin, Acr::Aal2, Amr::Otp, -10);
        let anew = Step::SignIn {
            acr: Acr::Aal2,
            max_age: Some(0),
        };
        assert_eq!(step(&console, &request, Some(&before), None), anew);
        let after = session(Role::Admin, Acr::Aal2, Amr::Otp, 1);
        let Step::Refuse(fault) = step(&console, &request, Some(&after), None) else {
            panic!("asked again");
        };
        assert_eq!(fault.code, "access_denied");
        let by_passkey = session(Role::Admin, Acr::Aal2, Amr::Pop, -10);
        assert_eq!(
            step(&console, &request, Some(&by_passkey), None),
            Step::Answer(scope())
        );
    }

    #[test]
    fn with_prompt_none_nothing_is_ever_shown() {
        let none = Prompt {
            none: true,
            ..Prompt::default()
        };
        for first_party in [true, false] {
            let client = client(Persona::Patient, first_party);
            for (acr, max_age) in [(Acr::Aal1, None), (Acr::Aal2, None), (Acr::Aal1, Some(1))] {
                let request = request(acr, max_age, none);
                for session in [None, Some(patient(Acr::Aal1, -10))] {
                    let step = step(&client, &request, session.as_ref(), None);
                    assert!(
                        matches!(step, Step::Answer(_) | Step::Refuse(_)),
                        "{step:?}"
                    );
                }
            }
        }
    }
}
