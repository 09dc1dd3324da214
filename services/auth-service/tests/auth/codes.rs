//! Codes: what one gives, once, to the app it was made for.

use crate::support::apps::{self, APP, BOUND, CLINICIANS, PORTAL, clinician, patient, start};
use crate::support::{CLINIC_A_KEY, GATEWAY, INDEXER, ISSUER, NOW, TENANT, binding, subject};
use access_token::{Amr, Persona};
use serde_json::Value;

#[tokio::test]
async fn a_patients_token_says_whose_record_it_is_and_to_our_own_services_under_which_addresses() {
    let service = start().await;
    let admin = service.admin().await;
    let signer = subject(7);
    let put = service
        .put("/v1/patients/p-1", &admin, &binding("p-1", &signer, 1))
        .await;
    assert!(put.status.is_success(), "{}", put.body);
    let person = service.sign_in(patient("p-1"), &[Amr::Pwd]).await;
    let answer = service.let_in(&person, PORTAL.0, &[]).await;
    assert_eq!(answer.body["token_type"], "Bearer");
    assert_eq!(answer.body["patient"], "p-1");
    let claims = service.claims(&answer, INDEXER).await;
    assert_eq!(claims.sub, person.account.id.to_string());
    assert_eq!(
        (claims.client_id.as_str(), claims.persona),
        (PORTAL.0, Persona::Patient)
    );
    assert_eq!(claims.patient.as_deref(), Some("p-1"));
    assert_eq!(claims.fhir_user.as_deref(), Some("Patient/p-1"));
    assert_eq!(claims.subjects, [signer.address().to_checksum(None)]);
    assert_eq!(
        (claims.tenant.as_str(), claims.exp - claims.iat),
        (TENANT, 300)
    );
    let sign_in = claims.sign_in.unwrap();
    assert_eq!(sign_in.sid, person.session.id.to_string());
    assert_eq!(
        (sign_in.acr.as_str(), sign_in.auth_time, sign_in.sv),
        ("aal1", NOW, 0)
    );

    let elsewhere = service
        .let_in(&person, PORTAL.0, &[("resource", GATEWAY)])
        .await;
    let claims = service.claims(&elsewhere, GATEWAY).await;
    assert!(claims.subjects.is_empty(), "no other learns the addresses");
}

#[tokio::test]
async fn a_clinicians_token_says_for_which_organisation() {
    let service = start().await;
    let person = service.sign_in(clinician(), &[Amr::Pop]).await;
    let answer = service
        .let_in(&person, CLINICIANS.0, &[("resource", GATEWAY)])
        .await;
    let claims = service.claims(&answer, GATEWAY).await;
    assert_eq!(claims.org.as_deref(), Some("clinic-a"));
    assert_eq!(
        claims.grantees,
        [subject(CLINIC_A_KEY).address().to_checksum(None)]
    );
    assert_eq!(claims.purpose.as_deref(), Some("TREAT"));
    assert_eq!(claims.fhir_user.as_deref(), Some("Practitioner/dr-7"));
    assert_eq!((claims.patient, claims.subjects.len()), (None, 0));
}

