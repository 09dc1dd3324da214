//! The gateway while its journal cannot be written: 503, no PHI, and the next record states the gap.

use std::fs::OpenOptions;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::support::*;
use ehr_gateway::journal::Journal;
use tempfile::TempDir;

#[tokio::test]
async fn without_a_journal_nothing_is_released_and_the_gap_is_on_record() {
    let dir = TempDir::new().unwrap();
    let full = Arc::new(AtomicBool::new(true));
    let is_full = full.clone();
    let opener = move |path: &Path| match is_full.load(Ordering::SeqCst) {
        true => OpenOptions::new().write(true).open("/dev/full"),
        false => OpenOptions::new().create_new(true).append(true).open(path),
    };
    let journal = Journal::open_with(journal_settings(&dir), Box::new(opener)).unwrap();
    let world = World::with_journal(dir, journal).await;
    world.neighbours.enrol(PATIENT);
    world.share(shared(&["Observation"]));
    world.fhir.put(observation("o1", PATIENT));
    let paths = [
        "/fhir/R4/Observation?patient=p1",
        "/fhir/R4/Observation/o1",
        "/fhir/R4/Observation/absent",
        "/fhir/R4/Observation?patient=p2",
    ];
    for path in paths {
        world
            .get(path)
            .await
            .assert_denied(503, "journal-unavailable");
    }
    assert!(world.records().is_empty());
    full.store(false, Ordering::SeqCst);
    let mut refused = paths.len() as u64;
    while world.get(paths[0]).await.status.as_u16() == 503 {
        refused += 1;
    }
    assert_eq!(world.only_record().gap, Some(refused));
}

#[tokio::test]
async fn a_disk_that_does_not_answer_is_a_journal_that_is_not_there() {
    let dir = TempDir::new().unwrap();
    let (answer, wait) = std::sync::mpsc::channel();
    let opener = move |path: &Path| {
        // Fails at the start, then hangs until it is told to go on.
        wait.recv()
            .map_err(std::io::Error::other)
            .and_then(|go| match go {
                true => OpenOptions::new().create_new(true).append(true).open(path),
                false => Err(std::io::ErrorKind::StorageFull.into()),
            })
    };
    answer.send(false).unwrap();
    let journal = Journal::open_with(journal_settings(&dir), Box::new(opener)).unwrap();
    let world = World::with_journal(dir, journal).await;
    world.neighbours.enrol(PATIENT);
    world.share(shared(&["Observation"]));
    world.fhir.put(observation("o1", PATIENT));
    let path = "/fhir/R4/Observation?patient=p1";
    world
        .get(path)
        .await
        .assert_denied(503, "journal-unavailable");
    assert!(!world.journal.is_healthy());
    answer.send(true).unwrap();
    assert_eq!(world.get(path).await.released(), ["o1"]);
    assert_eq!(world.only_record().gap, Some(1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_decision_runs_to_its_record_even_if_the_client_goes_away() {
    let world = World::sharing(shared(&["Observation"]), vec![observation("o1", PATIENT)]).await;
    let world = Arc::new(world);
    let reached = Arc::new(tokio::sync::Notify::new());
    let (seen, go) = (reached.clone(), Arc::new(AtomicBool::new(false)));
    let may_go = go.clone();
    world.fhir.script(move |_| {
        seen.notify_one();
        while !may_go.load(Ordering::SeqCst) {
            std::thread::yield_now();
        }
        None
    });
    let asking = world.clone();
    let client = tokio::spawn(async move { asking.get("/fhir/R4/Observation?patient=p1").await });
    reached.notified().await;
    client.abort();
    assert!(client.await.is_err());
    go.store(true, Ordering::SeqCst);
    while world.records().is_empty() {
        tokio::task::yield_now().await;
    }
    assert_eq!(world.only_record().rule, "consent-active");
}
