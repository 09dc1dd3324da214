//! The authorization endpoint: who is let in, who is asked what, and who learns of a refusal.

use crate::support::apps::{
    self, APP, CLINICIANS, CONSOLE, PORTAL, PORTAL_BACK, challenge, clinician, field, start,
};
use crate::support::{GATEWAY, ISSUER, NOW, Service};
use access_token::Amr;

#[tokio::test]
async fn whoever_is_signed_in_is_let_into_the_custodians_own_portal() {
    let service = start().await;
    let person = service.a_patient().await;
    let answer = service.authorize(&person.cookie, PORTAL.0, &[]).await;
    let location = answer.location();
    assert!(location.as_str().starts_with(&format!("{PORTAL_BACK}?")));
    assert_eq!(answer.parameter("state").as_deref(), Some("state-1"));
    // RFC 9207: the app can tell who answered.
    assert_eq!(answer.parameter("iss").as_deref(), Some(ISSUER));
    assert_eq!(answer.header("cache-control"), "no-store");
    assert!(!answer.code().is_empty());
}

#[tokio::test]
async fn whoever_is_not_signed_in_signs_in_first_and_goes_on_from_there() {
    let service = start().await;
    let answer = service.authorize("", PORTAL.0, &[]).await;
    assert_eq!(answer.location().path(), "/sign-in");
    assert_eq!(answer.parameter("acr").as_deref(), Some("aal1"));
    let back = answer.parameter("return_to").unwrap();
    assert!(back.starts_with("/oauth2/authorize?"), "{back}");
    let person = service.a_patient().await;
    let answer = service.browse(&back, &person.cookie).await;
    assert!(!answer.code().is_empty());
    // What was answered is over.
    assert_eq!(service.browse(&back, &person.cookie).await.status, 400);
}

#[tokio::test]
async fn a_sign_in_that_is_not_sure_or_not_fresh_enough_is_done_again() {
    let service = start().await;
    let weak = service.sign_in(apps::patient("p-1"), &[Amr::Pwd]).await;
    let step_up = [("acr_values", "aal2"), ("max_age", "300")];
    let answer = service.authorize(&weak.cookie, PORTAL.0, &step_up).await;
    assert_eq!(answer.location().path(), "/sign-in");
    assert_eq!(answer.parameter("acr").as_deref(), Some("aal2"));
    assert_eq!(answer.parameter("max_age").as_deref(), Some("300"));

    let strong = service.a_patient().await;
    assert!(
        !service
            .authorize(&strong.cookie, PORTAL.0, &step_up)
            .await
            .code()
            .is_empty()
    );
    service.set_time(NOW + 301);
    let stale = service.authorize(&strong.cookie, PORTAL.0, &step_up).await;
    assert_eq!(stale.location().path(), "/sign-in");
}

#[tokio::test]
async fn prompt_login_asks_once_and_then_lets_in() {
    let service = start().await;
    let person = service.a_patient().await;
    for prompt in ["login", "select_account"] {
        service.set_time(service.time() + 1);
        let answer = service
            .authorize(&person.cookie, PORTAL.0, &[("prompt", prompt)])
            .await;
        assert_eq!(answer.location().path(), "/sign-in", "{prompt}");
        assert_eq!(answer.parameter("max_age").as_deref(), Some("0"));
        let back = answer.parameter("return_to").unwrap();
        // Whoever comes back without having signed in is sent again.
        let unproven = service.browse(&back, &person.cookie).await;
        assert_eq!(unproven.location().path(), "/sign-in");
        service.set_time(service.time() + 60);
        let again = service
            .sign_in_again(person.account.clone(), &[Amr::Pop])
            .await;
        assert!(!service.browse(&back, &again.cookie).await.code().is_empty());
    }
}

#[tokio::test]
async fn prompt_none_shows_nothing_to_anybody() {
    let service = start().await;
    let none = [("prompt", "none")];
    assert_eq!(
        service.authorize("", PORTAL.0, &none).await.told(),
        "login_required"
    );
    let person = service.a_patient().await;
    assert_eq!(
        service.authorize(&person.cookie, APP, &none).await.told(),
        "consent_required"
    );
    assert!(
        !service
            .authorize(&person.cookie, PORTAL.0, &none)
            .await
            .code()
            .is_empty()
    );
    let both = [("prompt", "none login")];
    assert_eq!(
        service
            .authorize(&person.cookie, PORTAL.0, &both)
            .await
            .told(),
        "invalid_request"
    );
}

