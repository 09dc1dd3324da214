//! What clients that others wrote need: the real service, themselves registered, and somebody who is signed in.

use access_token::Amr;
use auth_service::account::{self, Account, Role};
use auth_service::session::{self, Proven};
use auth_service::{db, random_id, system_random};
use serde_json::{Value, json};
use time::OffsetDateTime;

use super::binary::{self, Running};
use super::{Database, Setup, TENANT, clients, key, secret};

pub const BACK: &str = "http://127.0.0.1/callback";
pub const BYE: &str = "https://portal.example/bye";
pub const BACKEND: (&str, u8) = ("foreign-backend", 60);
pub const PORTAL: (&str, u8) = ("foreign-portal", 61);
pub const APP: &str = "foreign-app";
pub const SCOPE: &str = "openid fhirUser patient:consent.read patient/*.rs";

/// The service, and all that a client has to know of it.
pub struct World {
    pub issuer: String,
    /// What the signed-in person's browser sends.
    pub cookie: String,
    _running: Running,
    _setup: Setup,
    _database: Database,
}

/// A private JWK as clients keep it.
pub fn private_jwk(n: u8) -> Value {
    let mut jwk: Value = serde_json::from_str(&secret(n).to_jwk_string()).unwrap();
    jwk["kid"] = json!(key(n).kid());
    jwk["alg"] = json!("ES256");
    jwk
}

fn registered(issuer: &str) -> Value {
    let people = json!(["authorization_code", "refresh_token"]);
    let mut all = clients().as_array().unwrap().clone();
    for client in &mut all {
        client["audiences"] = json!([issuer]);
    }
    all.extend([
        json!({
            "clientId": BACKEND.0, "persona": "system", "jwks": {"keys": [key(BACKEND.1).public()]},
            "scopes": ["system:directory.read"], "audiences": [issuer],
        }),
        json!({
            "clientId": PORTAL.0, "persona": "patient", "firstParty": true, "audiences": [issuer],
            "jwks": {"keys": [key(PORTAL.1).public()]}, "scopes": SCOPE.split(' ').collect::<Vec<_>>(),
            "grantTypes": people, "redirectUris": [BACK], "postLogoutRedirectUris": [BYE],
        }),
        json!({
            "clientId": APP, "persona": "patient", "firstParty": true, "audiences": [issuer],
            "tokenEndpointAuthMethod": "none", "requireDpop": true, "scopes": SCOPE.split(' ').collect::<Vec<_>>(),
            "grantTypes": people, "redirectUris": [BACK],
        }),
    ]);
    Value::Array(all)
}

/// Starts the real binary and signs a patient in.
pub async fn start() -> World {
    let database = Database::create().await;
    let port = local_stack::ports::any_free().unwrap();
    let issuer = format!("http://127.0.0.1:{port}");
    let mut setup = Setup::of(TENANT, &issuer, &database.url, &registered(&issuer));
    binary::listen(&mut setup, port);
    let running = binary::start(&setup, port).await;
    let cookie = sign_in(&database.url).await;
    World {
        issuer,
        cookie,
        _running: running,
        _setup: setup,
        _database: database,
    }
}

/// A patient with a passkey, signed in just now.
async fn sign_in(url: &str) -> String {
    let random = system_random();
    let now = OffsetDateTime::now_utc();
    let db = db::open(url, TENANT, 1).await.unwrap();
    let mut connection = db.acquire().await.unwrap();
    let account = Account {
        id: random_id(&random),
        tenant: TENANT.to_owned(),
        login: "jane".to_owned(),
        role: Role::Patient {
            fhir_id: "p-1".to_owned(),
        },
        disabled: false,
        version: 0,
    };
    account::store::create(&mut connection, &account, now)
        .await
        .unwrap();
    let proven = Proven {
        amr: vec![Amr::Pop],
    };
    let (_, secret) = session::store::start(&mut connection, account, proven, &random, now)
        .await
        .unwrap();
    let set = secret.set();
    set.to_str().unwrap().split(';').next().unwrap().to_owned()
}
