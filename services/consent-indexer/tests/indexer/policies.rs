//! Policy documents: stored under the hash of their canonical bytes, readable by those concerned.

use crate::support::World;
use crate::support::chain::{FOREVER, grant, request};
use consent_core::Hash32;
use consent_core::policy::{Action, Period, Policy, Purpose, ResourceScope, Terms};
use serde_json::{Value, json};

fn policy(salt: u8) -> Policy {
    let terms = Terms {
        purpose: vec![Purpose::Treatment],
        actions: vec![Action::Read, Action::Search],
        resources: vec![ResourceScope {
            category: None,
            resource_type: "Observation".to_owned(),
        }],
        exclude: Vec::new(),
        period: Period::UNBOUNDED,
    };
    Policy::build(Hash32([salt; 32]), terms).unwrap()
}

fn path(policy: &Policy) -> String {
    format!("/v1/policies/{}", policy.hash())
}

#[tokio::test]
async fn a_document_is_stored_once_and_served_in_canonical_bytes() {
    let world = World::new().await;
    let indexer = world.indexer().await;
    let policy = policy(1);
    let provider = world.issuer.provider("clinic", &[]);
    let value: Value = serde_json::from_slice(policy.canonical_bytes()).unwrap();
    let spaced = serde_json::to_vec_pretty(&value).unwrap();
    assert_ne!(spaced, policy.canonical_bytes());

    assert_eq!(indexer.get_as(&provider, &path(&policy)).await.status, 404);
    assert_eq!(
        indexer
            .put_as(&provider, &path(&policy), spaced.clone())
            .await
            .status,
        201
    );
    assert_eq!(
        indexer
            .put_as(&provider, &path(&policy), spaced)
            .await
            .status,
        200
    );
    assert_eq!(
        indexer
            .put_as(&provider, &path(&policy), policy.canonical_bytes())
            .await
            .status,
        200
    );
    let read = indexer.get_as(&provider, &path(&policy)).await;
    assert_eq!(
        (read.status, read.headers["content-type"].to_str().unwrap()),
        (200, "application/json")
    );
    assert_eq!(read.bytes, policy.canonical_bytes());
}

#[tokio::test]
async fn a_document_is_shown_to_those_concerned_only() {
    let world = World::new().await;
    let indexer = world.indexer().await;
    let issuer = &world.issuer;
    let [clinic, other_clinic, patient] = [1, 2, 3].map(|index| world.anvil.accounts[index]);
    let policy = policy(2);
    let uploader = issuer.provider("uploader", &[]);
    assert_eq!(
        indexer
            .put_as(&uploader, &path(&policy), policy.canonical_bytes())
            .await
            .status,
        201
    );
    let now = world.anvil.now().await;
    let scope = policy.hash().0.into();
    world
        .anvil
        .call(patient, grant(patient, clinic, scope, (now, FOREVER), 1))
        .await;
    world.caught_up(&indexer).await;

    let elsewhere = |persona: &str, scope: &str| {
        issuer.token(persona, scope, json!({"tenant": "another-hospital"}))
    };
    for (who, token, status) in [
        ("the uploader", uploader, 200),
        (
            "the uploader's colleague",
            issuer.token(
                "provider",
                "provider:records.read",
                json!({"org": "uploader", "sub": "colleague"}),
            ),
            200,
        ),
        (
            "a party of a consent",
            issuer.provider("clinic", &[&clinic.to_string()]),
            200,
        ),
        (
            "a stranger",
            issuer.provider("stranger", &[&other_clinic.to_string()]),
            404,
        ),
        ("a gateway", issuer.system(), 200),
        (
            "an administrator",
            issuer.token("admin", "admin:consent.read", json!({})),
            200,
        ),
        (
            "an administrator without the scope",
            issuer.token("admin", "admin:directory.read", json!({})),
            403,
        ),
        (
            "a patient who did not store it",
            issuer.token("patient", "patient:consent.read", json!({})),
            404,
        ),
        (
            "a gateway of another tenant",
            elsewhere("system", "system:consent.read"),
            404,
        ),
    ] {
        assert_eq!(
            indexer.get_as(&token, &path(&policy)).await.status,
            status,
            "{who}"
        );
    }
}

#[tokio::test]
async fn what_a_proxy_stored_by_a_mandate_is_not_among_the_proxys_own() {
    let world = World::new().await;
    let (indexer, issuer) = (world.indexer().await, &world.issuer);
    let policy = policy(7);
    let scope = "patient:consent.read patient:consent.write";
    let (proxy, own) = (issuer.proxy(scope, &[]), issuer.patient(&[]));
    let stored = indexer
        .put_as(&proxy, &path(&policy), policy.canonical_bytes())
        .await;
    assert_eq!(stored.status, 201);
    for (token, status) in [(proxy, 200), (own, 404)] {
        let read = indexer.get_as(&token, &path(&policy)).await;
        assert_eq!(read.status, status);
    }
}

