//! A token that was taken back is worth nothing, wherever it is shown.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use e2e::api::Answer;
use e2e::relay;
use e2e::walkthrough::PROVIDER_SCOPES;

use crate::relay::requested;
use crate::world::{PATIENCE, World};

const BY: &str = "clinic-a";

/// A service, as one who has a token for it uses it. What is asked changes nothing and is not answered 401.
enum Shown {
    Indexer,
    Gateway,
    Pipeline,
    Relay,
}

impl Shown {
    const ALL: [Self; 4] = [Self::Indexer, Self::Gateway, Self::Pipeline, Self::Relay];

    fn name(&self) -> &'static str {
        match self {
            Self::Indexer => "consent-indexer",
            Self::Gateway => "ehr-gateway",
            Self::Pipeline => "audit-pipeline",
            Self::Relay => "consent-relay",
        }
    }

    /// Who has tokens for it, and which.
    async fn token(&self, world: &World) -> Result<(&'static str, String)> {
        let endpoints = world.api.endpoints();
        let (client, audience, scope) = match self {
            Self::Indexer => (BY, &endpoints.indexer, PROVIDER_SCOPES),
            Self::Gateway => (BY, &endpoints.gateway, PROVIDER_SCOPES),
            Self::Pipeline => ("ops-system", &endpoints.audit, "system:audit.read"),
            Self::Relay => (BY, &endpoints.relay, "provider:consent.request"),
        };
        Ok((client, world.api.token(client, audience, scope).await?.0))
    }

    async fn ask(&self, world: &World, token: &str) -> Result<Answer> {
        let endpoints = world.api.endpoints();
        match self {
            Self::Indexer => {
                let url = format!("{}/v1/chain", endpoints.indexer);
                world.api.get(&url, token).await
            }
            Self::Gateway => {
                let path = "Observation?patient=nobody-of-this-name";
                world.api.fhir(path, token).await
            }
            Self::Pipeline => {
                let url = format!("{}/v1/continuity", endpoints.audit);
                world.api.get(&url, token).await
            }
            // Another organisation's request: 403 as long as the token is believed.
            Self::Relay => {
                let (_, request) = requested(world, "clinic-b")?;
                relay::post(&world.api, Some(token), &request).await
            }
        }
    }
}

pub async fn a_revoked_token_is_refused_by_every_service(world: &World) -> Result<()> {
    for service in Shown::ALL {
        let name = service.name();
        let (client, revoked) = service.token(world).await?;
        let (_, other) = service.token(world).await?;
        let before = service.ask(world, &revoked).await?;
        ensure!(
            matches!(before.status, 200 | 403),
            "{name}: HTTP {} before it is revoked",
            before.status
        );
        world.api.revoke(client, &revoked).await?;
        let since = Instant::now();
        let after = loop {
            let after = service.ask(world, &revoked).await?;
            if after.status == 401 {
                break after;
            }
            ensure!(since.elapsed() < PATIENCE, "{name} goes on to believe it");
            tokio::time::sleep(Duration::from_millis(20)).await;
        };
        eprintln!(
            "revocation to refusal by {name}: {} ms",
            since.elapsed().as_millis()
        );
        let challenge = after.headers.get("www-authenticate");
        ensure!(
            challenge.is_some_and(|value| value
                .to_str()
                .is_ok_and(|text| text.contains(r#"error="invalid_token""#))),
            "{name} does not say that the token is at fault: {challenge:?}"
        );
        let still = service.ask(world, &other).await?;
        ensure!(
            still.status == before.status,
            "{name}: HTTP {} for another token of the client",
            still.status
        );
    }
    Ok(())
}
