//! The directory: which subject addresses stand for a patient, whether the patient stopped everything without a key, and
//! which addresses an organisation has.
//!
//! The directory is believed only as far as signatures go: a binding counts when the subject's key signed it for this
//! very tenant and patient, or when the subject is a contract wallet whose code says so, which the indexer asks. Whoever can write the directory's tables cannot point an existing consent at another patient.
//! They can bind a patient to a key of their own, which signs for itself: who may write there must be trusted to have
//! seen the patient.

use alloy::primitives::{Address as ChainAddress, U256};
use alloy::sol_types::Eip712Domain;
use consent_core::Address;
use contract_bindings::intent::{Bind, Proof, Statement as _, Verification};
use serde::Deserialize;
use serde_json::json;
use service_kit::peer::{Peer, PeerError};
use time::OffsetDateTime;

/// The most subjects of one patient, and addresses of one organisation, that are looked at.
const MAX_ADDRESSES: usize = 100;

/// The directory of patients and organisations.
pub struct Directory {
    peer: Peer,
    indexer: Peer,
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
    subject: String,
    nonce: String,
    deadline: u64,
    /// Of a passkey; absent for an ordinary key.
    signer: Option<String>,
    signature: String,
}

#[derive(Deserialize)]
struct SignatureVerdict {
    signed: bool,
}

#[derive(Deserialize)]
struct OrganizationRow {
    tenant: String,
    id: String,
    addresses: Vec<Address>,
}

impl Directory {
    /// The directory behind `peer`, for one tenant. What only the chain can tell is asked of the `indexer`.
    pub fn new(peer: Peer, indexer: Peer, tenant: &str, chain_id: u64, registry: Address) -> Self {
        let domain = contract_bindings::intent::domain(chain_id, ChainAddress::from(registry.0));
        Self {
            peer,
            indexer,
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
        let mut subjects = Vec::new();
        for binding in &row.bindings {
            subjects.extend(self.verified(patient, binding, now).await?);
        }
        let unverified = row.bindings.len() - subjects.len();
        if unverified > 0 {
            tracing::error!(
                unverified,
                "the directory holds bindings that their subjects did not sign"
            );
            metrics::counter!("directory_unverified_bindings_total").increment(unverified as u64);
        }
        Ok(Patient {
            subjects,
            is_stopped: row.stop.is_some(),
        })
    }

    /// The addresses of an organisation; `None` for an unknown one.
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
        if row.tenant != self.tenant
            || row.id != organization
            || row.addresses.len() > MAX_ADDRESSES
        {
            return Err(PeerError("its answer is about somebody else"));
        }
        Ok(Some(row.addresses))
    }

    /// The subject, if it signed the binding.
    async fn verified(
        &self,
        patient: &str,
        binding: &Binding,
        now: OffsetDateTime,
    ) -> Result<Option<Address>, PeerError> {
        let Some((subject, message, proof)) = self.read(patient, binding) else {
            return Ok(None);
        };
        let is_signed = match message.check(&self.domain, &proof) {
            Verification::Verified => true,
            Verification::Invalid => false,
            // A wallet may change its mind, so it is asked each time.
            Verification::NeedsChain => self.ask_chain(&message, &proof, now).await?,
        };
        Ok(is_signed.then_some(subject))
    }

    async fn ask_chain(
        &self,
        message: &Bind,
        proof: &Proof,
        now: OffsetDateTime,
    ) -> Result<bool, PeerError> {
        let question = json!({
            "actor": message.subject, "digest": message.digest(&self.domain),
            "signer": proof.signer, "signature": proof.signature,
        });
        let path = ["v1", "signature-checks"];
        let answer = self.indexer.post(&path, &question, now).await?;
        let verdict = answer.json::<SignatureVerdict>()?;
        Ok(verdict.is_some_and(|verdict| verdict.signed))
    }

    /// The deadline bounds when a binding could be handed in, not how long it holds, so it is not looked at.
    fn read(&self, patient: &str, binding: &Binding) -> Option<(Address, Bind, Proof)> {
        let subject: Address = binding.subject.parse().ok()?;
        let nonce = U256::from_str_radix(&binding.nonce, 10).ok()?;
        let proof = Proof {
            signer: match &binding.signer {
                Some(signer) => alloy::hex::decode(signer).ok()?.into(),
                None => Default::default(),
            },
            signature: alloy::hex::decode(&binding.signature).ok()?.into(),
        };
        let message = Bind::new(
            &self.tenant,
            patient,
            ChainAddress::from(subject.0),
            nonce,
            binding.deadline,
        );
        Some((subject, message, proof))
    }
}
