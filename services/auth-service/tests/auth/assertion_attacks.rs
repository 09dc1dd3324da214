//! Ways to pretend to be a client, and what comes of them.

use crate::support::{ADMIN, Answer, CLINIC_A, ISSUER, NOW, Service, at, key, secret};
use access_token::AssertionClaims;
use alloy::hex;
use auth_service::client::replay;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey};
use p256::elliptic_curve::sec1::ToEncodedPoint;
use p256::pkcs8::{EncodePrivateKey, EncodePublicKey, LineEnding};
use serde_json::{Value, json};

const ENDPOINT: &str = "https://auth.example/oauth2/token";
const SCOPE: [(&str, &str); 1] = [("scope", "admin:audit.read")];

fn claims() -> Value {
    let jti = uuid::Uuid::now_v7().simple().to_string();
    json!({"iss": ADMIN.0, "sub": ADMIN.0, "aud": ENDPOINT, "jti": jti, "iat": NOW, "exp": NOW + 60})
}

fn header() -> Value {
    json!({"alg": "ES256", "typ": "JWT", "kid": key(ADMIN.1).kid()})
}

fn with(mut value: Value, name: &str, to: Value) -> Value {
    value[name] = to;
    value
}

fn message(header: &Value, claims: &Value) -> String {
    format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(header.to_string()),
        URL_SAFE_NO_PAD.encode(claims.to_string())
    )
}

/// ES256 by key `n`, whatever the header says.
fn signed(header: &Value, claims: &Value, n: u8) -> String {
    let message = message(header, claims);
    let der = secret(n).to_pkcs8_der().unwrap();
    let signing = EncodingKey::from_ec_der(der.as_bytes());
    let signature =
        jsonwebtoken::crypto::sign(message.as_bytes(), &signing, Algorithm::ES256).unwrap();
    format!("{message}.{signature}")
}

async fn refused(service: &Service, assertion: &str) -> Answer {
    let answer = service.ask_with(assertion, &SCOPE).await;
    assert_eq!(answer.error(), (401, "invalid_client"), "{}", answer.body);
    assert!(answer.body.get("access_token").is_none());
    answer
}

#[tokio::test]
async fn the_good_assertion_of_these_tests_is_good() {
    let service = Service::start().await;
    for audience in [ENDPOINT, ISSUER] {
        let claims = with(claims(), "aud", json!(audience));
        let answer = service
            .ask_with(&signed(&header(), &claims, ADMIN.1), &SCOPE)
            .await;
        assert_eq!(answer.status, 200, "{}", answer.body);
    }
}

#[tokio::test]
async fn a_wrong_key_an_unknown_client_and_a_foreign_client_look_the_same() {
    let service = Service::start().await;
    let other_key = signed(&header(), &claims(), 77);
    let other_kid = signed(&with(header(), "kid", json!("nobody")), &claims(), ADMIN.1);
    let path_kid = signed(
        &with(header(), "kid", json!("../../../dev/null")),
        &claims(),
        ADMIN.1,
    );
    let unknown = with(
        with(claims(), "iss", json!("nobody")),
        "sub",
        json!("nobody"),
    );
    let unknown = signed(&header(), &unknown, ADMIN.1);
    let anothers_key = signed(
        &with(header(), "kid", json!(key(CLINIC_A.1).kid())),
        &claims(),
        CLINIC_A.1,
    );
    let mut answers = Vec::new();
    for assertion in [other_key, other_kid, path_kid, unknown, anothers_key] {
        answers.push(refused(&service, &assertion).await.body);
    }
    assert!(
        answers.windows(2).all(|pair| pair[0] == pair[1]),
        "{answers:?}"
    );
}

#[tokio::test]
async fn alg_none_is_refused() {
    let service = Service::start().await;
    let none = with(header(), "alg", json!("none"));
    refused(&service, &format!("{}.", message(&none, &claims()))).await;
    refused(&service, &signed(&none, &claims(), ADMIN.1)).await;
}

