//! What the verifier refuses, check by check.

use crate::support::{NOW, at, claims, claims_with, forge, forge_text, header_with, key, verifier};
use access_token::{Challenge, KeyError, PublicJwk, SigningKey, TokenError, Verifier};
use http::{HeaderMap, HeaderValue};
use jsonwebtoken::{Algorithm, EncodingKey};
use p256::elliptic_curve::sec1::ToEncodedPoint;
use serde_json::{Value, json};

async fn refusal(token: &str) -> TokenError {
    verifier()
        .verify(token, at(NOW + 1))
        .await
        .expect_err("the token must be refused")
}

async fn refusal_of_claims(changes: Value) -> TokenError {
    refusal(&forge(&header_with(json!({})), &claims_with(changes), 1)).await
}

async fn refusal_of_header(changes: Value) -> TokenError {
    refusal(&forge(&header_with(changes), &claims_with(json!({})), 1)).await
}

#[tokio::test]
async fn a_good_token_yields_its_claims() {
    let token = key(1).sign("at+jwt", &claims()).unwrap();
    assert_eq!(verifier().verify(&token, at(NOW)).await, Ok(claims()));
    assert_eq!(
        verifier()
            .verify_bearer(Some(&format!("bearer {token}")), at(NOW))
            .await,
        Ok(claims())
    );
}

#[tokio::test]
async fn other_algorithms_are_refused() {
    assert_eq!(
        refusal_of_header(json!({"alg": "none"})).await,
        TokenError::Algorithm
    );
    assert_eq!(
        refusal_of_header(json!({"alg": "RS256"})).await,
        TokenError::Algorithm
    );
    assert_eq!(
        refusal_of_header(json!({"alg": "es256"})).await,
        TokenError::Algorithm
    );
    let unsigned = forge(
        &header_with(json!({"alg": "none"})),
        &claims_with(json!({})),
        1,
    );
    let unsigned = format!("{}.", unsigned.rsplit_once('.').unwrap().0);
    assert_eq!(refusal(&unsigned).await, TokenError::Algorithm);
}

#[tokio::test]
async fn hs256_with_the_public_key_as_its_secret_is_refused() {
    let point = crate::support::secret(1)
        .public_key()
        .to_encoded_point(false);
    for alg in ["HS256", "ES256"] {
        let good = forge(
            &header_with(json!({"alg": alg})),
            &claims_with(json!({})),
            1,
        );
        let message = good.rsplit_once('.').unwrap().0;
        let secret = EncodingKey::from_secret(point.as_bytes());
        let mac =
            jsonwebtoken::crypto::sign(message.as_bytes(), &secret, Algorithm::HS256).unwrap();
        let expected = if alg == "HS256" {
            TokenError::Algorithm
        } else {
            TokenError::Signature
        };
        assert_eq!(refusal(&format!("{message}.{mac}")).await, expected);
    }
}

#[tokio::test]
async fn the_header_must_hold_alg_typ_and_kid_and_nothing_else() {
    assert_eq!(
        refusal_of_header(json!({"typ": "JWT"})).await,
        TokenError::Type
    );
    assert_eq!(
        refusal_of_header(json!({"typ": null})).await,
        TokenError::Type
    );
    assert_eq!(
        refusal_of_header(json!({"kid": null})).await,
        TokenError::KeyId
    );
    assert_eq!(
        refusal_of_header(json!({"kid": ""})).await,
        TokenError::KeyId
    );
    assert_eq!(
        refusal_of_header(json!({"kid": "a b"})).await,
        TokenError::KeyId
    );
    assert_eq!(
        refusal_of_header(json!({"kid": "../../keys/other"})).await,
        TokenError::UnknownKey
    );
    for name in ["crit", "jku", "jwk", "x5u", "x5c", "b64", "zip"] {
        assert_eq!(
            refusal_of_header(json!({name: ["exp"]})).await,
            TokenError::HeaderParameter(name)
        );
    }
    assert!(matches!(
        refusal_of_header(json!({"surprise": 1})).await,
        TokenError::HeaderParameter(_)
    ));
}

