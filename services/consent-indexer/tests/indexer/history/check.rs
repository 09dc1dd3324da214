//! Everything the projection says, held against the contract's own views and the model, bit for bit.

use std::collections::BTreeMap;

use alloy::primitives::B256;
use consent_core::subject::{Counters, Proposal, Recovery};
use consent_core::{
    Consent, Delegate, EffectiveStatus, Grantee, GranteeStatus, Hash32, StoredStatus, Subject,
};
use consent_model::{Address, ConsentKey, Registry};
use contract_bindings::event::core_address;
use contract_bindings::registry::{
    ConsentRegistry as abi, HospitalRegistry, IntentLens, ProviderRegistry,
};
use serde_json::{Value, json};
use sqlx::Row as _;
use sqlx::postgres::PgRow;
use time::OffsetDateTime;

use super::cast::{Cast, chain, core};
use super::grantees;
use crate::support::{Indexer, World};

/// The projection as its tables hold it.
struct Projection {
    consents: BTreeMap<Hash32, Consent>,
    subjects: BTreeMap<consent_core::Address, Subject>,
}

/// Compares for every id that the history can have touched.
pub async fn whole(world: &World, indexer: &Indexer, cast: &Cast, model: &Registry) {
    let projection = read(world).await;
    let now = world.anvil.now().await;
    for subject in &cast.subjects {
        let state = projection
            .subjects
            .get(&core(*subject))
            .cloned()
            .unwrap_or_else(|| Subject::untouched(core(*subject)));
        against_the_contract(world, cast, *subject, &state, now).await;
        against_the_model(cast, model, *subject, &state);
        for grantee in &cast.grantees {
            for scope_id in &cast.scopes {
                let key = ConsentKey {
                    subject: *subject,
                    grantee: *grantee,
                    scope_id: *scope_id,
                };
                consent(world, model, &key, &projection, &state, now).await;
            }
        }
        in_the_answers(indexer, &projection, &state).await;
    }
    let known = cast.subjects.iter().map(|subject| core(*subject));
    let known: Vec<_> = known.collect();
    assert!(projection.subjects.keys().all(|key| known.contains(key)));
    for grantee in cast.candidates(&world.anvil) {
        registered(world, indexer, grantee).await;
    }
    grantees::listed(indexer, cast, &world.anvil).await;
    ids(world).await;
}

/// One consent: its stored fields, and how it reads now.
async fn consent(
    world: &World,
    model: &Registry,
    key: &ConsentKey,
    projection: &Projection,
    subject: &Subject,
    now: u64,
) {
    let (registry, scope) = (world.anvil.registry(), B256::from(key.scope_id.0));
    let (patient, grantee) = (core(key.subject), core(key.grantee));
    let scope_id = Hash32(key.scope_id.0);
    let id = consent_core::consent_id(31337, core_address(registry), patient, grantee, scope_id);
    let untouched = || Consent::untouched(id, patient, grantee, scope_id);
    let ours = projection
        .consents
        .get(&id)
        .cloned()
        .unwrap_or_else(untouched);

    let theirs = world.anvil.stored(B256::from(id.0)).await;
    let stored = Consent {
        status: StoredStatus::from_number(theirs.status).unwrap(),
        valid_from: theirs.validFrom.to(),
        valid_to: theirs.validTo.to(),
        respond_by: theirs.respondBy.to(),
        version: theirs.version,
        epoch: theirs.epoch.to(),
        changed_at: theirs.changedAt.to(),
        ..untouched()
    };
    assert_eq!(ours, stored, "the projection and the contract differ");
    let modelled = model.consent(key);
    let modelled = Consent {
        status: StoredStatus::from_number(modelled.status as u8).unwrap(),
        valid_from: modelled.window.from,
        valid_to: modelled.window.to,
        respond_by: modelled.respond_by,
        version: modelled.version,
        epoch: modelled.epoch,
        changed_at: modelled.changed_at,
        ..untouched()
    };
    assert_eq!(ours, modelled, "the projection and the model differ");

    let status_of = abi::statusOfCall {
        subject: chain(key.subject),
        grantee: chain(key.grantee),
        scopeId: scope,
    };
    let is_active = abi::isActiveCall {
        subject: chain(key.subject),
        grantee: chain(key.grantee),
        scopeId: scope,
    };
    let effective = ours.effective(subject.counters.epoch, now, true);
    let number = match effective {
        None => 0,
        Some(EffectiveStatus::Requested) => 1,
        Some(
            EffectiveStatus::Active | EffectiveStatus::Scheduled | EffectiveStatus::Confirming,
        ) => 2,
        Some(EffectiveStatus::Denied) => 3,
        Some(EffectiveStatus::Revoked) => 4,
        Some(EffectiveStatus::Expired) => 5,
    };
    assert_eq!(
        world.anvil.view(registry, status_of).await,
        number,
        "{ours:?} at {now}"
    );
    assert_eq!(model.status_of(key, now) as u8, number, "{ours:?} at {now}");
    let active = effective == Some(EffectiveStatus::Active);
    assert_eq!(world.anvil.view(registry, is_active).await, active);
    assert_eq!(model.is_active(key, now), active);
}

