//! What died before its time: recorded with what ends it, or not at all.

mod support;

use auth_service::revocation::{self, Kind};
use serde_json::{Value, json};
use sqlx::Row;
use support::{NOW, Service, TENANT, at};

#[tokio::test]
async fn a_revocation_is_told_with_the_transaction_that_makes_it_or_not_at_all() {
    let service = Service::start().await;
    let mut undone = service.db.begin().await.unwrap();
    revocation::record(&mut undone, TENANT, Kind::Session, "session-1", at(NOW))
        .await
        .unwrap();
    undone.rollback().await.unwrap();
    let mut done = service.db.begin().await.unwrap();
    revocation::record(&mut done, TENANT, Kind::Account, "account-1", at(NOW))
        .await
        .unwrap();
    done.commit().await.unwrap();

    let told =
        sqlx::query("select key, body from outbox where topic = 'auth.revocations.v1' order by id")
            .fetch_all(&service.db)
            .await
            .unwrap();
    let told: Vec<(String, Value)> = told
        .iter()
        .map(|row| {
            (
                row.get("key"),
                serde_json::from_slice(row.get("body")).unwrap(),
            )
        })
        .collect();
    let entry = json!({
        "seq": 1, "kind": "account", "id": "account-1", "before": NOW + 1, "until": NOW + 306, "tenant": TENANT,
    });
    assert_eq!(told, [("account-1".to_owned(), entry)]);
}
