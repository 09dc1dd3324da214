//! The binding of a grantee address to an organisation, or to one of its practitioners.

use alloy::primitives::{Address, U256};

use super::statement::Statement;

alloy::sol! {
    /// "This address is that organisation's", or "that practitioner's of that organisation", in one custodian's
    /// directory. Said by the address itself.
    #[derive(Debug, PartialEq, Eq)]
    struct BindGrantee {
        /// The custodian.
        string tenant;
        /// The organisation's id in the custodian's directory.
        string organization;
        /// The practitioner's FHIR id on the custodian's server; empty where the address is the organisation's own.
        string practitioner;
        /// The address that asks patients for consent, and signs.
        address grantee;
        /// Grows with every statement of this address to this custodian, whomever it is about.
        uint256 nonce;
        /// Unix seconds after which the directory no longer accepts this message.
        uint64 deadline;
    }
}

impl BindGrantee {
    /// The message for an organisation's own address.
    pub fn of_organization(
        tenant: &str,
        organization: &str,
        grantee: Address,
        nonce: U256,
        deadline: u64,
    ) -> Self {
        Self {
            tenant: tenant.to_owned(),
            organization: organization.to_owned(),
            practitioner: String::new(),
            grantee,
            nonce,
            deadline,
        }
    }

    /// The message for a practitioner's address.
    pub fn of_practitioner(
        tenant: &str,
        organization: &str,
        practitioner: &str,
        grantee: Address,
        nonce: U256,
        deadline: u64,
    ) -> Self {
        Self {
            practitioner: practitioner.to_owned(),
            ..Self::of_organization(tenant, organization, grantee, nonce, deadline)
        }
    }
}

impl Statement for BindGrantee {
    fn signer(&self) -> Address {
        self.grantee
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Verification, domain};
    use super::*;
    use alloy::primitives::B256;
    use alloy::signers::local::PrivateKeySigner;
    use alloy::sol_types::{Eip712Domain, SolStruct as _};

    fn signer(byte: u8) -> PrivateKeySigner {
        PrivateKeySigner::from_bytes(&B256::repeat_byte(byte)).unwrap()
    }

    fn here() -> Eip712Domain {
        domain(31_337, Address::repeat_byte(9))
    }

    fn message(grantee: Address) -> BindGrantee {
        BindGrantee::of_organization("hospital", "clinic-a", grantee, U256::from(1), 100)
    }

    #[test]
    fn its_type_is_what_wallets_show() {
        assert_eq!(
            BindGrantee::eip712_encode_type(),
            "BindGrantee(string tenant,string organization,string practitioner,address grantee,uint256 nonce,uint64 deadline)"
        );
    }

    #[test]
    fn only_the_addresss_own_signature_over_this_very_message_holds() {
        let (owner, other) = (signer(1), signer(2));
        let said = message(owner.address());
        let proof = said.prove(&here(), &owner).unwrap();
        assert_eq!(said.check(&here(), &proof), Verification::Verified);

        let by_other = said.prove(&here(), &other).unwrap();
        assert_ne!(said.check(&here(), &by_other), Verification::Verified);
        for elsewhere in [
            domain(1, Address::repeat_byte(9)),
            domain(31_337, Address::repeat_byte(8)),
        ] {
            assert_ne!(said.check(&elsewhere, &proof), Verification::Verified);
        }

        let grantee = owner.address();
        for changed in [
            BindGrantee {
                tenant: "other".into(),
                ..message(grantee)
            },
            BindGrantee {
                organization: "clinic-b".into(),
                ..message(grantee)
            },
            BindGrantee {
                practitioner: "dr-7".into(),
                ..message(grantee)
            },
            BindGrantee {
                nonce: U256::from(2),
                ..message(grantee)
            },
            BindGrantee {
                deadline: 101,
                ..message(grantee)
            },
            message(other.address()),
        ] {
            assert_ne!(changed.check(&here(), &proof), Verification::Verified);
        }
    }

    #[test]
    fn a_practitioners_address_is_not_the_organisations_nor_a_colleagues() {
        let owner = signer(1);
        let of = |organization, practitioner| {
            let nonce = U256::from(1);
            BindGrantee::of_practitioner(
                "hospital",
                organization,
                practitioner,
                owner.address(),
                nonce,
                100,
            )
        };
        let said = of("clinic-a", "dr-7");
        let proof = said.prove(&here(), &owner).unwrap();
        assert_eq!(said.check(&here(), &proof), Verification::Verified);
        for other in [
            message(owner.address()),
            of("clinic-a", "dr-8"),
            of("clinic-b", "dr-7"),
            // The same letters, cut elsewhere.
            of("clinic-adr-7", ""),
            of("clinic-", "adr-7"),
        ] {
            assert_ne!(other.check(&here(), &proof), Verification::Verified);
        }
    }
}
