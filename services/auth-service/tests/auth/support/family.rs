//! A parent with a record of their own, a child, an administrator, and what the chain says of the parent's key.

use access_token::Amr;
use alloy::primitives::Address;
use auth_service::account::{Account, Role, store as accounts};
use serde_json::{Value, json};
use uuid::Uuid;

use super::apps::{PORTAL, Person, with_apps};
use super::{Answer, ISSUER, NOW, Service, TENANT, at, binding, subject};

pub const PARENT: Uuid = Uuid::from_u128(0x7f0c_1f64_7e1b_4d3e_9a55_0d5d_2c1b_7a10);
pub const ADMIN_ACCOUNT: Uuid = Uuid::from_u128(9);
pub const DELEGATE: Address = Address::repeat_byte(0xde);
/// The keys of the two.
pub const CHILD_KEY: u8 = 1;
pub const PARENT_KEY: u8 = 2;
/// What an app asks for that is to act for the child.
pub const FOR_CHILD: (&str, &str) = ("patient", "child-1");

/// The scopes it asks for then.
pub const ALL: (&str, &str) = (
    "scope",
    "openid fhirUser launch/patient patient:consent.read patient:consent.write patient/*.rs",
);

/// A delegate as the indexer shows it.
pub fn delegate(status: &str, rights: &[&str]) -> Option<Value> {
    Some(json!({"delegate": DELEGATE, "status": status, "rights": rights}))
}

pub fn may_grant() -> Option<Value> {
    delegate("ACTIVE", &["REVOKE", "GRANT"])
}

pub fn mandate() -> Value {
    json!({
        "kind": "parent", "scope": "patient:consent.read patient:consent.write patient/*.rs",
        "delegate": DELEGATE, "validFrom": "2030-03-17T00:00:00Z", "validTo": "2035-01-01T00:00:00Z",
    })
}

/// The usual mandate with another value.
pub fn mandate_with(name: &str, value: Value) -> Value {
    let mut body = mandate();
    body[name] = value;
    body
}

/// A service with the two in it.
pub struct Family {
    pub service: Service,
}

impl Family {
    /// The parent and the child have keys; there is no mandate yet. The portal's tokens are also for this service, and it
    /// may exchange them.
    pub async fn start(chain: Option<Value>) -> Self {
        let mut clients = with_apps();
        let all = clients.as_array_mut().unwrap();
        let portal = all.iter_mut().find(|client| client["clientId"] == PORTAL.0);
        let portal = portal.unwrap();
        portal["audiences"]
            .as_array_mut()
            .unwrap()
            .push(ISSUER.into());
        let exchange = "urn:ietf:params:oauth:grant-type:token-exchange";
        portal["grantTypes"]
            .as_array_mut()
            .unwrap()
            .push(exchange.into());
        let service = Service::start_with_clients(&clients, |_| {}).await;
        service.chain.delegate(chain);
        for (id, login, role) in [
            (PARENT, "parent", super::apps::patient("parent-1")),
            (ADMIN_ACCOUNT, "admin", Role::Admin),
        ] {
            let mut connection = service.db.acquire().await.unwrap();
            let account = account(id, login, role);
            accounts::create(&mut connection, &account, at(NOW))
                .await
                .unwrap();
        }
        let family = Self { service };
        for (patient, key) in [("child-1", CHILD_KEY), ("parent-1", PARENT_KEY)] {
            let (admin, body) = (
                family.service.admin().await,
                binding(patient, &subject(key), 1),
            );
            let path = format!("/v1/patients/{patient}");
            let bound = family.service.put(&path, &admin, &body).await;
            assert_eq!(bound.status, 201, "{}", bound.body);
        }
        family
    }

    /// The same with the usual mandate; its id.
    pub async fn with_mandate(chain: Option<Value>) -> (Self, String) {
        let family = Self::start(chain).await;
        let id = family.mandated(&mandate()).await;
        (family, id)
    }

    /// What the chain says from now on.
    pub fn chain_says(&self, row: Option<Value>) {
        self.service.chain.delegate(row);
    }

    pub async fn put(&self, account: Uuid, fhir_id: &str, body: &Value) -> Answer {
        let admin = self.service.admin().await;
        let path = format!("/v1/patients/{fhir_id}/proxies/{account}");
        self.service.put(&path, &admin, body).await
    }

    /// A mandate of the parent for the child; its id.
    pub async fn mandated(&self, body: &Value) -> String {
        let stored = self.put(PARENT, "child-1", body).await;
        assert_eq!(stored.status, 201, "{}", stored.body);
        stored.body["id"].as_str().unwrap().to_owned()
    }

    /// Ends it.
    pub async fn end_mandate(&self) -> Answer {
        let admin = self.service.admin().await;
        let path = format!("/v1/patients/child-1/proxies/{PARENT}");
        self.service.delete(&path, &admin).await
    }

    /// The parent, signed in by these.
    pub async fn parent(&self, amr: &[Amr]) -> Person {
        let account = account(PARENT, "parent", super::apps::patient("parent-1"));
        self.service.sign_in_again(account, amr).await
    }

    /// The parent, signed in by a passkey, and the portal's tokens for the child.
    pub async fn for_child(&self, changes: &[(&str, &str)]) -> (Person, Answer) {
        let parent = self.parent(&[Amr::Pop]).await;
        let mut all = vec![FOR_CHILD, ALL];
        all.extend_from_slice(changes);
        let answer = self.service.let_in(&parent, PORTAL.0, &all).await;
        (parent, answer)
    }

    /// What the portal gets for a refresh token.
    pub async fn refresh(&self, token: &str) -> Answer {
        self.service.refresh(PORTAL.0, token, &[]).await
    }
}

fn account(id: Uuid, login: &str, role: Role) -> Account {
    Account {
        id,
        tenant: TENANT.into(),
        login: login.into(),
        role,
        disabled: false,
        version: 0,
    }
}
