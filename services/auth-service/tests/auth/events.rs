//! What other services are told is as the committed schemas say.

use std::collections::BTreeMap;

use crate::support::people::sign_in;
use crate::support::{Service, binding, organization, patient_token, subject};
use auth_service::events::Kind;
use serde_json::{Value, json};
use sqlx::Row as _;
use test_support::EventSchema;
use test_support::person::PASSWORD;

/// The kinds of events told so far, by topic. Each is held against its topic's schema.
async fn told(service: &Service) -> BTreeMap<String, Vec<String>> {
    let rows = sqlx::query("select topic, kind, body from outbox order by id");
    let rows = rows.fetch_all(&service.db).await.unwrap();
    let mut told: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in rows {
        let (topic, kind): (String, String) = (row.get("topic"), row.get("kind"));
        let checked = EventSchema::of(&topic).check(row.get("body"));
        checked.unwrap_or_else(|fault| panic!("{kind} on {topic}: {fault}"));
        told.entry(topic).or_default().push(kind);
    }
    told
}

#[tokio::test]
async fn every_event_is_as_its_topics_schema_says() {
    let service = Service::start().await;
    service.patient("pat.river").await;
    let mut browser = service.browser();
    sign_in(&mut browser, "pat.river", "not the password").await;
    sign_in(&mut browser, "pat.river", PASSWORD).await;
    let token = patient_token("pat-1", 10);
    let bind = json!({"binding": binding("pat-1", &subject(1), 1)});
    let bound = service.post("/v1/bindings", &token, &bind).await;
    assert_eq!(bound.status, 201, "{}", bound.body);
    let stopped = service.post("/v1/stop", &token, &Value::Null).await;
    assert_eq!(stopped.status, 201, "{}", stopped.body);
    let admin = service.admin().await;
    // An address is taken away, and the tokens that name it with it.
    for keys in [&[1, 2][..], &[2]] {
        let lab = organization("lab", "Lab", keys, 1);
        let put = service.put("/v1/organizations/lab", &admin, &lab).await;
        assert!(put.status.is_success(), "{}", put.body);
    }

    let told = told(&service).await;
    for (topic, kinds) in [
        (
            "auth.events.v1",
            &["enrolment.used", "sign-in.failed", "sign-in.succeeded"][..],
        ),
        (
            "directory.events.v1",
            &["binding.changed", "organization.changed", "stop.placed"],
        ),
        ("auth.revocations.v1", &["revocation"]),
    ] {
        for kind in kinds {
            let kind = format!("consentry.{kind}.v1");
            assert!(
                told[topic].contains(&kind),
                "{kind} is not told on {topic}: {told:?}"
            );
        }
    }
}

#[test]
fn a_schema_takes_the_kinds_of_its_topic_and_no_others() {
    let body = |kind: &str| {
        let body = json!({"kind": kind, "key": "k", "tenant": "t", "at": "2026-03-01T00:00:00Z"});
        body.to_string().into_bytes()
    };
    let topics = ["auth.events.v1", "directory.events.v1"].map(EventSchema::of);
    for kind in Kind::ALL {
        let taken = topics
            .iter()
            .filter(|schema| schema.check(&body(kind.as_str())).is_ok());
        assert_eq!(taken.count(), 1, "{}", kind.as_str());
    }
    let [auth, _] = topics;
    assert!(auth.check(&body("made.up")).is_err());
    assert!(
        auth.check(br#"{"kind": "grant.made", "key": "k", "tenant": "t"}"#)
            .is_err()
    );
}
