//! The real binary: what it refuses to start with, how it starts, answers and stops.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use crate::support::{ADMIN, CLINIC_A, Database, Setup, key, registration, secret};
use serde_json::{Value, json};

fn command(setup: &Setup) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_auth-service"));
    command
        .env_clear()
        .envs(setup.variables.iter().cloned())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn run(setup: &Setup) -> (Option<i32>, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = command(setup).output().unwrap();
    (
        status.code(),
        format!(
            "{}{}",
            String::from_utf8_lossy(&stdout),
            String::from_utf8_lossy(&stderr)
        ),
    )
}

/// Kills the child when the test ends early.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn every_fault_of_the_configuration_is_named_at_once() {
    let mut setup = Setup::new("postgres://u:hunter2@127.0.0.1:1/none", &json!([]));
    setup.variables.retain(|(name, _)| name != "TENANT");
    for (name, value) in [
        ("ISSUER", "https://auth.example/with/path"),
        ("CHAIN_ID", "many"),
        ("REGISTRY_ADDRESS", "0x12"),
        ("KEY_ENCRYPTION_KEY_FILE", "/nonexistent"),
        ("LISTEN", "here"),
    ] {
        setup.variables.retain(|(other, _)| other != name);
        setup.variables.push((name.to_owned(), value.to_owned()));
    }
    let (code, output) = run(&setup);
    assert_eq!(code, Some(2), "{output}");
    for name in [
        "TENANT",
        "ISSUER",
        "CHAIN_ID",
        "REGISTRY_ADDRESS",
        "KEY_ENCRYPTION_KEY_FILE",
        "LISTEN",
    ] {
        assert!(output.contains(name), "{name} is missing in: {output}");
    }
    assert!(!output.contains("hunter2"));
}

#[test]
fn every_fault_of_the_clients_file_is_named_at_once() {
    let with = |client: Value, name: &str, value: Value| {
        let mut client = client;
        client[name] = value;
        client
    };
    let good = registration(ADMIN, "admin", None, &["admin:*"]);
    let provider = registration(
        CLINIC_A,
        "provider",
        Some("clinic-a"),
        &["provider:records.read"],
    );
    let private: Value = serde_json::from_str(&secret(8).to_jwk_string()).unwrap();
    let public = serde_json::to_value(key(8).public()).unwrap();
    let clients = json!([
        good,
        good,
        with(
            registration(("c-persona", 10), "admin", None, &["admin:*"]),
            "persona",
            json!("nurse")
        ),
        with(
            registration(("c-scope", 11), "system", None, &["system:directory.read"]),
            "scopes",
            json!(["system:invented"])
        ),
        with(
            registration(
                ("c-foreign", 12),
                "system",
                None,
                &["system:directory.read"]
            ),
            "scopes",
            json!(["admin:*"])
        ),
        with(provider.clone(), "clientId", json!("c-org"))
            .as_object()
            .map(|c| {
                let mut c = c.clone();
                c.remove("organization");
                Value::from(c)
            })
            .unwrap(),
        with(
            with(provider.clone(), "clientId", json!("c-purpose")),
            "purposes",
            json!(["treat!"])
        ),
        with(
            with(provider.clone(), "clientId", json!("c-audience")),
            "audiences",
            json!(["not a uri"])
        ),
        with(
            with(provider.clone(), "clientId", json!("c-private")),
            "jwks",
            json!({"keys": [private]})
        ),
        with(
            with(provider.clone(), "clientId", json!("c-twice")),
            "jwks",
            json!({"keys": [public, public]})
        ),
        with(
            with(provider.clone(), "clientId", json!("c-nokey")),
            "jwks",
            json!({"keys": []})
        ),
        with(
            with(provider.clone(), "clientId", json!("c-extra")),
            "colour",
            json!("red")
        ),
        with(
            with(provider, "clientId", json!("c with space")),
            "purposes",
            json!([])
        ),
        "not an object",
    ]);
    let (code, output) = run(&Setup::new("postgres://127.0.0.1:1/none", &clients));
    assert_eq!(code, Some(2), "{output}");
    let faults = [
        "occurs twice",
        "c-persona",
        "persona must be",
        "c-scope",
        "system:invented",
        "c-foreign",
        "c-org",
        "needs an organization",
        "c-purpose",
        "treat!",
        "c-audience",
        "not a uri",
        "c-private",
        "private key",
        "c-twice",
        "kid of another",
        "c-nokey",
        "there is no key",
        "c-extra",
        "colour",
        "c with space",
        "printable",
        "position 13",
    ];
    for fault in faults {
        assert!(output.contains(fault), "{fault:?} is missing in: {output}");
    }
    assert!(
        !output.contains(private["d"].as_str().unwrap()),
        "no key material in the output"
    );
}

