//! What is granted: requested ∩ registered ∩ the persona's ceiling ∩ what the person's standing gives ∩ ticked (∩ the
//! subject token at an exchange). Pure; every limit can only take away.

use access_token::{Amr, IdentityScope, Persona, Scope, ScopeSet};

use crate::account::Role;

/// Everything that limits a request.
#[derive(Debug, Clone, Copy)]
pub struct Limits<'a> {
    /// What the client is registered for.
    pub client: &'a ScopeSet,
    /// As whom the token will speak.
    pub persona: Persona,
    /// What the standing of whoever the token speaks for gives; see [`derived`]. `None` where no person is behind it.
    pub derived: Option<&'a ScopeSet>,
    /// What the person left ticked; `None` where nobody was asked.
    pub ticked: Option<&'a ScopeSet>,
    /// What the subject token allows; `None` where there is none.
    pub subject: Option<&'a ScopeSet>,
}

/// What is granted.
pub fn granted(requested: &ScopeSet, limits: Limits<'_>) -> ScopeSet {
    let further = [limits.derived, limits.ticked, limits.subject];
    let within = requested.intersect(limits.client).ceiling(limits.persona);
    further
        .into_iter()
        .flatten()
        .fold(within, |granted, limit| granted.intersect(limit))
}

/// Patients read their own record and decide about it. Nobody writes records through us.
const PATIENT: &str = "patient:audit.read patient:consent.read patient:consent.write patient/*.rs \
                       openid fhirUser launch/patient online_access offline_access";
/// What a proxy's app may ask about the sign-in whatever the mandate says: it opens nothing, and without it the app could
/// not tell for whom it acts. `offline_access` has to be in the mandate; `fhirUser` would name the proxy's own record.
const PROXY: &str = "openid launch/patient online_access";
/// Of an app that stays when its user has gone there is no need in an organisation.
const PROVIDER: &str =
    "provider:consent.request provider:records.read user/*.rs openid fhirUser online_access";
const ADMIN: &str = "admin:* openid online_access";

/// What is known of a person's standing right now.
#[derive(Debug, Clone, Copy)]
pub struct Standing<'a> {
    /// As whom the person acts.
    pub role: &'a Role,
    /// How they signed in.
    pub amr: &'a [Amr],
    /// Whether the directory has their organisation with an address that can act on chain.
    pub organization_stands: bool,
    /// The most that they may do for the patient for whom they act; `None` where they act for themselves.
    pub mandate: Option<&'a ScopeSet>,
}

/// The rights that a person's standing gives. Nothing, where it is in doubt.
pub fn derived(standing: Standing<'_>) -> ScopeSet {
    let text = match standing.role {
        Role::Patient { .. } => PATIENT,
        Role::Provider { .. } if standing.organization_stands => PROVIDER,
        Role::Admin if standing.amr.contains(&Amr::Pop) => ADMIN,
        Role::Provider { .. } | Role::Admin => "",
    };
    let rights = ScopeSet::parse_all(text).unwrap_or_default();
    match (standing.role, standing.mandate) {
        (_, None) => rights,
        (Role::Patient { .. }, Some(ceiling)) => rights.intersect(&of_proxy(ceiling)),
        (Role::Provider { .. } | Role::Admin, Some(_)) => ScopeSet::default(),
    }
}

