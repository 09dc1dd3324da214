//! What the read API answers, to whom, and when it refuses to.

use crate::support::chain::{FOREVER, deny, grant, request, revoke, scope};
use crate::support::{Indexer, World, until};
use serde_json::{Value, json};

#[tokio::test]
async fn every_status_is_derived_when_it_is_read() {
    let world = World::new().await;
    let indexer = world.indexer().await;
    let [clinic, other_clinic, patient] = [1, 2, 3].map(|index| world.anvil.accounts[index]);
    let now = world.anvil.now().await;
    let chain = &world.anvil;
    chain
        .call(clinic, request(patient, clinic, scope(1), now, 1))
        .await;
    chain
        .call(clinic, request(patient, clinic, scope(2), now, 1))
        .await;
    chain.call(patient, deny(patient, clinic, scope(2))).await;
    chain
        .call(patient, grant(patient, clinic, scope(3), (now, FOREVER), 1))
        .await;
    chain
        .call(
            patient,
            grant(patient, clinic, scope(4), (now + 5000, now + 9000), 1),
        )
        .await;
    chain
        .call(patient, grant(patient, clinic, scope(5), (now, FOREVER), 1))
        .await;
    chain.call(patient, revoke(patient, clinic, scope(5))).await;
    chain
        .call(
            patient,
            grant(patient, other_clinic, scope(3), (now, now + 5000), 1),
        )
        .await;
    world.caught_up(&indexer).await;

    let rows = indexer
        .consents(&format!("patient={patient}&grantee={clinic}"))
        .await;
    let mut statuses: Vec<_> = rows
        .iter()
        .map(|row| {
            (
                row["scopeId"].as_str().unwrap(),
                row["status"].as_str().unwrap(),
            )
        })
        .collect();
    statuses.sort_unstable();
    let expected = ["REQUESTED", "DENIED", "ACTIVE", "SCHEDULED", "REVOKED"];
    assert_eq!(
        statuses
            .iter()
            .map(|(_, status)| *status)
            .collect::<Vec<_>>(),
        expected
    );

    let active = indexer
        .consents(&format!("patient={patient}&grantee={clinic}&status=ACTIVE"))
        .await;
    assert_eq!(active.len(), 1);
    let row = &active[0];
    assert_eq!(row["validTo"], Value::Null, "until revoked");
    assert_eq!(row["effectiveUntil"], Value::Null);
    assert_eq!(row["respondBy"], Value::Null);
    assert_eq!(
        (&row["version"], &row["validFrom"]),
        (&json!(1), &json!(now))
    );
    assert_eq!(row["patientId"], json!(patient.to_string().to_lowercase()));
    let scheduled = &indexer
        .consents(&format!("patient={patient}&status=SCHEDULED"))
        .await[0];
    assert_eq!(scheduled["effectiveUntil"], now + 5000);
    let requested = &indexer
        .consents(&format!("patient={patient}&status=REQUESTED"))
        .await[0];
    assert_eq!(
        (&requested["respondBy"], &requested["effectiveUntil"]),
        (&json!(now + 3600), &json!(now + 3600))
    );
    assert_eq!(
        indexer
            .consents(&format!("grantee={other_clinic}"))
            .await
            .len(),
        1
    );
    let both = format!(
        "patient={patient}&grantee={other_clinic}&grantee={clinic}&scope={}",
        scope(3)
    );
    assert_eq!(indexer.consents(&both).await.len(), 2);

    let reply = indexer.get(&format!("/consents?patient={patient}")).await;
    let (head_no, head_hash) = world.anvil.head().await;
    let as_of = &reply.body["asOf"];
    assert_eq!(
        (&as_of["chainId"], &as_of["rev"], &as_of["reorgEpoch"]),
        (&json!(31337), &json!(8), &json!(0))
    );
    assert_eq!(
        (&as_of["blockNo"], &as_of["blockHash"]),
        (&json!(head_no), &json!(head_hash))
    );
    assert!(as_of["observedAt"].as_str().unwrap().ends_with('Z'));
    let id = row["consentId"].as_str().unwrap();
    assert_eq!(
        indexer.get(&format!("/v1/consents/{id}")).await.body["consent"],
        *row
    );
}

