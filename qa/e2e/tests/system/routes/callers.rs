//! Tokens that a route must refuse.

use std::collections::HashMap;

use access_token::SigningKey;
use anyhow::{Context, Result};
use local_stack::layout::Client;
use local_stack::{Layout, Overrides, Unit, ports};
use serde_json::json;
use tempfile::TempDir;

use super::base;
use super::document::Route;
use crate::world::World;

/// The stack's clients, each with everything that it may ask for.
pub struct Callers<'a> {
    world: &'a World,
    layout: &'a Layout,
    issued: HashMap<(String, String, String), String>,
}

impl<'a> Callers<'a> {
    pub fn new(world: &'a World, layout: &'a Layout) -> Self {
        let issued = HashMap::new();
        Self {
            world,
            layout,
            issued,
        }
    }

    /// Tokens for the route's service, of every client, with all its scopes but for those that the route names.
    pub async fn but_for(&mut self, route: &Route) -> Result<Vec<(String, String)>> {
        let named: Vec<String> = route.alternatives().into_iter().flatten().collect();
        let mut tokens = Vec::new();
        for client in self.clients() {
            let scopes = client.scopes.iter().filter(|scope| !named.contains(scope));
            let scopes: Vec<&str> = scopes.map(String::as_str).collect();
            if !scopes.is_empty() && client.audiences.contains(&route.service) {
                let scopes = scopes.join(" ");
                tokens.push(self.token(&client.id, &route.service, scopes).await?);
            }
        }
        Ok(tokens)
    }

    /// Tokens of every client, with all its scopes, for a service that is not the route's.
    pub async fn elsewhere(&mut self, route: &Route) -> Result<Vec<(String, String)>> {
        let mut tokens = Vec::new();
        for client in self.clients() {
            let mut others = client.audiences.iter();
            if let Some(other) = others.find(|service| **service != route.service) {
                let scopes = client.scopes.join(" ");
                tokens.push(self.token(&client.id, other, scopes).await?);
            }
        }
        Ok(tokens)
    }

    /// Those whose keys the tests have.
    fn clients(&self) -> impl Iterator<Item = &'a Client> + use<'a> {
        let clients = self.layout.clients.iter();
        clients.filter(|client| !client.internal)
    }

    /// The scopes, and a token with them; each is issued once.
    async fn token(
        &mut self,
        client: &str,
        service: &str,
        scopes: String,
    ) -> Result<(String, String)> {
        let key = (client.to_owned(), service.to_owned(), scopes.clone());
        if let Some(token) = self.issued.get(&key) {
            return Ok((scopes, token.clone()));
        }
        let audience = base(self.world, service)?;
        let (token, _) = self.world.api.token(client, audience, &scopes).await?;
        self.issued.insert(key, token.clone());
        Ok((scopes, token))
    }
}

/// The auth-service of another custodian, on the same database, with its own name, keys and clients.
pub struct Foreign {
    unit: Unit,
    issuer: String,
    _clients: TempDir,
}

const CLIENT: &str = "ops-system";

impl Foreign {
    /// Starts it. One of our clients is registered there too, with everything that a system may do.
    pub async fn start(world: &World, layout: &Layout) -> Result<Self> {
        let port = ports::any_free().context("no free port")?;
        let issuer = format!("http://127.0.0.1:{port}");
        let audiences = layout.services.keys().map(|name| base(world, name));
        let scopes = layout.clients.iter().find(|client| client.id == CLIENT);
        let key = SigningKey::from_jwk(&world.api.client(CLIENT)?.private_jwk)?;
        let clients = json!([{
            "clientId": CLIENT,
            "persona": "system",
            "jwks": {"keys": [key.public()]},
            "scopes": scopes.context("a system client")?.scopes,
            "audiences": audiences.collect::<Result<Vec<_>>>()?,
            "purposes": ["TREAT"],
        }]);
        let folder = TempDir::new()?;
        let file = folder.path().join("clients.json");
        std::fs::write(&file, clients.to_string())?;
        let overrides = Overrides {
            port: Some(port),
            ..Overrides::default()
        };
        let overrides = overrides
            .env("ISSUER", &issuer)
            .env("AUDIENCE", &issuer)
            .env("TENANT", "other-hospital")
            .env("CLIENTS_FILE", file.display().to_string())
            .env("DATABASE_CONNECTIONS", "4");
        let unit = world
            .extra("auth-service", "auth-service-of-another", overrides)
            .await?;
        Ok(Self {
            unit,
            issuer,
            _clients: folder,
        })
    }

    /// A good token of its, for a service that is ours.
    pub async fn token(&self, world: &World, audience: &str) -> Result<String> {
        let scope =
            "system:directory.read system:consent.read system:audit.read system:decision.evaluate";
        let issued = world.api.token_of(&self.issuer, CLIENT, audience, scope);
        Ok(issued.await?.0)
    }

    pub async fn stop(&self) {
        self.unit.stop().await;
    }
}