async fn against_the_contract(
    world: &World,
    cast: &Cast,
    subject: Address,
    ours: &Subject,
    now: u64,
) {
    let (anvil, registry) = (&world.anvil, world.anvil.registry());
    let address = chain(subject);
    let state = anvil
        .view(registry, abi::subjectsCall { subject: address })
        .await;
    let recovery = anvil
        .view(registry, abi::recoveriesCall { subject: address })
        .await;
    let proposal = anvil
        .view(registry, abi::proposalsCall { subject: address })
        .await;
    let theirs = Subject {
        address: core(subject),
        controller: core_address(state.controller),
        counters: Counters {
            epoch: state.epoch.to(),
            auth_epoch: state.authEpoch.to(),
            seq: state.seq.to(),
        },
        frozen_until: state.frozenUntil.to(),
        next_freeze_at: state.nextFreezeAt.to(),
        recovery: Recovery {
            recoverer: core_address(recovery.recoverer),
            delay: recovery.delay,
            auth_epoch: recovery.authEpoch.to(),
            nonce: recovery.nonce,
        },
        proposal: Proposal {
            new_controller: core_address(proposal.newController),
            ready_at: proposal.readyAt.to(),
            id: proposal.id,
            auth_epoch: proposal.authEpoch.to(),
        },
        delegates: ours.delegates.clone(),
    };
    assert_eq!(*ours, theirs, "the projection and the contract differ");
    for person in &cast.people {
        let delegate = abi::delegatesCall {
            subject: address,
            delegate: chain(*person),
        };
        let theirs = anvil.view(registry, delegate).await;
        let theirs = Delegate {
            rights: theirs.rights,
            valid_from: theirs.validFrom.to(),
            valid_to: theirs.validTo.to(),
            auth_epoch: theirs.authEpoch.to(),
            nonce: theirs.nonce,
        };
        let found = ours.delegates.get(&core(*person)).copied();
        assert_eq!(found.unwrap_or_default(), theirs, "a delegate differs");
        let rights_of = abi::rightsOfCall {
            subject: address,
            actor: chain(*person),
        };
        let theirs = anvil.view(registry, rights_of).await;
        let theirs = (theirs.rights, theirs.mandateEnd.to::<u64>());
        assert_eq!(ours.rights_of(core(*person), now), theirs, "rights differ");
    }
}

/// The model need not keep what no longer means anything.
fn against_the_model(cast: &Cast, model: &Registry, subject: Address, ours: &Subject) {
    let state = model.subject(subject);
    assert_eq!(core(state.controller), ours.controller);
    let counters = Counters {
        epoch: state.epoch,
        auth_epoch: state.auth_epoch,
        seq: state.seq,
    };
    assert_eq!(counters, ours.counters);
    assert_eq!(
        (state.frozen_until, state.next_freeze_at),
        (ours.frozen_until, ours.next_freeze_at)
    );
    let recovery = model.recovery(subject);
    assert_eq!(recovery.nonce, ours.recovery.nonce);
    let recoverer = ours
        .recoverer()
        .map(|recovery| (recovery.recoverer, u64::from(recovery.delay)));
    let modelled = model.recoverer_of(subject);
    assert_eq!(modelled.map(|(who, delay)| (core(who), delay)), recoverer);
    assert_eq!(model.proposal(subject).id, ours.proposal.id);
    let proposed = ours
        .proposed()
        .map(|proposal| (proposal.id, proposal.new_controller, proposal.ready_at));
    let modelled = model.live_proposal(subject);
    let modelled = modelled.map(|live| (live.id, core(live.new_controller), live.ready_at));
    assert_eq!(modelled, proposed);
    for person in &cast.people {
        let modelled = model.delegate(subject, *person);
        let found = ours.delegates.get(&core(*person)).copied();
        let found = found.unwrap_or_default();
        assert_eq!(
            (modelled.rights, modelled.nonce),
            (found.rights, found.nonce)
        );
        if found.rights != 0 {
            let modelled = (
                modelled.mandate.from,
                modelled.mandate.to,
                modelled.auth_epoch,
            );
            assert_eq!(
                modelled,
                (found.valid_from, found.valid_to, found.auth_epoch)
            );
        }
    }
}