#[tokio::test]
async fn a_wrong_signature_is_refused() {
    assert_eq!(
        refusal(&forge(&header_with(json!({})), &claims_with(json!({})), 2)).await,
        TokenError::Signature
    );
    let good = forge(&header_with(json!({})), &claims_with(json!({})), 1);
    let other = forge(
        &header_with(json!({})),
        &claims_with(json!({"tenant": "other"})),
        1,
    );
    let spliced = format!(
        "{}.{}",
        other.rsplit_once('.').unwrap().0,
        good.rsplit_once('.').unwrap().1
    );
    assert_eq!(refusal(&spliced).await, TokenError::Signature);
}

#[tokio::test]
async fn times_are_numbers_and_are_checked_against_now() {
    assert_eq!(
        refusal_of_claims(json!({"exp": (NOW + 300).to_string()})).await,
        TokenError::Claim("exp")
    );
    assert_eq!(
        refusal_of_claims(json!({"exp": null})).await,
        TokenError::Claim("exp")
    );
    assert_eq!(
        refusal_of_claims(json!({"exp": -1})).await,
        TokenError::Claim("exp")
    );
    assert_eq!(
        refusal_of_claims(json!({"exp": 1e300})).await,
        TokenError::Claim("exp")
    );
    assert_eq!(
        refusal_of_claims(json!({"iat": NOW.to_string()})).await,
        TokenError::Claim("iat")
    );
    assert_eq!(
        refusal_of_claims(json!({"iat": null})).await,
        TokenError::Claim("iat")
    );
    assert_eq!(
        refusal_of_claims(json!({"nbf": NOW.to_string()})).await,
        TokenError::Claim("nbf")
    );
    assert_eq!(
        refusal_of_claims(json!({"nbf": NOW + 4})).await,
        TokenError::NotYetValid
    );
    assert_eq!(
        refusal_of_claims(json!({"iat": NOW + 4})).await,
        TokenError::NotYetValid
    );
    assert_eq!(
        refusal_of_claims(json!({"exp": NOW + 1})).await,
        TokenError::Expired
    );
    assert_eq!(
        refusal_of_claims(json!({"exp": NOW + 301})).await,
        TokenError::Lifetime
    );
}

#[tokio::test]
async fn leeway_is_for_a_clock_ahead_at_most_five_seconds_and_never_past_the_expiry() {
    let token = key(1).sign("at+jwt", &claims()).unwrap();
    let exp = claims().exp;
    for (configured, counts) in [(0, 0), (3, 3), (5, 5), (3600, 5), (-9, 0)] {
        let verifier = verifier().leeway(configured);
        assert!(
            verifier.verify(&token, at(exp - 1)).await.is_ok(),
            "{configured}"
        );
        assert_eq!(
            verifier.verify(&token, at(exp)).await,
            Err(TokenError::Expired),
            "{configured}"
        );
        assert!(
            verifier.verify(&token, at(NOW - counts)).await.is_ok(),
            "{configured}"
        );
        assert_eq!(
            verifier.verify(&token, at(NOW - counts - 1)).await,
            Err(TokenError::NotYetValid),
            "{configured}"
        );
    }
}

#[tokio::test]
async fn issuer_and_audience_are_single_strings_and_ours() {
    assert_eq!(
        refusal_of_claims(json!({"iss": "https://other.example"})).await,
        TokenError::Issuer
    );
    assert_eq!(
        refusal_of_claims(json!({"iss": null})).await,
        TokenError::Claim("iss")
    );
    assert_eq!(
        refusal_of_claims(json!({"aud": "https://other.example"})).await,
        TokenError::Audience
    );
    assert_eq!(
        refusal_of_claims(json!({"aud": [crate::support::AUDIENCE]})).await,
        TokenError::Audience
    );
    assert_eq!(
        refusal_of_claims(json!({"aud": null})).await,
        TokenError::Audience
    );
    assert_eq!(
        refusal_of_claims(json!({"aud": format!("{}/", crate::support::AUDIENCE)})).await,
        TokenError::Audience
    );
}

