//! The relay, as wallets use it: a signed decision is handed in, and its way onto the chain is watched.

use std::time::{Duration, Instant};

use alloy::providers::ext::AnvilApi;
use alloy::providers::{Provider, ProviderBuilder};
use anyhow::{Context, Result, ensure};
use contract_bindings::intent::{Action, SignedIntent};
use contract_bindings::registry::ConsentRegistry;
use serde_json::Value;

use crate::PATIENCE;
use crate::api::{Answer, Api};
use crate::ledger::Which;
use crate::signed::Signed;

const LOOK: Duration = Duration::from_millis(20);

impl<T: Into<Action>> From<Signed<T>> for SignedIntent {
    fn from(signed: Signed<T>) -> Self {
        Self {
            action: signed.intent.into(),
            proof: signed.proof,
        }
    }
}

/// Sends a decision to the relay, whatever it answers.
///
/// # Errors
/// When it does not answer.
pub async fn post(api: &Api, token: Option<&str>, intent: &SignedIntent) -> Result<Answer> {
    let url = format!("{}/v1/intents", api.endpoints().relay);
    let mut request = api.http().post(url).json(intent);
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    api.send(request).await
}

/// Hands a decision in, without any token. Returns its digest.
///
/// # Errors
/// When the relay does not take it.
pub async fn hand_in(api: &Api, signed: impl Into<SignedIntent>) -> Result<(String, Answer)> {
    let answer = post(api, None, &signed.into()).await?;
    ensure!(answer.status == 202, "the relay: {}", answer.outline());
    let digest = answer.json()["digest"].as_str().map(str::to_owned);
    Ok((digest.context("the relay names no digest")?, answer))
}

/// Waits until the decision has come so far: `included` or `final`.
///
/// # Errors
/// When it fails, or takes too long.
pub async fn brought(api: &Api, digest: &str, state: &str) -> Result<Value> {
    let url = format!("{}/v1/intents/{digest}", api.endpoints().relay);
    let started = Instant::now();
    loop {
        let view = api.send(api.http().get(&url)).await?.json();
        let now = view["state"].as_str().unwrap_or_default();
        if now == state || now == "final" {
            return Ok(view);
        }
        ensure!(
            now != "failed" && started.elapsed() < PATIENCE,
            "the intent is {now}: {}",
            view["reason"]
        );
        tokio::time::sleep(LOOK).await;
    }
}

/// A chain that makes no block until it is let go.
pub struct Held {
    provider: alloy::providers::DynProvider,
}

impl Held {
    /// Stops the making of blocks.
    ///
    /// # Errors
    /// When the node does not answer.
    pub async fn new(api: &Api) -> Result<Self> {
        let rpc = api.endpoints().chain.rpc.parse()?;
        let provider = ProviderBuilder::new().connect_http(rpc).erased();
        provider.anvil_set_auto_mine(false).await?;
        Ok(Self { provider })
    }

    /// Whether the consent is still active in the newest block.
    ///
    /// # Errors
    /// When the node does not answer.
    pub async fn still_active(&self, api: &Api, which: Which) -> Result<bool> {
        let registry = api.endpoints().chain.registry.parse()?;
        let registry = ConsentRegistry::new(registry, &self.provider);
        let active = registry.isActive(which.subject, which.grantee, which.scope);
        Ok(active.call().await?)
    }

    /// Makes the block that waits, and goes on as before.
    ///
    /// # Errors
    /// When the node does not answer.
    pub async fn let_go(self) -> Result<()> {
        self.provider.anvil_set_auto_mine(true).await?;
        self.provider.anvil_mine(Some(1), None).await?;
        Ok(())
    }
}
