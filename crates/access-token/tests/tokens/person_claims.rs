//! What a token says of the person behind it, and how it must not.

use crate::support::{NOW, at, claims, claims_with, forge, header_with, key, verifier};
use access_token::{Acr, Actor, Amr, Claims, Confirmation, Persona, SignIn, TokenError};
use serde_json::{Value, json};

const ADDRESS: &str = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8";

fn patients() -> Claims {
    Claims {
        sub: "account-1".into(),
        client_id: "patient-portal".into(),
        scope: "patient:consent.read patient/Observation.rs"
            .parse()
            .unwrap(),
        persona: Persona::Patient,
        org: None,
        grantees: Vec::new(),
        purpose: None,
        sign_in: Some(SignIn {
            sid: "session-1".into(),
            auth_time: NOW - 60,
            acr: Acr::Aal2,
            amr: vec![Amr::Pwd, Amr::Otp],
            sv: 3,
        }),
        patient: Some("p-1".into()),
        subjects: vec![ADDRESS.into()],
        fhir_user: Some("Patient/p-1".into()),
        act: Some(Actor {
            sub: "account-2".into(),
        }),
        cnf: None,
        ..claims()
    }
}

async fn refusal(changes: Value) -> TokenError {
    let mut payload = serde_json::to_value(patients()).unwrap();
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => _ = payload.as_object_mut().unwrap().remove(name),
            value => payload[name] = value.clone(),
        }
    }
    let token = forge(&header_with(json!({})), &payload, 1);
    verifier()
        .verify(&token, at(NOW))
        .await
        .expect_err("the token must be refused")
}

#[tokio::test]
async fn what_the_issuer_says_of_a_person_is_what_verifiers_read() {
    let token = key(1).sign("at+jwt", &patients()).unwrap();
    assert_eq!(verifier().verify(&token, at(NOW)).await, Ok(patients()));
}

#[test]
fn the_claims_have_their_registered_names() {
    let bound = Claims {
        cnf: Some(Confirmation {
            jkt: "thumb".into(),
        }),
        ..patients()
    };
    let json = serde_json::to_value(bound).unwrap();
    assert_eq!(json["acr"], "aal2");
    assert_eq!(json["amr"], json!(["pwd", "otp"]));
    assert_eq!(json["fhirUser"], "Patient/p-1");
    assert_eq!(json["act"], json!({"sub": "account-2"}));
    assert_eq!(json["cnf"], json!({"jkt": "thumb"}));
    assert!(json.get("sign_in").is_none());
}

#[tokio::test]
async fn a_sign_in_is_told_whole_or_not_at_all() {
    for member in ["auth_time", "acr", "amr", "sv"] {
        assert_eq!(
            refusal(json!({member: null})).await,
            TokenError::Claim(member)
        );
    }
    assert_eq!(
        refusal(json!({"sid": null})).await,
        TokenError::Claim("auth_time")
    );
}

#[tokio::test]
async fn values_that_are_not_known_are_refused() {
    for (member, value) in [
        ("acr", json!("aal3")),
        ("acr", json!(2)),
        ("amr", json!([])),
        ("amr", json!(["pwd", "face"])),
        ("amr", json!("pwd")),
        ("sv", json!(-1)),
        ("sv", json!("3")),
        ("auth_time", json!("1")),
        ("act", json!({"sub": "a", "act": {"sub": "b"}})),
        ("act", json!("a")),
        ("cnf", json!({"jwk": {}})),
        ("cnf", json!({"jkt": "a", "x5t#S256": "b"})),
        ("subjects", json!(["0x12"])),
    ] {
        assert_eq!(
            refusal(json!({member: value})).await,
            TokenError::Claim(member)
        );
    }
}

#[tokio::test]
async fn only_a_patients_token_names_a_patient() {
    let provider = forge(
        &header_with(json!({})),
        &claims_with(json!({"patient": "p-1"})),
        1,
    );
    assert_eq!(
        verifier().verify(&provider, at(NOW)).await,
        Err(TokenError::Claim("patient"))
    );
    assert_eq!(
        refusal(json!({"patient": null})).await,
        TokenError::Claim("subjects")
    );
}