/// What a mandate with this ceiling gives.
fn of_proxy(ceiling: &ScopeSet) -> ScopeSet {
    let sign_in = ScopeSet::parse_all(PROXY).unwrap_or_default();
    let own_record = Scope::Identity(IdentityScope::FhirUser);
    let all = ceiling.iter().chain(sign_in.iter());
    all.filter(|scope| **scope != own_record).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn set(text: &str) -> ScopeSet {
        ScopeSet::parse(text).unwrap()
    }

    fn scopes() -> impl Strategy<Value = ScopeSet> {
        let tokens = prop::sample::select(vec![
            "patient:consent.read",
            "patient:consent.write",
            "provider:records.read",
            "admin:*",
            "admin:keys.write",
            "system:*",
            "openid",
            "offline_access",
            "launch/patient",
            "patient/*.cruds",
            "patient/Observation.rs?category=laboratory",
            "patient/Observation.r",
            "user/*.rs",
            "system/Condition.s",
        ]);
        prop::collection::vec(tokens, 0..8).prop_map(|tokens| set(&tokens.join(" ")))
    }

    fn personas() -> impl Strategy<Value = Persona> {
        prop::sample::select(Persona::ALL.to_vec())
    }

    proptest! {
        #[test]
        fn no_limit_ever_widens(
            asked in scopes(), client in scopes(), persona in personas(),
            derived in scopes(), ticked in scopes(), subject in scopes(),
        ) {
            let all = Limits {
                client: &client, persona, derived: Some(&derived), ticked: Some(&ticked), subject: Some(&subject),
            };
            let narrow = granted(&asked, all);
            prop_assert!(narrow.within(persona));
            for limit in [&asked, &client, &derived, &ticked, &subject] {
                prop_assert!(limit.covers(&narrow));
            }
            let wide = granted(&asked, Limits { derived: None, ticked: None, subject: None, ..all });
            prop_assert!(wide.covers(&narrow));
        }

        #[test]
        fn it_is_monotone_in_every_limit(
            asked in scopes(), less in scopes(), client in scopes(), persona in personas(), ticked in scopes(),
        ) {
            let limits = |client, ticked| Limits { client, persona, derived: None, ticked, subject: None };
            let whole = granted(&asked, limits(&client, Some(&ticked)));
            prop_assert!(whole.covers(&granted(&asked.intersect(&less), limits(&client, Some(&ticked)))));
            let (fewer, unticked) = (client.intersect(&less), ticked.intersect(&less));
            prop_assert!(whole.covers(&granted(&asked, limits(&fewer, Some(&ticked)))));
            prop_assert!(whole.covers(&granted(&asked, limits(&client, Some(&unticked)))));
        }

        #[test]
        fn asking_for_what_was_granted_grants_it_again(
            asked in scopes(), client in scopes(), persona in personas(), derived in scopes(),
        ) {
            let limits = Limits { client: &client, persona, derived: Some(&derived), ticked: None, subject: None };
            let once = granted(&asked, limits);
            prop_assert_eq!(granted(&once, limits), once);
        }

        #[test]
        fn the_order_of_the_limits_does_not_matter(
            a in scopes(), b in scopes(), c in scopes(), d in scopes(), e in scopes(), persona in personas(),
        ) {
            let of = |a, client, derived, ticked, subject| granted(
                a, Limits { client, persona, derived: Some(derived), ticked: Some(ticked), subject: Some(subject) },
            );
            let one = of(&a, &b, &c, &d, &e);
            prop_assert_eq!(&one, &of(&e, &d, &c, &b, &a));
            prop_assert_eq!(&one, &of(&c, &a, &e, &b, &d));
        }
    }

    fn standing<'a>(role: &'a Role, amr: &'a [Amr], organization_stands: bool) -> Standing<'a> {
        Standing {
            role,
            amr,
            organization_stands,
            mandate: None,
        }
    }

    #[test]
    fn a_proxy_has_what_the_mandate_says_and_no_more_than_the_patient() {
        let patient = Role::Patient {
            fhir_id: "parent-1".into(),
        };
        let by = |role, ceiling: &str| {
            derived(Standing {
                mandate: Some(&set(ceiling)),
                ..standing(role, &[Amr::Pop], true)
            })
        };
        assert_eq!(
            by(&patient, "patient:consent.read patient/*.cruds fhirUser"),
            set("patient:consent.read patient/*.rs openid launch/patient online_access")
        );
        assert!(by(&patient, "offline_access").has(IdentityScope::OfflineAccess));
        assert!(by(&patient, "admin:* system:*").rights().is_empty());
        assert!(by(&Role::Admin, "admin:* patient/*.rs").is_empty());
    }

    #[test]
    fn a_persons_rights_follow_their_standing() {
        let patient = Role::Patient {
            fhir_id: "p-1".into(),
        };
        let provider = Role::Provider {
            organization: "clinic-a".into(),
            practitioner: None,
        };
        let strong = [Amr::Pop];
        let weak = [Amr::Pwd, Amr::Otp];
        assert!(derived(standing(&patient, &weak, false)).allows_persona("patient:consent.write"));
        assert!(derived(standing(&provider, &weak, true)).allows_persona("provider:records.read"));
        assert!(derived(standing(&provider, &strong, false)).is_empty());
        assert!(derived(standing(&Role::Admin, &strong, false)).allows_persona("admin:keys.write"));
        assert!(derived(standing(&Role::Admin, &weak, true)).is_empty());
    }

    #[test]
    fn only_a_patients_app_may_stay_when_its_user_has_gone() {
        let provider = Role::Provider {
            organization: "clinic-a".into(),
            practitioner: None,
        };
        let strong = [Amr::Pop];
        for role in [provider, Role::Admin] {
            let rights = derived(standing(&role, &strong, true));
            assert!(!rights.has(access_token::IdentityScope::OfflineAccess));
        }
    }

    #[test]
    fn every_right_named_here_is_a_known_one() {
        for (text, persona) in [
            (PATIENT, Persona::Patient),
            (PROVIDER, Persona::Provider),
            (ADMIN, Persona::Admin),
        ] {
            assert!(ScopeSet::parse_all(text).unwrap().within(persona));
        }
    }
}
