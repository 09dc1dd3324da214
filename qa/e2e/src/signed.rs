//! Decisions that their actor signs and somebody else sends.

use alloy::primitives::{Address, aliases::U40};
use alloy::providers::{DynProvider, Provider, ProviderBuilder};
use alloy::signers::local::PrivateKeySigner;
use alloy::sol_types::Eip712Domain;
use anyhow::{Context, Result};
use contract_bindings::intent::{Intent, domain};
use contract_bindings::registry::ConsentRegistry::{
    self, ConsentRegistryInstance, Grant, Proof, Revoke,
};
use local_stack::endpoints::Chain;

use crate::ledger::{Which, now};

/// How long a signature works, in seconds. The registry takes at most 90 days; a stop's could be without end.
const SIGNATURE_LIFE: u64 = 3_600;

/// The registry's number for a consent that was asked for and not answered.
const REQUESTED: u8 = 1;

/// A decision and its actor's signature, for anybody to send.
#[derive(Debug, Clone)]
pub struct Signed<T> {
    /// What was decided.
    pub intent: T,
    /// By whom.
    pub proof: Proof,
}

/// One person's key. It looks at the chain and signs; it never sends, so its account needs no coins.
#[derive(Clone)]
pub struct Pen {
    signer: PrivateKeySigner,
    registry: ConsentRegistryInstance<DynProvider>,
    domain: Eip712Domain,
}

impl Pen {
    /// A pen of `private_key` (0x-hex).
    ///
    /// # Errors
    /// When the key or the stack's addresses are malformed.
    pub fn new(chain: &Chain, private_key: &str) -> Result<Self> {
        let provider = ProviderBuilder::new()
            .connect_http(chain.rpc.parse().context("the chain's RPC address")?)
            .erased();
        let registry = chain.registry.parse().context("the registry's address")?;
        Ok(Self {
            signer: private_key.parse().context("a development key")?,
            registry: ConsentRegistry::new(registry, provider),
            domain: domain(chain.id, registry),
        })
    }

    /// Who signs.
    pub fn address(&self) -> Address {
        self.signer.address()
    }

    /// Signs a decision for the registry of this stack.
    ///
    /// # Errors
    /// When the key fails.
    pub fn sign<T: Intent>(&self, intent: T) -> Result<Signed<T>> {
        let proof = intent.prove(&self.domain, &self.signer)?;
        Ok(Signed { intent, proof })
    }

    /// Signs a grant over `[from, to)`: approves the request that is open now, or opens a new consent.
    ///
    /// # Errors
    /// When the chain does not answer.
    pub async fn grant(&self, which: Which, from: u64, to: u64) -> Result<Signed<Grant>> {
        let Which {
            subject,
            grantee,
            scope,
        } = which;
        let status = self
            .registry
            .statusOf(subject, grantee, scope)
            .call()
            .await?;
        self.sign(Grant {
            actor: self.address(),
            subject,
            grantee,
            scopeId: scope,
            seq: self.registry.subjects(subject).call().await?.seq,
            validFrom: U40::from(from),
            validTo: U40::from(to),
            version: self.version(which).await? + u32::from(status != REQUESTED),
            deadline: U40::from(now() + SIGNATURE_LIFE),
        })
    }

    /// Signs a revocation: of what there is, and of a grant signed and not yet sent.
    ///
    /// # Errors
    /// When the chain does not answer.
    pub async fn revoke(&self, which: Which) -> Result<Signed<Revoke>> {
        self.sign(Revoke {
            actor: self.address(),
            subject: which.subject,
            grantee: which.grantee,
            scopeId: which.scope,
            throughVersion: self.version(which).await? + 1,
            deadline: U40::MAX,
        })
    }

    async fn version(&self, which: Which) -> Result<u32> {
        let id = self
            .registry
            .consentId(which.subject, which.grantee, which.scope)
            .call()
            .await?;
        Ok(self.registry.consents(id).call().await?.version)
    }
}
