//! The journal by itself: what it survives, what it refuses, what it says afterwards.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::support::{journal_settings, records_in};
use audit_core::{Action, Digest, Gateway, Head, Outcome, Record};
use ehr_gateway::journal::append::Opener;
use ehr_gateway::journal::recover::RecoverError;
use ehr_gateway::journal::{Journal, JournalError};
use tempfile::TempDir;
use time::OffsetDateTime;
use uuid::Uuid;

fn record(name: &str) -> Record {
    Record {
        v: 1,
        event_id: Uuid::now_v7(),
        ts: OffsetDateTime::now_utc(),
        tenant: "general-hospital".to_owned(),
        gateway: Gateway {
            id: String::new(),
            epoch: 0,
            seq: 0,
            prev_hash: Digest::ZERO,
        },
        actor: name.to_owned(),
        requester: None,
        role: "provider".to_owned(),
        action: Action::Search,
        resource_type: None,
        categories: vec![],
        subject: None,
        purpose: None,
        scopes: vec![],
        result: Outcome::Deny,
        rule: "no-consent".to_owned(),
        obligations: vec![],
        policy_hash: None,
        chain_ref: None,
        corr_id: "0".repeat(32),
        latency_us: 1,
        gap: None,
    }
}

fn open(dir: &TempDir) -> Journal {
    Journal::open(journal_settings(dir)).unwrap()
}

/// Waits until the writer has let go of the directory, then opens it again.
fn reopen(dir: &TempDir, journal: Journal) -> Journal {
    drop(journal);
    try_reopen(dir).unwrap()
}

fn try_reopen(dir: &TempDir) -> Result<Journal, RecoverError> {
    loop {
        match Journal::open(journal_settings(dir)) {
            Err(RecoverError::Locked) => std::thread::yield_now(),
            other => return other,
        }
    }
}

fn folder(dir: &TempDir) -> PathBuf {
    dir.path().join("journal")
}

fn segment(dir: &TempDir, epoch: u64) -> PathBuf {
    folder(dir).join(format!("{epoch:020}.ndjson"))
}

fn append_bytes(path: &Path, bytes: &[u8]) {
    OpenOptions::new()
        .append(true)
        .open(path)
        .unwrap()
        .write_all(bytes)
        .unwrap();
}

/// Checks the chain over all segments and returns the actors in order.
fn walk(dir: &TempDir) -> Vec<String> {
    let mut head = Head::GENESIS;
    records_in(&folder(dir))
        .into_iter()
        .map(|record| {
            head = head
                .follow(&record.to_line().unwrap())
                .expect("the chain is broken")
                .1;
            record.actor
        })
        .collect()
}

#[tokio::test]
async fn an_acknowledged_record_is_on_disk_and_chained_across_openings() {
    let dir = TempDir::new().unwrap();
    let journal = open(&dir);
    journal.append(record("a")).await.unwrap();
    assert_eq!(walk(&dir), ["a"]);
    let journal = reopen(&dir, journal);
    journal.append(record("b")).await.unwrap();
    let epochs: Vec<u64> = records_in(&folder(&dir))
        .iter()
        .map(|record| record.gateway.epoch)
        .collect();
    assert_eq!(
        (walk(&dir), epochs),
        (vec!["a".to_owned(), "b".to_owned()], vec![1, 2])
    );
}

#[tokio::test]
async fn many_at_once_are_all_there_and_in_sequence() {
    let dir = TempDir::new().unwrap();
    let journal = open(&dir);
    let appends = (0..500).map(|n| journal.append(record(&n.to_string())));
    assert!(
        futures::future::join_all(appends)
            .await
            .iter()
            .all(Result::is_ok)
    );
    assert_eq!(walk(&dir).len(), 500);
}

#[tokio::test]
async fn a_torn_tail_is_cut_off_and_the_chain_goes_on() {
    for tail in [
        &b"{\"v\":1,\"eventId\":\"01"[..],
        b"\0\0\0\0",
        b"garbage\nmore garbage\n",
        b"\n",
    ] {
        let dir = TempDir::new().unwrap();
        let journal = open(&dir);
        journal.append(record("a")).await.unwrap();
        append_bytes(&segment(&dir, 1), tail);
        let journal = reopen(&dir, journal);
        journal.append(record("b")).await.unwrap();
        assert_eq!(walk(&dir), ["a", "b"], "{tail:?}");
    }
}