#[tokio::test]
async fn a_scope_copied_from_the_chain_does_not_show_its_document() {
    let world = World::new().await;
    let indexer = world.indexer().await;
    let [clinic, curious, patient, straw_man] = [1, 2, 3, 4].map(|i| world.anvil.accounts[i]);
    let policy = policy(6);
    let gateway = world
        .issuer
        .token("system", "system:policy.write", json!({}));
    let stored = indexer
        .put_as(&gateway, &path(&policy), policy.canonical_bytes())
        .await;
    assert_eq!(stored.status, 201);
    let now = world.anvil.now().await;
    let scope = policy.hash().0.into();
    let window = (now, FOREVER);
    let anvil = &world.anvil;
    anvil
        .call(patient, grant(patient, clinic, scope, window, 1))
        .await;
    // Whoever reads the chain knows the hash: they ask the patient themselves, or have somebody else grant it.
    anvil
        .call(curious, request(patient, curious, scope, now, 1))
        .await;
    anvil
        .call(straw_man, grant(straw_man, curious, scope, window, 1))
        .await;
    world.caught_up(&indexer).await;

    let read = async |organization: &str, address: crate::support::chain::Party| {
        let token = world.issuer.provider(organization, &[&address.to_string()]);
        indexer.get_as(&token, &path(&policy)).await.status
    };
    assert_eq!(read("clinic", clinic).await, 200);
    assert_eq!(read("curious", curious).await, 404);
    // Nor does it show it to a patient into whose name it was copied; only to the one who has it from the start.
    for (subject, status) in [(patient, 200), (straw_man, 404), (curious, 404)] {
        let token = world.issuer.patient(&[&subject.to_string()]);
        assert_eq!(indexer.get_as(&token, &path(&policy)).await.status, status);
    }
    // The patient agrees.
    anvil
        .call(patient, grant(patient, curious, scope, window, 1))
        .await;
    world.caught_up(&indexer).await;
    assert_eq!(read("curious", curious).await, 200);
}

#[tokio::test]
async fn whoever_may_not_write_cannot_store() {
    let world = World::new().await;
    let indexer = world.indexer().await;
    let policy = policy(3);
    for (persona, scope, org, status) in [
        ("provider", "provider:records.read", json!("clinic"), 403),
        ("admin", "admin:consent.read", Value::Null, 403),
        ("system", "system:consent.read", Value::Null, 403),
        ("patient", "patient:consent.read", Value::Null, 403),
        ("patient", "patient:consent.write", Value::Null, 201),
    ] {
        let token = world.issuer.token(persona, scope, json!({"org": org}));
        let reply = indexer
            .put_as(&token, &path(&policy), policy.canonical_bytes())
            .await;
        assert_eq!(reply.status, status, "{scope}");
    }
}

#[tokio::test]
async fn what_is_not_the_document_of_that_hash_is_refused() {
    let world = World::new().await;
    let indexer = world.indexer().await;
    let (policy, other) = (policy(4), policy(5));
    let token = world.issuer.system();
    let mut unknown_key: Value = serde_json::from_slice(policy.canonical_bytes()).unwrap();
    unknown_key["note"] = json!("Jane Doe");
    let too_long = [policy.canonical_bytes(), &[b' '; 16 * 1024]].concat();
    for (body, status, said) in [
        (other.canonical_bytes().to_vec(), 400, "another hash"),
        (b"{".to_vec(), 400, "Not a policy document"),
        (b"[]".to_vec(), 400, "Not a policy document"),
        (
            serde_json::to_vec(&unknown_key).unwrap(),
            400,
            "Not a policy document",
        ),
        (vec![0xff; 10], 400, "Not a policy document"),
        (too_long, 413, "16 KiB"),
        (Vec::new(), 400, "Not a policy document"),
    ] {
        let reply = indexer.put_as(&token, &path(&policy), body).await;
        assert_eq!(reply.status, status, "{}", reply.body);
        let detail = reply.body["detail"].as_str().unwrap();
        assert!(
            detail.contains(said) && !detail.contains("Jane"),
            "{detail}"
        );
    }
    let request = indexer
        .request(http::Method::PUT, &path(&policy))
        .bearer_auth(&token)
        .header("content-type", "text/plain");
    assert_eq!(
        indexer
            .send(request.body(policy.canonical_bytes().to_vec()))
            .await
            .status,
        415
    );
    assert_eq!(
        indexer
            .put_as(&token, "/v1/policies/0x12", policy.canonical_bytes())
            .await
            .status,
        400
    );
    assert_eq!(
        indexer.get(&path(&policy)).await.status,
        404,
        "nothing was stored"
    );
}
