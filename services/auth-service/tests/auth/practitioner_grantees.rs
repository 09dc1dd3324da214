//! A practitioner's own address: bound by its signature while they are signed in, and named in their tokens while the chain
//! says that it is a verified practitioner of their organisation.

use crate::support::apps::{CLINICIANS, Person, clinician, start};
use crate::support::{
    CLINIC_A, CLINIC_A_KEY, CLINIC_B_KEY, GATEWAY, NOW, OTHER_TENANT, Service, TENANT,
    clinician_token, grantee_statement, organization, patient_token, stands, subject,
};
use access_token::{Amr, Claims};
use alloy::primitives::{Address, U256};
use auth_service::directory::verification::Watch;
use contract_bindings::intent::BindGrantee;
use serde_json::{Value, json};

const PATH: &str = "/v1/grantee-bindings";
const DEADLINE: u64 = NOW as u64 + 600;
const KEY: u8 = 7;

fn address(key: u8) -> Address {
    subject(key).address()
}

/// What dr-7's key says of itself.
fn said(key: u8, nonce: u64) -> BindGrantee {
    let (grantee, nonce) = (address(key), U256::from(nonce));
    BindGrantee::of_practitioner(TENANT, "clinic-a", "dr-7", grantee, nonce, DEADLINE)
}

fn own(key: u8, nonce: u64) -> Value {
    grantee_statement(&said(key, nonce), &subject(key))
}

fn dr_7() -> String {
    clinician_token("dr-7", 10, |_| {})
}

/// What dr-7's next token says.
async fn dr_7s_token(service: &Service) -> Claims {
    let person = service.sign_in(clinician(), &[Amr::Pop]).await;
    token_of(service, &person).await
}

async fn token_of(service: &Service, person: &Person) -> Claims {
    let answer = service
        .let_in(person, CLINICIANS.0, &[("resource", GATEWAY)])
        .await;
    service.claims(&answer, GATEWAY).await
}

/// What dr-7's next token names.
async fn grantees(service: &Service) -> Vec<String> {
    dr_7s_token(service).await.grantees
}

fn shown(keys: &[u8]) -> Vec<String> {
    keys.iter()
        .map(|key| address(*key).to_checksum(None))
        .collect()
}

#[tokio::test]
async fn a_practitioner_binds_the_address_of_their_own_key_and_their_tokens_name_it() {
    let service = start().await;
    let created = service.post(PATH, &dr_7(), &own(KEY, 1)).await;
    assert_eq!(created.status, 201, "{}", created.body);
    let expected = json!({
        "organization": "clinic-a", "practitioner": "dr-7",
        "bindings": [{
            "grantee": address(KEY).to_checksum(None), "nonce": "1", "deadline": DEADLINE,
            "signature": own(KEY, 1)["signature"], "boundAt": "2030-03-17T17:46:40Z",
        }],
    });
    assert_eq!(created.body, expected);
    assert_eq!(service.get(PATH, &dr_7()).await.body, expected);
    let again = service.post(PATH, &dr_7(), &own(KEY, 1)).await;
    assert_eq!(again.status, 200, "{}", again.body);

    assert_eq!(
        grantees(&service).await,
        shown(&[CLINIC_A_KEY]),
        "the chain knows nothing of it"
    );
    service.chain.employ(address(KEY), address(CLINIC_A_KEY));
    assert_eq!(grantees(&service).await, shown(&[CLINIC_A_KEY, KEY]));
    // It is theirs, not their organisation's, and not a colleague's.
    let organization = service
        .get("/v1/organizations/clinic-a", &service.system().await)
        .await;
    assert_eq!(organization.body["bindings"].as_array().unwrap().len(), 1);
    let colleague = clinician_token("dr-8", 10, |_| {});
    let colleagues = service.get(PATH, &colleague).await;
    assert_eq!(colleagues.body["bindings"], json!([]));
}

#[tokio::test]
async fn a_token_does_not_name_a_practitioner_who_is_suspended_or_works_elsewhere() {
    let service = start().await;
    service.post(PATH, &dr_7(), &own(KEY, 1)).await;
    service.chain.employ(address(KEY), address(CLINIC_A_KEY));
    service.chain.suspend(address(KEY));
    assert_eq!(grantees(&service).await, shown(&[CLINIC_A_KEY]));
    service.chain.reinstate(address(KEY));
    assert_eq!(grantees(&service).await, shown(&[CLINIC_A_KEY, KEY]));
    service.chain.employ(address(KEY), address(CLINIC_B_KEY));
    assert_eq!(grantees(&service).await, shown(&[CLINIC_A_KEY]));
}