/// Attack 4: near-matches of a redirect URI lead to a page, and nothing is told to anybody else.
#[tokio::test]
async fn a_redirect_uri_that_is_nearly_right_leads_to_a_page() {
    let service = start().await;
    let person = service.a_patient().await;
    for near in [
        "",
        "https://portal.example/callback/",
        "https://portal.example/callback?a=b",
        "https://portal.example/callback#f",
        "https://portal.example:443/callback",
        "https://PORTAL.example/callback",
        "http://portal.example/callback",
        "https://portal.example/callback/../other",
        "https://portal.example.evil.example/callback",
        "https://evil.example/?https://portal.example/callback",
        "http://127.0.0.1:7000/callback",
        "javascript:alert(1)",
    ] {
        let answer = service
            .authorize(&person.cookie, PORTAL.0, &[("redirect_uri", near)])
            .await;
        assert_eq!(answer.status, 400, "{near}");
        assert_eq!(answer.header("location"), "", "{near}");
        assert!(answer.text.contains("not registered as its own"), "{near}");
        assert!(!answer.text.contains("evil"), "{near}");
    }
    let unknown = service.authorize(&person.cookie, "nobody", &[]).await;
    assert_eq!(
        (unknown.status.as_u16(), unknown.header("location")),
        (400, "")
    );
    // A client that only speaks for itself asks nobody.
    let machine = service
        .authorize(&person.cookie, crate::support::ADMIN.0, &[])
        .await;
    assert_eq!(
        (machine.status.as_u16(), machine.header("location")),
        (400, "")
    );
}

#[tokio::test]
async fn the_port_of_a_loopback_address_is_free() {
    let service = start().await;
    let person = service.a_patient().await;
    let native = [
        ("redirect_uri", "http://127.0.0.1:49152/callback"),
        ("prompt", "none"),
    ];
    let answer = service.authorize(&person.cookie, APP, &native).await;
    assert_eq!(answer.location().port(), Some(49152));
    let named = [("redirect_uri", "http://localhost:49152/callback")];
    assert_eq!(
        service.authorize(&person.cookie, APP, &named).await.status,
        400
    );
}

/// Attack 3: `plain`, and no PKCE at all.
#[tokio::test]
async fn without_pkce_by_s256_nobody_is_let_in() {
    let service = start().await;
    let person = service.a_patient().await;
    for changes in [
        [("code_challenge_method", "plain")].as_slice(),
        &[("code_challenge_method", "")],
        &[("code_challenge_method", "s256")],
        &[("code_challenge", "")],
        &[("code_challenge", "short")],
        &[("code_challenge", ""), ("code_challenge_method", "")],
        &[(
            "code_challenge",
            "=====================================================",
        )],
    ] {
        let answer = service.authorize(&person.cookie, PORTAL.0, changes).await;
        assert_eq!(answer.told(), "invalid_request", "{changes:?}");
        assert_eq!(answer.parameter("state").as_deref(), Some("state-1"));
        assert_eq!(answer.parameter("iss").as_deref(), Some(ISSUER));
        assert_eq!(answer.parameter("code"), None);
    }
}

/// Attack 6: scopes of several personas; attack 11: an unknown filter.
#[tokio::test]
async fn scopes_that_cannot_be_are_refused_or_left_out_and_never_widened() {
    let service = start().await;
    let person = service.a_patient().await;
    for (scope, error) in [
        (
            "patient:consent.read provider:records.read",
            "invalid_scope",
        ),
        ("patient/*.rs user/*.rs", "invalid_scope"),
        ("", "invalid_scope"),
        ("invented", "invalid_scope"),
        ("launch/patient fhirUser", "invalid_scope"),
        ("system:policy.write", "invalid_scope"),
        ("patient/Observation.rs?code=1", "invalid_scope"),
        ("a\"b", "invalid_scope"),
    ] {
        let answer = service
            .authorize(&person.cookie, PORTAL.0, &[("scope", scope)])
            .await;
        assert_eq!(answer.told(), error, "{scope}");
    }
    let scope = "patient/Observation.rs?category=laboratory patient/Condition.rs?code=1 patient/Patient.cruds";
    let answer = service.let_in(&person, PORTAL.0, &[("scope", scope)]).await;
    assert_eq!(
        answer.body["scope"],
        "patient/Observation.rs?category=laboratory patient/Patient.rs"
    );
}