#[tokio::test]
async fn claims_that_contradict_the_persona_are_refused() {
    assert_eq!(
        refusal_of_claims(json!({"scope": "admin:directory.write"})).await,
        TokenError::Claim("scope")
    );
    assert_eq!(
        refusal_of_claims(json!({"scope": ["provider:records.read"]})).await,
        TokenError::Claim("scope")
    );
    assert_eq!(
        refusal_of_claims(json!({"persona": "root"})).await,
        TokenError::Claim("persona")
    );
    assert_eq!(
        refusal_of_claims(json!({"org": null})).await,
        TokenError::Claim("org")
    );
    assert_eq!(
        refusal_of_claims(json!({"persona": "system", "scope": "system:audit.read"})).await,
        TokenError::Claim("org")
    );
    assert_eq!(
        refusal_of_claims(json!({"persona": "system", "scope": "system:audit.read", "org": null}))
            .await,
        TokenError::Claim("grantees")
    );
    for grantees in [
        json!("0x70997970C51812dc3A010C7d01b50e0d17dc79C8"),
        json!([1]),
        json!(["0x12"]),
        json!([""]),
    ] {
        assert_eq!(
            refusal_of_claims(json!({"grantees": grantees})).await,
            TokenError::Claim("grantees")
        );
    }
    assert_eq!(
        refusal_of_claims(json!({"tenant": ""})).await,
        TokenError::Claim("tenant")
    );
    assert_eq!(
        refusal_of_claims(json!({"tenant": 7})).await,
        TokenError::Claim("tenant")
    );
}

