//! Tokens that are bound to a key: records are released to whoever proves to have it.

use crate::support::*;
use access_token::dpop::{self, Expected};
use axum::body::Body;
use http::Request;
use serde_json::json;
use time::OffsetDateTime;

const SEARCH: &str = "/fhir/R4/Observation?patient=p1";

async fn get(world: &World, path: &str, scheme: &str, token: &str, proof: Option<&str>) -> Answer {
    let mut request = Request::get(path).header("authorization", format!("{scheme} {token}"));
    if let Some(proof) = proof {
        request = request.header("dpop", proof);
    }
    world.send(request.body(Body::empty()).unwrap()).await
}

fn proof(seed: u8, jti: &str, path: &str, token: &str) -> String {
    let url = format!("{SELF_URL}{path}").parse().unwrap();
    let expected = Expected {
        method: "GET",
        url: &url,
        token: Some(token),
    };
    dpop::prove(&key(seed), jti, expected, OffsetDateTime::now_utc()).unwrap()
}

/// Attack 21.
#[tokio::test]
async fn a_bound_token_opens_a_record_with_a_fresh_proof_of_its_key_and_not_otherwise() {
    let world = World::sharing(shared(&["Observation"]), vec![observation("o1", PATIENT)]).await;
    let jkt = key(40).public().thumbprint();
    let token = world.token_with(json!({"cnf": {"jkt": jkt}}));
    let good = proof(40, "j-1", SEARCH, &token);
    for (scheme, proof) in [
        ("Bearer", None),
        ("Bearer", Some(&good)),
        ("DPoP", None),
        ("DPoP", Some(&proof(41, "j-2", SEARCH, &token))),
        (
            "DPoP",
            Some(&proof(40, "j-3", "/fhir/R4/Condition", &token)),
        ),
        ("DPoP", Some(&proof(40, "j-4", SEARCH, "another"))),
    ] {
        let answer = get(&world, SEARCH, scheme, &token, proof.map(String::as_str)).await;
        assert_eq!(answer.status, 401, "{scheme} {proof:?}");
        let challenge = answer.headers["www-authenticate"].to_str().unwrap();
        assert!(challenge.starts_with("DPoP "), "{challenge}");
        answer.assert_no_phi();
    }
    let answer = get(&world, SEARCH, "DPoP", &token, Some(&good)).await;
    assert_eq!(answer.released(), ["o1"]);
    let replayed = get(&world, SEARCH, "DPoP", &token, Some(&good)).await;
    assert_eq!(replayed.status, 401);
}