#[tokio::test]
async fn what_is_malformed_is_told_to_the_app_in_the_words_of_the_rfc() {
    let service = start().await;
    let person = service.a_patient().await;
    for (change, error) in [
        (("response_type", ""), "invalid_request"),
        (("response_type", "token"), "unsupported_response_type"),
        (
            ("response_type", "code id_token"),
            "unsupported_response_type",
        ),
        (("response_mode", "fragment"), "invalid_request"),
        (("resource", "https://evil.example"), "invalid_target"),
        (("aud", "https://evil.example"), "invalid_target"),
        (
            ("acr_values", "urn:unknown"),
            "unmet_authentication_requirements",
        ),
        (("max_age", "-1"), "invalid_request"),
        (("max_age", "soon"), "invalid_request"),
        (("prompt", "create"), "invalid_request"),
        (("request", "e30.e30.e30"), "request_not_supported"),
        (("dpop_jkt", "x"), "invalid_request"),
        (("nonce", "a\u{0}b"), "invalid_request"),
    ] {
        let answer = service.authorize(&person.cookie, PORTAL.0, &[change]).await;
        assert_eq!(answer.told(), error, "{change:?}");
        assert!(!answer.location().as_str().contains("evil"), "{change:?}");
    }
    let both = [("resource", GATEWAY), ("aud", crate::support::INDEXER)];
    assert_eq!(
        service
            .authorize(&person.cookie, PORTAL.0, &both)
            .await
            .told(),
        "invalid_target"
    );
    let query = apps::encode(&apps::request_of(PORTAL.0, &[]));
    let twice = format!("/oauth2/authorize?{query}&scope=openid");
    assert_eq!(
        service.browse(&twice, &person.cookie).await.told(),
        "invalid_request"
    );
    let elsewhere = [("request_uri", "https://app.example/request.jwt")];
    let answer = service
        .authorize(&person.cookie, PORTAL.0, &elsewhere)
        .await;
    assert_eq!(
        (answer.status.as_u16(), answer.header("location")),
        (400, "")
    );
}

#[tokio::test]
async fn an_app_is_for_its_persona_and_administrators_use_a_passkey_and_push_their_requests() {
    let service = start().await;
    let patient = service.a_patient().await;
    let answer = service.authorize(&patient.cookie, CLINICIANS.0, &[]).await;
    assert_eq!(answer.told(), "access_denied");

    let one_factor = service.sign_in(clinician(), &[Amr::Pwd]).await;
    let answer = service
        .authorize(&one_factor.cookie, CLINICIANS.0, &[])
        .await;
    assert_eq!(answer.parameter("acr").as_deref(), Some("aal2"));
    let two_factors = service.sign_in(clinician(), &[Amr::Pwd, Amr::Otp]).await;
    let answer = service
        .authorize(&two_factors.cookie, CLINICIANS.0, &[])
        .await;
    assert!(!answer.code().is_empty());

    let admin = service
        .sign_in(auth_service::account::Role::Admin, &[Amr::Pop])
        .await;
    let answer = service.authorize(&admin.cookie, CONSOLE.0, &[]).await;
    assert_eq!(answer.told(), "invalid_request");
    let by_code = service
        .sign_in(auth_service::account::Role::Admin, &[Amr::Pwd, Amr::Otp])
        .await;
    service.set_time(NOW + 1);
    let answer = push_and_go(&service, &by_code.cookie, CONSOLE.0).await;
    assert_eq!(answer.location().path(), "/sign-in");
    assert_eq!(answer.parameter("max_age").as_deref(), Some("0"));
    assert!(
        !push_and_go(&service, &admin.cookie, CONSOLE.0)
            .await
            .code()
            .is_empty()
    );
}

