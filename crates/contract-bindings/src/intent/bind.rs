//! The binding of a subject address to a patient.

use alloy::primitives::{Address, B256, U256, keccak256};
use alloy::signers::SignerSync;
use alloy::sol_types::{Eip712Domain, SolStruct};

use super::signature;

alloy::sol! {
    /// "This subject address is mine, and I am that patient of that tenant."
    #[derive(Debug, PartialEq, Eq)]
    struct Bind {
        /// The custodian.
        string tenant;
        /// keccak256 of `Patient/<FHIR id>`.
        bytes32 patientRefHash;
        /// The address that stands for the patient on chain.
        address subject;
        /// Grows with every binding of this subject.
        uint256 nonce;
        /// Unix seconds after which the directory no longer accepts this message.
        uint64 deadline;
    }
}

/// The hash under which a FHIR patient id enters a signed message.
pub fn patient_ref_hash(fhir_id: &str) -> B256 {
    keccak256(format!("Patient/{fhir_id}"))
}

impl Bind {
    /// The message for a patient.
    pub fn new(tenant: &str, fhir_id: &str, subject: Address, nonce: U256, deadline: u64) -> Self {
        Self {
            tenant: tenant.to_owned(),
            patientRefHash: patient_ref_hash(fhir_id),
            subject,
            nonce,
            deadline,
        }
    }

    /// Signs with the subject's key; 65 bytes `r ‖ s ‖ v`.
    ///
    /// # Errors
    /// When the signer fails.
    pub fn sign(
        &self,
        domain: &Eip712Domain,
        signer: &impl SignerSync,
    ) -> Result<[u8; 65], alloy::signers::Error> {
        signature::sign(self.eip712_signing_hash(domain), signer)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Proof, Statement as _, Verification, by_sender, domain};
    use super::*;
    use alloy::primitives::Signature;
    use alloy::signers::local::PrivateKeySigner;

    fn signer(byte: u8) -> PrivateKeySigner {
        PrivateKeySigner::from_bytes(&B256::repeat_byte(byte)).unwrap()
    }

    fn of(signature: &[u8]) -> Proof {
        Proof {
            signature: signature.to_vec().into(),
            ..by_sender()
        }
    }

    fn message(subject: Address) -> Bind {
        Bind::new(
            "general-hospital",
            "p-1",
            subject,
            U256::from(1),
            2_000_000_000,
        )
    }

    #[test]
    fn only_the_subjects_own_signature_over_this_very_message_holds() {
        let (owner, other) = (signer(1), signer(2));
        let here = domain(31_337, Address::repeat_byte(9));
        let bind = message(owner.address());
        let signature = bind.sign(&here, &owner).unwrap();
        assert_eq!(bind.check(&here, &of(&signature)), Verification::Verified);

        let by_other = bind.sign(&here, &other).unwrap();
        assert_ne!(bind.check(&here, &of(&by_other)), Verification::Verified);

        let elsewhere = domain(1, Address::repeat_byte(9));
        assert_ne!(
            bind.check(&elsewhere, &of(&signature)),
            Verification::Verified
        );

        for changed in [
            Bind {
                tenant: "other".into(),
                ..message(owner.address())
            },
            Bind {
                patientRefHash: patient_ref_hash("p-2"),
                ..message(owner.address())
            },
            Bind {
                nonce: U256::from(2),
                ..message(owner.address())
            },
            Bind {
                deadline: 1,
                ..message(owner.address())
            },
        ] {
            assert_ne!(
                changed.check(&here, &of(&signature)),
                Verification::Verified
            );
        }
    }

    #[test]
    fn malformed_and_malleable_signatures_are_refused() {
        let owner = signer(1);
        let here = domain(31_337, Address::repeat_byte(9));
        let bind = message(owner.address());
        let signature = bind.sign(&here, &owner).unwrap();
        for malformed in [&signature[..64], &[0; 65]] {
            assert_ne!(bind.check(&here, &of(malformed)), Verification::Verified);
        }

        let parsed = Signature::from_raw(&signature).unwrap();
        let order = U256::from_str_radix(
            "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141",
            16,
        )
        .unwrap();
        let high = Signature::new(parsed.r(), order - parsed.s(), !parsed.v());
        assert_ne!(
            bind.check(&here, &of(&high.as_bytes())),
            Verification::Verified
        );
    }
}
