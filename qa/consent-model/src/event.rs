//! What the registry tells the world. Names and fields are those of the contract's events.

use crate::words::{Address, ConsentKey, Window};

/// The counters that every event about a subject carries, after the change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub struct Counters {
    pub seq: u32,
    pub epoch: u32,
    pub auth_epoch: u32,
}

/// One event. `version` and `nonce` are those after the change; `actor` is who decided, never who sent it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Event {
    ConsentRequested {
        key: ConsentKey,
        window: Window,
        respond_by: u64,
        version: u32,
        actor: Address,
    },
    ConsentCreated {
        key: ConsentKey,
        window: Window,
        version: u32,
        actor: Address,
    },
    ConsentDenied {
        key: ConsentKey,
        version: u32,
        actor: Address,
    },
    ConsentRevoked {
        key: ConsentKey,
        version: u32,
        actor: Address,
    },
    ConsentExpired {
        key: ConsentKey,
        version: u32,
    },
    AllConsentsRevoked {
        subject: Address,
        counters: Counters,
        actor: Address,
    },
    SignaturesInvalidated {
        subject: Address,
        counters: Counters,
        actor: Address,
    },
    ControllerChanged {
        subject: Address,
        controller: Address,
        counters: Counters,
        actor: Address,
    },
    DelegateSet {
        subject: Address,
        delegate: Address,
        rights: u8,
        mandate: Window,
        nonce: u32,
        counters: Counters,
        actor: Address,
    },
    DelegateRemoved {
        subject: Address,
        delegate: Address,
        nonce: u32,
        counters: Counters,
        actor: Address,
    },
    RecoverySet {
        subject: Address,
        recoverer: Address,
        delay: u64,
        nonce: u32,
        counters: Counters,
        actor: Address,
    },
    RecoveryProposed {
        subject: Address,
        new_controller: Address,
        proposal_id: u32,
        ready_at: u64,
        counters: Counters,
        actor: Address,
    },
    RecoveryVetoed {
        subject: Address,
        proposal_id: u32,
        counters: Counters,
        actor: Address,
    },
    SubjectFrozen {
        subject: Address,
        frozen_until: u64,
        next_freeze_at: u64,
        counters: Counters,
        actor: Address,
    },
    SubjectUnfrozen {
        subject: Address,
        counters: Counters,
        actor: Address,
    },
}