#[tokio::test]
async fn hs256_with_the_public_key_as_secret_is_refused() {
    let service = Service::start().await;
    let public = secret(ADMIN.1).public_key();
    let secrets = [
        public.to_encoded_point(false).as_bytes().to_vec(),
        public
            .to_public_key_pem(LineEnding::LF)
            .unwrap()
            .into_bytes(),
        serde_json::to_vec(key(ADMIN.1).public()).unwrap(),
    ];
    for secret in secrets {
        for alg in ["HS256", "ES256"] {
            let message = message(&with(header(), "alg", json!(alg)), &claims());
            let mac = EncodingKey::from_secret(&secret);
            let mac =
                jsonwebtoken::crypto::sign(message.as_bytes(), &mac, Algorithm::HS256).unwrap();
            refused(&service, &format!("{message}.{mac}")).await;
        }
    }
}

#[tokio::test]
async fn a_header_that_brings_its_own_key_is_refused() {
    let service = Service::start().await;
    let own = serde_json::to_value(key(77).public()).unwrap();
    for (name, value) in [
        ("jwk", own),
        ("jku", json!("https://evil.example/jwks")),
        ("x5u", json!("https://evil.example")),
        ("crit", json!(["exp"])),
    ] {
        refused(
            &service,
            &signed(&with(header(), name, value), &claims(), 77),
        )
        .await;
    }
}

#[tokio::test]
async fn the_audience_is_one_string_that_names_us() {
    let service = Service::start().await;
    for audience in [
        json!("https://other.example"),
        json!([ENDPOINT]),
        json!([ENDPOINT, "https://other.example"]),
        json!(format!("{ISSUER}/")),
        json!(""),
        Value::Null,
    ] {
        refused(
            &service,
            &signed(&header(), &with(claims(), "aud", audience), ADMIN.1),
        )
        .await;
    }
}

