//! How to tell that something is ready to be used.

use std::time::Duration;

use anyhow::{Result, ensure};
use sqlx::Connection;
use sqlx::postgres::{PgConnectOptions, PgConnection};

use crate::topics::Topics;

const TIMEOUT: Duration = Duration::from_secs(2);

/// A question that only a ready process answers.
#[derive(Debug, Clone)]
pub enum Probe {
    /// GET answers with any 2xx.
    Http(String),
    /// A JSON-RPC node tells its chain id.
    Chain(String),
    /// The server accepts this login.
    Postgres(Box<PgConnectOptions>),
    /// The broker has these topics; missing ones are created.
    Kafka(Topics),
    /// Nothing is asked.
    None,
}

impl Probe {
    /// Asks once.
    ///
    /// # Errors
    /// When it is not ready; says why.
    pub async fn ask(&self) -> Result<()> {
        match self {
            Self::Http(url) => {
                let status = client()?
                    .get(url)
                    .send()
                    .await
                    .map_err(reqwest::Error::without_url)?
                    .status();
                ensure!(status.is_success(), "HTTP {status}");
                Ok(())
            }
            Self::Chain(url) => {
                let question = serde_json::json!({"jsonrpc": "2.0", "id": 1, "method": "eth_chainId", "params": []});
                let answer = client()?
                    .post(url)
                    .json(&question)
                    .send()
                    .await
                    .map_err(reqwest::Error::without_url)?;
                let answer: serde_json::Value = answer.json().await?;
                ensure!(answer["result"].is_string(), "no chain id in the answer");
                Ok(())
            }
            Self::Postgres(options) => {
                let mut connection = PgConnection::connect_with(options).await?;
                connection.ping().await?;
                connection.close().await?;
                Ok(())
            }
            Self::Kafka(topics) => topics.ensure().await,
            Self::None => Ok(()),
        }
    }
}

fn client() -> Result<reqwest::Client> {
    Ok(reqwest::Client::builder()
        .no_proxy()
        .connect_timeout(TIMEOUT)
        .timeout(TIMEOUT)
        .build()?)
}
