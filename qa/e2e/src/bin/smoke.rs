//! Asks every health endpoint of a stack that is already up and prints the chain height.
//! Exit code 0 when everything is ready, 1 when something is not, 2 when no stack is known.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use local_stack::endpoints::Endpoints;
use serde_json::{Value, json};

/// Ask every health endpoint of a running stack.
#[derive(Parser)]
#[command(name = "scripts/smoke", version)]
struct Args {
    /// The endpoints file that `scripts/demo --keep` writes.
    #[arg(long, default_value = ".local/endpoints.json")]
    endpoints: PathBuf,
    /// One JSON object instead of a table.
    #[arg(long)]
    json: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    let endpoints = match Endpoints::read(&args.endpoints) {
        Ok(endpoints) => endpoints,
        Err(error) => {
            eprintln!("no stack is known: {error:#}\nstart one with `scripts/demo --keep`");
            return ExitCode::from(2);
        }
    };
    let http = match reqwest::Client::builder()
        .timeout(Duration::from_secs(5))
        .no_proxy()
        .build()
    {
        Ok(http) => http,
        Err(error) => {
            eprintln!("cannot make an HTTP client: {error}");
            return ExitCode::FAILURE;
        }
    };
    let mut rows = Vec::new();
    let services = [
        ("auth-service", &endpoints.auth),
        ("consent-indexer", &endpoints.indexer),
        ("ehr-gateway", &endpoints.gateway),
        ("audit-pipeline", &endpoints.audit),
        ("consent-relay", &endpoints.relay),
    ];
    let apps = endpoints.apps.iter().map(|app| (app.id.as_str(), &app.url));
    for (name, base) in services.into_iter().chain(apps) {
        rows.push((name, probe(&http, &format!("{base}/health/ready")).await));
    }
    rows.push((
        "fhir",
        probe(&http, &format!("{}/metadata", endpoints.fhir)).await,
    ));
    let height = chain_height(&http, &endpoints.chain.rpc).await;
    rows.push((
        "chain",
        height.clone().map(|block| format!("block {block}")),
    ));

    if args.json {
        let checks: serde_json::Map<String, Value> = rows
            .iter()
            .map(|(name, outcome)| {
                let text = outcome.clone().unwrap_or_else(|reason| reason);
                (
                    (*name).to_owned(),
                    json!({"ok": outcome.is_ok(), "detail": text}),
                )
            })
            .collect();
        println!("{}", json!({"checks": checks, "chainHeight": height.ok()}));
    } else {
        let cells: Vec<Vec<String>> = rows
            .iter()
            .map(|(name, outcome)| match outcome {
                Ok(detail) => vec![(*name).to_owned(), "ready".into(), detail.clone()],
                Err(reason) => vec![(*name).to_owned(), "NOT READY".into(), reason.clone()],
            })
            .collect();
        println!(
            "{}",
            e2e::report::table(&["part", "state", "detail"], &cells)
        );
    }
    if rows.iter().all(|(_, outcome)| outcome.is_ok()) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

async fn probe(http: &reqwest::Client, url: &str) -> Result<String, String> {
    let response = http
        .get(url)
        .send()
        .await
        .map_err(|_| "no answer".to_owned())?;
    let status = response.status();
    let body: Value = response.json().await.unwrap_or(Value::Null);
    if status.is_success() {
        return Ok(body["checks"]
            .as_object()
            .map(|checks| checks.keys().cloned().collect::<Vec<_>>().join(", "))
            .unwrap_or_default());
    }
    let failing: Vec<String> = body["checks"]
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(_, outcome)| *outcome != "ok")
        .map(|(name, outcome)| format!("{name}: {}", outcome.as_str().unwrap_or("?")))
        .collect();
    Err(format!("HTTP {} {}", status.as_u16(), failing.join(", ")))
}

async fn chain_height(http: &reqwest::Client, rpc: &str) -> Result<u64, String> {
    let request = json!({"jsonrpc": "2.0", "id": 1, "method": "eth_blockNumber", "params": []});
    let answer: Value = http
        .post(rpc)
        .json(&request)
        .send()
        .await
        .map_err(|_| "no answer".to_owned())?
        .json()
        .await
        .map_err(|_| "no JSON in the answer".to_owned())?;
    answer["result"]
        .as_str()
        .and_then(|hex| u64::from_str_radix(hex.trim_start_matches("0x"), 16).ok())
        .ok_or_else(|| "no block number in the answer".to_owned())
}
