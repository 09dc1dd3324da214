//! Who decides for a subject, and what its decisions about everything at once do to its consents.

use crate::support::chain::{
    CLINICS, FOREVER, REGISTRAR, SUSPENDER, grant, grant_at, request, revoke, revoke_all, scope,
    verify_organization,
};
use crate::support::{Indexer, World, oracle};
use alloy::primitives::{Address, B256, aliases::U40};
use alloy::sol_types::SolCall as _;
use contract_bindings::intent::by_sender;
use contract_bindings::registry::ConsentRegistry::{
    RemoveDelegate, SetDelegate, removeDelegateCall, setDelegateCall,
};
use contract_bindings::registry::{HospitalRegistry, ProviderRegistry};
use serde_json::{Value, json};

fn set_delegate(subject: Address, delegate: Address, window: (u64, u64), nonce: u32) -> Vec<u8> {
    let intent = SetDelegate {
        actor: subject,
        subject,
        delegate,
        rights: 5,
        validFrom: U40::from(window.0),
        validTo: U40::from(window.1),
        nonce,
        seq: Default::default(),
        deadline: U40::from(window.0 + 1000),
    };
    let proof = by_sender();
    setDelegateCall { intent, proof }.abi_encode()
}

fn remove_delegate(subject: Address, delegate: Address) -> Vec<u8> {
    let intent = RemoveDelegate {
        actor: subject,
        subject,
        delegate,
        throughNonce: 6,
        deadline: U40::MAX,
    };
    let proof = by_sender();
    removeDelegateCall { intent, proof }.abi_encode()
}

async fn statuses(indexer: &Indexer, patient: Address) -> Vec<(String, String)> {
    let rows = indexer.consents(&format!("patient={patient}")).await;
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let mut statuses: Vec<_> = rows
        .iter()
        .map(|row| (text(&row["scopeId"]), text(&row["status"])))
        .collect();
    statuses.sort_unstable();
    statuses
}

fn expected(of: &[(u8, &str)]) -> Vec<(String, String)> {
    of.iter()
        .map(|(byte, status)| (scope(*byte).to_string(), (*status).to_owned()))
        .collect()
}

/// A patient with one consent of each kind that can still be ended, and one that is over; and another patient.
async fn patients(world: &World) -> [Address; 3] {
    let [clinic, patient, other] = [CLINICS[0], 5, 6].map(|index| world.anvil.accounts[index]);
    let chain = &world.anvil;
    let now = chain.now().await;
    let window = (now, FOREVER);
    chain
        .call(clinic, request(patient, clinic, scope(1), now, 1))
        .await;
    for byte in [2, 3] {
        chain
            .call(patient, grant(patient, clinic, scope(byte), window, 1))
            .await;
    }
    chain.call(patient, revoke(patient, clinic, scope(3))).await;
    chain
        .call(other, grant(other, clinic, scope(2), window, 1))
        .await;
    [clinic, patient, other]
}

#[tokio::test]
async fn taking_everything_back_revokes_each_open_consent_in_answers_changes_and_outbox() {
    let world = World::new().await;
    let indexer = world.indexer().await;
    let [clinic, patient, other] = patients(&world).await;
    world.anvil.call(patient, revoke_all(patient, false)).await;
    world.caught_up(&indexer).await;

    let all = [(1, "REVOKED"), (2, "REVOKED"), (3, "REVOKED")];
    assert_eq!(statuses(&indexer, patient).await, expected(&all));
    assert_eq!(statuses(&indexer, other).await, expected(&[(2, "ACTIVE")]));
    let active = format!("patient={patient}&status=ACTIVE");
    assert_eq!(indexer.consents(&active).await, Vec::<Value>::new());

    // Five events, then one change for each of the two that were open.
    let changes = indexer.get("/v1/changes?after=5").await.body;
    let changes = changes["changes"].as_array().unwrap().clone();
    assert_eq!(changes.len(), 2);
    for change in &changes {
        assert_eq!(
            (
                &change["kind"],
                &change["cause"],
                &change["consent"]["status"]
            ),
            (&json!("allrevoked"), &json!("log"), &json!("REVOKED"))
        );
        assert_eq!(
            (
                &change["consent"]["epoch"],
                &change["consent"]["subjectEpoch"]
            ),
            (&json!(0), &json!(1))
        );
        assert_eq!(change["consent"]["effectiveUntil"], Value::Null);
    }
    oracle::check(&world).await;

    // What is granted anew counts, and only that.
    let now = world.anvil.now().await;
    world
        .anvil
        .call(
            patient,
            grant_at(1, patient, clinic, scope(2), (now, FOREVER), 2),
        )
        .await;
    world.caught_up(&indexer).await;
    let renewed = [(1, "REVOKED"), (2, "ACTIVE"), (3, "REVOKED")];
    assert_eq!(statuses(&indexer, patient).await, expected(&renewed));
    oracle::check(&world).await;
}

