//! Access tokens that were made to look like ours.

use crate::support::{ADMIN, NOW, SIGNER, Service, TENANT, key, secret};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey};
use p256::pkcs8::{EncodePrivateKey, EncodePublicKey, LineEnding};
use serde_json::{Value, json};

fn claims() -> Value {
    json!({
        "iss": crate::support::ISSUER, "aud": crate::support::ISSUER, "sub": ADMIN.0, "client_id": ADMIN.0, "jti": "j", "iat": NOW,
        "exp": NOW + 300, "scope": "admin:*", "tenant": TENANT, "persona": "admin",
    })
}

fn header() -> Value {
    json!({"alg": "ES256", "typ": "at+jwt", "kid": key(SIGNER).kid()})
}

fn with(mut header: Value, name: &str, value: Value) -> Value {
    header[name] = value;
    header
}

fn message(header: &Value) -> String {
    let part = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
    format!("{}.{}", part(header), part(&claims()))
}

fn signed(header: &Value, key: &EncodingKey, algorithm: Algorithm) -> String {
    let message = message(header);
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), key, algorithm).unwrap();
    format!("{message}.{signature}")
}

fn es256(header: &Value, n: u8) -> String {
    let der = secret(n).to_pkcs8_der().unwrap();
    let key = EncodingKey::from_ec_der(der.as_bytes());
    signed(header, &key, Algorithm::ES256)
}

#[tokio::test]
async fn the_good_token_of_these_tests_is_good() {
    let service = Service::start().await;
    let good = es256(&header(), SIGNER);
    assert_eq!(service.get("/v1/patients", &good).await.status, 200);
}

/// Attack 17: no algorithm, a symmetric one with what everybody knows as its secret, another asymmetric one.
#[tokio::test]
async fn another_algorithm_is_refused() {
    let service = Service::start().await;
    let public = secret(SIGNER).public_key();
    let pem = public.to_public_key_pem(LineEnding::LF).unwrap();
    let der = public.to_public_key_der().unwrap();
    let jwk = serde_json::to_string(key(SIGNER).public()).unwrap();
    let mut forged = Vec::new();
    for none in ["none", "None", "NONE", ""] {
        let message = message(&with(header(), "alg", json!(none)));
        forged.push(format!("{message}."));
        forged.push(format!("{message}.AAAA"));
    }
    let hs256 = with(header(), "alg", json!("HS256"));
    for secret in [pem.as_bytes(), der.as_bytes(), jwk.as_bytes()] {
        let secret = EncodingKey::from_secret(secret);
        forged.push(signed(&hs256, &secret, Algorithm::HS256));
        forged.push(signed(&header(), &secret, Algorithm::HS256));
    }
    for other in ["RS256", "PS256", "ES384", "EdDSA", "es256"] {
        forged.push(es256(&with(header(), "alg", json!(other)), SIGNER));
    }
    for token in forged {
        let answer = service.get("/v1/patients", &token).await;
        assert_eq!(answer.problem(), (401, "unauthenticated"), "{token}");
    }
}

/// Attack 19: a key that the token brings along or points to.
#[tokio::test]
async fn a_token_does_not_choose_its_key() {
    let service = Service::start().await;
    let mine = serde_json::to_value(key(66).public()).unwrap();
    for (name, value) in [
        ("jwk", mine),
        ("jku", json!("https://evil.example/keys")),
        ("x5u", json!("https://evil.example/chain")),
        ("x5c", json!(["AAAA"])),
        ("crit", json!(["b64"])),
        ("b64", json!(false)),
    ] {
        for signer in [66, SIGNER] {
            let token = es256(&with(header(), name, value.clone()), signer);
            assert_eq!(
                service.get("/v1/patients", &token).await.status,
                401,
                "{name}"
            );
        }
    }
    for kid in [json!(key(66).kid()), json!(""), json!(7), Value::Null] {
        let token = es256(&with(header(), "kid", kid.clone()), 66);
        assert_eq!(
            service.get("/v1/patients", &token).await.status,
            401,
            "{kid}"
        );
    }
}

/// A key's name is looked up in a list of known ones and is nothing else (attack 19).
#[tokio::test]
async fn a_kid_leads_nowhere() {
    let service = Service::start().await;
    for kid in [
        "../../../../dev/null",
        "/dev/null",
        "..%2F..%2Fkeys",
        "' or '1'='1",
        "x'; drop table signing_keys; --",
        "https://evil.example/keys",
        "*",
    ] {
        let token = es256(&with(header(), "kid", json!(kid)), SIGNER);
        assert_eq!(
            service.get("/v1/patients", &token).await.status,
            401,
            "{kid}"
        );
    }
    let admin = service.admin().await;
    for kid in ["..%2F..%2Fkeys", "%27%20or%20%271%27%3D%271", "%00"] {
        let path = format!("/v1/keys/{kid}/compromise");
        let answer = service.act(&path, &admin).await;
        assert!(
            matches!(answer.status.as_u16(), 400 | 404),
            "{kid}: {}",
            answer.status
        );
    }
    assert_eq!(
        service.get("/v1/keys", &admin).await.body["keys"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}
