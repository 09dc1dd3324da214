//! Proofs of the key that a token is bound to: what passes, and what somebody with a copied token or proof gets.

use crate::support::{AUDIENCE, NOW, at, claims, forge, key, secret, verifier};
use access_token::dpop::{self, Expected, Proof, Seen};
use access_token::{Call, Confirmation, TokenError, Verifier};
use http::{HeaderMap, HeaderValue, Method, Uri};
use proptest::prelude::*;
use serde_json::{Value, json};
use url::Url;

const PATH: &str = "/fhir/Observation?patient=p-1";

fn url() -> Url {
    format!("{AUDIENCE}{PATH}").parse().unwrap()
}

fn expected<'a>(url: &'a Url, token: Option<&'a str>) -> Expected<'a> {
    Expected {
        method: "GET",
        url,
        token,
    }
}

/// A token bound to key `n`.
fn bound_token(n: u8) -> String {
    let mut claims = claims();
    claims.cnf = Some(Confirmation {
        jkt: key(n).public().thumbprint(),
    });
    key(1).sign("at+jwt", &claims).unwrap()
}

fn proof(n: u8, jti: &str, token: &str) -> String {
    dpop::prove(&key(n), jti, expected(&url(), Some(token)), at(NOW)).unwrap()
}

async fn call(
    verifier: &Verifier,
    method: &Method,
    path: &str,
    headers: &[(&'static str, &str)],
) -> Result<(), TokenError> {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.append(*name, HeaderValue::from_str(value).unwrap());
    }
    let uri: Uri = path.parse().unwrap();
    let call = Call {
        method,
        uri: &uri,
        headers: &map,
    };
    verifier.verify_call(call, at(NOW)).await.map(|_| ())
}

#[tokio::test]
async fn a_bound_token_passes_with_a_proof_of_its_key_and_an_unbound_one_without() {
    let verifier = verifier();
    let token = bound_token(7);
    let sent = [
        ("authorization", &*format!("DPoP {token}")),
        ("dpop", &proof(7, "j-1", &token)),
    ];
    assert_eq!(call(&verifier, &Method::GET, PATH, &sent).await, Ok(()));
    let plain = key(1).sign("at+jwt", &claims()).unwrap();
    let sent = [("authorization", &*format!("Bearer {plain}"))];
    assert_eq!(call(&verifier, &Method::GET, PATH, &sent).await, Ok(()));
}

/// Attack 21: whoever copied a bound token sends it as a plain one.
#[tokio::test]
async fn a_bound_token_is_worth_nothing_as_a_bearer_token() {
    let verifier = verifier();
    let token = bound_token(7);
    let bearer = format!("Bearer {token}");
    let missing = Err(TokenError::ProofMissing);
    let sent = [("authorization", &*bearer)];
    assert_eq!(call(&verifier, &Method::GET, PATH, &sent).await, missing);
    let with_proof = [
        ("authorization", &*bearer),
        ("dpop", &proof(7, "j-1", &token)),
    ];
    assert_eq!(
        call(&verifier, &Method::GET, PATH, &with_proof).await,
        missing
    );
    assert_eq!(verifier.verify(&token, at(NOW)).await.map(|_| ()), missing);
    let without_proof = [("authorization", &*format!("DPoP {token}"))];
    assert_eq!(
        call(&verifier, &Method::GET, PATH, &without_proof).await,
        missing
    );
}

#[tokio::test]
async fn a_token_that_is_bound_to_no_key_or_another_is_refused_with_a_proof() {
    let verifier = verifier();
    let plain = key(1).sign("at+jwt", &claims()).unwrap();
    for token in [plain, bound_token(8)] {
        let sent = [
            ("authorization", &*format!("DPoP {token}")),
            ("dpop", &proof(7, "j-1", &token)),
        ];
        assert_eq!(
            call(&verifier, &Method::GET, PATH, &sent).await,
            Err(TokenError::Proof("jwk"))
        );
    }
}

/// Attack 21: a copied proof.
#[tokio::test]
async fn a_proof_is_good_once_for_one_method_one_address_and_one_token() {
    let verifier = verifier();
    let token = bound_token(7);
    let authorization = format!("DPoP {token}");
    let proof_text = proof(7, "j-1", &token);
    let sent = [("authorization", &*authorization), ("dpop", &*proof_text)];
    let refused = |member| Err(TokenError::Proof(member));
    assert_eq!(
        call(&verifier, &Method::POST, PATH, &sent).await,
        refused("htm")
    );
    assert_eq!(
        call(&verifier, &Method::GET, "/fhir/Condition", &sent).await,
        refused("htu")
    );
    let other = [
        ("authorization", &*authorization),
        ("dpop", &proof(7, "j-2", &bound_token(8))),
    ];
    assert_eq!(
        call(&verifier, &Method::GET, PATH, &other).await,
        refused("ath")
    );
    let twice = [sent[0], sent[1], sent[1]];
    assert_eq!(
        call(&verifier, &Method::GET, PATH, &twice).await,
        refused("header")
    );
    assert_eq!(call(&verifier, &Method::GET, PATH, &sent).await, Ok(()));
    assert_eq!(
        call(&verifier, &Method::GET, PATH, &sent).await,
        Err(TokenError::ProofReplayed)
    );
}

#[test]
fn a_proof_counts_for_a_minute() {
    let url = url();
    let text = dpop::prove(&key(7), "j", expected(&url, None), at(NOW)).unwrap();
    let verify = |seconds| dpop::verify(&text, expected(&url, None), at(NOW + seconds));
    for good in [-5, 0, 60] {
        assert!(verify(good).is_ok(), "{good}");
    }
    for bad in [-6, 61, 3600] {
        assert_eq!(verify(bad), Err(TokenError::Proof("iat")), "{bad}");
    }
    let good = verify(0).unwrap();
    assert!(verify(good.remember_until - NOW).is_err());
}

#[test]
fn the_address_is_compared_as_addresses_are() {
    let text = dpop::prove(
        &key(7),
        "j",
        expected(
            &"https://EHR.example:443/a%2Fb/../c?x=1#f".parse().unwrap(),
            None,
        ),
        at(NOW),
    )
    .unwrap();
    let check =
        |url: &str| dpop::verify(&text, expected(&url.parse().unwrap(), None), at(NOW)).map(|_| ());
    assert_eq!(check("https://ehr.example/c"), Ok(()));
    assert_eq!(check("https://ehr.example/c?y=2"), Ok(()));
    for other in [
        "http://ehr.example/c",
        "https://ehr.example:8443/c",
        "https://ehr.example/C",
        "https://ehr.example/c/",
        "https://ehr.example.evil.example/c",
    ] {
        assert_eq!(check(other), Err(TokenError::Proof("htu")), "{other}");
    }
}

fn jwk(n: u8) -> Value {
    serde_json::from_str(&secret(n).public_key().to_jwk_string()).unwrap()
}

fn forged(header: Value, change: impl FnOnce(&mut Value)) -> Result<Proof, TokenError> {
    let mut payload = json!({"jti": "j", "htm": "GET", "htu": url(), "iat": NOW});
    change(&mut payload);
    let text = forge(&header, &payload, 7);
    dpop::verify(&text, expected(&url(), None), at(NOW))
}

/// Attacks 17 and 19, on proofs.
#[test]
fn a_proofs_header_holds_a_public_p256_key_and_nothing_else() {
    let good = json!({"typ": "dpop+jwt", "alg": "ES256", "jwk": jwk(7)});
    assert!(forged(good.clone(), |_| ()).is_ok());
    let private: Value = serde_json::from_str(&secret(7).to_jwk_string()).unwrap();
    let symmetric = json!({"kty": "oct", "k": "AAAA"});
    for (name, value, member) in [
        ("typ", json!("JWT"), "typ"),
        ("alg", json!("none"), "alg"),
        ("alg", json!("HS256"), "alg"),
        ("alg", json!("RS256"), "alg"),
        ("jwk", private, "jwk"),
        ("jwk", symmetric, "jwk"),
        ("jwk", json!("x"), "jwk"),
        ("jwk", jwk(8), "signature"),
        ("kid", json!("k"), "header"),
        ("crit", json!(["exp"]), "header"),
        ("jku", json!("https://evil.example"), "header"),
        ("x5c", json!([]), "header"),
    ] {
        let mut header = good.clone();
        header[name] = value;
        assert_eq!(
            forged(header, |_| ()),
            Err(TokenError::Proof(member)),
            "{name}"
        );
    }
}

#[test]
fn a_member_that_is_missing_or_of_another_type_is_a_fault() {
    let header = json!({"typ": "dpop+jwt", "alg": "ES256", "jwk": jwk(7)});
    for name in ["jti", "htm", "htu", "iat"] {
        for value in [Value::Null, json!(["x"]), json!({})] {
            let outcome = forged(header.clone(), |payload| payload[name] = value);
            assert_eq!(outcome, Err(TokenError::Proof(name)));
        }
    }
    for (name, value) in [
        ("iat", json!(NOW.to_string())),
        ("jti", json!("x".repeat(129))),
        ("htu", json!("/fhir/Observation")),
        ("exp", json!(NOW)),
        ("nbf", json!(NOW + 60)),
    ] {
        let outcome = forged(header.clone(), |payload| payload[name] = value);
        assert_eq!(outcome, Err(TokenError::Proof(name)));
    }
}

#[test]
fn without_room_to_remember_a_proof_does_not_count_as_new() {
    let proof = |jti: &str, remember_until| Proof {
        jkt: "k".into(),
        jti: jti.into(),
        remember_until,
    };
    let mut seen = Seen::new(2);
    assert!(seen.is_first(&proof("a", NOW + 10), at(NOW)));
    assert!(seen.is_first(&proof("b", NOW + 20), at(NOW)));
    assert!(!seen.is_first(&proof("c", NOW + 20), at(NOW)));
    assert!(seen.is_first(&proof("c", NOW + 30), at(NOW + 10)));
    assert!(!seen.is_first(&proof("b", NOW + 20), at(NOW + 10)));
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused_without_panic(text in ".{0,300}") {
        prop_assert!(dpop::verify(&text, expected(&url(), None), at(NOW)).is_err());
    }

    #[test]
    fn no_byte_of_a_proof_can_be_changed(position in 0_usize..400, byte in b'0'..b'z') {
        let url = url();
        let good = dpop::prove(&key(7), "j", expected(&url, None), at(NOW)).unwrap();
        let mut bytes = good.clone().into_bytes();
        let position = position % bytes.len();
        bytes[position] = byte;
        let changed = String::from_utf8(bytes).unwrap();
        let outcome = dpop::verify(&changed, expected(&url, None), at(NOW));
        // The last character of base64 carries bits that do not count.
        prop_assert!(outcome.is_err() || changed == good || position + 1 == good.len());
    }
}