/// The payload of a token, unverified.
fn payload(token: &str) -> Value {
    use base64::Engine;
    let part = token.split('.').nth(1).unwrap();
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD
        .decode(part)
        .unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

#[tokio::test]
async fn an_id_token_is_for_the_app_and_tied_to_its_request_and_token() {
    use base64::Engine;
    use sha2::Digest;
    let service = start().await;
    let person = service.a_patient().await;
    let answer = service.let_in(&person, PORTAL.0, &[]).await;
    let id_token = answer.token("id_token");
    let claims = payload(&id_token);
    assert_eq!(
        (&claims["iss"], &claims["aud"]),
        (&ISSUER.into(), &PORTAL.0.into())
    );
    assert_eq!(claims["sub"], person.account.id.to_string());
    assert_eq!(claims["nonce"], "nonce-1");
    assert_eq!(
        (&claims["auth_time"], &claims["acr"]),
        (&NOW.into(), &"aal2".into())
    );
    assert_eq!(claims["amr"], serde_json::json!(["pop"]));
    assert_eq!(claims["sid"], person.session.id.to_string());
    assert_eq!(claims["fhirUser"], "Patient/p-1");
    let digest = sha2::Sha256::digest(answer.token("access_token"));
    let at_hash = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(&digest[..16]);
    assert_eq!(claims["at_hash"], at_hash);
    // It opens nothing: it is no access token.
    let info = service.get("/oauth2/userinfo", &id_token).await;
    assert_eq!(info.status, 401);

    let without = service
        .let_in(&person, PORTAL.0, &[("scope", "patient/*.rs")])
        .await;
    assert_eq!(without.body["id_token"], Value::Null);
    assert_eq!(without.body["patient"], Value::Null);
    let bare = [("scope", "openid patient/*.rs"), ("nonce", "")];
    let claims = payload(
        &service
            .let_in(&person, PORTAL.0, &bare)
            .await
            .token("id_token"),
    );
    assert_eq!(
        (&claims["nonce"], &claims["fhirUser"]),
        (&Value::Null, &Value::Null)
    );
}

/// Attack 1.
#[tokio::test]
async fn a_code_that_comes_back_ends_all_that_came_of_it() {
    let service = start().await;
    let person = service.a_patient().await;
    let code = service
        .authorize(&person.cookie, PORTAL.0, &[])
        .await
        .code();
    let first = service.redeem(PORTAL.0, &code, &[]).await;
    let renewed = service
        .refresh(PORTAL.0, &first.token("refresh_token"), &[])
        .await;
    assert!(
        service
            .is_active(PORTAL.0, &renewed.token("access_token"))
            .await
    );

    let replayed = service.redeem(PORTAL.0, &code, &[]).await;
    assert_eq!(replayed.error(), (400, "invalid_grant"));
    assert!(
        !service
            .is_active(PORTAL.0, &first.token("access_token"))
            .await
    );
    assert!(
        !service
            .is_active(PORTAL.0, &renewed.token("access_token"))
            .await
    );
    let refreshed = service
        .refresh(PORTAL.0, &renewed.token("refresh_token"), &[])
        .await;
    assert_eq!(refreshed.error(), (400, "invalid_grant"));
    // Verifiers hear of both tokens, and the audit of what happened.
    assert_eq!(service.count("revocations where kind = 'token'").await, 2);
    assert_eq!(
        service
            .count("outbox where kind = 'consentry.token.reused.v1'")
            .await,
        1
    );
}

#[tokio::test]
async fn of_many_that_redeem_one_code_at_once_none_keeps_a_token() {
    let service = start().await;
    let person = service.a_patient().await;
    let code = service
        .authorize(&person.cookie, APP, &[("prompt", "none")])
        .await;
    assert_eq!(code.told(), "consent_required");
    let code = service
        .authorize(&person.cookie, PORTAL.0, &[])
        .await
        .code();
    let requests = (0..8).map(|_| service.redeem(PORTAL.0, &code, &[]));
    let answers = futures_of(requests).await;
    let good: Vec<_> = answers
        .iter()
        .filter(|answer| answer.status == 200)
        .collect();
    assert!(good.len() <= 1, "{}", good.len());
    for answer in good {
        assert!(
            !service
                .is_active(PORTAL.0, &answer.token("access_token"))
                .await
        );
    }
}

async fn futures_of<F: Future>(futures: impl Iterator<Item = F>) -> Vec<F::Output> {
    futures::future::join_all(futures).await
}

/// Attack 2.
#[tokio::test]
async fn a_code_needs_its_verifier() {
    let service = start().await;
    let person = service.a_patient().await;
    let code = service
        .authorize(&person.cookie, PORTAL.0, &[])
        .await
        .code();
    let wrong = "another-verifier-of-at-least-forty-three-chars";
    for (verifier, error) in [
        (wrong, "invalid_grant"),
        ("", "invalid_request"),
        ("short", "invalid_request"),
        (&*"x".repeat(129), "invalid_request"),
        (&*apps::challenge(), "invalid_grant"),
    ] {
        let answer = service
            .redeem(PORTAL.0, &code, &[("code_verifier", verifier)])
            .await;
        assert_eq!(answer.error(), (400, error), "{verifier}");
    }
    // Whoever tried did not use it up.
    assert_eq!(service.redeem(PORTAL.0, &code, &[]).await.status, 200);
}

/// Attack 5.
#[tokio::test]
async fn a_code_is_for_the_app_and_the_address_it_was_made_for() {
    let service = start().await;
    let person = service.a_patient().await;
    let code = service
        .authorize(&person.cookie, PORTAL.0, &[])
        .await
        .code();
    let back = [("redirect_uri", apps::PORTAL_BACK)];
    for other in [APP, CLINICIANS.0] {
        let answer = service.redeem(other, &code, &back).await;
        assert_eq!(answer.error(), (400, "invalid_grant"), "{other}");
    }
    let answer = service
        .redeem(
            PORTAL.0,
            &code,
            &[("redirect_uri", "https://portal.example/other")],
        )
        .await;
    assert_eq!(answer.error(), (400, "invalid_grant"));
    let form = [
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("redirect_uri", apps::PORTAL_BACK),
        ("code_verifier", apps::VERIFIER),
        // The client has a key: its word alone is nothing.
        ("client_id", PORTAL.0),
    ];
    let unproven = service.post_form("/oauth2/token", &form, &[]).await;
    assert_eq!(unproven.error(), (401, "invalid_client"));
    assert_eq!(service.redeem(PORTAL.0, &code, &[]).await.status, 200);
}

#[tokio::test]
async fn a_code_is_good_for_a_minute() {
    let service = start().await;
    let person = service.a_patient().await;
    let code = service
        .authorize(&person.cookie, PORTAL.0, &[])
        .await
        .code();
    service.set_time(NOW + 60);
    assert_eq!(
        service.redeem(PORTAL.0, &code, &[]).await.error(),
        (400, "invalid_grant")
    );
    let code = service
        .authorize(&person.cookie, PORTAL.0, &[])
        .await
        .code();
    service.set_time(NOW + 119);
    assert_eq!(service.redeem(PORTAL.0, &code, &[]).await.status, 200);
    for garbage in ["x", "", "AAAA", &"A".repeat(43)] {
        assert_eq!(service.redeem(PORTAL.0, garbage, &[]).await.status, 400);
    }
}

#[tokio::test]
async fn between_code_and_token_the_account_and_the_session_have_to_stand() {
    let service = start().await;
    for statement in [
        "update accounts set status = 'disabled'",
        "update accounts set version = version + 1",
        "update sessions set ended_at = now()",
    ] {
        let person = service.a_patient().await;
        let code = service
            .authorize(&person.cookie, PORTAL.0, &[])
            .await
            .code();
        service.sql(statement).await;
        let answer = service.redeem(PORTAL.0, &code, &[]).await;
        assert_eq!(answer.error(), (400, "invalid_grant"), "{statement}");
    }
}

/// Attack 21, at the token endpoint.
#[tokio::test]
async fn a_key_that_is_proven_binds_the_token_and_the_refresh_token_of_a_public_client() {
    let service = start().await;
    let person = service.a_patient().await;
    let redeem = |code: String, proof: Option<String>| {
        let service = &service;
        async move {
            let form = [
                ("grant_type", "authorization_code"),
                ("code", code.as_str()),
                ("redirect_uri", apps::APP_BACK),
                ("code_verifier", apps::VERIFIER),
            ];
            let headers: Vec<_> = proof.iter().map(|proof| ("dpop", proof.as_str())).collect();
            service
                .post_with("/oauth2/token", BOUND, &form, &headers)
                .await
        }
    };
    let proof = |n, jti: &str| service.proof(n, jti, "POST", "/oauth2/token", None);
    let jkt = crate::support::key(30).public().thumbprint();
    let code = || async {
        service
            .authorize(&person.cookie, BOUND, &[("dpop_jkt", &jkt)])
            .await
            .code()
    };
    let unproven = redeem(code().await, None).await;
    assert_eq!(unproven.error(), (400, "invalid_dpop_proof"));
    let other_key = redeem(code().await, Some(proof(31, "a"))).await;
    assert_eq!(
        other_key.error(),
        (400, "invalid_grant"),
        "the code is bound to a key"
    );
    let elsewhere = service.proof(30, "b", "POST", "/oauth2/par", None);
    assert_eq!(
        redeem(code().await, Some(elsewhere)).await.error(),
        (400, "invalid_dpop_proof")
    );
    let method = service.proof(30, "c", "GET", "/oauth2/token", None);
    assert_eq!(
        redeem(code().await, Some(method)).await.error(),
        (400, "invalid_dpop_proof")
    );

    let answer = redeem(code().await, Some(proof(30, "d"))).await;
    assert_eq!(answer.body["token_type"], "DPoP", "{}", answer.body);
    let claims = service.read(&answer.token("access_token")).await;
    assert_eq!(claims.cnf.unwrap().jkt, jkt);
    let replayed = redeem(code().await, Some(proof(30, "d"))).await;
    assert_eq!(
        replayed.error(),
        (400, "invalid_dpop_proof"),
        "a proof is good once"
    );

    let refresh_token = answer.token("refresh_token");
    let refresh = |n, jti: &'static str| {
        let (service, token) = (&service, refresh_token.clone());
        let proof = proof(n, jti);
        async move {
            let form = [
                ("grant_type", "refresh_token"),
                ("refresh_token", token.as_str()),
            ];
            service
                .post_with("/oauth2/token", BOUND, &form, &[("dpop", &proof)])
                .await
        }
    };
    assert_eq!(refresh(31, "e").await.error(), (400, "invalid_grant"));
    assert_eq!(refresh(30, "f").await.status, 200);

    // The token itself is nothing without the proof.
    let token = answer.token("access_token");
    assert_eq!(service.get("/oauth2/userinfo", &token).await.status, 401);
    let with_proof = |method: &'static str, n, jti: &str| {
        let proof = service.proof(n, jti, method, "/oauth2/userinfo", Some(&token));
        let (service, token) = (&service, token.clone());
        async move {
            let headers = [
                ("authorization", &*format!("DPoP {token}")),
                ("dpop", &proof),
            ];
            service.post_form("/oauth2/userinfo", &[], &headers).await
        }
    };
    assert_eq!(with_proof("GET", 30, "g").await.status, 401);
    assert_eq!(with_proof("POST", 31, "h").await.status, 401);
    assert_eq!(with_proof("POST", 30, "i").await.status, 200);
    let again = with_proof("POST", 30, "i").await;
    assert_eq!(again.status, 401);
    assert!(
        again
            .header("www-authenticate")
            .starts_with("DPoP algs=\"ES256\", error=\"invalid_dpop_proof\"")
    );
}
