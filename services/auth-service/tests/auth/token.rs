//! What a registered client gets, and what it does not get although it is one.

use crate::support::{
    ADMIN, ASSERTION_TYPE, CLINIC_A, CLINIC_A_KEY, GATEWAY, INDEXER, ISSUER, NOW, SYSTEM, Service,
    TENANT, key, subject,
};
use access_token::Persona;
use axum::body::Body;
use axum::http::{Request, header};
use serde_json::json;

#[tokio::test]
async fn a_provider_gets_a_token_with_its_organisation_addresses_and_purpose() {
    let service = Service::start().await;
    let answer = service
        .ask(
            CLINIC_A,
            &[(
                "scope",
                "provider:records.read system/Observation.rs?category=laboratory",
            )],
        )
        .await;
    let claims = service.claims(&answer, GATEWAY).await;
    assert_eq!(answer.body["token_type"], "Bearer");
    assert_eq!(answer.body["expires_in"], 300);
    assert_eq!(
        answer.body["scope"],
        "provider:records.read system/Observation.rs?category=laboratory"
    );
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(
        (claims.sub.as_str(), claims.client_id.as_str()),
        (CLINIC_A.0, CLINIC_A.0)
    );
    assert_eq!((claims.iat, claims.exp), (NOW, NOW + 300));
    assert_eq!(claims.tenant, TENANT);
    assert_eq!(claims.persona, Persona::Provider);
    assert_eq!(claims.org.as_deref(), Some("clinic-a"));
    assert_eq!(
        claims.grantees,
        [subject(CLINIC_A_KEY).address().to_checksum(None)]
    );
    assert_eq!(claims.purpose.as_deref(), Some("TREAT"));
}

#[tokio::test]
async fn admin_and_system_tokens_carry_no_organisation() {
    let service = Service::start().await;
    for (client, scope, persona) in [
        (ADMIN, "admin:audit.read", Persona::Admin),
        (SYSTEM, "system:consent.read", Persona::System),
    ] {
        let claims = service
            .claims(&service.ask(client, &[("scope", scope)]).await, ISSUER)
            .await;
        assert_eq!(
            (claims.persona, claims.org, claims.purpose),
            (persona, None, None)
        );
        assert!(claims.grantees.is_empty());
        assert_eq!(claims.scope.to_string(), scope);
    }
}

#[tokio::test]
async fn every_token_has_an_id_of_its_own() {
    let service = Service::start().await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        let answer = service.ask(ADMIN, &[("scope", "admin:audit.read")]).await;
        ids.push(service.claims(&answer, ISSUER).await.jti);
    }
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 3);
}

#[tokio::test]
async fn the_resource_picks_the_audience_out_of_the_registered_ones() {
    let service = Service::start().await;
    let scope = ("scope", "provider:records.read");
    assert_eq!(
        service
            .claims(&service.ask(CLINIC_A, &[scope]).await, GATEWAY)
            .await
            .aud,
        GATEWAY,
        "the first by default"
    );
    assert_eq!(
        service
            .claims(
                &service.ask(CLINIC_A, &[scope, ("resource", INDEXER)]).await,
                INDEXER
            )
            .await
            .aud,
        INDEXER
    );
    for foreign in [ISSUER, "https://evil.example", "https://ehr.example/", "x"] {
        assert_eq!(
            service
                .ask(CLINIC_A, &[scope, ("resource", foreign)])
                .await
                .error(),
            (400, "invalid_target"),
            "{foreign}"
        );
    }
    let two = [scope, ("resource", GATEWAY), ("resource", INDEXER)];
    assert_eq!(
        service.ask(CLINIC_A, &two).await.error(),
        (400, "invalid_target")
    );
}

#[tokio::test]
async fn the_purpose_of_use_is_one_of_the_registered_ones() {
    let service = Service::start().await;
    let scope = ("scope", "provider:records.read");
    let claims = service
        .claims(
            &service
                .ask(CLINIC_A, &[scope, ("purpose_of_use", "HPAYMT")])
                .await,
            GATEWAY,
        )
        .await;
    assert_eq!(claims.purpose.as_deref(), Some("HPAYMT"));
    assert_eq!(
        service
            .ask(CLINIC_A, &[scope, ("purpose_of_use", "HMARKT")])
            .await
            .error(),
        (400, "invalid_request")
    );
    assert_eq!(
        service
            .ask(ADMIN, &[("scope", "admin:*"), ("purpose_of_use", "TREAT")])
            .await
            .error(),
        (400, "invalid_request")
    );
}

