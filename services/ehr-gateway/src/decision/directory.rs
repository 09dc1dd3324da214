//! The directory: which subject addresses stand for a patient, whether the patient stopped everything without a key, and
//! which addresses an organisation has.
//!
//! The directory is believed only as far as signatures go: a binding counts when the subject's key signed it for this
//! very tenant and patient. Whoever can write the directory's tables cannot point an existing consent at another patient.
//! They can bind a patient to a key of their own, which signs for itself: who may write there must be trusted to have
//! seen the patient.

use alloy::primitives::{Address as ChainAddress, U256};
use alloy::sol_types::Eip712Domain;
use consent_core::Address;
use contract_bindings::intent::{Bind, Proof, Statement as _, Verification};
use serde::Deserialize;
use time::OffsetDateTime;

use super::peer::{Answer, Peer, PeerError};

/// The most subjects of one patient, and addresses of one organisation, that are looked at.
const MAX_ADDRESSES: usize = 100;

/// The directory of patients and organisations.
pub struct Directory {
    peer: Peer,
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
struct OrganizationRow {
    tenant: String,
    id: String,
    addresses: Vec<Address>,
}

impl Directory {
    /// The directory behind `peer`, for one tenant.
    pub fn new(peer: Peer, tenant: &str, chain_id: u64, registry: Address) -> Self {
        let domain = contract_bindings::intent::domain(chain_id, ChainAddress::from(registry.0));
        Self {
            peer,
            tenant: tenant.to_owned(),
            domain,
        }
    }

    /// A patient; without any subject if unknown. `patient` must be a FHIR id.
    ///
    /// # Errors
    /// When the directory cannot be asked or answers about somebody else.
    pub async fn patient(&self, patient: &str, now: OffsetDateTime) -> Result<Patient, PeerError> {
        let row: PatientRow = match self
            .peer
            .get(&["v1", "patients", patient], &[], now)
            .await?
        {
            Answer::NotFound => return Ok(Patient::default()),
            Answer::Found(body) => {
                serde_json::from_slice(&body).map_err(|_| PeerError("its answer cannot be read"))?
            }
        };
        if row.tenant != self.tenant || row.fhir_id != patient || row.bindings.len() > MAX_ADDRESSES
        {
            return Err(PeerError("its answer is about somebody else"));
        }
        let subjects: Vec<Address> = row
            .bindings
            .iter()
            .filter_map(|binding| self.verified(patient, binding))
            .collect();
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
        let row: OrganizationRow = match self
            .peer
            .get(&["v1", "organizations", organization], &[], now)
            .await?
        {
            Answer::NotFound => return Ok(None),
            Answer::Found(body) => {
                serde_json::from_slice(&body).map_err(|_| PeerError("its answer cannot be read"))?
            }
        };
        if row.tenant != self.tenant
            || row.id != organization
            || row.addresses.len() > MAX_ADDRESSES
        {
            return Err(PeerError("its answer is about somebody else"));
        }
        Ok(Some(row.addresses))
    }

    /// The deadline bounds when a binding could be handed in, not how long it holds, so it is not looked at.
    fn verified(&self, patient: &str, binding: &Binding) -> Option<Address> {
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
        (message.check(&self.domain, &proof) == Verification::Verified).then_some(subject)
    }
}
