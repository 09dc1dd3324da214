//! The directory: which subject addresses stand for a patient, whether the patient stopped everything without a key, and
//! which addresses an organisation has.
//!
//! The directory is believed only as far as signatures go: a binding counts when the address's own key signed it for this
//! very tenant and patient, or tenant and organisation; or when the address is a contract wallet whose code says so, which
//! the indexer asks. In doubt it does not count. Whoever can write the directory's tables cannot point an existing consent
//! at another patient, nor give it to another organisation. They can bind a patient to a key of their own, which signs for
//! itself: who may write there must be trusted to have seen the patient. An address of their own that they give to an
//! organisation is nobody's whom a patient gave consent to.
//!
//! The addresses in a provider's token are the issuer's word; it holds their signatures against the same rule when it issues
//! the token.

use std::sync::Arc;

use alloy::primitives::{Address as ChainAddress, U256};
use alloy::sol_types::Eip712Domain;
use consent_core::Address;
use contract_bindings::intent::{Bind, BindGrantee, Proof, Statement, Verification};
use serde::Deserialize;
use service_kit::peer::{Peer, PeerError};
use time::OffsetDateTime;

use crate::decision::facts::FactsSource;
use crate::decision::facts::signature::Claimed;

/// The most subjects of one patient, and addresses of one organisation, that are looked at.
const MAX_ADDRESSES: usize = 100;

/// The directory of patients and organisations.
pub struct Directory {
    peer: Peer,
    facts: Arc<FactsSource>,
    tenant: String,
    domain: Eip712Domain,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PatientRow {
    tenant: String,
    fhir_id: String,
    bindings: Vec<Binding>,
    #[serde(default)]
    stop: Option<PlacedStop>,
}

/// What a signed-in patient placed. That it is there is all that counts.
#[derive(Deserialize)]
struct PlacedStop {
    #[serde(rename = "since", with = "time::serde::rfc3339")]
    _since: OffsetDateTime,
}

/// What the directory says about a patient.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Patient {
    /// The addresses that verifiably stand for the patient.
    pub subjects: Vec<Address>,
    /// Whether the patient stopped everything; only a key can lift that.
    pub is_stopped: bool,
}

#[derive(Deserialize)]
struct Binding {
    /// The address: a patient's subject, an organisation's grantee.
    #[serde(alias = "subject", alias = "grantee")]
    address: String,
    nonce: String,
    /// Bounds when the binding could be handed in, not how long it holds, so it is signed and not looked at.
    deadline: u64,
    /// Of a passkey; absent for an ordinary key.
    signer: Option<String>,
    signature: String,
}

#[derive(Deserialize)]
struct OrganizationRow {
    tenant: String,
    id: String,
    bindings: Vec<Binding>,
}

impl Directory {
    /// The directory behind `peer`, for one tenant. The indexer behind `facts` knows what only the chain can tell.
    pub fn new(peer: Peer, facts: Arc<FactsSource>, tenant: &str) -> Self {
        let registry = ChainAddress::from(facts.registry().0);
        let domain = contract_bindings::intent::domain(facts.chain_id(), registry);
        Self {
            peer,
            facts,
            tenant: tenant.to_owned(),
            domain,
        }
    }

    /// A patient; without any subject if unknown. `patient` must be a FHIR id.
    ///
    /// # Errors
    /// When the directory cannot be asked or answers about somebody else.
    pub async fn patient(&self, patient: &str, now: OffsetDateTime) -> Result<Patient, PeerError> {
        let path = ["v1", "patients", patient];
        let answer = self.peer.get(&path, &[], now).await?;
        let Some(row) = answer.json::<PatientRow>()? else {
            return Ok(Patient::default());
        };
        if row.tenant != self.tenant || row.fhir_id != patient || row.bindings.len() > MAX_ADDRESSES
        {
            return Err(PeerError("its answer is about somebody else"));
        }
        let subjects = self
            .verified(&row.bindings, now, |binding| {
                let (subject, nonce) = (binding.address()?, binding.nonce()?);
                let (tenant, deadline) = (&self.tenant, binding.deadline);
                Some(Bind::new(tenant, patient, subject, nonce, deadline))
            })
            .await?;
        Ok(Patient {
            subjects,
            is_stopped: row.stop.is_some(),
        })
    }

    /// The addresses that verifiably are an organisation's own; `None` for an unknown one.
    ///
    /// # Errors
    /// When the directory cannot be asked or answers about another.
    pub async fn grantees(
        &self,
        organization: &str,
        now: OffsetDateTime,
    ) -> Result<Option<Vec<Address>>, PeerError> {
        let path = ["v1", "organizations", organization];
        let answer = self.peer.get(&path, &[], now).await?;
        let Some(row) = answer.json::<OrganizationRow>()? else {
            return Ok(None);
        };
        if row.tenant != self.tenant || row.id != organization || row.bindings.len() > MAX_ADDRESSES
        {
            return Err(PeerError("its answer is about somebody else"));
        }
        let grantees = self
            .verified(&row.bindings, now, |binding| {
                let (grantee, nonce) = (binding.address()?, binding.nonce()?);
                let (tenant, deadline) = (&self.tenant, binding.deadline);
                let message =
                    BindGrantee::of_organization(tenant, organization, grantee, nonce, deadline);
                Some(message)
            })
            .await?;
        Ok(Some(grantees))
    }

    /// The addresses that signed their bindings: what each has to have signed, `message` says.
    async fn verified<M: Statement>(
        &self,
        bindings: &[Binding],
        now: OffsetDateTime,
        message: impl Fn(&Binding) -> Option<M>,
    ) -> Result<Vec<Address>, PeerError> {
        let mut verified = Vec::new();
        for binding in bindings {
            let Some((message, proof)) = message(binding).zip(binding.proof()) else {
                continue;
            };
            let is_signed = match message.check(&self.domain, &proof) {
                Verification::Verified => true,
                Verification::Invalid => false,
                // A wallet may change its mind, so it is asked each time.
                Verification::NeedsChain => self.ask_chain(&message, proof, now).await?,
            };
            if is_signed {
                verified.push(Address(message.signer().into_array()));
            }
        }
        let unverified = bindings.len() - verified.len();
        if unverified > 0 {
            tracing::error!(
                unverified,
                "the directory holds bindings that their addresses did not sign"
            );
            metrics::counter!("directory_unverified_bindings_total").increment(unverified as u64);
        }
        Ok(verified)
    }

    async fn ask_chain(
        &self,
        message: &impl Statement,
        proof: Proof,
        now: OffsetDateTime,
    ) -> Result<bool, PeerError> {
        let claimed = Claimed {
            digest: message.digest(&self.domain),
            signer: proof.signer,
            signature: proof.signature,
        };
        let actor = Address(message.signer().into_array());
        self.facts.is_signed(actor, &claimed, now).await
    }
}

impl Binding {
    fn address(&self) -> Option<ChainAddress> {
        let address: Address = self.address.parse().ok()?;
        Some(ChainAddress::from(address.0))
    }

    fn nonce(&self) -> Option<U256> {
        U256::from_str_radix(&self.nonce, 10).ok()
    }

    fn proof(&self) -> Option<Proof> {
        Some(Proof {
            signer: match &self.signer {
                Some(signer) => alloy::hex::decode(signer).ok()?.into(),
                None => Default::default(),
            },
            signature: alloy::hex::decode(&self.signature).ok()?.into(),
        })
    }
}
