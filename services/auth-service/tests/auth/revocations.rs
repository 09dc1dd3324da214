//! What died before its time: recorded with what ends it or not at all, told in order, without a gap, to those who may
//! hear it, and counted here as well.

use crate::support::{ADMIN, NOW, OTHER_TENANT, SYSTEM, Service, TENANT, at, organization};
use access_token::revocation::{Page, Revocation};
use auth_service::revocation::{self, Kind, feed, store};
use serde_json::{Value, json};
use service_kit::Shutdown;
use sqlx::Row;

async fn record(service: &Service, kind: Kind, id: &str) {
    let now = at(service.time());
    let mut transaction = service.db.begin().await.unwrap();
    revocation::record(&mut transaction, &service.app.tenant, kind, id, now)
        .await
        .unwrap();
    transaction.commit().await.unwrap();
}

async fn page(service: &Service, after: u64) -> Page {
    let now = at(service.time());
    store::page(&service.db, &service.app.tenant, after, now)
        .await
        .unwrap()
}

fn ids(page: &Page) -> Vec<(u64, &str)> {
    page.revocations
        .iter()
        .map(|entry| (entry.seq, entry.id.as_str()))
        .collect()
}

async fn reader(service: &Service) -> String {
    let client = if service.app.tenant == TENANT {
        SYSTEM
    } else {
        crate::support::OTHER_SYSTEM
    };
    service.token(client, "system:revocation.read").await
}

#[tokio::test]
async fn a_revocation_is_told_with_the_transaction_that_makes_it_or_not_at_all() {
    let service = Service::start().await;
    let mut undone = service.db.begin().await.unwrap();
    revocation::record(&mut undone, TENANT, Kind::Session, "session-1", at(NOW))
        .await
        .unwrap();
    undone.rollback().await.unwrap();
    record(&service, Kind::Account, "account-1").await;

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
    assert_eq!(told, [("account-1".to_owned(), entry.clone())]);
    let answer = service
        .get("/internal/revocations", &reader(&service).await)
        .await;
    assert_eq!(answer.body["revocations"], json!([entry]));
    assert_eq!(answer.body["next"], 1);
}

#[tokio::test]
async fn a_transaction_that_commits_late_is_not_skipped_by_readers() {
    let service = Service::start().await;
    let mut first = service.db.begin().await.unwrap();
    revocation::record(&mut first, TENANT, Kind::Token, "first", at(NOW))
        .await
        .unwrap();
    let second = tokio::spawn({
        let db = service.db.clone();
        async move {
            let mut second = db.begin().await.unwrap();
            revocation::record(&mut second, TENANT, Kind::Token, "second", at(NOW))
                .await
                .unwrap();
            second.commit().await.unwrap();
        }
    });
    // Until the second one has met the first.
    let waits = "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()";
    while sqlx::query_scalar::<_, i64>(waits)
        .fetch_one(&service.db)
        .await
        .unwrap()
        == 0
    {
        assert!(!second.is_finished(), "the second overtook the first");
        tokio::task::yield_now().await;
    }
    let before = page(&service, 0).await;
    assert_eq!((ids(&before), before.next), (vec![], 0));
    first.commit().await.unwrap();
    second.await.unwrap();
    let after = page(&service, before.next).await;
    assert_eq!(ids(&after), [(1, "first"), (2, "second")]);
}