/// What the read API says of a subject, its delegates and its consents.
async fn in_the_answers(indexer: &Indexer, projection: &Projection, state: &Subject) {
    let path = format!("/v1/subjects/{}", state.address);
    let reply = indexer.get(&path).await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    let row = &reply.body["subject"];
    let proposal = state.proposed().map_or(Value::Null, |proposal| {
        json!({"id": proposal.id, "newController": proposal.new_controller, "readyAt": proposal.ready_at})
    });
    let recovery = state.recoverer().map_or(
        Value::Null,
        |recovery| json!({"recoverer": recovery.recoverer, "delay": recovery.delay}),
    );
    let said = json!([
        row["subject"],
        row["controller"],
        row["epoch"],
        row["authEpoch"],
        row["seq"],
        row["recovery"],
        row["recoveryNonce"],
        row["proposal"],
        row["lastProposalId"],
    ]);
    let Counters {
        epoch,
        auth_epoch,
        seq,
    } = state.counters;
    let meant = json!([
        state.address,
        state.controller,
        epoch,
        auth_epoch,
        seq,
        recovery,
        state.recovery.nonce,
        proposal,
        state.proposal.id,
    ]);
    assert_eq!(said, meant);

    let reply = indexer.get(&format!("{path}/delegates?limit=500")).await;
    let said: BTreeMap<String, Value> = reply.body["delegates"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            (
                row["delegate"].as_str().unwrap().to_owned(),
                row["nonce"].clone(),
            )
        })
        .collect();
    let meant: BTreeMap<String, Value> = state
        .delegates
        .iter()
        .map(|(address, delegate)| (address.to_string(), json!(delegate.nonce)))
        .collect();
    assert_eq!(said, meant);

    // The API's clock is the wall's, not the chain's.
    let clock = || u64::try_from(OffsetDateTime::now_utc().unix_timestamp()).unwrap();
    let before = clock();
    let rows = indexer
        .consents(&format!("patient={}&limit=500", state.address))
        .await;
    let after = clock();
    let own = projection
        .consents
        .values()
        .filter(|consent| consent.subject == state.address);
    assert_eq!(rows.len(), own.count());
    for row in rows {
        let id: Hash32 = row["consentId"].as_str().unwrap().parse().unwrap();
        let consent = &projection.consents[&id];
        let at = |now| json!(consent.effective(epoch, now, true).unwrap());
        assert!(
            row["status"] == at(before) || row["status"] == at(after),
            "{row} of {consent:?}"
        );
        assert_eq!(
            (&row["epoch"], &row["subjectEpoch"]),
            (&json!(consent.epoch), &json!(epoch))
        );
        assert_eq!(row["version"], json!(consent.version));
    }
}

/// An organisation or practitioner, in both registries.
async fn registered(world: &World, indexer: &Indexer, address: Address) {
    let (anvil, pool) = (&world.anvil, &world.database.pool);
    let (hospitals, providers) = (anvil.hospitals(), anvil.providers());
    let organization = chain(address);
    let found = anvil
        .view(
            hospitals,
            HospitalRegistry::organizationsCall { organization },
        )
        .await;
    let employed = anvil
        .view(
            providers,
            ProviderRegistry::practitionersCall {
                practitioner: organization,
            },
        )
        .await;
    let theirs = [
        (
            "hospitals",
            found.status,
            found.validTo,
            found.changedAt,
            Default::default(),
        ),
        (
            "providers",
            employed.status,
            employed.validTo,
            employed.changedAt,
            employed.organization,
        ),
    ];
    for (registry, status, valid_to, changed_at, belongs_to) in theirs {
        let row = sqlx::query("SELECT * FROM grantees WHERE registry = $1 AND grantee = $2")
            .bind(registry)
            .bind(address.0.as_slice())
            .fetch_optional(pool)
            .await
            .unwrap();
        let ours = row.map_or_else(
            || Grantee::untouched(core(address)),
            |row| Grantee {
                address: core(address),
                status: GranteeStatus::from_number(row.get::<i16, _>("status") as u8).unwrap(),
                valid_to: number(&row, "valid_to"),
                changed_at: number(&row, "changed_at"),
                organization: party(&row, "organization"),
                credential: Hash32::ZERO,
            },
        );
        let theirs = Grantee {
            address: core(address),
            status: GranteeStatus::from_number(status).unwrap(),
            valid_to: valid_to.to(),
            changed_at: changed_at.to(),
            organization: core_address(belongs_to),
            credential: Hash32::ZERO,
        };
        assert_eq!(ours, theirs, "in {registry}");
        let path = if registry == "hospitals" {
            "organizations"
        } else {
            "practitioners"
        };
        let reply = indexer.get(&format!("/v1/{path}/{}", core(address))).await;
        let is_known = theirs.status != GranteeStatus::None;
        assert_eq!(reply.status, if is_known { 200 } else { 404 });
    }
}

