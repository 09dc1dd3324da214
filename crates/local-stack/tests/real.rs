//! The real components under faults. Takes half a minute and what set-up fetches, so it runs only
//! when asked for: `cargo test -p local-stack --test real -- --ignored`. `TEST_KAFKA=tansu` tries the
//! faults on the other broker.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use alloy::providers::Provider;
use alloy::providers::ext::AnvilApi;
use local_stack::folders::find_checkout;
use local_stack::seed::{bucket, chain};
use local_stack::{KafkaChoice, Options, Progress, Services, Stack, Style, Unit};
use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use sqlx::{Connection, PgConnection};

const PATIENCE: Duration = Duration::from_secs(60);

fn options(name: &str, port_offset: u16) -> Options {
    let data_folder = Some(find_checkout().join(".local").join(name));
    Options {
        data_folder,
        kafka: std::env::var("TEST_KAFKA")
            .map_or(KafkaChoice::Auto, |kafka| kafka.parse().unwrap()),
        port_offset,
        services: Services::Only(BTreeSet::new()),
        ..Options::default()
    }
}

async fn topics(brokers: &str) -> BTreeSet<String> {
    let brokers = brokers.to_owned();
    tokio::task::spawn_blocking(move || {
        let consumer: BaseConsumer = ClientConfig::new()
            .set("bootstrap.servers", &brokers)
            .create()
            .unwrap();
        let metadata = consumer.fetch_metadata(None, PATIENCE).unwrap();
        metadata
            .topics()
            .iter()
            .map(|topic| topic.name().to_owned())
            .filter(|name| !name.starts_with("__"))
            .collect()
    })
    .await
    .unwrap()
}

async fn is_silent(unit: &Unit) -> bool {
    tokio::net::TcpStream::connect(unit.address())
        .await
        .is_err()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "starts real components"]
async fn components_keep_their_state_over_a_stop_and_answer_again_after_every_fault() {
    let stack = Stack::start(
        options("test-faults", 5400),
        &Progress::stderr(Style::Lines),
    )
    .await
    .unwrap();
    let endpoints = stack.endpoints().clone();

    let provider = chain::provider(&endpoints.chain.rpc).unwrap();
    provider.anvil_mine(Some(3), None).await.unwrap();
    let height = provider.get_block_number().await.unwrap();
    let registry = endpoints.chain.registry.parse().unwrap();
    let mut database = PgConnection::connect(&endpoints.postgres).await.unwrap();
    sqlx::query("CREATE TABLE kept (id int)")
        .execute(&mut database)
        .await
        .unwrap();
    drop(database);
    let s3 = bucket::client(&endpoints.s3, "us-east-1");
    let body = b"evidence".to_vec();
    s3.put_object()
        .bucket(&endpoints.s3.bucket)
        .key("kept")
        .body(body.into())
        .send()
        .await
        .unwrap();
    let before = topics(&endpoints.kafka).await;
    assert!(before.contains("access.decisions.v1.dlq"), "{before:?}");

    for name in ["chain", "postgres", "kafka", "s3", "fhir"] {
        let unit = stack.component(name).unwrap();
        unit.stop().await;
        assert!(
            is_silent(&unit).await,
            "{name} answers although it is stopped"
        );
        unit.start().await.unwrap();
        unit.pause().await;
        assert!(unit.is_running().await);
        unit.resume().await;
        unit.ready().await.unwrap();
    }
    assert_eq!(provider.get_block_number().await.unwrap(), height);
    assert!(!provider.get_code_at(registry).await.unwrap().is_empty());
    for name in ["postgres", "kafka", "s3", "fhir"] {
        let unit = stack.component(name).unwrap();
        unit.kill9().await;
        assert!(!unit.is_running().await);
        unit.start().await.unwrap();
    }
    let mut database = PgConnection::connect(&endpoints.postgres).await.unwrap();
    sqlx::query("SELECT id FROM kept")
        .fetch_all(&mut database)
        .await
        .unwrap();
    drop(database);
    s3.head_object()
        .bucket(&endpoints.s3.bucket)
        .key("kept")
        .send()
        .await
        .unwrap();
    assert_eq!(topics(&endpoints.kafka).await, before);

    let file = stack.endpoints_file();
    assert!(file.exists());
    let units: Vec<Unit> = ["chain", "postgres", "kafka", "s3", "fhir"]
        .map(|name| stack.component(name).unwrap())
        .into();
    stack.stop().await;
    assert!(!file.exists(), "the endpoints of a stopped stack are gone");
    for unit in units {
        assert!(is_silent(&unit).await, "{} outlived its stack", unit.name());
    }
}