#[tokio::test]
async fn a_reader_that_polls_among_many_writers_sees_every_entry_once_in_order() {
    const WRITERS: usize = 6;
    const EACH: usize = 20;
    let service = Service::start().await;
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let db = service.db.clone();
            tokio::spawn(async move {
                for n in 0..EACH {
                    let mut transaction = db.begin().await.unwrap();
                    let id = format!("{writer}-{n}");
                    revocation::record(&mut transaction, TENANT, Kind::Token, &id, at(NOW))
                        .await
                        .unwrap();
                    // One in five is given up.
                    match n % 5 {
                        4 => transaction.rollback().await.unwrap(),
                        _ => transaction.commit().await.unwrap(),
                    }
                }
            })
        })
        .collect();
    let mut seen: Vec<Revocation> = Vec::new();
    let mut cursor = 0;
    loop {
        let all_written = writers.iter().all(tokio::task::JoinHandle::is_finished);
        let news = page(&service, cursor).await;
        cursor = news.next;
        let none = news.revocations.is_empty();
        seen.extend(news.revocations);
        if all_written && none {
            break;
        }
    }
    for writer in writers {
        writer.await.unwrap();
    }
    let places: Vec<u64> = seen.iter().map(|entry| entry.seq).collect();
    let committed = (WRITERS * EACH * 4 / 5) as u64;
    assert_eq!(places, (1..=committed).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_reader_that_waits_is_told_as_soon_as_there_is_news() {
    let service = Service::start().await;
    let token = reader(&service).await;
    let shutdown = Shutdown::default();
    shutdown.spawn("feed", feed::follow(service.app.clone(), shutdown.clone()));
    let (answer, ()) = tokio::join!(
        service.get("/internal/revocations?after=0&wait=10", &token),
        record(&service, Kind::Key, "kid-1"),
    );
    assert_eq!(answer.body["revocations"][0]["id"], "kid-1");

    // Nothing more comes: only the end of the service ends this wait within the test's patience.
    let waits = service.get("/internal/revocations?after=1&wait=10", &token);
    let (answer, ()) = tokio::join!(waits, async { shutdown.trigger() });
    assert_eq!(answer.body["revocations"], json!([]));
    assert_eq!(answer.body["next"], 1);
}

#[tokio::test]
async fn entries_are_told_until_their_time_is_over_and_their_places_stay_taken() {
    let service = Service::start().await;
    record(&service, Kind::Session, "short").await;
    service.set_time(NOW + 400);
    record(&service, Kind::Session, "later").await;
    assert_eq!(ids(&page(&service, 0).await), [(2, "later")]);
    service.set_time(NOW + 5000);
    let gone = store::forget_expired(&service.db, TENANT, at(service.time())).await;
    assert_eq!(gone.unwrap(), 2);
    let empty = page(&service, 0).await;
    assert_eq!((ids(&empty), empty.next, empty.reset), (vec![], 2, false));
    record(&service, Kind::Session, "new").await;
    assert_eq!(ids(&page(&service, 2).await), [(3, "new")]);
}

#[tokio::test]
async fn a_reader_whose_place_does_not_exist_is_told_everything_anew() {
    let service = Service::start().await;
    record(&service, Kind::Session, "one").await;
    let anew = page(&service, 17).await;
    assert_eq!((ids(&anew), anew.reset), (vec![(1, "one")], true));
}

#[tokio::test]
async fn long_feeds_come_in_parts() {
    let service = Service::start().await;
    let mut transaction = service.db.begin().await.unwrap();
    for n in 0..1001 {
        revocation::record(
            &mut transaction,
            TENANT,
            Kind::Token,
            &n.to_string(),
            at(NOW),
        )
        .await
        .unwrap();
    }
    transaction.commit().await.unwrap();
    let first = page(&service, 0).await;
    assert_eq!((first.revocations.len(), first.more), (1000, Some(true)));
    let rest = page(&service, first.next).await;
    assert_eq!((ids(&rest), rest.more), (vec![(1001, "1000")], Some(false)));
}

#[tokio::test]
async fn the_feed_is_for_our_services_and_of_one_tenant() {
    let service = Service::start().await;
    let other = service.beside().await;
    record(&other, Kind::Account, "theirs").await;
    record(&service, Kind::Account, "ours").await;
    let ours = service
        .get("/internal/revocations", &reader(&service).await)
        .await;
    let entries = ours.body["revocations"].as_array().unwrap();
    assert_eq!(entries.len(), 1);
    assert_eq!(
        (&entries[0]["id"], &entries[0]["tenant"]),
        (&json!("ours"), &json!(TENANT))
    );
    let theirs = page(&other, 0).await;
    assert_eq!(theirs.revocations[0].tenant.as_deref(), Some(OTHER_TENANT));

    for (token, status) in [
        (service.admin().await, 403),
        (service.system().await, 403),
        (reader(&other).await, 401),
        ("garbage".to_owned(), 401),
    ] {
        let answer = service.get("/internal/revocations", &token).await;
        assert_eq!(answer.status, status, "{}", answer.body);
    }
}

#[tokio::test]
async fn wrong_parameters_are_refused() {
    let service = Service::start().await;
    let token = reader(&service).await;
    for query in ["after=-1", "after=x", "wait=11", "wait=-1", "before=1"] {
        let answer = service
            .get(&format!("/internal/revocations?{query}"), &token)
            .await;
        assert_eq!(answer.status, 400, "{query}");
    }
}

#[tokio::test]
async fn what_is_revoked_is_dead_at_the_issuer_as_well() {
    let service = Service::start().await;
    let token = service.admin().await;
    assert_eq!(service.get("/v1/patients", &token).await.status, 200);
    record(&service, Kind::Client, ADMIN.0).await;
    let dead = service.get("/v1/patients", &token).await;
    assert_eq!(dead.problem(), (401, "unauthenticated"));
    assert!(dead.header("www-authenticate").contains("invalid_token"));
    service.set_time(NOW + 1);
    let next = service.admin().await;
    assert_eq!(service.get("/v1/patients", &next).await.status, 200);
}

#[tokio::test]
async fn an_organisation_that_loses_an_address_loses_its_tokens() {
    let service = Service::start().await;
    let admin = service.admin().await;
    let put = |keys: &[u8]| {
        let body = organization("clinic-a", "Clinic A", keys, 2);
        let (service, admin) = (&service, &admin);
        async move {
            let stored = service
                .put("/v1/organizations/clinic-a", admin, &body)
                .await;
            assert_eq!(stored.status, 200);
            page(service, 0).await.revocations.len()
        }
    };
    assert_eq!(put(&[0xa1, 0xa2]).await, 0);
    assert_eq!(put(&[0xa2]).await, 1);
    assert_eq!(ids(&page(&service, 0).await), [(1, "clinic-a")]);
}
