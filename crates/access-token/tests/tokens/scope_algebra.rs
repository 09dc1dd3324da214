//! The order and the intersection of scopes, by property.

use access_token::{Category, Context, Interaction, Persona, ScopeError, ScopeSet, SmartAccess};
use proptest::prelude::*;

fn set(text: &str) -> ScopeSet {
    ScopeSet::parse(text).unwrap()
}

fn scope_token() -> impl Strategy<Value = String> {
    let persona = prop::sample::select(vec![
        "patient:consent.read",
        "patient:consent.write",
        "patient:audit.read",
        "provider:consent.request",
        "provider:records.read",
        "admin:*",
        "admin:directory.read",
        "admin:audit.read",
        "system:*",
        "system:policy.write",
        "system:directory.read",
        "admin:unknown",
        "provider:*",
        "openid",
        "offline_access",
        "launch/patient",
        "launch",
        "profile",
    ])
    .prop_map(str::to_owned);
    let smart = (
        prop::sample::select(vec!["patient", "user", "system", "launch"]),
        prop::sample::select(vec!["*", "Observation", "DiagnosticReport", "observation"]),
        prop::sample::select(vec![
            "r", "s", "rs", "cud", "cruds", "read", "write", "*", "sr", "",
        ]),
        prop::sample::select(vec![
            "",
            "?category=laboratory",
            "?category=http://h.example/c|laboratory",
            "?category=vital-signs",
            "?category=laboratory,vital-signs",
            "?code=1",
            "?category=laboratory&code=1",
            "?category=",
            "?category:not=laboratory",
            "?category=a&category=b",
        ]),
    )
        .prop_map(|(context, resource, actions, filter)| {
            format!("{context}/{resource}.{actions}{filter}")
        });
    prop_oneof![persona, smart]
}

fn scopes() -> impl Strategy<Value = ScopeSet> {
    prop::collection::vec(scope_token(), 0..8).prop_map(|tokens| set(&tokens.join(" ")))
}

proptest! {
    #[test]
    fn intersection_is_commutative_idempotent_and_associative(a in scopes(), b in scopes(), c in scopes()) {
        prop_assert_eq!(a.intersect(&b), b.intersect(&a));
        prop_assert_eq!(&a.intersect(&a), &a);
        prop_assert_eq!(a.intersect(&b).intersect(&c), a.intersect(&b.intersect(&c)));
    }

    #[test]
    fn intersection_is_the_greatest_lower_bound(a in scopes(), b in scopes(), c in scopes()) {
        let both = a.intersect(&b);
        prop_assert!(a.covers(&both) && b.covers(&both));
        if a.covers(&c) && b.covers(&c) {
            prop_assert!(both.covers(&c));
        }
    }

    #[test]
    fn intersection_is_monotone(a in scopes(), b in scopes(), c in scopes()) {
        let smaller = a.intersect(&b);
        prop_assert!(a.intersect(&c).covers(&smaller.intersect(&c)));
    }

    #[test]
    fn covers_is_a_partial_order(a in scopes(), b in scopes(), c in scopes()) {
        prop_assert!(a.covers(&a));
        if a.covers(&b) && b.covers(&a) {
            prop_assert_eq!(&a, &b);
        }
        if a.covers(&b) && b.covers(&c) {
            prop_assert!(a.covers(&c));
        }
    }

    #[test]
    fn asking_for_more_never_grants_less(tokens in prop::collection::vec(scope_token(), 0..6), more in scope_token(), ceiling in scopes()) {
        let asked = set(&tokens.join(" "));
        let asked_more = set(&format!("{} {more}", tokens.join(" ")));
        prop_assert!(asked_more.intersect(&ceiling).covers(&asked.intersect(&ceiling)));
    }

    #[test]
    fn the_written_text_reads_back_as_the_same_set(a in scopes()) {
        prop_assert_eq!(set(&a.to_string()), a.clone());
        prop_assert!(ScopeSet::parse_all(&a.to_string()).is_ok());
    }

    #[test]
    fn a_filtered_scope_never_allows_an_unnarrowed_request(
        filter in prop::sample::select(vec!["?category=laboratory", "?code=1", "?category=a&category=b", "?x"]),
    ) {
        let scopes = set(&format!("system/Observation.rs{filter}"));
        prop_assert!(!scopes.allows_smart(Interaction::Search, "Observation", None));
    }

    #[test]
    fn any_text_is_read_or_refused_without_panic(text in ".{0,200}") {
        let _ = ScopeSet::parse(&text);
    }
}

#[test]
fn v1_and_v2_name_the_same_rights() {
    for (v1, v2) in [("read", "rs"), ("write", "cud"), ("*", "cruds")] {
        assert_eq!(
            set(&format!("user/Observation.{v1}")),
            set(&format!("user/Observation.{v2}")),
            "{v1}"
        );
    }
    assert_eq!(
        set("user/Observation.rs").to_string(),
        "user/Observation.rs"
    );
    assert_eq!(
        set("user/Observation.read user/Observation.write"),
        set("user/Observation.*")
    );
}

