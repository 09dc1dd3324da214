//! Client assertions: built by our services, verified by the issuer.

use crate::support::{ISSUER, NOW, at, forge, key};
use access_token::{Assertion, AssertionClaims, PublicJwk, TokenError};
use serde_json::{Value, json};

const ENDPOINT: &str = "https://auth.example/oauth2/token";

fn keys() -> Vec<PublicJwk> {
    vec![key(1).public().clone()]
}

fn verify(assertion: &str) -> Result<AssertionClaims, TokenError> {
    Assertion::parse(assertion)?.verify(&keys(), &[ENDPOINT, ISSUER], at(NOW))
}

fn signed(header: Value, claims: Value) -> String {
    let mut all = (
        json!({"alg": "ES256", "typ": "JWT", "kid": key(1).kid()}),
        json!({"iss": "c", "sub": "c", "aud": ENDPOINT, "jti": "j", "iat": NOW, "exp": NOW + 60}),
    );
    for (into, changes) in [(&mut all.0, header), (&mut all.1, claims)] {
        for (name, value) in changes.as_object().unwrap().clone() {
            if value.is_null() {
                into.as_object_mut().unwrap().remove(&name)
            } else {
                into.as_object_mut().unwrap().insert(name, value)
            };
        }
    }
    forge(&all.0, &all.1, 1)
}

fn refusal(header: Value, claims: Value) -> TokenError {
    verify(&signed(header, claims)).expect_err("must be refused")
}

#[test]
fn what_we_build_verifies() {
    for audience in [ENDPOINT, ISSUER] {
        let built = AssertionClaims::new("c", audience, "j".into(), at(NOW), 60);
        assert_eq!(verify(&built.sign(&key(1)).unwrap()), Ok(built.clone()));
        assert_eq!(built.remember_until(), NOW + 65);
    }
    assert_eq!(
        AssertionClaims::new("c", ISSUER, "j".into(), at(NOW), 9999).exp,
        NOW + 300
    );
}

#[test]
fn iat_and_typ_are_optional() {
    assert!(verify(&signed(json!({"typ": null}), json!({"iat": null}))).is_ok());
    assert!(
        verify(&signed(
            json!({"typ": "client-authentication+jwt"}),
            json!({})
        ))
        .is_ok()
    );
}

#[test]
fn an_access_token_is_no_assertion() {
    assert_eq!(
        refusal(json!({"typ": "at+jwt"}), json!({})),
        TokenError::Type
    );
}

#[test]
fn a_wrong_key_is_refused() {
    assert_eq!(
        refusal(json!({"kid": key(2).kid()}), json!({})),
        TokenError::UnknownKey
    );
    let by_another = forge(
        &json!({"alg": "ES256", "kid": key(1).kid()}),
        &json!({"iss": "c", "sub": "c", "aud": ENDPOINT, "jti": "j", "exp": NOW + 60}),
        2,
    );
    assert_eq!(verify(&by_another), Err(TokenError::Signature));
}

#[test]
fn headers_that_could_choose_the_key_are_refused() {
    for name in ["jku", "jwk", "x5u", "x5c", "crit"] {
        assert_eq!(
            refusal(json!({name: "https://evil.example"}), json!({})),
            TokenError::HeaderParameter(name)
        );
    }
    assert_eq!(
        refusal(json!({"alg": "none"}), json!({})),
        TokenError::Algorithm
    );
    assert_eq!(
        refusal(json!({"alg": "HS256"}), json!({})),
        TokenError::Algorithm
    );
}

#[test]
fn the_claims_are_those_of_rfc_7523_and_strict() {
    let of = |claims: Value| refusal(json!({}), claims);
    assert_eq!(
        of(json!({"aud": "https://other.example"})),
        TokenError::Audience
    );
    assert_eq!(of(json!({"aud": [ENDPOINT]})), TokenError::Audience);
    assert_eq!(of(json!({"aud": null})), TokenError::Audience);
    assert_eq!(of(json!({"sub": "other"})), TokenError::Claim("sub"));
    assert_eq!(of(json!({"iss": null})), TokenError::Claim("iss"));
    assert_eq!(of(json!({"jti": null})), TokenError::Claim("jti"));
    assert_eq!(
        of(json!({"jti": "x".repeat(129)})),
        TokenError::Claim("jti")
    );
    assert_eq!(of(json!({"exp": null})), TokenError::Claim("exp"));
    assert_eq!(
        of(json!({"exp": (NOW + 60).to_string()})),
        TokenError::Claim("exp")
    );
    assert_eq!(of(json!({"exp": NOW - 5})), TokenError::Expired);
    assert_eq!(of(json!({"exp": NOW + 306})), TokenError::Lifetime);
    assert_eq!(of(json!({"nbf": NOW + 6})), TokenError::NotYetValid);
    assert_eq!(of(json!({"iat": NOW + 6})), TokenError::NotYetValid);
    assert_eq!(of(json!({"nbf": "soon"})), TokenError::Claim("nbf"));
}
