//! A long random history of commands of all kinds, refused ones and reorganisations among them. Three judges agree at
//! its end and along its way: the contract's own views, an independent model of its rules, and the projection.
//!
//! `HISTORY_STEPS` and `HISTORY_SEED` make it another, longer one.

mod cast;
mod check;
mod draw;
mod grantees;
mod wire;

use std::collections::BTreeMap;

use crate::support::chain::number;
use crate::support::{Anvil, Indexer, Random, World, oracle};
use alloy::sol_types::SolInterface as _;
use cast::Cast;
use consent_model::{Address, Call, Command, Limits, Registry, Rules};
use contract_bindings::registry::ConsentRegistry::ConsentRegistryErrors;
use draw::Draw;
use serde_json::{Value, json};

const STEPS: u64 = 600;
const SEED: u64 = 0x0c05_e17e;
const DAY: u64 = 86_400;

/// What a walk worth the name has seen: every event of the registry, a recovery carried out, and a fork.
const EVENTS: [&str; 17] = [
    "ConsentRequested",
    "ConsentCreated",
    "ConsentDenied",
    "ConsentRevoked",
    "ConsentExpired",
    "AllConsentsRevoked",
    "SignaturesInvalidated",
    "ControllerChanged",
    "DelegateSet",
    "DelegateRemoved",
    "RecoverySet",
    "RecoveryProposed",
    "RecoveryVetoed",
    "SubjectFrozen",
    "SubjectUnfrozen",
    "recovery",
    "reorganisation",
];

#[tokio::test]
async fn any_history_ends_in_what_the_contract_and_the_model_say() {
    let setting = |name: &str, default| match std::env::var(name) {
        Ok(text) => text.parse().expect("a number"),
        Err(_) => default,
    };
    let (steps, seed) = (
        setting("HISTORY_STEPS", STEPS),
        setting("HISTORY_SEED", SEED),
    );
    let world = World::new().await;
    let indexer = world.indexer().await;
    let mut walk = Walk::start(&world, &indexer, Random::new(seed)).await;
    let mut step = 0;
    // A walk that some kind of event never happens in would prove nothing of it: then it goes on a little.
    while step < steps || (!walk.missing().is_empty() && step < 4 * steps) {
        step += 1;
        walk.step().await;
        if step % 100 == 0 {
            walk.compare().await;
        }
    }
    walk.compare().await;
    // What was open lapses without anybody telling.
    walk.pass(30 * DAY).await;
    walk.compare().await;
    println!("met in {step} steps: {:?}", walk.met);
    assert_eq!(walk.missing(), Vec::<&str>::new());
}

fn is_batch(command: &Command) -> bool {
    let Command::Signed { intent, .. } = command else {
        return false;
    };
    matches!(intent, consent_model::Intent::Batch(_))
}

/// A transaction and what it means.
#[derive(Clone)]
struct Sending {
    sender: Address,
    command: Command,
    data: Vec<u8>,
    /// The error that a transaction must end in that is none of the model's business: a forged signature.
    forged: bool,
}

/// A state to come back to.
struct Past {
    snapshot: Value,
    head: u64,
    model: Registry,
}

struct Walk<'a> {
    world: &'a World,
    indexer: &'a Indexer,
    random: Random,
    cast: Cast,
    model: Registry,
    past: Vec<Past>,
    /// Signed commands that a relayer holds, sent or not.
    held: Vec<Sending>,
    /// How often each kind of event happened and each error was met.
    met: BTreeMap<String, u64>,
}

impl<'a> Walk<'a> {
    async fn start(world: &'a World, indexer: &'a Indexer, random: Random) -> Self {
        // However busy the machine is, a block follows a second after the one before.
        let interval = json!([1]);
        world
            .anvil
            .rpc("anvil_setBlockTimestampInterval", interval)
            .await;
        let cast = Cast::on(&world.anvil).await;
        let mut walk = Self {
            world,
            indexer,
            random,
            cast,
            model: Registry::new(Limits::default(), Rules::default()),
            past: Vec::new(),
            held: Vec::new(),
            met: BTreeMap::new(),
        };
        walk.learn_who_is_verified().await;
        walk
    }

