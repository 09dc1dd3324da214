//! What a subject's key says to the directory: which patient it stands for, which further key may, and that a stop is
//! over. None of it is for the registry; the domain is the registry's all the same, so that each holds for one
//! deployment only.

use alloy::primitives::{Address, B256};
use alloy::signers::SignerSync;
use alloy::sol_types::{Eip712Domain, SolStruct};

use super::bind::{Bind, patient_ref_hash};
use super::verification::{self, Verification};
use super::wallet::Question;
use super::{by_sender, signature};
use crate::registry::ConsentRegistry::Proof;

alloy::sol! {
    /// "This further address is that same patient's." Said by an address that stands for the patient already.
    #[derive(Debug, PartialEq, Eq)]
    struct Endorse {
        /// The custodian.
        string tenant;
        /// keccak256 of `Patient/<FHIR id>`.
        bytes32 patientRefHash;
        /// The address that stands for the patient already, and signs.
        address subject;
        /// The address that is to stand for the patient as well.
        address newSubject;
        /// The nonce of the new address's own statement.
        uint256 nonce;
        /// Unix seconds after which the directory no longer accepts this message.
        uint64 deadline;
    }

    /// "What I stopped without a key may go on." Said by an address that stands for the patient.
    #[derive(Debug, PartialEq, Eq)]
    struct LiftStop {
        /// The custodian.
        string tenant;
        /// keccak256 of `Patient/<FHIR id>`.
        bytes32 patientRefHash;
        /// The address that stands for the patient, and signs.
        address subject;
        /// The stop's id, so that this lifts no later one.
        bytes16 stop;
        /// Unix seconds after which the directory no longer accepts this message.
        uint64 deadline;
    }
}

impl Endorse {
    /// What an address that stands for the patient says of the one that `bind` is about.
    pub fn of(bind: &Bind, subject: Address, deadline: u64) -> Self {
        Self {
            tenant: bind.tenant.clone(),
            patientRefHash: bind.patientRefHash,
            subject,
            newSubject: bind.subject,
            nonce: bind.nonce,
            deadline,
        }
    }
}

impl LiftStop {
    /// The message for a patient's stop.
    pub fn new(
        tenant: &str,
        fhir_id: &str,
        subject: Address,
        stop: [u8; 16],
        deadline: u64,
    ) -> Self {
        Self {
            tenant: tenant.to_owned(),
            patientRefHash: patient_ref_hash(fhir_id),
            subject,
            stop: stop.into(),
            deadline,
        }
    }
}

/// Something that a key says to the directory: a subject's, or a grantee's ([`super::BindGrantee`]).
pub trait Statement: SolStruct {
    /// Whose key has to sign.
    fn signer(&self) -> Address;

    /// What is signed.
    fn digest(&self, domain: &Eip712Domain) -> B256 {
        self.eip712_signing_hash(domain)
    }

    /// What the proof says of this very statement.
    fn check(&self, domain: &Eip712Domain, proof: &Proof) -> Verification {
        verification::check(self.signer(), self.digest(domain), proof)
    }

    /// What to ask the chain where the proof alone does not tell ([`Verification::NeedsChain`]).
    fn question(&self, domain: &Eip712Domain, proof: &Proof) -> Option<Question> {
        Question::new(self.signer(), self.digest(domain), proof)
    }

    /// Signs with an EOA's key.
    ///
    /// # Errors
    /// When the signer fails.
    fn prove(
        &self,
        domain: &Eip712Domain,
        signer: &impl SignerSync,
    ) -> Result<Proof, alloy::signers::Error> {
        Ok(Proof {
            signature: signature::sign(self.digest(domain), signer)?.into(),
            ..by_sender()
        })
    }
}

impl Statement for Bind {
    fn signer(&self) -> Address {
        self.subject
    }
}

impl Statement for Endorse {
    fn signer(&self) -> Address {
        self.subject
    }
}

impl Statement for LiftStop {
    fn signer(&self) -> Address {
        self.subject
    }
}

#[cfg(test)]
mod tests {
    use super::super::domain;
    use super::*;
    use alloy::primitives::U256;
    use alloy::signers::local::PrivateKeySigner;

    fn signer(byte: u8) -> PrivateKeySigner {
        PrivateKeySigner::from_bytes(&B256::repeat_byte(byte)).unwrap()
    }

    fn here() -> Eip712Domain {
        domain(31_337, Address::repeat_byte(9))
    }

    #[test]
    fn a_statement_holds_for_its_own_words_and_signer_only() {
        let (old, new) = (signer(1), signer(2));
        let bind = Bind::new("hospital", "p-1", new.address(), U256::from(1), 100);
        let endorse = Endorse::of(&bind, old.address(), 100);
        let proof = endorse.prove(&here(), &old).unwrap();
        assert_eq!(endorse.check(&here(), &proof), Verification::Verified);

        let other_bind = Bind::new("hospital", "p-1", new.address(), U256::from(2), 100);
        let other = Endorse::of(&other_bind, old.address(), 100);
        assert_ne!(other.check(&here(), &proof), Verification::Verified);
        let by_new = endorse.prove(&here(), &new).unwrap();
        assert_ne!(endorse.check(&here(), &by_new), Verification::Verified);
        let elsewhere = domain(1, Address::repeat_byte(9));
        assert_ne!(endorse.check(&elsewhere, &proof), Verification::Verified);
    }

    #[test]
    fn a_stop_is_lifted_by_its_id() {
        let owner = signer(1);
        let lift = |stop| LiftStop::new("hospital", "p-1", owner.address(), [stop; 16], 100);
        let proof = lift(1).prove(&here(), &owner).unwrap();
        assert_eq!(lift(1).check(&here(), &proof), Verification::Verified);
        assert_ne!(lift(2).check(&here(), &proof), Verification::Verified);
    }
}