#[tokio::test]
async fn what_was_taken_back_on_a_branch_that_is_gone_is_open_again() {
    let world = World::new().await;
    let mut indexer = world.indexer().await;
    let [clinic, patient, _] = patients(&world).await;
    let before = [world.anvil.snapshot().await, world.anvil.snapshot().await];
    for (round, before) in before.into_iter().rev().enumerate() {
        world.anvil.call(patient, revoke_all(patient, false)).await;
        // On that branch one is opened under the new epoch, too.
        let now = world.anvil.now().await;
        world
            .anvil
            .call(
                patient,
                grant_at(1, patient, clinic, scope(2), (now, FOREVER), 2),
            )
            .await;
        world.caught_up(&indexer).await;
        let revoked = [(1, "REVOKED"), (2, "ACTIVE"), (3, "REVOKED")];
        assert_eq!(statuses(&indexer, patient).await, expected(&revoked));
        let rev = indexer.get("/v1/chain").await.body["rev"].as_u64().unwrap();
        // The second time while the indexer is down.
        let running = if round == 0 {
            Some(indexer)
        } else {
            indexer.kill();
            None
        };
        world.anvil.go_back(before).await;
        world.anvil.mine(3).await;
        indexer = match running {
            Some(indexer) => indexer,
            None => Indexer::start(&world.settings(), &world.issuer).await,
        };
        world.caught_up(&indexer).await;

        let open = [(1, "REQUESTED"), (2, "ACTIVE"), (3, "REVOKED")];
        assert_eq!(statuses(&indexer, patient).await, expected(&open));
        let changes = indexer.get(&format!("/v1/changes?after={rev}")).await.body;
        let mut kinds: Vec<_> = changes["changes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|change| {
                assert_eq!(change["cause"], "reorg");
                change["kind"].as_str().unwrap().to_owned()
            })
            .collect();
        kinds.sort_unstable();
        assert_eq!(kinds, ["created", "requested"], "one for each affected");
        let subject = indexer.get(&format!("/v1/subjects/{patient}")).await.body;
        assert_eq!(
            (&subject["subject"]["epoch"], &subject["subject"]["seq"]),
            (&json!(0), &json!(0))
        );
        oracle::check(&world).await;
    }
}

#[tokio::test]
async fn a_subject_and_its_delegates_are_shown_to_those_who_may_act_for_it() {
    let world = World::new().await;
    let indexer = world.indexer().await;
    let [patient, parent, former] = [5, 6, 7].map(|index| world.anvil.accounts[index]);
    let now = world.anvil.now().await;
    let path = format!("/v1/subjects/{patient}");
    let untouched = indexer.get(&path).await.body["subject"].clone();
    let own = patient.to_string().to_lowercase();
    assert_eq!(untouched["controller"], json!(own));
    assert_eq!(
        (&untouched["seq"], untouched.get("txHash")),
        (&json!(0), None)
    );

    let forever = (now, FOREVER);
    for delegate in [parent, former] {
        let set = set_delegate(patient, delegate, forever, 1);
        world.anvil.call(patient, set).await;
    }
    world
        .anvil
        .call(patient, remove_delegate(patient, former))
        .await;
    world.caught_up(&indexer).await;

    let page = indexer.get(&format!("{path}/delegates")).await.body;
    let row = |address: Address| {
        let own = json!(address.to_string().to_lowercase());
        let rows = page["delegates"].as_array().unwrap();
        rows.iter()
            .find(|row| row["delegate"] == own)
            .unwrap()
            .clone()
    };
    let active = row(parent);
    assert_eq!(
        (&active["status"], &active["rights"], &active["validTo"]),
        (&json!("ACTIVE"), &json!(["REVOKE", "GRANT"]), &Value::Null)
    );
    let removed = row(former);
    assert_eq!(
        (&removed["status"], &removed["nonce"]),
        (&json!("REMOVED"), &json!(7))
    );
    // Pages join.
    let first = indexer.get(&format!("{path}/delegates?limit=1")).await.body;
    let next = first["next"].as_str().unwrap();
    let second = indexer
        .get(&format!("{path}/delegates?limit=1&cursor={next}"))
        .await
        .body;
    assert_eq!(second["next"], Value::Null);
    let joined = [&first["delegates"][0], &second["delegates"][0]];
    assert_eq!(json!(joined), page["delegates"]);

    let as_provider = |address: Address| {
        let address = address.to_string();
        world.issuer.provider("org", &[&address])
    };
    for (address, status) in [(patient, 200), (parent, 200), (former, 404)] {
        let token = as_provider(address);
        for path in [path.clone(), format!("{path}/delegates")] {
            assert_eq!(indexer.get_as(&token, &path).await.status, status);
        }
    }
    for (own, status) in [(vec![patient], 200), (vec![former], 404), (Vec::new(), 404)] {
        let own: Vec<String> = own.iter().map(ToString::to_string).collect();
        let own: Vec<&str> = own.iter().map(String::as_str).collect();
        let token = world.issuer.patient(&own);
        assert_eq!(indexer.get_as(&token, &path).await.status, status);
    }
    for bad in ["0x12", "patient"] {
        let path = format!("/v1/subjects/{bad}");
        assert_eq!(indexer.get(&path).await.status, 400);
    }
    assert_eq!(indexer.get(&format!("{path}?x=1")).await.status, 400);
    let beyond = format!("{path}/delegates?limit=501");
    assert_eq!(indexer.get(&beyond).await.status, 400);
    oracle::check(&world).await;

    world.anvil.call(patient, revoke_all(patient, true)).await;
    world.caught_up(&indexer).await;
    let page = indexer.get(&format!("{path}/delegates")).await.body;
    let statuses = page["delegates"].as_array().unwrap().iter();
    let statuses: Vec<_> = statuses.map(|row| row["status"].clone()).collect();
    assert!(statuses.contains(&json!("VOID")) && statuses.contains(&json!("REMOVED")));
    assert_eq!(
        indexer.get_as(&as_provider(parent), &path).await.status,
        404
    );
}