    fn anvil(&self) -> &'a Anvil {
        &self.world.anvil
    }

    async fn step(&mut self) {
        match self.random.below(100) {
            0..4 => self.remember().await,
            4..8 => self.go_back().await,
            8..12 => {
                let seconds = self.random.below(900);
                self.pass(seconds).await;
            }
            // Long enough for a recovery and for most windows.
            kind @ 12..24 if kind < 16 || self.is_someone_waiting() => {
                let seconds = 2 * DAY + self.random.below(DAY);
                self.pass(seconds).await;
            }
            16..20 => {
                grantees::any_change(self.anvil(), &self.cast, &mut self.random).await;
                self.learn_who_is_verified().await;
            }
            20..25 => self.burst().await,
            25..33 if !self.held.is_empty() => {
                let index = self.random.below(self.held.len() as u64) as usize;
                let sending = self.held[index].clone();
                self.send(&[sending]).await;
            }
            _ => {
                let sending = self.draw().await;
                self.send(&[sending]).await;
            }
        }
    }

    /// Whether a recovery is under way.
    fn is_someone_waiting(&self) -> bool {
        let mut subjects = self.cast.subjects.iter();
        subjects.any(|subject| self.model.live_proposal(*subject).is_some())
    }

    async fn pass(&self, seconds: u64) {
        let time = self.anvil().now().await + 1 + seconds;
        self.anvil()
            .rpc("evm_setNextBlockTimestamp", json!([time]))
            .await;
        self.anvil().mine(1).await;
    }

    async fn remember(&mut self) {
        self.past.push(Past {
            snapshot: self.anvil().snapshot().await,
            head: self.anvil().head().await.0,
            model: self.model.clone(),
        });
    }

    /// Another branch replaces the last blocks; sometimes longer, sometimes shorter than what it replaces.
    async fn go_back(&mut self) {
        let head = self.anvil().head().await.0;
        self.past.retain(|past| head - past.head < 60);
        if self.past.is_empty() {
            return;
        }
        if self.random.percent(50) {
            self.world.caught_up(self.indexer).await;
        }
        let index = self.random.below(self.past.len() as u64) as usize;
        let past = self.past.swap_remove(index);
        self.past.retain(|other| other.head < past.head);
        self.anvil().go_back(past.snapshot).await;
        self.anvil().mine(1 + self.random.below(6)).await;
        self.model = past.model;
        self.learn_who_is_verified().await;
        *self.met.entry("reorganisation".to_owned()).or_default() += 1;
    }

    async fn learn_who_is_verified(&mut self) {
        let verified = grantees::verified(self.anvil(), &self.cast).await;
        self.model.set_verified(Some(verified));
    }

    /// A new command; if it is signed, the relayer keeps a copy.
    async fn draw(&mut self) -> Sending {
        let now = self.anvil().now().await;
        let mut draw = Draw {
            random: &mut self.random,
            cast: &self.cast,
            model: &self.model,
            now,
        };
        let (sending, is_signed) = draw.sending();
        if is_signed && !sending.forged {
            let sender = self.cast.relayer();
            self.held.push(Sending {
                sender,
                ..sending.clone()
            });
            if self.random.percent(20) {
                self.held.swap_remove(0);
            }
        }
        sending
    }

    /// Several transactions in one block, all drawn from the state before it.
    async fn burst(&mut self) {
        let mut sendings = Vec::new();
        for _ in 0..2 + self.random.below(4) {
            sendings.push(self.draw().await);
        }
        self.send(&sendings).await;
    }

    /// Sends in one block, and holds the outcome of each against the model, in the block's order.
    async fn send(&mut self, sendings: &[Sending]) {
        let anvil = self.anvil();
        anvil.rpc("evm_setAutomine", json!([false])).await;
        let mut sent = BTreeMap::new();
        for sending in sendings {
            let transaction = json!({
                "from": cast::chain(sending.sender), "to": anvil.registry(), "gas": "0x2dc6c0",
                "data": alloy::primitives::Bytes::from(sending.data.clone()),
            });
            let hash = anvil.rpc("eth_sendTransaction", json!([transaction])).await;
            sent.insert(hash.as_str().unwrap().to_owned(), sending);
        }
        anvil.mine(1).await;
        anvil.rpc("evm_setAutomine", json!([true])).await;
        let block = anvil
            .rpc("eth_getBlockByNumber", json!(["latest", false]))
            .await;
        let time = number(&block["timestamp"]);
        let mined = block["transactions"].as_array().unwrap();
        assert_eq!(mined.len(), sent.len(), "one block takes all");
        for hash in mined {
            let sending = sent[hash.as_str().unwrap()];
            self.judge(hash, sending, time).await;
        }
    }

    async fn judge(&mut self, hash: &Value, sending: &Sending, time: u64) {
        let anvil = self.anvil();
        let receipt = anvil.rpc("eth_getTransactionReceipt", json!([hash])).await;
        let succeeded = number(&receipt["status"]) == 1;
        let (sender, command) = (sending.sender, &sending.command);
        let reasons = self.model.refusals(time, sender, command);
        if succeeded {
            assert!(!sending.forged, "a forged signature counted: {command:?}");
            let events = self.model.apply(time, sender, command);
            let events = events.unwrap_or_else(|refusal| {
                panic!("the contract did what the model refuses: {refusal:?}, {command:?}")
            });
            let logs = receipt["logs"].as_array().unwrap().len();
            assert_eq!(logs, events.len(), "{events:?} of {command:?}");
            if matches!(command, Command::Direct(Call::Recover { .. })) {
                *self.met.entry("recovery".to_owned()).or_default() += 1;
            }
            for event in events {
                let text = format!("{event:?}");
                let name = text.split([' ', '{']).next().unwrap().to_owned();
                *self.met.entry(name).or_default() += 1;
            }
            return;
        }
        let error = self.error(hash).await;
        let names: Vec<String> = reasons.iter().map(consent_model::Refusal::name).collect();
        // What is late, or a batch that is malformed, is refused by the model before it looks any further.
        let looked_no_further = names.iter().any(|name| name.starts_with("Deadline"))
            || (is_batch(command) && !names.is_empty());
        let is_forgery = sending.forged && error == "BadSignature";
        assert!(
            names.contains(&error) || is_forgery || looked_no_further,
            "the contract refused with {error}, the model with {names:?}: {command:?}"
        );
        *self.met.entry(error).or_default() += 1;
    }

    /// The custom error that a transaction ended in.
    async fn error(&self, hash: &Value) -> String {
        let trace = json!([hash, {"tracer": "callTracer"}]);
        let trace = self.anvil().rpc("debug_traceTransaction", trace).await;
        let output: alloy::primitives::Bytes =
            serde_json::from_value(trace["output"].clone()).expect("a reason for the refusal");
        let error = ConsentRegistryErrors::abi_decode(&output).expect("one of our errors");
        let text = format!("{error:?}");
        text.split('(').next().unwrap().to_owned()
    }

    async fn compare(&mut self) {
        self.world.caught_up(self.indexer).await;
        oracle::check(self.world).await;
        check::whole(self.world, self.indexer, &self.cast, &self.model).await;
    }

    /// What has not happened yet.
    fn missing(&self) -> Vec<&'static str> {
        let has_happened = |name: &&str| self.met.contains_key(*name);
        EVENTS
            .into_iter()
            .filter(|name| !has_happened(name))
            .collect()
    }
}