#[tokio::test]
async fn scopes_beyond_the_registration_are_left_out_and_never_widened() {
    let service = Service::start().await;
    for (asked, granted) in [
        (
            "system:directory.read system:policy.write",
            "system:directory.read",
        ),
        (
            "system:*",
            "system:consent.read system:directory.read system:revocation.read",
        ),
        (
            "system:directory.read system:invented openid",
            "system:directory.read",
        ),
    ] {
        let answer = service.ask(SYSTEM, &[("scope", asked)]).await;
        assert_eq!(
            service.claims(&answer, ISSUER).await.scope.to_string(),
            granted,
            "{asked}"
        );
        assert_eq!(answer.body["scope"], granted);
    }
    for (asked, granted) in [
        (
            "system/*.cruds",
            "system/Observation.rs?category=laboratory",
        ),
        (
            "system/Observation.cruds",
            "system/Observation.rs?category=laboratory",
        ),
        (
            "system/Observation.r",
            "system/Observation.r?category=laboratory",
        ),
        (
            "system/Observation.read?category=http://h.example|laboratory",
            "system/Observation.rs?category=http://h.example|laboratory",
        ),
    ] {
        let answer = service.ask(CLINIC_A, &[("scope", asked)]).await;
        assert_eq!(
            service.claims(&answer, GATEWAY).await.scope.to_string(),
            granted,
            "{asked}"
        );
    }
}

#[tokio::test]
async fn a_request_of_which_nothing_is_granted_is_an_invalid_scope() {
    let service = Service::start().await;
    for scope in [
        "system:policy.write",
        "admin:directory.write",
        "system/Observation.rs",
        "openid",
        "system:",
        "x\"y",
        "system:directory.read\u{0}",
        "é",
        &"system:directory.read ".repeat(300),
    ] {
        assert_eq!(
            service.ask(SYSTEM, &[("scope", scope)]).await.error(),
            (400, "invalid_scope"),
            "{scope:?}"
        );
    }
    assert_eq!(
        service
            .ask(CLINIC_A, &[("scope", "system/Observation.rs?code=1")])
            .await
            .error(),
        (400, "invalid_scope")
    );
    for none in [vec![], vec![("scope", "")], vec![("scope", " ")]] {
        assert_eq!(
            service.ask(SYSTEM, &none).await.error(),
            (400, "invalid_scope")
        );
    }
}

#[tokio::test]
async fn mixed_personas_are_an_invalid_scope_even_if_one_would_be_granted() {
    let service = Service::start().await;
    for scope in [
        "provider:records.read admin:audit.read",
        "provider:records.read patient/Observation.rs",
    ] {
        let answer = service.ask(CLINIC_A, &[("scope", scope)]).await;
        assert_eq!(answer.error(), (400, "invalid_scope"));
        assert!(
            answer.body["error_description"]
                .as_str()
                .unwrap()
                .contains("personas")
        );
    }
}

#[tokio::test]
async fn a_provider_whose_organisation_is_not_in_the_directory_gets_no_token() {
    let service = Service::start().await;
    sqlx::raw_sql("delete from grantee_bindings; delete from organizations;")
        .execute(&service.db)
        .await
        .unwrap();
    assert_eq!(
        service
            .ask(CLINIC_A, &[("scope", "provider:records.read")])
            .await
            .error(),
        (400, "unauthorized_client")
    );
}

#[tokio::test]
async fn a_grant_type_that_is_unknown_or_not_registered_is_refused() {
    let service = Service::start().await;
    for (grant, error) in [
        ("authorization_code", "unauthorized_client"),
        ("refresh_token", "unauthorized_client"),
        (
            "urn:ietf:params:oauth:grant-type:token-exchange",
            "unauthorized_client",
        ),
        ("password", "unsupported_grant_type"),
        ("x", "unsupported_grant_type"),
    ] {
        let assertion = service.assertion(ADMIN);
        let form = [
            ("grant_type", grant),
            ("client_assertion_type", ASSERTION_TYPE),
            ("client_assertion", &assertion),
        ];
        assert_eq!(service.form(&form).await.error(), (400, error), "{grant}");
    }
    assert_eq!(service.form(&[]).await.error(), (400, "invalid_request"));
    assert_eq!(
        service.form(&[("grant_type", "")]).await.error(),
        (400, "invalid_request")
    );
}