#[tokio::test]
async fn a_grant_is_confirming_until_its_block_is_final_and_a_revocation_counts_at_once() {
    let world = World::new().await;
    let settings = world.settings().with("FINALITY", "safe");
    let indexer = Indexer::start(&settings, &world.issuer).await;
    let [clinic, patient] = [world.anvil.accounts[1], world.anvil.accounts[2]];
    let now = world.anvil.now().await;
    let status = async || indexer.consent_of(patient).await.unwrap()["status"].clone();
    world.anvil.mine(5).await;
    world
        .anvil
        .call(patient, grant(patient, clinic, scope(1), (now, FOREVER), 1))
        .await;
    world.caught_up(&indexer).await;
    assert_eq!(status().await, "CONFIRMING");
    world.anvil.mine(8).await;
    world.caught_up(&indexer).await;
    until("the grant to be final", async || status().await == "ACTIVE").await;
    world
        .anvil
        .call(patient, revoke(patient, clinic, scope(1)))
        .await;
    world.caught_up(&indexer).await;
    assert_eq!(status().await, "REVOKED");
    assert_eq!(
        indexer.consent_of(patient).await.unwrap()["finality"],
        "latest"
    );
}

#[tokio::test]
async fn pages_join_to_the_whole_list() {
    let world = World::new().await;
    let indexer = world.indexer().await;
    let [clinic, patient] = [world.anvil.accounts[1], world.anvil.accounts[2]];
    let now = world.anvil.now().await;
    for byte in 1..=7 {
        world
            .anvil
            .call(
                patient,
                grant(patient, clinic, scope(byte), (now, FOREVER), 1),
            )
            .await;
    }
    world
        .anvil
        .call(patient, revoke(patient, clinic, scope(7)))
        .await;
    world.caught_up(&indexer).await;
    for (filter, limit) in [
        ("", 1),
        ("", 3),
        ("", 7),
        ("&status=ACTIVE", 2),
        ("&status=ACTIVE", 6),
        ("&status=DENIED", 1),
    ] {
        let whole = indexer
            .consents(&format!("patient={patient}{filter}"))
            .await;
        let mut joined = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = indexer
                .get(&format!(
                    "/v1/consents?patient={patient}{filter}&limit={limit}{cursor}"
                ))
                .await
                .body;
            let rows = page["consents"].as_array().unwrap();
            assert!(rows.len() <= limit);
            joined.extend(rows.clone());
            match page["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(joined, whole, "{filter} by {limit}");
    }
    let mut after = 0;
    let mut revisions = Vec::new();
    loop {
        let page = indexer
            .get(&format!("/v1/changes?after={after}&limit=3"))
            .await
            .body;
        revisions.extend(
            page["changes"]
                .as_array()
                .unwrap()
                .iter()
                .map(|change| change["rev"].as_u64().unwrap()),
        );
        let Some(next) = page["next"].as_u64() else {
            break;
        };
        after = next;
    }
    assert_eq!(revisions, (1..=8).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_proxys_token_shows_the_represented_patient_and_never_the_proxy() {
    let world = World::new().await;
    let indexer = world.indexer().await;
    let [clinic, child, parent] = [1, 3, 4].map(|index| world.anvil.accounts[index]);
    let now = world.anvil.now().await;
    for subject in [child, parent] {
        let grant = grant(subject, clinic, scope(1), (now, FOREVER), 1);
        world.anvil.call(subject, grant).await;
    }
    world.caught_up(&indexer).await;
    let token = world
        .issuer
        .proxy("patient:consent.read", &[&child.to_string()]);
    let consents = async |of| {
        let path = format!("/v1/consents?patient={of}");
        indexer.get_as(&token, &path).await
    };
    let represented = consents(child).await.body;
    assert_eq!(represented["consents"].as_array().unwrap().len(), 1);
    assert_eq!(consents(parent).await.status, 403);
    for (subject, status) in [(child, 200), (parent, 404)] {
        let own = indexer.consents(&format!("patient={subject}")).await;
        let id = own[0]["consentId"].as_str().unwrap().to_owned();
        for path in [
            format!("/v1/consents/{id}"),
            format!("/v1/subjects/{subject}"),
            format!("/v1/subjects/{subject}/delegates"),
        ] {
            let reply = indexer.get_as(&token, &path).await;
            assert_eq!(reply.status, status, "{path}");
        }
    }
}

#[tokio::test]
async fn a_token_shows_only_what_it_covers() {
    let world = World::new().await;
    let indexer = world.indexer().await;
    let [clinic, other_clinic, patient] = [1, 2, 3].map(|index| world.anvil.accounts[index]);
    let now = world.anvil.now().await;
    world
        .anvil
        .call(patient, grant(patient, clinic, scope(1), (now, FOREVER), 1))
        .await;
    world
        .anvil
        .call(
            patient,
            grant(patient, other_clinic, scope(1), (now, FOREVER), 1),
        )
        .await;
    world.caught_up(&indexer).await;
    let issuer = &world.issuer;
    let provider = issuer.provider("clinic", &[&clinic.to_string()]);

    // Its own rows, also when it asks by patient only; never another's.
    let own = indexer
        .get_as(&provider, &format!("/v1/consents?patient={patient}"))
        .await;
    assert_eq!(own.status, 200);
    assert_eq!(own.body["consents"].as_array().unwrap().len(), 1);
    assert_eq!(
        own.body["consents"][0]["granteeId"],
        json!(clinic.to_string().to_lowercase())
    );
    let foreign = format!("/v1/consents?grantee={clinic}&grantee={other_clinic}");
    assert_eq!(indexer.get_as(&provider, &foreign).await.status, 403);
    let all = indexer.consents(&format!("patient={patient}")).await;
    for row in &all {
        let id = row["consentId"].as_str().unwrap();
        let expected = if row["granteeId"] == own.body["consents"][0]["granteeId"] {
            200
        } else {
            404
        };
        assert_eq!(
            indexer
                .get_as(&provider, &format!("/v1/consents/{id}"))
                .await
                .status,
            expected
        );
    }
    assert_eq!(
        indexer
            .get_as(&provider, "/v1/changes?after=0")
            .await
            .status,
        403
    );
    assert_eq!(indexer.get_as(&provider, "/v1/chain").await.status, 200);

    let query = format!("/v1/consents?patient={patient}");
    for (persona, scope, status) in [
        ("admin", "admin:consent.read", 200),
        ("admin", "admin:directory.read", 403),
        ("system", "system:directory.read", 403),
        // A patient who has bound no address.
        ("patient", "patient:consent.read", 403),
    ] {
        let token = issuer.token(persona, scope, json!({}));
        assert_eq!(
            indexer.get_as(&token, &query).await.status,
            status,
            "{scope}"
        );
    }
    // A patient sees the consents of their own subjects, whoever the grantee is, and asks for no one else's.
    let patients = issuer.patient(&[&patient.to_string()]);
    let own = indexer.get_as(&patients, &query).await;
    assert_eq!(own.body["consents"].as_array().unwrap().len(), 2);
    let stranger = issuer.patient(&[&other_clinic.to_string()]);
    assert_eq!(indexer.get_as(&stranger, &query).await.status, 403);
    let id = all[0]["consentId"].as_str().unwrap();
    for (token, status) in [(&patients, 200), (&stranger, 404)] {
        let reply = indexer.get_as(token, &format!("/v1/consents/{id}")).await;
        assert_eq!(reply.status, status);
    }
    let all_changes = indexer.get_as(&patients, "/v1/changes?after=0").await;
    assert_eq!(all_changes.status, 403);

    let now = time::OffsetDateTime::now_utc().unix_timestamp();
    for changes in [
        json!({"aud": "http://elsewhere.test"}),
        json!({"iss": "http://elsewhere.test"}),
        json!({"iat": now - 300, "exp": now - 1}),
        json!({"tenant": null}),
    ] {
        let refused = indexer
            .get_as(
                &issuer.token("system", "system:consent.read", changes.clone()),
                &query,
            )
            .await;
        assert_eq!(refused.status, 401, "{changes}");
        assert!(
            refused.headers["www-authenticate"]
                .to_str()
                .unwrap()
                .contains("invalid_token")
        );
        assert_eq!(refused.headers["content-type"], "application/problem+json");
    }
    let routes = [
        &query,
        "/consents",
        "/v1/chain",
        "/v1/changes?after=0",
        "/v1/consents/0x00",
        "/v1/policies/0x00",
    ];
    for path in routes {
        let bare = indexer.send(indexer.request(http::Method::GET, path)).await;
        assert_eq!(bare.status, 401, "{path}");
    }
}

#[tokio::test]
async fn garbage_gets_a_clear_refusal() {
    let world = World::new().await;
    let indexer = world.indexer().await;
    let patient = world.anvil.accounts[1];
    for (path, status) in [
        ("/v1/consents".to_owned(), 400),
        ("/v1/consents?patient=Jane".to_owned(), 400),
        (format!("/v1/consents?patient={patient}&name=Jane"), 400),
        (format!("/v1/consents?patient={patient}&status=active"), 400),
        (format!("/v1/consents?patient={patient}&limit=-1"), 400),
        ("/v1/consents/17".to_owned(), 400),
        (format!("/v1/consents/0x{}", "00".repeat(32)), 404),
        ("/v1/changes".to_owned(), 400),
        ("/v1/changes?after=x".to_owned(), 400),
        ("/v1/changes?after=0&limit=0".to_owned(), 400),
        ("/v1/chain?verbose=1".to_owned(), 400),
        ("/v1/policies/17".to_owned(), 400),
        ("/v1/nothing".to_owned(), 404),
        ("/v1/consents/%ff".to_owned(), 400),
    ] {
        let reply = indexer.get(&path).await;
        assert_eq!(reply.status, status, "{path}: {}", reply.body);
        assert_eq!(
            reply.headers["content-type"], "application/problem+json",
            "{path}"
        );
        assert_eq!(reply.body["status"], status);
        assert!(
            !reply.body["detail"].as_str().unwrap().contains("Jane"),
            "{}",
            reply.body
        );
    }
    let post = indexer
        .send(indexer.request(http::Method::POST, "/v1/consents"))
        .await;
    assert_eq!(
        (post.status, post.headers["content-type"].to_str().unwrap()),
        (405, "application/problem+json")
    );
}

#[tokio::test]
async fn nothing_is_answered_from_a_head_that_was_not_confirmed_for_too_long() {
    let mut world = World::new().await;
    let indexer = Indexer::start(&world.settings().with("MAX_HEAD_AGE", 1), &world.issuer).await;
    world.caught_up(&indexer).await;
    let query = format!("/v1/consents?patient={}", world.anvil.accounts[1]);
    until("an answer", async || {
        indexer.get(&query).await.status == 200
    })
    .await;
    // The chain's node is gone.
    world.anvil = crate::support::Anvil::start(&[]).await;
    until("a refusal", async || {
        indexer.get(&query).await.status == 503
    })
    .await;
    let refused = indexer.get(&query).await.body;
    assert_eq!(
        refused["type"],
        "https://consentry.example/problems/stale-index"
    );
    let detail = refused["detail"].as_str().unwrap();
    assert!(detail.contains("head of the chain"), "{detail}");
    let (status, reason) = indexer.ready("chain").await;
    assert_eq!(status, 503);
    assert!(reason.contains("unreachable"), "{reason}");
    let chain = indexer.get("/v1/chain").await;
    assert_eq!(
        chain.status, 200,
        "the state of affairs can still be asked for"
    );
}

#[tokio::test]
async fn without_its_database_it_says_so_and_recovers() {
    let world = World::new().await;
    let indexer = world.indexer().await;
    let query = format!("/v1/consents?patient={}", world.anvil.accounts[1]);
    world.database.shut().await;
    until("a refusal", async || {
        indexer.get(&query).await.status == 503
    })
    .await;
    assert_eq!(
        indexer.get(&query).await.body["type"],
        "https://consentry.example/problems/unavailable"
    );
    until("readiness to name it", async || {
        indexer.ready("postgres").await == (503, "unreachable".to_owned())
    })
    .await;
    assert_eq!(indexer.get("/health/live").await.status, 200);
    world.database.open().await;
    world.caught_up(&indexer).await;
    assert_eq!(indexer.get(&query).await.status, 200);
}

#[test]
fn the_committed_api_document_is_the_one_the_code_describes() {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_consent-indexer"))
        .arg("openapi")
        .output()
        .unwrap();
    assert!(output.status.success());
    let committed = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../docs/api/consent-indexer.json"
    );
    let committed = std::fs::read_to_string(committed).unwrap();
    let fresh = String::from_utf8(output.stdout).unwrap();
    assert!(
        committed == fresh,
        "run: consent-indexer openapi > docs/api/consent-indexer.json"
    );
    let document: Value = serde_json::from_str(&fresh).unwrap();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    for path in [
        "/v1/consents",
        "/v1/consents/{id}",
        "/v1/chain",
        "/v1/changes",
        "/v1/policies/{hash}",
    ] {
        assert!(document["paths"][path].is_object(), "{path}");
    }
}
