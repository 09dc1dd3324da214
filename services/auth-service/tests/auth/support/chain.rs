//! Stands for a consent-indexer that tests make say things, and that can be down.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use alloy::primitives::Address;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};

/// What the chain says: all organisations are verified but those that were suspended, and no wallet signed anything
/// but those that were told to. There are no practitioners but those that were employed.
#[derive(Clone, Default)]
pub struct Chain(Arc<Mutex<Told>>);

#[derive(Default)]
struct Told {
    suspended: BTreeSet<Address>,
    signing: BTreeSet<Address>,
    delegate: Option<Value>,
    employers: BTreeMap<Address, Address>,
    down: bool,
}

impl Chain {
    /// Starts answering; returns where.
    pub async fn serve(&self) -> String {
        let routes = Router::new()
            .route("/v1/organizations", get(organizations))
            .route("/v1/organizations/{address}", get(one))
            .route("/v1/practitioners", get(practitioners))
            .route("/v1/practitioners/{address}", get(practitioner))
            .route("/v1/subjects/{address}/delegates", get(delegates))
            .route("/v1/signature-checks", post(signature))
            .with_state(self.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        url
    }

    /// An organisation or a practitioner.
    pub fn suspend(&self, grantee: Address) {
        self.0.lock().unwrap().suspended.insert(grantee);
    }

    pub fn reinstate(&self, grantee: Address) {
        self.0.lock().unwrap().suspended.remove(&grantee);
    }

    /// From now on this practitioner is verified as one of this organisation.
    pub fn employ(&self, practitioner: Address, organization: Address) {
        let mut told = self.0.lock().unwrap();
        told.employers.insert(practitioner, organization);
    }

    /// From now on this wallet's code says that it signed whatever it is asked about.
    pub fn signs(&self, wallet: Address) {
        self.0.lock().unwrap().signing.insert(wallet);
    }

    /// From now on this wallet's code says that it signed nothing.
    pub fn signs_no_more(&self, wallet: Address) {
        self.0.lock().unwrap().signing.remove(&wallet);
    }

    /// What it says of every subject's first delegate from now on; of delegates no answer without it.
    pub fn delegate(&self, row: Option<Value>) {
        self.0.lock().unwrap().delegate = row;
    }

    /// From now on it gives no answer.
    pub fn stop(&self) {
        self.0.lock().unwrap().down = true;
    }

    fn suspended(&self, headers: &HeaderMap) -> Result<BTreeSet<Address>, StatusCode> {
        assert!(headers.contains_key("authorization"));
        let told = self.0.lock().unwrap();
        if told.down {
            return Err(StatusCode::SERVICE_UNAVAILABLE);
        }
        Ok(told.suspended.clone())
    }
}

async fn delegates(
    State(chain): State<Chain>,
    headers: HeaderMap,
) -> Result<Json<Value>, StatusCode> {
    chain.suspended(&headers)?;
    let row = chain.0.lock().unwrap().delegate.clone();
    row.map(|row| Json(json!({"delegates": [row]})))
        .ok_or(StatusCode::SERVICE_UNAVAILABLE)
}

async fn signature(
    State(chain): State<Chain>,
    headers: HeaderMap,
    Json(question): Json<Value>,
) -> Result<Json<Value>, StatusCode> {
    chain.suspended(&headers)?;
    let actor: Address = question["actor"].as_str().unwrap().parse().unwrap();
    let signed = chain.0.lock().unwrap().signing.contains(&actor);
    Ok(Json(json!({"signed": signed})))
}

async fn one(
    State(chain): State<Chain>,
    Path(address): Path<Address>,
    headers: HeaderMap,
) -> Result<Json<Value>, StatusCode> {
    let verified = !chain.suspended(&headers)?.contains(&address);
    Ok(Json(
        json!({"organization": {"address": address, "verified": verified}}),
    ))
}

async fn practitioner(
    State(chain): State<Chain>,
    Path(address): Path<Address>,
    headers: HeaderMap,
) -> Result<Json<Value>, StatusCode> {
    let suspended = chain.suspended(&headers)?;
    let employer = chain.0.lock().unwrap().employers.get(&address).copied();
    let employer = employer.ok_or(StatusCode::NOT_FOUND)?;
    let verified = !suspended.contains(&address) && !suspended.contains(&employer);
    Ok(Json(
        json!({"practitioner": {"address": address, "verified": verified, "organization": employer}}),
    ))
}

async fn organizations(
    State(chain): State<Chain>,
    Query(query): Query<Vec<(String, String)>>,
    headers: HeaderMap,
) -> Result<Json<Value>, StatusCode> {
    let employed: BTreeSet<Address> = chain.0.lock().unwrap().employers.keys().copied().collect();
    let suspended = &chain.suspended(&headers)? - &employed;
    Ok(page("organizations", &query, suspended))
}

async fn practitioners(
    State(chain): State<Chain>,
    Query(query): Query<Vec<(String, String)>>,
    headers: HeaderMap,
) -> Result<Json<Value>, StatusCode> {
    let suspended = chain.suspended(&headers)?;
    let employers = chain.0.lock().unwrap().employers.clone();
    let unverified = employers.into_iter().filter_map(|(address, employer)| {
        let either = suspended.contains(&address) || suspended.contains(&employer);
        either.then_some(address)
    });
    Ok(page("practitioners", &query, unverified.collect()))
}

/// One row a page, so that readers have to turn pages.
fn page(list: &str, query: &[(String, String)], unverified: BTreeSet<Address>) -> Json<Value> {
    let asked = |name: &str| query.iter().find(|(key, _)| key == name);
    assert_eq!(asked("verified").unwrap().1, "false");
    let after: Option<Address> = asked("cursor").map(|(_, cursor)| cursor.parse().unwrap());
    let mut rest = unverified
        .into_iter()
        .filter(|address| Some(*address) > after);
    let row = rest.next();
    let next = row.filter(|_| rest.next().is_some());
    let rows: Vec<Value> = row
        .map(|address| json!({"address": address, "verified": false}))
        .into_iter()
        .collect();
    Json(json!({list: rows, "next": next}))
}