#[tokio::test]
async fn a_practitioner_is_verified_only_while_its_organisation_is() {
    let world = World::new().await;
    let indexer = world.indexer().await;
    let chain = &world.anvil;
    let [registrar, suspender, hospital, doctor] =
        [REGISTRAR, SUSPENDER, CLINICS[0], 7].map(|index| chain.accounts[index]);
    let of = |path: &str, address: Address| format!("/v1/{path}/{address}");
    assert_eq!(indexer.get(&of("practitioners", doctor)).await.status, 404);
    let verify = ProviderRegistry::verifyCall {
        practitioner: doctor,
        organization: hospital,
        credential: B256::repeat_byte(9),
        validTo: U40::MAX,
        asOf: U40::ZERO,
    };
    chain
        .call_to(chain.providers(), registrar, verify.abi_encode())
        .await;
    world.caught_up(&indexer).await;
    let before = chain.snapshot().await;

    let read = async |path: &str, address: Address| {
        let body = indexer.get(&of(path, address)).await.body;
        let row = &body[path.trim_end_matches('s')];
        (row["status"].clone(), row["verified"].clone())
    };
    let verified = (json!("VERIFIED"), json!(true));
    assert_eq!(read("organizations", hospital).await, verified);
    assert_eq!(read("practitioners", doctor).await, verified);
    let row = indexer.get(&of("practitioners", doctor)).await.body["practitioner"].clone();
    let organization = hospital.to_string().to_lowercase();
    assert_eq!(row["organization"], json!(organization));
    assert_eq!(row["credential"], json!(B256::repeat_byte(9)));
    assert_eq!(row["validTo"], Value::Null);

    let suspend = HospitalRegistry::suspendCall {
        organization: hospital,
        reason: B256::ZERO,
    };
    chain
        .call_to(chain.hospitals(), suspender, suspend.abi_encode())
        .await;
    world.caught_up(&indexer).await;
    assert_eq!(
        read("organizations", hospital).await,
        (json!("SUSPENDED"), json!(false))
    );
    assert_eq!(
        read("practitioners", doctor).await,
        (json!("VERIFIED"), json!(false))
    );
    oracle::check(&world).await;

    // The suspension was on a branch that is gone.
    chain.go_back(before).await;
    chain.mine(2).await;
    world.caught_up(&indexer).await;
    assert_eq!(read("practitioners", doctor).await, verified);
    oracle::check(&world).await;

    let late = verify_organization(doctor, 1, 0);
    assert!(!chain.send_to(chain.hospitals(), registrar, late).await);
    let patients = world
        .issuer
        .token("patient", "patient:consent.read", json!({}));
    let reply = indexer
        .get_as(&patients, &of("organizations", hospital))
        .await;
    assert_eq!(reply.status, 200, "public, with any valid token");
}