/// Ids are the contract's: of consents, and of signers that are no accounts.
async fn ids(world: &World) {
    let lens = contract_bindings::deployment::Deployments::local().unwrap();
    let lens = lens.find("IntentLens").unwrap().address;
    let signer = [&[7; 20][..], b"a passkey"].concat();
    let id = contract_bindings::intent::signer_id(&signer);
    let call = IntentLens::signerIdCall {
        signer: signer.into(),
    };
    assert_eq!(world.anvil.view(lens, call).await, id);
}

async fn read(world: &World) -> Projection {
    let pool = &world.database.pool;
    let rows =
        async |statement: &'static str| sqlx::query(statement).fetch_all(pool).await.unwrap();
    let mut projection = Projection {
        consents: BTreeMap::new(),
        subjects: BTreeMap::new(),
    };
    for row in rows("SELECT * FROM consents").await {
        let consent = Consent {
            id: Hash32(row.get::<Vec<u8>, _>("consent_id").try_into().unwrap()),
            subject: party(&row, "subject"),
            grantee: party(&row, "grantee"),
            scope_id: Hash32(row.get::<Vec<u8>, _>("scope_id").try_into().unwrap()),
            status: StoredStatus::from_number(row.get::<i16, _>("status") as u8).unwrap(),
            valid_from: number(&row, "valid_from"),
            valid_to: number(&row, "valid_to"),
            respond_by: number(&row, "respond_by"),
            version: number(&row, "version") as u32,
            epoch: counter(&row, "epoch"),
            changed_at: number(&row, "changed_at"),
        };
        projection.consents.insert(consent.id, consent);
    }
    for row in rows("SELECT * FROM subjects").await {
        let subject = Subject {
            address: party(&row, "subject"),
            controller: party(&row, "controller"),
            counters: Counters {
                epoch: counter(&row, "epoch"),
                auth_epoch: counter(&row, "auth_epoch"),
                seq: counter(&row, "seq"),
            },
            frozen_until: number(&row, "frozen_until"),
            next_freeze_at: number(&row, "next_freeze_at"),
            recovery: Recovery {
                recoverer: party(&row, "recoverer"),
                delay: number(&row, "recovery_delay") as u32,
                auth_epoch: counter(&row, "recovery_auth_epoch"),
                nonce: number(&row, "recovery_nonce") as u32,
            },
            proposal: Proposal {
                new_controller: party(&row, "new_controller"),
                ready_at: number(&row, "ready_at"),
                id: number(&row, "proposal_id") as u32,
                auth_epoch: counter(&row, "proposal_auth_epoch"),
            },
            delegates: BTreeMap::new(),
        };
        projection.subjects.insert(subject.address, subject);
    }
    for row in rows("SELECT * FROM delegates").await {
        let delegate = Delegate {
            rights: row.get::<i16, _>("rights") as u8,
            valid_from: number(&row, "valid_from"),
            valid_to: number(&row, "valid_to"),
            auth_epoch: counter(&row, "auth_epoch"),
            nonce: number(&row, "nonce") as u32,
        };
        let subject = projection.subjects.get_mut(&party(&row, "subject"));
        let subject = subject.expect("a delegate belongs to a subject that is known");
        subject.delegates.insert(party(&row, "delegate"), delegate);
    }
    projection
}

fn party(row: &PgRow, column: &str) -> consent_core::Address {
    consent_core::Address(row.get::<Vec<u8>, _>(column).try_into().unwrap())
}

fn number(row: &PgRow, column: &str) -> u64 {
    u64::try_from(row.get::<i64, _>(column)).unwrap()
}

fn counter(row: &PgRow, column: &str) -> u32 {
    u32::try_from(row.get::<i32, _>(column)).unwrap()
}