#[tokio::test]
async fn damage_before_the_end_stops_the_start() {
    let dir = TempDir::new().unwrap();
    let journal = open(&dir);
    for name in ["a", "b", "c"] {
        journal.append(record(name)).await.unwrap();
    }
    drop(journal);
    let path = segment(&dir, 1);
    let text = fs::read_to_string(&path).unwrap();
    for changed in [
        text.replacen("\"actor\":\"b\"", "\"actor\":\"x\"", 1),
        {
            let lines: Vec<&str> = text.lines().collect();
            format!("{}\n{}\n", lines[0], lines[2])
        },
        text.replacen("{\"v\":1", "{\"v\":?", 1),
    ] {
        fs::write(&path, changed).unwrap();
        assert!(matches!(
            try_reopen(&dir),
            Err(RecoverError::Damaged { epoch: 1, .. })
        ));
    }
    fs::write(&path, text).unwrap();
    assert!(try_reopen(&dir).is_ok());
}

#[tokio::test]
async fn lost_acknowledged_records_stop_the_start() {
    let dir = TempDir::new().unwrap();
    let journal = open(&dir);
    journal.append(record("a")).await.unwrap();
    let journal = reopen(&dir, journal);
    journal.append(record("b")).await.unwrap();
    drop(journal);
    while Journal::open(journal_settings(&dir))
        .is_err_and(|error| matches!(error, RecoverError::Locked))
    {}
    fs::write(segment(&dir, 1), "").unwrap();
    assert!(matches!(try_reopen(&dir), Err(RecoverError::Lost(1))));
}

#[test]
fn two_processes_cannot_share_a_journal() {
    let dir = TempDir::new().unwrap();
    let _first = open(&dir);
    assert!(matches!(
        Journal::open(journal_settings(&dir)),
        Err(RecoverError::Locked)
    ));
}

/// Opens segments that fail: the numbers count openings from 0.
fn failing(
    fails: impl Fn(usize) -> Option<&'static str> + Send + 'static,
) -> (Arc<AtomicUsize>, Opener) {
    let openings = Arc::new(AtomicUsize::new(0));
    let counted = openings.clone();
    let opener = move |path: &Path| match fails(counted.fetch_add(1, Ordering::SeqCst)) {
        Some("refuse") => Err(io::ErrorKind::PermissionDenied.into()),
        Some(device) => OpenOptions::new().write(true).open(device),
        None => OpenOptions::new().create_new(true).append(true).open(path),
    };
    (openings, Box::new(opener))
}

/// Appends until it works; returns how many were refused.
async fn append_until_it_works(journal: &Journal, name: &str) -> u64 {
    let mut refused = 0;
    while journal.append(record(name)).await.is_err() {
        assert!(!journal.is_healthy());
        refused += 1;
        tokio::task::yield_now().await;
    }
    refused
}

#[tokio::test]
async fn a_full_disk_refuses_and_the_next_record_states_the_gap() {
    let dir = TempDir::new().unwrap();
    let (openings, opener) = failing(|number| (1..3).contains(&number).then_some("/dev/full"));
    let mut settings = journal_settings(&dir);
    settings.segment_bytes = 1; // a new segment for every batch
    let journal = Journal::open_with(settings, opener).unwrap();
    journal.append(record("a")).await.unwrap();
    let refused = append_until_it_works(&journal, "b").await;
    assert!(refused >= 2 && journal.is_healthy());
    let records = records_in(&folder(&dir));
    assert_eq!(
        records.iter().map(|record| record.gap).collect::<Vec<_>>(),
        [None, Some(refused)]
    );
    assert_eq!(
        records[1].gateway.epoch, 4,
        "each failed segment is given up for good"
    );
    assert_eq!(openings.load(Ordering::SeqCst), 4);
    journal.append(record("c")).await.unwrap();
    assert_eq!(
        records_in(&folder(&dir))[2].gap,
        None,
        "a gap is stated once"
    );
    assert_eq!(walk(&dir), ["a", "b", "c"]);
}