#[test]
fn a_clients_file_that_is_no_json_or_a_key_that_is_none_stops_the_start() {
    let setup = Setup::new("postgres://127.0.0.1:1/none", &json!([]));
    std::fs::write(setup.dir.path().join("clients.json"), "{").unwrap();
    std::fs::write(setup.dir.path().join("sealing-key.hex"), "secret").unwrap();
    let (code, output) = run(&setup);
    assert_eq!(code, Some(2), "{output}");
    assert!(
        output.contains("CLIENTS_FILE") && output.contains("KEY_ENCRYPTION_KEY_FILE"),
        "{output}"
    );
}

#[tokio::test]
async fn it_starts_serves_and_stops_at_sigterm() {
    let database = Database::create().await;
    let mut setup = Setup::new(&database.url, &crate::support::clients());
    let port = || format!("127.0.0.1:{}", local_stack::ports::any_free().unwrap());
    let (listen, metrics) = (port(), port());
    setup.variables.retain(|(name, _)| !name.contains("LISTEN"));
    setup.variables.push(("LISTEN".into(), listen.to_string()));
    setup
        .variables
        .push(("METRICS_LISTEN".into(), metrics.to_string()));
    let mut running = Running(command(&setup).spawn().unwrap());
    let stdout = running.0.stdout.take().unwrap();
    let logs = std::thread::spawn(move || {
        BufReader::new(stdout)
            .lines()
            .map_while(Result::ok)
            .collect::<Vec<_>>()
    });

    let http = reqwest::Client::new();
    let deadline = Instant::now() + Duration::from_secs(30);
    let ready = loop {
        match http
            .get(format!("http://{listen}/health/ready"))
            .send()
            .await
        {
            Ok(response) if response.status() == 200 => {
                break response.json::<Value>().await.unwrap();
            }
            _ if Instant::now() > deadline => panic!("not ready in time"),
            _ => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    };
    assert_eq!(
        ready,
        json!({"status": "ready", "checks": {"postgres": "ok", "signing-key": "ok"}})
    );
    let keys: Value = http
        .get(format!("http://{listen}/oauth2/jwks"))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let made = access_token::PublicJwk::from_value(&keys["keys"][0]).unwrap();
    assert_eq!(made.kid(), made.thumbprint());
    let hidden = http
        .get(format!("http://{listen}/v1/patients/Jane-Doe-17?secret=1"))
        .send()
        .await
        .unwrap();
    assert_eq!(hidden.status(), 401);
    let metrics = http
        .get(format!("http://{metrics}/metrics"))
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert!(metrics.contains("http_requests_total"));

    let stopped = Command::new("kill")
        .args(["-TERM", &running.0.id().to_string()])
        .status()
        .unwrap();
    assert!(stopped.success());
    let status = tokio::task::spawn_blocking(move || running.0.wait().unwrap())
        .await
        .unwrap();
    assert_eq!(status.code(), Some(0));
    let logs = logs.join().unwrap();
    assert!(
        logs.iter()
            .all(|line| serde_json::from_str::<Value>(line).is_ok()),
        "{logs:?}"
    );
    assert!(
        logs.iter()
            .any(|line| line.contains("/v1/patients/{fhirId}")),
        "the matched route is logged"
    );
    assert!(
        !logs
            .iter()
            .any(|line| line.contains("Jane-Doe-17") || line.contains("secret=1")),
        "paths are not"
    );
}

#[test]
fn the_committed_openapi_document_is_what_the_binary_prints() {
    let output = Command::new(env!("CARGO_BIN_EXE_auth-service"))
        .arg("openapi")
        .env_clear()
        .output()
        .unwrap();
    assert!(output.status.success());
    let committed = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../docs/api/auth-service.json"
    );
    let committed = std::fs::read(committed).expect("docs/api/auth-service.json is committed");
    assert!(
        output.stdout == committed,
        "docs/api/auth-service.json is stale: run scripts/generate"
    );
}
