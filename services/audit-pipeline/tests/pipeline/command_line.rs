//! The `audit` command, straight from the bucket.

use std::process::{Command, Output};

use audit_core::Record;
use serde_json::Value;

use crate::support::records::Journal;
use crate::support::{Bench, Service, eventually};

fn audit(bench: &Bench, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_audit"))
        .env_clear()
        .env("S3_ENDPOINT", &bench.access.endpoint)
        .env("S3_BUCKET", &bench.bucket)
        .env("S3_ACCESS_KEY", &bench.access.access_key)
        .env("S3_SECRET_KEY", &bench.access.secret_key)
        .args(arguments)
        .output()
        .unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

async fn archive_of(lines: &[Vec<u8>]) -> Bench {
    let bench = Bench::new().await;
    let service = Service::ready(&bench).await;
    bench.send(lines).await;
    eventually("not all is committed", || async {
        let committed = bench.committed(0).await;
        (committed == Some(lines.len() as i64))
            .then_some(())
            .ok_or(format!("{committed:?}"))
    })
    .await;
    service.kill();
    bench
}

#[tokio::test]
async fn counts_are_a_table_or_the_json_of_the_api() {
    let bench = archive_of(&Journal::of("gateway-1").lines(20)).await;
    let span = ["counts", "--from", "2026-03-01", "--to", "2026-03-02"];
    let table = audit(&bench, &span);
    assert_eq!(table.status.code(), Some(0), "{table:?}");
    assert!(
        out(&table).contains("permit") && out(&table).contains("20 decisions"),
        "{}",
        out(&table)
    );
    let json = audit(&bench, &[&span[..], &["--json"]].concat());
    let rows: Value = serde_json::from_str(&out(&json)).unwrap();
    assert_eq!(rows["counts"].as_array().unwrap().len(), 4);
    let other = audit(
        &bench,
        &[&span[..], &["--json", "--tenant", "nobody"]].concat(),
    );
    assert_eq!(out(&other).trim(), r#"{"counts":[]}"#);
}

#[tokio::test]
async fn objects_are_listed_with_their_lock() {
    let bench = archive_of(&Journal::of("gateway-1").lines(3)).await;
    let table = audit(&bench, &["ls"]);
    assert_eq!(table.status.code(), Some(0), "{table:?}");
    assert!(out(&table).contains("COMPLIANCE"), "{}", out(&table));
    let row: Value = serde_json::from_str(
        out(&audit(&bench, &["ls", "--json"]))
            .lines()
            .next()
            .unwrap(),
    )
    .unwrap();
    assert_eq!(
        (&row["mode"], &row["fault"]),
        (&"COMPLIANCE".into(), &Value::Null)
    );
    assert!(
        row["retainUntil"]
            .as_str()
            .is_some_and(|until| until.ends_with('Z')),
        "{row}"
    );
}

#[tokio::test]
async fn an_unlocked_object_among_the_evidence_is_pointed_out() {
    let bench = archive_of(&Journal::of("gateway-1").lines(3)).await;
    bench
        .s3
        .put_object()
        .bucket(&bench.bucket)
        .key("events/v=1/dt=2026-03-01/p=000/00000000000000000099.ndjson")
        .body(b"planted".to_vec().into())
        .send()
        .await
        .unwrap();
    for arguments in [
        &["ls"][..],
        &["counts", "--from", "2026-03-01", "--to", "2026-03-02"],
    ] {
        let output = audit(&bench, arguments);
        assert_eq!(output.status.code(), Some(4), "{output:?}");
        assert!(
            String::from_utf8_lossy(&output.stderr).contains("00099.ndjson"),
            "{output:?}"
        );
    }
}

#[tokio::test]
async fn a_record_is_shown_byte_for_byte_with_its_object_and_lock() {
    let lines = Journal::of("gateway-1").lines(3);
    let bench = archive_of(&lines).await;
    let id = Record::from_line(&lines[1]).unwrap().event_id.to_string();
    let shown = audit(&bench, &["show", &id]);
    assert_eq!(shown.status.code(), Some(0), "{shown:?}");
    assert!(
        out(&shown).contains(std::str::from_utf8(&lines[1]).unwrap()),
        "{}",
        out(&shown)
    );
    let parsed: Value = serde_json::from_str(&out(&shown)).unwrap();
    assert_eq!(parsed["object"]["mode"], "COMPLIANCE");

    let unknown = audit(&bench, &["show", "01980000-0000-7000-8000-000000000000"]);
    assert_eq!(unknown.status.code(), Some(3), "{unknown:?}");
}

#[tokio::test]
async fn wrong_usage_is_told_from_an_unreachable_archive() {
    let bench = Bench::new().await;
    for arguments in [
        &["counts"][..],
        &["counts", "--from", "x", "--to", "y"],
        &["show", "x"],
        &["nothing"],
    ] {
        assert_eq!(
            audit(&bench, arguments).status.code(),
            Some(2),
            "{arguments:?}"
        );
    }
    let missing = Command::new(env!("CARGO_BIN_EXE_audit"))
        .env_clear()
        .env("S3_ENDPOINT", "http://127.0.0.1:1")
        .env("S3_ACCESS_KEY", "a")
        .env("S3_SECRET_KEY", "b")
        .arg("ls")
        .output()
        .unwrap();
    assert_eq!(missing.status.code(), Some(1), "{missing:?}");
    assert!(String::from_utf8_lossy(&missing.stderr).contains("S3_ENDPOINT"));
}