#[tokio::test]
async fn an_assertion_lives_at_most_five_minutes_and_its_times_are_numbers() {
    let service = Service::start().await;
    let far = refused(
        &service,
        &signed(&header(), &with(claims(), "exp", json!(NOW + 306)), ADMIN.1),
    )
    .await;
    assert!(
        far.body["error_description"]
            .as_str()
            .unwrap()
            .contains("lifetime")
    );
    for exp in [
        json!((NOW + 60).to_string()),
        json!(NOW - 5),
        json!(-1),
        json!(1e99),
        json!(null),
        json!({}),
    ] {
        refused(
            &service,
            &signed(&header(), &with(claims(), "exp", exp), ADMIN.1),
        )
        .await;
    }
    for name in ["nbf", "iat"] {
        refused(
            &service,
            &signed(&header(), &with(claims(), name, json!(NOW + 30)), ADMIN.1),
        )
        .await;
        refused(
            &service,
            &signed(
                &header(),
                &with(claims(), name, json!(NOW.to_string())),
                ADMIN.1,
            ),
        )
        .await;
    }
    let five_minutes = with(claims(), "exp", json!(NOW + 300));
    assert_eq!(
        service
            .ask_with(&signed(&header(), &five_minutes, ADMIN.1), &SCOPE)
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn an_assertion_is_used_once() {
    let service = Service::start().await;
    let assertion = signed(&header(), &claims(), ADMIN.1);
    assert_eq!(service.ask_with(&assertion, &SCOPE).await.status, 200);
    let again = refused(&service, &assertion).await;
    assert!(
        again.body["error_description"]
            .as_str()
            .unwrap()
            .contains("used before")
    );
    for jti in [Value::Null, json!(""), json!(7), json!("x".repeat(200))] {
        refused(
            &service,
            &signed(&header(), &with(claims(), "jti", jti), ADMIN.1),
        )
        .await;
    }
}

#[tokio::test]
async fn of_many_simultaneous_uses_one_succeeds() {
    let service = Service::start().await;
    let assertion = signed(&header(), &claims(), ADMIN.1);
    let (a, b, c, d, e, f) = tokio::join!(
        service.ask_with(&assertion, &SCOPE),
        service.ask_with(&assertion, &SCOPE),
        service.ask_with(&assertion, &SCOPE),
        service.ask_with(&assertion, &SCOPE),
        service.ask_with(&assertion, &SCOPE),
        service.ask_with(&assertion, &SCOPE),
    );
    let issued = [a, b, c, d, e, f]
        .iter()
        .filter(|answer| answer.status == 200)
        .count();
    assert_eq!(issued, 1);
}

#[tokio::test]
async fn a_used_assertion_is_remembered_until_it_has_expired_and_then_forgotten() {
    let service = Service::start().await;
    let assertion = AssertionClaims::new(ADMIN.0, ISSUER, "once".into(), at(NOW), 60);
    let text = assertion.sign(&key(ADMIN.1)).unwrap();
    assert_eq!(service.ask_with(&text, &SCOPE).await.status, 200);
    let last = assertion.remember_until();
    replay::forget_expired(&service.db, at(last)).await.unwrap();
    service.set_time(last - 1);
    let replayed = refused(&service, &text).await;
    assert!(
        replayed.body["error_description"]
            .as_str()
            .unwrap()
            .contains("used before")
    );
    service.set_time(last);
    let expired = refused(&service, &text).await;
    assert!(
        expired.body["error_description"]
            .as_str()
            .unwrap()
            .contains("expired")
    );
    assert!(
        replay::forget_expired(&service.db, at(last + 1))
            .await
            .unwrap()
            >= 1
    );
}

#[tokio::test]
async fn the_same_jti_of_two_clients_does_not_collide() {
    let service = Service::start().await;
    for (client, scope) in [
        (ADMIN, "admin:audit.read"),
        (CLINIC_A, "provider:records.read"),
    ] {
        let assertion = AssertionClaims::new(client.0, ISSUER, "same".into(), at(NOW), 60)
            .sign(&key(client.1))
            .unwrap();
        assert_eq!(
            service
                .ask_with(&assertion, &[("scope", scope)])
                .await
                .status,
            200
        );
    }
}

#[tokio::test]
async fn a_client_gone_from_the_file_gets_no_more_tokens() {
    use auth_service::client::{register, registry::Registry};
    let service = Service::start().await;
    let beside = service.beside().await;
    let random = auth_service::system_random();
    let rest: Vec<Value> = crate::support::clients()
        .as_array()
        .unwrap()
        .iter()
        .filter(|c| c["clientId"] != ADMIN.0)
        .cloned()
        .collect();
    let rest = Registry::parse(&Value::from(rest).to_string()).unwrap();
    register::take_over(&service.db, crate::support::TENANT, &rest, &random, at(NOW))
        .await
        .unwrap();
    refused(&service, &signed(&header(), &claims(), ADMIN.1)).await;
    let other = beside.ask(crate::support::OTHER_ADMIN, &SCOPE).await;
    assert_eq!(other.status, 200, "another tenant's clients stay");
    let all = Registry::parse(&crate::support::clients().to_string()).unwrap();
    register::take_over(&service.db, crate::support::TENANT, &all, &random, at(NOW))
        .await
        .unwrap();
    assert_eq!(
        service
            .ask_with(&signed(&header(), &claims(), ADMIN.1), &SCOPE)
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn garbage_is_refused_without_being_repeated() {
    let service = Service::start().await;
    let noise = format!("{}.x.y", hex::encode([7; 3000]));
    for garbage in [
        "a",
        "a.b",
        "..",
        "....",
        "e30.e30.e30",
        "Jane-Doe",
        &noise,
        "\u{0}",
        "é",
    ] {
        let answer = refused(&service, garbage).await;
        assert!(!answer.body.to_string().contains("Jane-Doe"));
    }
    let twice = message(&header(), &json!({}))
        .replace("e30", &URL_SAFE_NO_PAD.encode(r#"{"iss":"a","iss":"b"}"#));
    refused(&service, &format!("{twice}.AAAA")).await;
}