#[tokio::test]
async fn a_member_written_twice_is_malformed() {
    let payload = claims_with(json!({}))
        .to_string()
        .replacen('{', r#"{"tenant":"other","#, 1);
    let token = forge_text(&header_with(json!({})).to_string(), &payload, 1);
    assert_eq!(refusal(&token).await, TokenError::Malformed);
    let header = header_with(json!({}))
        .to_string()
        .replacen('{', r#"{"alg":"none","#, 1);
    assert_eq!(
        refusal(&forge_text(&header, "{}", 1)).await,
        TokenError::Malformed
    );
}

#[tokio::test]
async fn garbage_is_malformed() {
    for garbage in [
        "",
        ".",
        "..",
        "...",
        "a.b",
        "a.b.c",
        "e30.e30.",
        "e30.e30.e30",
        "a.b.c.d",
        "é.é.é",
    ] {
        assert_eq!(refusal(garbage).await, TokenError::Malformed, "{garbage}");
    }
    assert_eq!(refusal(&"a".repeat(9000)).await, TokenError::TooLong);
}

#[tokio::test]
async fn exactly_one_bearer_header_is_accepted() {
    let token = key(1).sign("at+jwt", &claims()).unwrap();
    let verifier = verifier();
    let verify = |values: Vec<HeaderValue>| {
        let mut headers = HeaderMap::new();
        values
            .into_iter()
            .for_each(|value| _ = headers.append("authorization", value));
        let verifier = &verifier;
        async move { verifier.verify_headers(&headers, at(NOW)).await }
    };
    let good = HeaderValue::try_from(format!("Bearer {token}")).unwrap();
    assert!(verify(vec![good.clone()]).await.is_ok());
    assert_eq!(verify(vec![]).await, Err(TokenError::Missing));
    assert_eq!(
        verify(vec![good.clone(), good]).await,
        Err(TokenError::BadRequest)
    );
    assert_eq!(
        verify(vec![HeaderValue::from_static("Basic YTpi")]).await,
        Err(TokenError::NotBearer)
    );
    assert_eq!(
        verify(vec![HeaderValue::from_static("Bearer")]).await,
        Err(TokenError::NotBearer)
    );
    assert_eq!(
        verify(vec![HeaderValue::from_bytes(b"Bearer \xff").unwrap()]).await,
        Err(TokenError::BadRequest)
    );
}

#[test]
fn no_refusal_echoes_the_token() {
    let secret = "s3cr3t-value";
    let verify =
        |token: String| async move { verifier().verify(&token, at(NOW + 1)).await.unwrap_err() };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    for name in ["iss", "aud", "exp", "iat", "nbf", "persona", "grantees"] {
        let token = forge(
            &header_with(json!({})),
            &claims_with(json!({name: secret})),
            1,
        );
        let error = runtime.block_on(verify(token));
        let challenge = Challenge::from(error).www_authenticate().unwrap();
        assert!(
            !format!("{error} {error:?} {challenge}").contains(secret),
            "{name}"
        );
    }
}

#[test]
fn a_challenge_says_what_rfc_6750_wants() {
    let text = |challenge: Challenge| challenge.www_authenticate();
    assert_eq!(text(TokenError::Missing.into()).as_deref(), Some("Bearer"));
    assert_eq!(text(TokenError::KeysUnavailable.into()), None);
    assert_eq!(Challenge::from(TokenError::KeysUnavailable).status(), 503);
    assert_eq!(Challenge::from(TokenError::BadRequest).status(), 400);
    let refused = Challenge::insufficient_scope("provider:records.read\"\r\n");
    assert_eq!(refused.status(), 403);
    assert_eq!(
        text(refused).as_deref(),
        Some(r#"Bearer error="insufficient_scope", scope="provider:records.read""#)
    );
}

#[test]
fn keys_that_are_not_es256_are_refused() {
    let good: Value = serde_json::to_value(key(1).public()).unwrap();
    let with = |changes: Value| {
        let mut jwk = good.clone();
        jwk.as_object_mut()
            .unwrap()
            .extend(changes.as_object().unwrap().clone());
        PublicJwk::from_value(&jwk).map(|jwk| jwk.kid().to_owned())
    };
    assert!(with(json!({})).is_ok());
    assert_eq!(with(json!({"kty": "RSA"})), Err(KeyError::Unsupported));
    assert_eq!(with(json!({"crv": "P-384"})), Err(KeyError::Unsupported));
    assert_eq!(with(json!({"use": "enc"})), Err(KeyError::Unsupported));
    assert_eq!(with(json!({"alg": "ES384"})), Err(KeyError::Unsupported));
    assert_eq!(
        with(json!({"y": good["x"]})),
        Err(KeyError::Invalid),
        "not on the curve"
    );
    assert_eq!(with(json!({"x": "AA"})), Err(KeyError::Invalid));
    assert_eq!(with(json!({"kid": " "})), Err(KeyError::KeyId));
    assert_eq!(with(json!({"d": "AA"})), Err(KeyError::Private));
    assert_eq!(
        PublicJwk::from_value(&json!([])).map(|_| ()),
        Err(KeyError::Malformed)
    );
}

#[test]
fn a_private_key_must_belong_to_its_public_half_and_never_shows() {
    let jwk: Value = serde_json::from_str(&crate::support::secret(1).to_jwk_string()).unwrap();
    let other: Value = serde_json::from_str(&crate::support::secret(2).to_jwk_string()).unwrap();
    let mut mixed = jwk.clone();
    mixed["d"] = other["d"].clone();
    assert_eq!(
        SigningKey::from_jwk(&mixed.to_string()).map(|_| ()),
        Err(KeyError::Invalid)
    );
    assert!(!format!("{:?}", key(1)).contains(jwk["d"].as_str().unwrap()));
    assert!(
        !serde_json::to_string(key(1).public())
            .unwrap()
            .contains("\"d\"")
    );
}

#[test]
fn the_thumbprint_is_that_of_rfc_7638() {
    // The example key of RFC 7517, appendix A.1; its thumbprint was computed with another implementation.
    let jwk = json!({"kty":"EC","crv":"P-256","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"});
    let thumbprint = PublicJwk::from_value(&jwk).unwrap().thumbprint();
    assert_eq!(thumbprint, "cn-I_WNMClehiVp51i_0VpOENW1upEerA8sEam5hn-s");
    let independent: jsonwebtoken::jwk::Jwk = serde_json::from_value(jwk).unwrap();
    assert_eq!(
        thumbprint,
        independent
            .thumbprint(jsonwebtoken::jwk::ThumbprintHash::SHA256)
            .unwrap()
    );
}

#[tokio::test]
async fn a_verifier_without_keys_allows_nothing() {
    let token = key(1).sign("at+jwt", &claims()).unwrap();
    let verifier = Verifier::with_jwks(
        crate::support::ISSUER,
        crate::support::AUDIENCE,
        &crate::support::jwks(&[]),
    );
    assert_eq!(
        verifier.verify(&token, at(NOW)).await,
        Err(TokenError::UnknownKey)
    );
}