#[tokio::test]
async fn a_failed_sync_poisons_the_segment_for_good() {
    let dir = TempDir::new().unwrap();
    // Writing to /dev/null works, syncing it does not.
    let (openings, opener) = failing(|number| (number == 0).then_some("/dev/null"));
    let journal = Journal::open_with(journal_settings(&dir), opener).unwrap();
    assert_eq!(journal.append(record("a")).await, Err(JournalError));
    let refused = append_until_it_works(&journal, "b").await;
    assert_eq!(records_in(&folder(&dir))[0].gap, Some(refused + 1));
    assert_eq!(openings.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn while_no_segment_can_be_opened_tries_are_bounded() {
    let dir = TempDir::new().unwrap();
    let (openings, opener) = failing(|_| Some("refuse"));
    let mut settings = journal_settings(&dir);
    settings.retry = std::time::Duration::from_secs(3600);
    let journal = Journal::open_with(settings, opener).unwrap();
    for _ in 0..50 {
        assert_eq!(journal.append(record("a")).await, Err(JournalError));
    }
    assert_eq!(openings.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn lines_that_were_never_acknowledged_are_cut_off_by_the_next_segments_link() {
    let dir = TempDir::new().unwrap();
    let journal = open(&dir);
    journal.append(record("a")).await.unwrap();
    let unacknowledged = {
        let mut line = record("never");
        let acknowledged = fs::read(segment(&dir, 1)).unwrap();
        let digest = Digest::of(acknowledged.strip_suffix(b"\n").unwrap());
        line.gateway = Gateway {
            id: "gateway-1".to_owned(),
            epoch: 1,
            seq: 1,
            prev_hash: digest,
        };
        line.to_line().unwrap()
    };
    let journal = reopen(&dir, journal);
    journal.append(record("b")).await.unwrap();
    // As if the sync of epoch 1's last batch had failed and its bytes had reached the disk all the same.
    append_bytes(&segment(&dir, 1), &[&unacknowledged[..], b"\n"].concat());
    let journal = reopen(&dir, journal);
    journal.append(record("c")).await.unwrap();
    assert_eq!(walk(&dir), ["a", "b", "c"]);
}

#[tokio::test]
async fn too_much_that_is_not_shipped_refuses() {
    let dir = TempDir::new().unwrap();
    let mut settings = journal_settings(&dir);
    settings.max_unshipped = 1000;
    let journal = Journal::open(settings).unwrap();
    let mut taken = 0;
    while journal.append(record("a")).await.is_ok() {
        taken += 1;
    }
    assert!(taken > 0 && journal.unshipped() > 1000 && !journal.is_healthy());
}

#[tokio::test]
async fn counts_survive_a_restart() {
    let dir = TempDir::new().unwrap();
    let journal = open(&dir);
    for _ in 0..3 {
        journal.append(record("a")).await.unwrap();
    }
    let today = OffsetDateTime::now_utc().date();
    let before = journal.counts(today.previous_day().unwrap(), today);
    let journal = reopen(&dir, journal);
    assert_eq!(journal.counts(today.previous_day().unwrap(), today), before);
    assert_eq!(before.iter().map(|row| row.count).sum::<u64>(), 3);
}

const CHILD: &str = "JOURNAL_TEST_CHILD";

/// Runs in a child process only: appends and says aloud what was acknowledged.
#[tokio::test]
async fn child_that_appends_until_it_is_killed() {
    let Ok(path) = std::env::var(CHILD) else {
        return;
    };
    let mut settings = journal_settings(&TempDir::new().unwrap());
    settings.dir = path.into();
    let journal = Journal::open(settings).unwrap();
    loop {
        let batch: Vec<Record> = (0..8).map(|_| record("child")).collect();
        let ids: Vec<Uuid> = batch.iter().map(|record| record.event_id).collect();
        let outcomes =
            futures::future::join_all(batch.into_iter().map(|record| journal.append(record))).await;
        for (id, outcome) in ids.iter().zip(outcomes) {
            outcome.unwrap();
            eprintln!("acknowledged {id}");
        }
    }
}

#[test]
fn after_sigkill_every_acknowledged_record_is_in_the_journal() {
    use std::io::{BufRead as _, BufReader};
    use std::process::{Command, Stdio};
    let dir = TempDir::new().unwrap();
    for round in 1..=3 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                concat!(module_path!(), "::child_that_appends_until_it_is_killed")
                    .trim_start_matches("gateway::"),
                "--nocapture",
            ])
            .env(CHILD, folder(&dir))
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut acknowledged: Vec<Uuid> = Vec::new();
        while acknowledged.len() < 100 * round {
            let line = lines.next().expect("the child ended by itself").unwrap();
            acknowledged.extend(
                line.strip_prefix("acknowledged ")
                    .map(|id| id.parse::<Uuid>().unwrap()),
            );
        }
        child.kill().unwrap();
        acknowledged.extend(
            lines
                .map_while(Result::ok)
                .filter_map(|line| line.strip_prefix("acknowledged ")?.parse::<Uuid>().ok()),
        );
        child.wait().unwrap();
        drop(try_reopen(&dir).unwrap());
        let kept: std::collections::HashSet<Uuid> = records_in(&folder(&dir))
            .iter()
            .map(|record| record.event_id)
            .collect();
        let lost = acknowledged.iter().filter(|id| !kept.contains(id)).count();
        assert_eq!(lost, 0, "round {round}");
        walk(&dir);
    }
}
