//! Every kind of decision gets onto the chain as it was signed.

use crate::support::sign::{FOREVER, here, proof, request, scope};
use crate::support::{Patient, World};
use alloy::primitives::{
    Address,
    aliases::{U24, U40},
};
use contract_bindings::intent::{Action, Recover};
use contract_bindings::registry::ConsentRegistry::{
    Batch, Freeze, Invalidate, Op, ProposeRecovery, Relinquish, RemoveDelegate, SetDelegate,
    SetRecovery, Unfreeze, Veto,
};
use contract_bindings::{Intent as _, SignedIntent};
use serde_json::Value;

const CLINIC: Address = Address::repeat_byte(0xc1);
const DELAY: u32 = 48 * 3600;

#[tokio::test]
async fn every_kind_of_decision_becomes_final() {
    let world = World::new(&[]).await;
    let relay = world.relay().await;
    let [patient, delegate, recoverer, next] = [1, 2, 3, 4].map(Patient::new);
    let (actor, subject) = (patient.address(), patient.address());
    world.neighbours.enrol(subject);
    let now = world.anvil.now().await;
    let deadline = U40::from(now + 3 * 86_400);
    let brought = async |body: Value| {
        let digest = relay.accepted(&body).await;
        relay.reaches(&digest, "final").await;
    };
    let op = |kind, byte, version| Op {
        kind,
        grantee: CLINIC,
        scopeId: scope(byte),
        validFrom: U40::from(now),
        validTo: U40::from(FOREVER),
        version,
    };
    // It uses up the seq.
    brought(patient.sign(Batch {
        actor,
        subject,
        mode: 1,
        seq: U24::ZERO,
        ops: vec![op(2, 1, 1), op(0, 2, 1)],
        deadline,
    }))
    .await;
    assert_eq!(world.anvil.status(subject, CLINIC, scope(1)).await, 4);
    assert_eq!(world.anvil.status(subject, CLINIC, scope(2)).await, 2);
    brought(patient.sign(SetDelegate {
        actor,
        subject,
        delegate: delegate.address(),
        rights: 7,
        validFrom: U40::from(now),
        validTo: U40::from(FOREVER),
        nonce: 1,
        seq: U24::from(1),
        deadline,
    }))
    .await;
    brought(patient.sign(RemoveDelegate {
        actor,
        subject,
        delegate: delegate.address(),
        throughNonce: 1,
        deadline,
    }))
    .await;
    brought(patient.sign(SetRecovery {
        actor,
        subject,
        recoverer: recoverer.address(),
        delay: DELAY,
        nonce: 1,
        seq: U24::from(1),
        deadline,
    }))
    .await;
    let propose = |number| {
        recoverer.sign(ProposeRecovery {
            actor: recoverer.address(),
            subject,
            newController: next.address(),
            proposalId: number,
            deadline,
        })
    };
    brought(propose(1)).await;
    brought(patient.sign(Veto {
        actor,
        subject,
        proposalId: 1,
        deadline,
    }))
    .await;
    brought(recoverer.sign(Freeze {
        actor: recoverer.address(),
        subject,
        seq: U24::from(1),
        deadline,
    }))
    .await;
    brought(patient.sign(Unfreeze {
        actor,
        subject,
        seq: U24::from(2),
        deadline,
    }))
    .await;
    brought(patient.sign(Invalidate {
        actor,
        subject,
        throughSeq: U24::from(2),
        deadline,
    }))
    .await;
    brought(propose(2)).await;
    world
        .anvil
        .rpc("evm_increaseTime", serde_json::json!([DELAY + 1]))
        .await;
    world.anvil.mine(1).await;
    let recover = Recover {
        actor: next.address(),
        subject,
        proposalId: 2,
        seq: U24::from(3),
        deadline,
    };
    let agreed = recover.accepted().sign(&here(), &next.0).unwrap();
    let recover = SignedIntent {
        action: Action::Recover(recover),
        proof: proof(agreed.to_vec()),
    };
    brought(recover.to_json()).await;
    assert_eq!(world.anvil.controller(subject).await, next.address());
}

#[tokio::test]
async fn a_clinic_gives_up_what_it_asked_for() {
    let world = World::new(&[]).await;
    let relay = world.relay().await;
    let (clinic, patient) = (Patient::new(9), Patient::new(1));
    world.anvil.verify_organization(clinic.address()).await;
    let now = world.anvil.now().await;
    let token = world
        .neighbours
        .provider("provider:consent.request", &[clinic.address()]);
    let relinquish = Relinquish {
        actor: clinic.address(),
        subject: patient.address(),
        grantee: clinic.address(),
        scopeId: scope(1),
        version: 1,
        deadline: U40::from(now + 3600),
    };
    let asked = clinic.sign(request(patient.address(), clinic.address(), scope(1), now));
    let given_up = clinic.sign(relinquish);
    assert_eq!(relay.post(&given_up).await.status, 401);
    for body in [asked, given_up] {
        let reply = relay.post_as(&token, &body).await;
        assert_eq!(reply.status, 202, "{}", reply.body);
        relay.reaches(&reply.digest(), "final").await;
    }
    let status = world
        .anvil
        .status(patient.address(), clinic.address(), scope(1));
    assert_eq!(status.await, 4);
}