/// With attack 16: what names a practitioner's address ends with their verification, and so does nobody else's.
#[tokio::test]
async fn tokens_end_once_their_practitioner_is_seen_suspended() {
    let service = start().await;
    let mut watch = Watch::default();
    service.post(PATH, &dr_7(), &own(KEY, 1)).await;
    service.chain.employ(address(KEY), address(CLINIC_A_KEY));
    let person = service.sign_in(clinician(), &[Amr::Pop]).await;
    let token = token_of(&service, &person).await;
    let organizations = service
        .ask(CLINIC_A, &[("scope", "provider:records.read")])
        .await;
    let organizations = service.claims(&organizations, GATEWAY).await;
    service.set_time(NOW + 5);
    assert_eq!(watch.look(&service.app).await.unwrap(), 0);
    assert!(stands(&service, &token).await);

    service.chain.suspend(address(KEY));
    assert_eq!(watch.look(&service.app).await.unwrap(), 1);
    assert!(
        !stands(&service, &token).await,
        "it outlived its practitioner"
    );
    assert!(
        stands(&service, &organizations).await,
        "the organisation's ended"
    );
    assert_eq!(watch.look(&service.app).await.unwrap(), 0, "told twice");

    // Their organisation still stands, and so does what they may do by its address: also for who signs in anew within
    // the second up to whose end everything was revoked.
    let next = token_of(&service, &person).await;
    assert_eq!(next.grantees, shown(&[CLINIC_A_KEY]));
    assert!(stands(&service, &next).await);
}

/// A verified practitioner does not make up for an organisation that is not.
#[tokio::test]
async fn a_practitioners_address_gives_nothing_where_the_organisation_does_not_stand() {
    let service = start().await;
    service.post(PATH, &dr_7(), &own(KEY, 1)).await;
    service.chain.employ(address(KEY), address(CLINIC_A_KEY));
    let forged = format!(
        "update grantee_bindings set signature = '\\x00' where grantee = '\\x{}'",
        hex::encode(address(CLINIC_A_KEY))
    );
    service.sql(&forged).await;
    let person = service.sign_in(clinician(), &[Amr::Pop]).await;
    let answer = service.authorize(&person.cookie, CLINICIANS.0, &[]).await;
    let error = answer.parameter("error");
    assert_eq!(error.as_deref(), Some("access_denied"), "{}", answer.text);
}

/// Attacks: somebody else's address, and a signature that was given for something else.
#[tokio::test]
async fn a_signature_of_another_key_or_for_somebody_else_is_refused() {
    let service = start().await;
    let of = |tenant, organization, practitioner| {
        let said = BindGrantee::of_practitioner(
            tenant,
            organization,
            practitioner,
            address(KEY),
            U256::from(1),
            DEADLINE,
        );
        grantee_statement(&said, &subject(KEY))
    };
    let mut stolen = own(KEY, 1);
    stolen["grantee"] = json!(address(8));
    for (what, body) in [
        ("another key", grantee_statement(&said(KEY, 1), &subject(8))),
        ("another address", stolen),
        ("a colleague", of(TENANT, "clinic-a", "dr-8")),
        ("another organisation", of(TENANT, "clinic-b", "dr-7")),
        ("another tenant", of(OTHER_TENANT, "clinic-a", "dr-7")),
        ("the organisation itself", of(TENANT, "clinic-a", "")),
    ] {
        let answer = service.post(PATH, &dr_7(), &body).await;
        assert_eq!(answer.problem(), (400, "invalid-signature"), "{what}");
    }
    assert_eq!(service.get(PATH, &dr_7()).await.body["bindings"], json!([]));
}