#[tokio::test]
async fn a_client_that_does_not_authenticate_is_an_invalid_client() {
    let service = Service::start().await;
    let assertion = service.assertion(ADMIN);
    let grant = ("grant_type", "client_credentials");
    assert_eq!(
        service.form(&[grant]).await.error(),
        (401, "invalid_client")
    );
    assert_eq!(
        service
            .form(&[grant, ("client_assertion", &assertion)])
            .await
            .error(),
        (401, "invalid_client")
    );
    let saml = "urn:ietf:params:oauth:client-assertion-type:saml2-bearer";
    let form = [
        grant,
        ("client_assertion_type", saml),
        ("client_assertion", &assertion),
    ];
    assert_eq!(service.form(&form).await.error(), (401, "invalid_client"));
    let with_secret = [grant, ("client_id", ADMIN.0), ("client_secret", "secret")];
    assert_eq!(
        service.form(&with_secret).await.error(),
        (401, "invalid_client")
    );
    let other_id = service
        .ask(ADMIN, &[("scope", "admin:*"), ("client_id", "other")])
        .await;
    assert_eq!(other_id.error(), (401, "invalid_client"));
    let same_id = service
        .ask(ADMIN, &[("scope", "admin:*"), ("client_id", ADMIN.0)])
        .await;
    assert_eq!(same_id.status, 200);
    let basic = Request::post("/oauth2/token")
        .header(header::AUTHORIZATION, "Basic YTpi")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from("grant_type=client_credentials"));
    let basic = service.send(basic.unwrap()).await;
    assert_eq!(basic.error(), (401, "invalid_client"));
    assert!(basic.header("www-authenticate").starts_with("Basic"));
}

#[tokio::test]
async fn malformed_requests_are_answered_in_the_words_of_the_rfc() {
    let service = Service::start().await;
    let post = |kind: &'static str, uri: &'static str, body: Vec<u8>| {
        let request = Request::post(uri)
            .header(header::CONTENT_TYPE, kind)
            .body(Body::from(body))
            .unwrap();
        service.send(request)
    };
    let form = "application/x-www-form-urlencoded";
    let json = post("application/json", "/oauth2/token", b"{}".to_vec()).await;
    assert_eq!(json.error(), (400, "invalid_request"));
    assert_eq!(json.header("cache-control"), "no-store");
    assert_eq!(
        post(form, "/oauth2/token?grant_type=client_credentials", vec![])
            .await
            .error(),
        (400, "invalid_request")
    );
    assert_eq!(
        post(form, "/oauth2/token", b"grant_type=a&grant_type=b".to_vec())
            .await
            .error(),
        (400, "invalid_request")
    );
    assert_eq!(
        post(form, "/oauth2/token", vec![b'a'; 70_000])
            .await
            .error(),
        (413, "invalid_request")
    );
    assert_eq!(
        post(form, "/oauth2/token", vec![0xff, 0x00, b'&', b'='])
            .await
            .error(),
        (400, "invalid_request")
    );
    let bare = service
        .send(Request::post("/oauth2/token").body(Body::empty()).unwrap())
        .await;
    assert_eq!(bare.error(), (400, "invalid_request"));
    let get = service
        .send(Request::get("/oauth2/token").body(Body::empty()).unwrap())
        .await;
    assert_eq!(get.problem(), (405, "method-not-allowed"));
}

#[tokio::test]
async fn keys_and_metadata_are_published_and_the_private_half_is_not() {
    let service = Service::start().await;
    let get = |path: &'static str| service.send(Request::get(path).body(Body::empty()).unwrap());
    let jwks = get("/oauth2/jwks").await;
    let kid = key(crate::support::SIGNER).public().thumbprint();
    assert_eq!(jwks.body["keys"][0]["kid"], json!(kid));
    assert_eq!(jwks.body["keys"][0]["alg"], "ES256");
    assert_eq!(jwks.body["keys"].as_array().unwrap().len(), 1);
    assert!(!jwks.body.to_string().contains("\"d\""));

    let metadata = get("/.well-known/oauth-authorization-server").await.body;
    assert_eq!(metadata["issuer"], ISSUER);
    assert_eq!(
        metadata["token_endpoint"],
        "https://auth.example/oauth2/token"
    );
    assert_eq!(metadata["jwks_uri"], "https://auth.example/oauth2/jwks");
}