async fn push_and_go(service: &Service, cookie: &str, client: &str) -> crate::support::Answer {
    let pushed = service
        .post_as("/oauth2/par", client, &apps::request_of(client, &[])[1..])
        .await;
    assert_eq!(pushed.status, 201, "{}", pushed.body);
    let request_uri = pushed.token("request_uri");
    let query = apps::encode(&[("client_id", client), ("request_uri", &request_uri)]);
    service
        .browse(&format!("/oauth2/authorize?{query}"), cookie)
        .await
}

#[tokio::test]
async fn a_pushed_request_is_good_for_one_minute_one_client_and_one_use() {
    let service = start().await;
    let person = service.a_patient().await;
    let push = || async {
        let form = apps::request_of(PORTAL.0, &[]);
        let pushed = service.post_as("/oauth2/par", PORTAL.0, &form).await;
        assert_eq!(
            (pushed.status.as_u16(), &pushed.body["expires_in"]),
            (201, &60.into())
        );
        assert_eq!(pushed.header("cache-control"), "no-store");
        pushed.token("request_uri")
    };
    let go = |client: &'static str, request_uri: String| {
        let query = apps::encode(&[("client_id", client), ("request_uri", &request_uri)]);
        let path = format!("/oauth2/authorize?{query}");
        let cookie = person.cookie.clone();
        let service = &service;
        async move { service.browse(&path, &cookie).await }
    };
    let request_uri = push().await;
    assert!(!go(PORTAL.0, request_uri.clone()).await.code().is_empty());
    assert_eq!(go(PORTAL.0, request_uri).await.status, 400);
    assert_eq!(go(APP, push().await).await.status, 400);
    let late = push().await;
    service.set_time(NOW + 60);
    assert_eq!(go(PORTAL.0, late).await.status, 400);
}

#[tokio::test]
async fn what_would_be_refused_is_refused_when_it_is_pushed() {
    let service = start().await;
    for (change, error) in [
        (("redirect_uri", "https://evil.example/"), "invalid_request"),
        (("code_challenge_method", "plain"), "invalid_request"),
        (("scope", "provider:records.read"), "invalid_scope"),
        (
            ("request_uri", "urn:ietf:params:oauth:request_uri:x"),
            "invalid_request",
        ),
    ] {
        let form = apps::request_of(PORTAL.0, &[change]);
        let answer = service.post_as("/oauth2/par", PORTAL.0, &form).await;
        assert_eq!(answer.error(), (400, error), "{change:?}");
    }
    let form = apps::request_of(PORTAL.0, &[]);
    let unproven = service.post_form("/oauth2/par", &form, &[]).await;
    assert_eq!(unproven.error(), (401, "invalid_client"));
    let machine = service
        .post_as("/oauth2/par", crate::support::ADMIN.0, &[])
        .await;
    assert_eq!(machine.error(), (400, "unauthorized_client"));
}

#[tokio::test]
async fn a_foreign_app_gets_what_the_person_ticks_and_the_page_says_what_it_is_not() {
    let service = start().await;
    let person = service.a_patient().await;
    let scope = [(
        "scope",
        "openid patient/Observation.rs patient/Condition.rs offline_access",
    )];
    let page = service.authorize(&person.cookie, APP, &scope).await;
    assert_eq!(page.status, 200);
    let said = "It does not let anyone read your record: that needs your consent, which you give in the portal.";
    assert!(page.text.contains(said));
    assert!(page.text.contains("Walk &#60;b&#62;app") || page.text.contains("Walk &lt;b&gt;app"));
    assert!(!page.text.contains("<b>app"));
    let policy = page.header("content-security-policy").to_owned();
    assert!(
        policy.contains("form-action 'self' http://127.0.0.1;"),
        "{policy}"
    );
    assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"));

    let (waiting, csrf) = (field(&page.text, "continue"), field(&page.text, "csrf"));
    let form = [
        ("continue", waiting.as_str()),
        ("csrf", &csrf),
        ("decision", "allow"),
        ("scope", "openid"),
        ("scope", "patient/Observation.rs"),
        // Not asked for, so not given.
        ("scope", "patient:consent.read"),
    ];
    let answer = service
        .submit("/oauth2/authorize/decision", &person.cookie, &form)
        .await;
    let token = service.redeem(APP, &answer.code(), &[]).await;
    assert_eq!(token.body["scope"], "openid patient/Observation.rs");
    // Sent twice, it gives one code.
    let again = service
        .submit("/oauth2/authorize/decision", &person.cookie, &form)
        .await;
    assert_eq!(again.status, 400);

    let less = [("scope", "openid patient/Observation.r")];
    assert!(
        !service
            .authorize(&person.cookie, APP, &less)
            .await
            .code()
            .is_empty()
    );
    assert_eq!(
        service.authorize(&person.cookie, APP, &scope).await.status,
        200
    );
    let anew = [("prompt", "consent"), less[0]];
    assert_eq!(
        service.authorize(&person.cookie, APP, &anew).await.status,
        200
    );
}