#[tokio::test]
async fn only_a_practitioner_who_signed_in_surely_and_just_now_binds() {
    let service = start().await;
    let with = |change: fn(&mut Value)| clinician_token("dr-7", 10, change);
    for stale in [
        clinician_token("dr-7", 301, |_| {}),
        with(|claims| {
            claims["acr"] = json!("aal1");
            claims["amr"] = json!(["pwd"]);
        }),
    ] {
        let answer = service.post(PATH, &stale, &own(KEY, 1)).await;
        assert_eq!(answer.problem(), (401, "insufficient-user-authentication"));
    }
    for (what, token) in [
        ("a patient", patient_token("pat-1", 10)),
        ("an administrator", service.admin().await),
        (
            "another scope",
            with(|claims| claims["scope"] = json!("provider:records.read")),
        ),
        (
            "for another",
            with(|claims| claims["act"] = json!({"sub": "a-backend"})),
        ),
        (
            "no practitioner",
            with(|claims| claims["fhirUser"] = json!("Patient/dr-7")),
        ),
        (
            "an empty id",
            with(|claims| claims["fhirUser"] = json!("Practitioner/")),
        ),
        (
            "a backend",
            with(|claims| {
                for member in ["sid", "auth_time", "acr", "amr", "sv"] {
                    claims.as_object_mut().unwrap().remove(member);
                }
            }),
        ),
    ] {
        let answer = service.post(PATH, &token, &own(KEY, 1)).await;
        assert_eq!(answer.problem(), (403, "insufficient-scope"), "{what}");
        let answer = service.get(PATH, &token).await;
        assert_eq!(answer.problem(), (403, "insufficient-scope"), "{what}");
    }
}

#[tokio::test]
async fn an_address_is_one_practitioners_or_one_organisations() {
    let service = start().await;
    let admin = service.admin().await;
    // The clinic's own key says that it is dr-7's as well.
    let answer = service.post(PATH, &dr_7(), &own(CLINIC_A_KEY, 2)).await;
    assert_eq!(answer.problem(), (409, "address-taken"));
    let bound = service.post(PATH, &dr_7(), &own(KEY, 1)).await;
    assert_eq!(bound.status, 201, "{}", bound.body);
    let body = organization("lab", "Lab", &[KEY], 2);
    let answer = service.put("/v1/organizations/lab", &admin, &body).await;
    assert_eq!(answer.problem(), (409, "address-taken"));
    // An organisation's new list leaves its practitioners' addresses alone.
    let body = organization("clinic-a", "Clinic A", &[0xa2], 1);
    let stored = service
        .put("/v1/organizations/clinic-a", &admin, &body)
        .await;
    assert_eq!(stored.status, 200, "{}", stored.body);
    // Its own tokens of before are dead: it lost an address.
    service.set_time(NOW + 5);
    let token = clinician_token("dr-7", 10, |claims| claims["iat"] = json!(NOW + 5));
    let kept = service.get(PATH, &token).await;
    assert_eq!(kept.body["bindings"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn what_a_practitioner_ended_does_not_come_back_by_an_old_statement() {
    let service = start().await;
    service.chain.employ(address(KEY), address(CLINIC_A_KEY));
    service.post(PATH, &dr_7(), &own(KEY, 3)).await;
    let older = service.post(PATH, &dr_7(), &own(KEY, 2)).await;
    assert_eq!(older.problem(), (409, "stale-nonce"));
    let one = format!("{PATH}/{}", address(KEY));
    let not_theirs = clinician_token("dr-8", 10, |_| {});
    let refused = service.delete(&one, &not_theirs).await;
    assert_eq!(refused.status, 404);
    let token = dr_7();
    assert_eq!(service.delete(&one, &token).await.status, 204);
    assert_eq!(grantees(&service).await, shown(&[CLINIC_A_KEY]));
    let dead = service.get(PATH, &token).await;
    assert_eq!(dead.problem(), (401, "unauthenticated"), "its tokens end");

    service.set_time(NOW + 5);
    let token = clinician_token("dr-7", 0, |claims| claims["iat"] = json!(NOW + 5));
    let replayed = service.post(PATH, &token, &own(KEY, 3)).await;
    assert_eq!(replayed.problem(), (409, "stale-nonce"));
    let anew = service.post(PATH, &token, &own(KEY, 4)).await;
    assert_eq!(anew.status, 201, "{}", anew.body);
}

#[tokio::test]
async fn a_practitioner_has_few_addresses() {
    let service = start().await;
    for key in 1..=4 {
        let bound = service.post(PATH, &dr_7(), &own(key, 1)).await;
        assert_eq!(bound.status, 201, "{}", bound.body);
    }
    let fifth = service.post(PATH, &dr_7(), &own(5, 1)).await;
    assert_eq!(fifth.problem(), (409, "too-many-addresses"));
    let renewed = service.post(PATH, &dr_7(), &own(4, 2)).await;
    assert_eq!(renewed.status, 200, "{}", renewed.body);
}
