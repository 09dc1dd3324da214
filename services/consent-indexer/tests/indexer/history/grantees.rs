//! What happens in the registries of organisations and practitioners meanwhile.

use std::collections::BTreeSet;

use alloy::primitives::{B256, aliases::U40};
use alloy::sol_types::SolCall as _;
use consent_model::Address;
use contract_bindings::registry::{HospitalRegistry, ProviderRegistry};

use super::cast::{Cast, chain};
use crate::support::chain::{FOREVER, REGISTRAR, SUSPENDER, verify_organization};
use crate::support::{Anvil, Random};

/// Something that those who keep the registries try; it may well be refused.
pub async fn any_change(anvil: &Anvil, cast: &Cast, random: &mut Random) {
    let [registrar, suspender] = [REGISTRAR, SUSPENDER].map(|index| anvil.accounts[index]);
    let candidates = cast.candidates(anvil);
    let grantee = chain(random.pick(&candidates));
    let now = anvil.now().await;
    // Those that ask for consent are verified for ever or not at all, and so are the organisations they belong to: the
    // model does not know of these times.
    let is_asking = cast.grantees.iter().any(|asking| chain(*asking) == grantee);
    let organization = chain(random.pick(if is_asking {
        &cast.grantees
    } else {
        &candidates
    }));
    let valid_to = if is_asking {
        FOREVER
    } else {
        now + random.below(3000)
    };
    let reason = B256::repeat_byte(random.below(3) as u8);
    let (hospitals, providers) = (anvil.hospitals(), anvil.providers());
    let known = anvil
        .view(
            hospitals,
            HospitalRegistry::organizationsCall {
                organization: grantee,
            },
        )
        .await;
    let employed = anvil
        .view(
            providers,
            ProviderRegistry::practitionersCall {
                practitioner: grantee,
            },
        )
        .await;
    let (to, from, data) = match random.below(8) {
        0 | 1 => (
            hospitals,
            registrar,
            verify_organization(grantee, valid_to, known.changedAt.to()),
        ),
        2 => (
            hospitals,
            suspender,
            HospitalRegistry::suspendCall {
                organization: grantee,
                reason,
            }
            .abi_encode(),
        ),
        3 => (
            hospitals,
            registrar,
            HospitalRegistry::reinstateCall {
                organization: grantee,
                reason,
                asOf: known.changedAt,
            }
            .abi_encode(),
        ),
        4 if !is_asking => (
            hospitals,
            registrar,
            HospitalRegistry::removeCall {
                organization: grantee,
                reason,
            }
            .abi_encode(),
        ),
        4 | 5 => (
            providers,
            registrar,
            ProviderRegistry::verifyCall {
                practitioner: grantee,
                organization,
                credential: reason,
                validTo: U40::from(FOREVER),
                asOf: employed.changedAt,
            }
            .abi_encode(),
        ),
        6 => (
            providers,
            suspender,
            ProviderRegistry::suspendCall {
                practitioner: grantee,
                reason,
            }
            .abi_encode(),
        ),
        _ => (
            providers,
            registrar,
            ProviderRegistry::removeCall {
                practitioner: grantee,
                reason,
            }
            .abi_encode(),
        ),
    };
    anvil.send_to(to, from, data).await;
}

/// Which of the grantees may request just now.
pub async fn verified(anvil: &Anvil, cast: &Cast) -> BTreeSet<Address> {
    let mut verified = BTreeSet::new();
    for grantee in &cast.grantees {
        let organization = chain(*grantee);
        let hospitals = HospitalRegistry::isVerifiedCall { organization };
        let providers = ProviderRegistry::isVerifiedCall {
            practitioner: organization,
        };
        if anvil.view(anvil.hospitals(), hospitals).await
            || anvil.view(anvil.providers(), providers).await
        {
            verified.insert(*grantee);
        }
    }
    verified
}