/// A `local-stack up` of the components, in a process of its own.
struct Running {
    process: Child,
    data: PathBuf,
}

impl Running {
    fn start(name: &str, port_offset: u16) -> Self {
        let data = find_checkout().join(".local").join(name);
        let process = Self::command(&data, port_offset).spawn().unwrap();
        let mut running = Self { process, data };
        running.wait_until("ready", |running| {
            running.data.join("endpoints.json").exists()
        });
        running
    }

    fn command(data: &Path, port_offset: u16) -> Command {
        let _ = std::fs::remove_file(data.join("endpoints.json"));
        let mut command = Command::new(env!("CARGO_BIN_EXE_local-stack"));
        command
            .args([
                "up",
                "--services",
                "none",
                "--port-offset",
                &port_offset.to_string(),
                "--folder",
            ])
            .arg(data)
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        command
    }

    fn wait_until(&mut self, what: &str, condition: impl Fn(&Self) -> bool) {
        let give_up = Instant::now() + PATIENCE * 10;
        while !condition(self) {
            assert!(
                self.process.try_wait().unwrap().is_none(),
                "it ended before it was {what}"
            );
            assert!(Instant::now() < give_up, "never {what}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Process → (parent, name), of everything that is not a zombie.
fn processes() -> Vec<(u32, u32, String)> {
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter_map(|pid: u32| {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let (front, rest) = stat.rsplit_once(") ")?;
        let mut fields = rest.split(' ');
        let (state, parent) = (fields.next()?, fields.next()?.parse().ok()?);
        let name = front.split_once('(')?.1.to_owned();
        (state != "Z").then_some((pid, parent, name))
    })
    .collect()
}

fn descendants(ancestor: u32) -> Vec<(u32, String)> {
    let all = processes();
    let mut found: Vec<(u32, String)> = Vec::new();
    let mut queue = vec![ancestor];
    while let Some(parent) = queue.pop() {
        for (pid, _, name) in all.iter().filter(|(_, of, _)| *of == parent) {
            found.push((*pid, name.clone()));
            queue.push(*pid);
        }
    }
    found
}

#[test]
#[ignore = "starts real components"]
fn no_component_outlives_a_killed_parent() {
    let mut running = Running::start("test-death", 5800);
    let children = descendants(running.process.id());
    let names: BTreeSet<&str> = children.iter().map(|(_, name)| name.as_str()).collect();
    for expected in [
        "anvil", "postgres", "java", "radosgw", "ceph-mon", "ceph-osd", "node",
    ] {
        assert!(
            names.contains(expected),
            "{expected} is not among {names:?}"
        );
    }
    assert!(
        children
            .iter()
            .filter(|(_, name)| name == "postgres")
            .count()
            > 1,
        "postgres has workers"
    );
    running.process.kill().unwrap();
    running.process.wait().unwrap();
    let give_up = Instant::now() + PATIENCE;
    loop {
        let alive: BTreeSet<u32> = processes().into_iter().map(|(pid, _, _)| pid).collect();
        let left: Vec<_> = children
            .iter()
            .filter(|(pid, _)| alive.contains(pid))
            .collect();
        if left.is_empty() {
            break;
        }
        assert!(Instant::now() < give_up, "outlived their parent: {left:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
#[ignore = "starts real components"]
fn a_second_stack_in_the_same_folder_or_on_the_same_ports_is_refused_with_exit_code_2() {
    let running = Running::start("test-second", 6200);
    for (data, says) in [
        (
            running.data.clone(),
            format!(
                "already running from this folder (process {})",
                running.process.id()
            ),
        ),
        (
            running.data.with_file_name("test-third"),
            "is taken, chain needs it: process ".to_owned(),
        ),
    ] {
        let endpoints = data.join("endpoints.json");
        let kept = std::fs::read(&endpoints).ok();
        let output = Running::command(&data, 6200).output().unwrap();
        if let Some(kept) = kept {
            std::fs::write(&endpoints, kept).unwrap();
        }
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(&says), "{said}");
    }
}
