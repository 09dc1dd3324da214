//! What clients learn of tokens, how they give them back, and what a token's owner is told.

use crate::support::apps::{APP, BACKEND, BACKEND_AUDIENCE, CLINICIANS, PORTAL, clinician, start};
use crate::support::{ADMIN, CLINIC_A, GATEWAY, ISSUER, NOW, Service, key, secret, token_by_hand};
use access_token::Amr;
use axum::body::Body;
use axum::http::{Request, header};
use serde_json::{Value, json};

async fn ask(service: &Service, client: &str, token: &str) -> Value {
    let answer = service
        .post_as("/oauth2/introspect", client, &[("token", token)])
        .await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.header("cache-control"), "no-store");
    answer.body
}

#[tokio::test]
async fn whoever_obtained_a_token_or_receives_it_learns_what_it_says() {
    let service = start().await;
    let person = service.sign_in(clinician(), &[Amr::Pop]).await;
    let answer = service.let_in(&person, CLINICIANS.0, &[]).await;
    let token = answer.token("access_token");
    for client in [CLINICIANS.0, BACKEND.0] {
        let said = ask(&service, client, &token).await;
        assert_eq!(said["active"], true, "{client}");
        assert_eq!(said["token_type"], "Bearer");
        assert_eq!(said["aud"], BACKEND_AUDIENCE);
        assert_eq!(said["sub"], person.account.id.to_string());
        assert_eq!(
            (&said["client_id"], &said["exp"]),
            (&CLINICIANS.0.into(), &(NOW + 300).into())
        );
        assert_eq!(said["scope"], answer.body["scope"]);
    }
    for other in [PORTAL.0, ADMIN.0, CLINIC_A.0] {
        assert_eq!(
            ask(&service, other, &token).await,
            json!({"active": false}),
            "{other}"
        );
    }
    service.set_time(NOW + 300);
    assert_eq!(
        ask(&service, CLINICIANS.0, &token).await,
        json!({"active": false})
    );
}

#[tokio::test]
async fn a_refresh_token_is_known_to_its_client_while_it_is_the_current_one() {
    let service = start().await;
    let person = service.a_patient().await;
    let first = service.let_in(&person, PORTAL.0, &[]).await;
    let token = first.token("refresh_token");
    let said = ask(&service, PORTAL.0, &token).await;
    assert_eq!(
        (&said["active"], &said["token_type"]),
        (&true.into(), &"refresh_token".into())
    );
    assert_eq!(said["exp"], NOW + 1800);
    assert_eq!(
        ask(&service, CLINICIANS.0, &token).await,
        json!({"active": false})
    );
    service.refresh(PORTAL.0, &token, &[]).await;
    assert_eq!(
        ask(&service, PORTAL.0, &token).await,
        json!({"active": false})
    );
}

#[tokio::test]
async fn only_clients_that_prove_who_they_are_may_ask() {
    let service = start().await;
    let form = [("token", "x"), ("client_id", APP)];
    let public = service.post_form("/oauth2/introspect", &form, &[]).await;
    assert_eq!(public.error(), (401, "invalid_client"));
    let nobody = service
        .post_form("/oauth2/introspect", &[("token", "x")], &[])
        .await;
    assert_eq!(nobody.error(), (401, "invalid_client"));
    let nothing = service.post_as("/oauth2/introspect", PORTAL.0, &[]).await;
    assert_eq!(nothing.error(), (400, "invalid_request"));
}

