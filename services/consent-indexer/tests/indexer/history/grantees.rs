//! What happens in the registries of organisations and practitioners meanwhile.

use std::collections::BTreeSet;

use alloy::primitives::{B256, aliases::U40};
use alloy::sol_types::SolCall as _;
use consent_model::Address;
use contract_bindings::registry::{HospitalRegistry, ProviderRegistry};
use serde_json::Value;

use super::cast::{Cast, chain, core};
use crate::support::chain::{FOREVER, REGISTRAR, SUSPENDER, verify_organization};
use crate::support::{Anvil, Indexer, Random};

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

/// Lists, page by page: everyone who was ever verified is in exactly one of the two halves, the one that says so.
pub async fn listed(indexer: &Indexer, cast: &Cast, anvil: &Anvil) {
    for path in ["organizations", "practitioners"] {
        let mut expected = BTreeSet::new();
        for grantee in cast.candidates(anvil) {
            let address = core(grantee).to_string();
            if indexer.get(&format!("/v1/{path}/{address}")).await.status == 200 {
                expected.insert(address);
            }
        }
        let all = walk(indexer, path, "").await;
        assert_eq!(all.len(), expected.len(), "{path} twice or not at all");
        let mut halves = 0;
        for verified in [true, false] {
            for row in walk(indexer, path, &format!("&verified={verified}")).await {
                assert_eq!(row["verified"], verified, "{row}");
                assert!(expected.contains(row["address"].as_str().unwrap()));
                halves += 1;
            }
        }
        assert_eq!(halves, expected.len(), "the halves of {path}");
    }
}

async fn walk(indexer: &Indexer, path: &str, filter: &str) -> Vec<Value> {
    let (mut rows, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = indexer
            .get(&format!("/v1/{path}?limit=2{filter}{cursor}"))
            .await;
        assert_eq!(page.status, 200, "{}", page.body);
        rows.extend(page.body[path].as_array().unwrap().iter().cloned());
        match page.body["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return rows,
        }
    }
}