#[tokio::test]
async fn whoever_does_not_allow_it_gives_nothing() {
    let service = start().await;
    let person = service.a_patient().await;
    for choice in [
        [("decision", "deny"), ("scope", "openid")].as_slice(),
        &[("decision", "allow")],
        &[("decision", "allow"), ("scope", "offline_access")],
    ] {
        let page = service.authorize(&person.cookie, APP, &[]).await;
        let (waiting, csrf) = (field(&page.text, "continue"), field(&page.text, "csrf"));
        let mut form = vec![("continue", waiting.as_str()), ("csrf", csrf.as_str())];
        form.extend_from_slice(choice);
        let answer = service
            .submit("/oauth2/authorize/decision", &person.cookie, &form)
            .await;
        assert_eq!(answer.told(), "access_denied", "{choice:?}");
        assert_eq!(answer.parameter("state").as_deref(), Some("state-1"));
    }
    assert_eq!(service.count("app_consents").await, 0);
    assert_eq!(service.count("authorizations").await, 0);
}

#[tokio::test]
async fn nobody_elses_form_decides() {
    let service = start().await;
    let (person, other) = (service.a_patient().await, service.a_patient().await);
    let page = service.authorize(&person.cookie, APP, &[]).await;
    let (waiting, csrf) = (field(&page.text, "continue"), field(&page.text, "csrf"));
    let form = |csrf: &str| {
        vec![
            ("continue".to_owned(), waiting.clone()),
            ("csrf".to_owned(), csrf.to_owned()),
            ("decision".to_owned(), "allow".to_owned()),
            ("scope".to_owned(), "openid".to_owned()),
        ]
    };
    let path = "/oauth2/authorize/decision";
    let send = |cookie: String, csrf: &str, origin: &'static str| {
        let form = form(csrf);
        let service = &service;
        async move {
            let form: Vec<_> = form.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
            let headers = [("cookie", cookie.as_str()), ("origin", origin)];
            service.post_form(path, &form, &headers).await
        }
    };
    let mine = person.cookie.clone();
    assert_eq!(
        send(mine.clone(), &csrf, "https://evil.example")
            .await
            .status,
        403
    );
    assert_eq!(send(mine.clone(), &csrf, "null").await.status, 403);
    assert_eq!(send(mine.clone(), "", ISSUER).await.status, 403);
    assert_eq!(send(other.cookie.clone(), &csrf, ISSUER).await.status, 403);
    assert_eq!(
        send(String::new(), &csrf, ISSUER).await.location().path(),
        "/sign-in"
    );
    assert_eq!(service.count("authorizations").await, 0);
    assert!(!send(mine, &csrf, ISSUER).await.code().is_empty());
}

