//! Organisations with their addresses and patients' bindings, each signed by its key, written through auth-service's own API as its admin client does.

use std::time::Duration;

use access_token::key::SigningKey;
use access_token::source::{TokenSource, TokenSourceConfig};
use alloy::primitives::{Address, U256};
use anyhow::{Context, Result, bail};
use contract_bindings::Bind;
use contract_bindings::intent::{BindGrantee, Statement as _, domain};
use futures::{StreamExt, TryStreamExt};
use reqwest::StatusCode;
use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::layout::Layout;
use crate::secrets::Secrets;

const ADMIN: &str = "admin-tool";
const TIMEOUT: Duration = Duration::from_secs(10);
const AT_ONCE: usize = 8;
/// On a machine where everything starts at once the database may take its time: a row is put again after these pauses.
const PAUSES: [Duration; 4] = [
    Duration::from_millis(250),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
];
/// How long the directory may take to accept a binding, in seconds.
const BINDING_DEADLINE: i64 = 3600;

/// Who writes to which directory about which registry.
pub struct Directory<'a> {
    /// Clients and organisations.
    pub layout: &'a Layout,
    /// Their keys, and those of patients.
    pub secrets: &'a Secrets,
    /// URL of auth-service.
    pub auth: String,
    /// The registry that bindings are signed for.
    pub registry: Address,
}

impl Directory<'_> {
    /// Writes every organisation of the layout and binds every patient to the patient's chain address.
    ///
    /// # Errors
    /// When a token or a row is refused.
    pub async fn fill(&self, patients: &[String], now: OffsetDateTime) -> Result<()> {
        let http = reqwest::Client::builder()
            .no_proxy()
            .timeout(TIMEOUT)
            .build()?;
        let token = self.token(&http, now).await?;
        let organizations = self
            .layout
            .clients
            .iter()
            .filter_map(|client| Some((client.organization.as_deref()?, client)));
        for (id, client) in organizations {
            let name = client.name.as_deref().unwrap_or(id);
            let row = json!({"name": name, "bindings": [self.grantee(id, now)?]});
            self.put(&http, &token, &format!("organizations/{id}"), &row)
                .await
                .with_context(|| format!("organisation {id}"))?;
        }
        let bindings =
            futures::stream::iter(patients.iter().cloned().enumerate()).map(|(number, patient)| {
                let (http, token) = (&http, &token);
                async move {
                    let row = self.binding(&patient, now)?;
                    // Not by id: ids of patients have no place in messages.
                    self.put(http, token, &format!("patients/{patient}"), &row)
                        .await
                        .with_context(|| format!("patient number {}", number + 1))
                }
            });
        bindings
            .buffer_unordered(AT_ONCE)
            .try_collect::<Vec<()>>()
            .await?;
        Ok(())
    }

    async fn token(&self, http: &reqwest::Client, now: OffsetDateTime) -> Result<String> {
        let key = self
            .secrets
            .client_keys
            .get(ADMIN)
            .context("the layout has no client admin-tool")?;
        let source = TokenSource::new(
            TokenSourceConfig {
                issuer: self.auth.clone(),
                token_url: format!("{}/oauth2/token", self.auth).parse()?,
                client_id: ADMIN.into(),
                key: SigningKey::from_jwk(key)?,
                scope: "admin:directory.write".into(),
                resource: self.auth.clone(),
            },
            http.clone(),
        );
        let token = source
            .token(now)
            .await
            .context("the admin client got no token")?;
        Ok(token.to_string())
    }

    fn grantee(&self, organization: &str, now: OffsetDateTime) -> Result<Value> {
        let signer = self.secrets.organization_key(organization)?;
        let deadline = u64::try_from(now.unix_timestamp() + BINDING_DEADLINE)?;
        let statement = BindGrantee::of_organization(
            &self.layout.tenant,
            organization,
            signer.address(),
            U256::from(1),
            deadline,
        );
        let proof = statement.prove(&domain(self.layout.chain.id, self.registry), &signer)?;
        Ok(json!({
            "grantee": signer.address().to_checksum(None),
            "nonce": "1",
            "deadline": deadline,
            "signature": proof.signature,
        }))
    }

    fn binding(&self, patient: &str, now: OffsetDateTime) -> Result<Value> {
        let signer = self.secrets.patient_key(patient)?;
        let deadline = u64::try_from(now.unix_timestamp() + BINDING_DEADLINE)?;
        let bind = Bind::new(
            &self.layout.tenant,
            patient,
            signer.address(),
            U256::from(1),
            deadline,
        );
        let signature = bind.sign(&domain(self.layout.chain.id, self.registry), &signer)?;
        Ok(json!({
            "subject": signer.address().to_checksum(None),
            "nonce": "1",
            "deadline": deadline,
            "signature": alloy::hex::encode_prefixed(signature),
        }))
    }

    async fn put(
        &self,
        http: &reqwest::Client,
        token: &str,
        path: &str,
        row: &Value,
    ) -> Result<()> {
        let mut pauses = PAUSES.iter();
        loop {
            let answer = http
                .put(format!("{}/v1/{path}", self.auth))
                .bearer_auth(token)
                .json(row)
                .send()
                .await
                .map_err(reqwest::Error::without_url)?;
            let status = answer.status();
            if status.is_success() {
                return Ok(());
            }
            match pauses.next() {
                Some(pause) if status == StatusCode::SERVICE_UNAVAILABLE => {
                    tokio::time::sleep(*pause).await;
                }
                _ => {
                    let said = answer.text().await.unwrap_or_default();
                    bail!("the directory answered HTTP {status}: {said}");
                }
            }
        }
    }
}