#[tokio::test]
async fn a_client_may_ask_with_a_token_of_its_own() {
    let service = start().await;
    let own = service.admin().await;
    let ask = |bearer: String, token: String| {
        let service = &service;
        async move {
            let headers = [("authorization", &*format!("Bearer {bearer}"))];
            service
                .post_form("/oauth2/introspect", &[("token", &token)], &headers)
                .await
        }
    };
    let said = ask(own.clone(), own.clone()).await;
    assert_eq!(said.body["active"], true, "{}", said.body);
    // A person's token is no client, and neither is one for another service.
    let person = service.a_patient().await;
    let persons = service
        .let_in(&person, PORTAL.0, &[])
        .await
        .token("access_token");
    assert_eq!(ask(persons, own.clone()).await.status, 401);
    let elsewhere = service
        .ask(
            CLINIC_A,
            &[("scope", "provider:records.read"), ("resource", GATEWAY)],
        )
        .await;
    assert_eq!(
        ask(elsewhere.token("access_token"), own.clone())
            .await
            .status,
        401
    );
    let form = [("token", own.as_str())];
    assert_eq!(
        service
            .post_as("/oauth2/revoke", ADMIN.0, &form)
            .await
            .status,
        200
    );
    assert_eq!(ask(own.clone(), own).await.status, 401);
}

/// Attacks 17 and 20: forged and misshapen tokens are worth nothing, wherever they are shown.
#[tokio::test]
async fn a_forged_or_misshapen_token_is_worth_nothing_anywhere() {
    let service = start().await;
    let good = token_by_hand(|claims| claims["client_id"] = json!(ADMIN.0));
    let parts: Vec<_> = good.split('.').collect();
    let b64 = |value: &Value| {
        use base64::Engine;
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(value.to_string())
    };
    let kid = key(crate::support::SIGNER).kid().to_owned();
    let header = |alg: &str| b64(&json!({"alg": alg, "typ": "at+jwt", "kid": kid}));
    let public = secret(crate::support::SIGNER).public_key().to_jwk_string();
    let hs256 = {
        let message = format!("{}.{}", header("HS256"), parts[1]);
        let signature = jsonwebtoken::crypto::sign(
            message.as_bytes(),
            &jsonwebtoken::EncodingKey::from_secret(public.as_bytes()),
            jsonwebtoken::Algorithm::HS256,
        );
        format!("{message}.{}", signature.unwrap())
    };
    let forged = [
        format!("{}.{}.", header("none"), parts[1]),
        format!("{}.{}.{}", header("none"), parts[1], parts[2]),
        format!("{}.{}.{}", header("RS256"), parts[1], parts[2]),
        format!("{}.{}.{}", header("ES384"), parts[1], parts[2]),
        hs256,
        token_by_hand(|claims| claims["exp"] = json!((NOW + 300).to_string())),
        token_by_hand(|claims| claims["nbf"] = json!(NOW.to_string())),
        token_by_hand(|claims| claims["aud"] = json!([ISSUER])),
        token_by_hand(|claims| claims["tenant"] = json!("other-hospital")),
    ];
    for token in forged {
        assert_eq!(
            ask(&service, ADMIN.0, &token).await,
            json!({"active": false}),
            "{token}"
        );
        let info = service.get("/oauth2/userinfo", &token).await;
        assert_eq!(info.status, 401, "{token}");
        let feed = service.get("/v1/organizations", &token).await;
        assert_eq!(feed.status, 401, "{token}");
    }
}

/// Attack 25, as far as this service: what is given back is in the feed that verifiers follow.
#[tokio::test]
async fn a_token_that_is_given_back_is_revoked() {
    let service = start().await;
    let person = service.a_patient().await;
    let answer = service.let_in(&person, PORTAL.0, &[]).await;
    let (access, refresh) = (answer.token("access_token"), answer.token("refresh_token"));
    let revoke = |client: &'static str, token: String| {
        let service = &service;
        async move {
            service
                .post_as("/oauth2/revoke", client, &[("token", &token)])
                .await
        }
    };
    assert_eq!(
        revoke(CLINICIANS.0, access.clone()).await.error(),
        (400, "invalid_request")
    );
    assert_eq!(
        revoke(CLINICIANS.0, refresh.clone()).await.error(),
        (400, "invalid_request")
    );
    assert!(service.is_active(PORTAL.0, &access).await);

    assert_eq!(revoke(PORTAL.0, access.clone()).await.status, 200);
    let jti = service.read(&access).await.jti;
    assert_eq!(
        service
            .count(&format!(
                "revocations where kind = 'token' and id = '{jti}'"
            ))
            .await,
        1
    );
    assert!(!service.is_active(PORTAL.0, &access).await);
    // The access token alone: the app goes on with its refresh token.
    let second = service.refresh(PORTAL.0, &refresh, &[]).await;
    let (access, refresh) = (second.token("access_token"), second.token("refresh_token"));
    assert_eq!(revoke(PORTAL.0, refresh.clone()).await.status, 200);
    assert!(!service.is_active(PORTAL.0, &access).await);
    assert_eq!(
        service.refresh(PORTAL.0, &refresh, &[]).await.error(),
        (400, "invalid_grant")
    );
    // Twice is once, and what never was is gone already.
    for gone in [refresh, access, "x".to_owned(), "a.b.c".to_owned()] {
        assert_eq!(revoke(PORTAL.0, gone).await.status, 200);
    }
}