#[tokio::test]
async fn an_app_can_be_taken_back_and_then_has_nothing() {
    let service = start().await;
    let person = service.a_patient().await;
    let token = allow(&service, &person).await;
    let apps = service.browse("/account/apps", &person.cookie).await;
    let said = "read measurements and test results";
    assert!(apps.text.contains(said), "{}", apps.text);
    let csrf = field(&apps.text, "csrf");
    let form = [("csrf", csrf.as_str()), ("client_id", APP)];
    let ended = service
        .submit("/account/apps/end", &person.cookie, &form)
        .await;
    assert_eq!(ended.location().path(), "/account/apps");
    let refreshed = service
        .refresh(APP, &token.token("refresh_token"), &[])
        .await;
    assert_eq!(refreshed.error(), (400, "invalid_grant"));
    assert_eq!(service.count("revocations where kind = 'token'").await, 1);
    assert_eq!(
        service
            .count("outbox where kind = 'consentry.grant.revoked.v1'")
            .await,
        1
    );
    assert!(
        !service
            .browse("/account/apps", &person.cookie)
            .await
            .text
            .contains(APP)
    );
    assert_eq!(
        service.authorize(&person.cookie, APP, &[]).await.status,
        200,
        "asked again"
    );
}

async fn allow(service: &Service, person: &apps::Person) -> crate::support::Answer {
    let page = service.authorize(&person.cookie, APP, &[]).await;
    let (waiting, csrf) = (field(&page.text, "continue"), field(&page.text, "csrf"));
    let form = [
        ("continue", waiting.as_str()),
        ("csrf", &csrf),
        ("decision", "allow"),
        ("scope", "openid"),
        ("scope", "patient/Observation.rs"),
        ("scope", "offline_access"),
    ];
    let answer = service
        .submit("/oauth2/authorize/decision", &person.cookie, &form)
        .await;
    let token = service.redeem(APP, &answer.code(), &[]).await;
    assert_eq!(token.status, 200, "{}", token.body);
    token
}

#[tokio::test]
async fn the_metadata_says_what_is_true() {
    let service = start().await;
    let get = |path: &'static str| service.browse(path, "");
    let oauth = get("/.well-known/oauth-authorization-server").await.body;
    let openid = get("/.well-known/openid-configuration").await.body;
    assert_eq!(oauth, openid);
    assert_eq!(oauth["issuer"], ISSUER);
    assert_eq!(
        oauth["code_challenge_methods_supported"],
        serde_json::json!(["S256"])
    );
    assert_eq!(
        oauth["response_types_supported"],
        serde_json::json!(["code"])
    );
    assert_eq!(
        oauth["authorization_response_iss_parameter_supported"],
        true
    );
    assert_eq!(oauth["request_uri_parameter_supported"], false);
    for endpoint in [
        "authorization_endpoint",
        "pushed_authorization_request_endpoint",
        "token_endpoint",
        "introspection_endpoint",
        "revocation_endpoint",
        "userinfo_endpoint",
        "end_session_endpoint",
        "jwks_uri",
    ] {
        let url = oauth[endpoint].as_str().unwrap();
        let path = url.strip_prefix(ISSUER).unwrap().to_owned();
        let answer = service.browse(&path, "").await;
        assert!(![404, 500].contains(&answer.status.as_u16()), "{endpoint}");
    }
    let smart = get("/.well-known/smart-configuration").await.body;
    let capabilities = smart["capabilities"].as_array().unwrap();
    assert!(capabilities.contains(&"context-standalone-patient".into()));
    for false_here in [
        "launch-ehr",
        "context-ehr-patient",
        "client-confidential-symmetric",
    ] {
        assert!(!capabilities.contains(&false_here.into()), "{false_here}");
    }
    assert_eq!(
        smart["grant_types_supported"],
        oauth["grant_types_supported"]
    );
}

#[tokio::test]
async fn no_answer_echoes_what_was_sent() {
    let service = start().await;
    let person = service.a_patient().await;
    let marker = "marker-9f";
    let verifier_challenge = challenge();
    for change in [
        ("client_id", marker),
        ("redirect_uri", "https://marker-9f.example/"),
        ("scope", marker),
        ("resource", "https://marker-9f.example/"),
        ("prompt", marker),
        ("acr_values", marker),
        ("code_challenge", marker),
        ("response_type", marker),
    ] {
        let answer = service.authorize(&person.cookie, PORTAL.0, &[change]).await;
        let said = format!("{}{}", answer.text, answer.header("location"));
        assert!(!said.contains(marker), "{change:?}");
        assert!(!said.contains(&verifier_challenge));
    }
}