#[test]
fn v2_letters_out_of_order_or_repeated_are_not_a_scope() {
    for actions in ["sr", "rr", "", "x", "rsx", "Rs"] {
        assert!(
            set(&format!("user/Observation.{actions}")).is_empty(),
            "{actions}"
        );
    }
}

#[test]
fn an_unknown_filter_drops_the_whole_scope() {
    for filter in [
        "code=1",
        "category:not=a",
        "category=a&status=final",
        "category=",
        "category=a,",
        "",
        "category",
        "category=%61",
    ] {
        assert!(
            set(&format!("system/Observation.rs?{filter}")).is_empty(),
            "{filter}"
        );
    }
    assert_eq!(
        set("system/Observation.rs?code=1 system/Condition.r"),
        set("system/Condition.r")
    );
}

#[test]
fn a_category_without_system_covers_the_one_with_system_and_not_the_reverse() {
    let (any, one) = (
        set("system/Observation.r?category=laboratory"),
        set("system/Observation.r?category=http://h.example|laboratory"),
    );
    assert!(any.covers(&one) && !one.covers(&any));
    assert_eq!(any.intersect(&one), one);
}

#[test]
fn a_star_covers_every_right_of_its_persona_and_no_other() {
    assert!(set("admin:*").covers(&set("admin:directory.write admin:audit.read")));
    assert!(!set("admin:*").allows_persona("system:audit.read"));
    assert!(!set("admin:*").allows_persona("admin:nonsense"));
    assert!(
        set("provider:* patient:*").is_empty(),
        "only admin and system have a star"
    );
}

#[test]
fn scopes_of_two_personas_are_mixed() {
    for mixed in [
        "provider:records.read admin:audit.read",
        "patient/Observation.r provider:records.read",
        "user/*.r system:audit.read",
        "admin:audit.read system/*.r",
    ] {
        assert_eq!(
            set(mixed).check_one_persona(),
            Err(ScopeError::MixedPersonas),
            "{mixed}"
        );
    }
    for one in [
        "",
        "provider:records.read system/*.rs user/Observation.r",
        "system:* system/*.rs",
        "patient:consent.read patient/*.r",
    ] {
        assert_eq!(set(one).check_one_persona(), Ok(()), "{one}");
    }
    assert_eq!(
        set("provider:records.read admin:audit.read").ceiling(Persona::Provider),
        set("provider:records.read")
    );
}

#[test]
fn smart_access_is_by_interaction_type_category_and_context() {
    let scopes = set(
        "system/Observation.rs?category=laboratory,vital-signs system/DiagnosticReport.r patient/Condition.rs",
    );
    let lab = Category::parse("http://h.example|laboratory").unwrap();
    let social = Category::parse("social-history").unwrap();
    assert!(scopes.allows_smart(
        Interaction::Search,
        "Observation",
        Some(std::slice::from_ref(&lab))
    ));
    assert!(!scopes.allows_smart(Interaction::Search, "Observation", Some(&[lab, social])));
    assert!(!scopes.allows_smart(Interaction::Search, "Observation", Some(&[])));
    assert!(!scopes.allows_smart(Interaction::Search, "Observation", None));
    assert!(scopes.allows_smart(Interaction::Read, "DiagnosticReport", None));
    assert!(!scopes.allows_smart(Interaction::Search, "DiagnosticReport", None));
    assert!(
        !scopes.allows_smart(Interaction::Read, "Condition", None),
        "patient/ is another context"
    );
    assert_eq!(
        scopes.smart_access(&[Context::Patient], Interaction::Read, "Condition"),
        SmartAccess::All
    );
    assert_eq!(
        scopes.smart_access(&[Context::System], Interaction::Create, "Observation"),
        SmartAccess::None
    );
}

#[test]
fn texts_that_are_no_scope_are_refused() {
    assert_eq!(ScopeSet::parse("a\"b"), Err(ScopeError::Character));
    assert_eq!(ScopeSet::parse("a\\b"), Err(ScopeError::Character));
    assert_eq!(ScopeSet::parse("a\nb"), Err(ScopeError::Character));
    assert_eq!(ScopeSet::parse("é"), Err(ScopeError::Character));
    assert_eq!(
        ScopeSet::parse(&"a ".repeat(4000)),
        Err(ScopeError::TooLong)
    );
    let many: Vec<_> = ('A'..='Z')
        .flat_map(|a| ('a'..='c').map(move |b| format!("user/{a}{b}.*")))
        .collect();
    assert_eq!(
        ScopeSet::parse(&many.join(" ")),
        Err(ScopeError::TooLong),
        "390 rights"
    );
    assert_eq!(
        ScopeSet::parse_all("admin:* admin:x"),
        Err(ScopeError::Unknown("admin:x".into()))
    );
}

#[test]
fn scopes_about_the_sign_in_open_no_record_and_mix_with_every_persona() {
    let asked = set(
        "openid fhirUser launch/patient online_access offline_access patient/*.rs profile launch",
    );
    assert_eq!(asked.rights(), set("patient/*.rs"));
    assert!(asked.has(access_token::IdentityScope::OpenId));
    assert!(asked.check_one_persona().is_ok());
    assert_eq!(
        set("launch/patient").smart_access(&[Context::Patient], Interaction::Read, "Patient"),
        SmartAccess::None
    );
}