#[tokio::test]
async fn a_public_client_gives_back_its_own() {
    let service = start().await;
    service
        .sql("update clients set first_party = true where client_id = 'walk-app'")
        .await;
    let person = service.a_patient().await;
    let answer = service.let_in(&person, APP, &[]).await;
    let refresh = answer.token("refresh_token");
    let form = [("token", refresh.as_str()), ("client_id", APP)];
    assert_eq!(
        service.post_form("/oauth2/revoke", &form, &[]).await.status,
        200
    );
    assert_eq!(
        service.refresh(APP, &refresh, &[]).await.error(),
        (400, "invalid_grant")
    );
}

#[tokio::test]
async fn userinfo_says_who_signed_in_and_as_much_as_was_granted() {
    let service = start().await;
    let person = service.a_patient().await;
    let sub = person.account.id.to_string();
    let token = service
        .let_in(&person, PORTAL.0, &[])
        .await
        .token("access_token");
    let info = service.get("/oauth2/userinfo", &token).await;
    assert_eq!(info.body, json!({"sub": sub, "fhirUser": "Patient/p-1"}));
    let posted = Request::post("/oauth2/userinfo")
        .header(header::AUTHORIZATION, format!("Bearer {token}"))
        .body(Body::empty());
    assert_eq!(service.send(posted.unwrap()).await.body, info.body);
    let less = [("scope", "openid patient/*.rs")];
    let token = service
        .let_in(&person, PORTAL.0, &less)
        .await
        .token("access_token");
    assert_eq!(
        service.get("/oauth2/userinfo", &token).await.body,
        json!({"sub": sub})
    );

    let without = [("scope", "patient/*.rs")];
    let token = service
        .let_in(&person, PORTAL.0, &without)
        .await
        .token("access_token");
    let refused = service.get("/oauth2/userinfo", &token).await;
    assert_eq!(refused.problem(), (403, "insufficient-scope"));
    let machine = service
        .get("/oauth2/userinfo", &service.admin().await)
        .await;
    assert_eq!(machine.status, 403);
    let bare = service.browse("/oauth2/userinfo", "").await;
    assert_eq!(
        (bare.status.as_u16(), bare.header("www-authenticate")),
        (401, "Bearer")
    );
}

#[tokio::test]
async fn a_token_is_worth_nothing_once_its_account_or_session_ended() {
    let service = start().await;
    let person = service.a_patient().await;
    let token = service
        .let_in(&person, PORTAL.0, &[])
        .await
        .token("access_token");
    service
        .sql("update accounts set version = version + 1")
        .await;
    assert!(!service.is_active(PORTAL.0, &token).await);
    assert_eq!(service.get("/oauth2/userinfo", &token).await.status, 401);
    let other = service.a_patient().await;
    let token = service
        .let_in(&other, PORTAL.0, &[])
        .await
        .token("access_token");
    let out = service.browse("/oauth2/logout", &other.cookie).await;
    let csrf = crate::support::apps::field(&out.text, "csrf");
    service
        .submit("/oauth2/logout", &other.cookie, &[("csrf", &csrf)])
        .await;
    assert!(!service.is_active(PORTAL.0, &token).await);
}
