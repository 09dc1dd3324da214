//! Signatures that only the chain can judge: a contract wallet's own code, or the verifier of a key.

use alloy::primitives::{Address as ChainAddress, B256, Bytes};
use consent_core::Address;
use serde::Deserialize;
use serde_json::json;
use service_kit::peer::PeerError;
use time::OffsetDateTime;

use super::FactsSource;

/// A digest and what is said to be somebody's signature of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Claimed {
    /// What was signed.
    pub digest: B256,
    /// Verifier and key; empty for an address that signs itself.
    pub signer: Bytes,
    /// The signature.
    pub signature: Bytes,
}

#[derive(Deserialize)]
struct Verdict {
    signed: bool,
}

impl FactsSource {
    /// Whether the chain takes this for the actor's signature now. A wallet may change its mind.
    ///
    /// # Errors
    /// When the indexer cannot be asked.
    pub async fn is_signed(
        &self,
        actor: Address,
        claimed: &Claimed,
        now: OffsetDateTime,
    ) -> Result<bool, PeerError> {
        let question = json!({
            "actor": ChainAddress::from(actor.0), "digest": claimed.digest,
            "signer": claimed.signer, "signature": claimed.signature,
        });
        let path = ["v1", "signature-checks"];
        let answer = self.peer.post(&path, &question, now).await?;
        let verdict = answer.json::<Verdict>()?;
        Ok(verdict.is_some_and(|verdict| verdict.signed))
    }
}
