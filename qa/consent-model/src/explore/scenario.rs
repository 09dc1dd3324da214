//! What may happen in a world, and how far it goes.

use crate::command::{BatchMode, Command};
use crate::rules::{Limits, Rules};
use crate::words::{Address, ConsentKey, ScopeId};

/// The patient's address, and its first key.
pub const SUBJECT: Address = Address::of(1);
/// Another key of the patient.
pub const OTHER_KEY: Address = Address::of(2);
/// Somebody with a mandate.
pub const DELEGATE: Address = Address::of(3);
/// Who may recover the subject.
pub const RECOVERER: Address = Address::of(4);
/// The organisation that wants to read.
pub const GRANTEE: Address = Address::of(5);
/// Anybody else.
pub const RELAYER: Address = Address::of(6);
/// The consent that promises are checked for.
pub const CONSENT: ConsentKey = ConsentKey {
    subject: SUBJECT,
    grantee: GRANTEE,
    scope_id: ScopeId([7; 32]),
};
/// Another consent of the same subject and grantee, behind it in a batch.
pub const OTHER_CONSENT: ConsentKey = ConsentKey {
    scope_id: ScopeId([8; 32]),
    ..CONSENT
};

/// Who decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Person {
    /// Whoever controls the subject.
    Controller,
    /// The delegate.
    Delegate,
}

/// How a decision travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A transaction of who decides. May be held back, lands once.
    Direct,
    /// A signature that anyone delivers.
    Signed,
}

/// Something that people may decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)] // each is the contract's action of that name
pub enum Decision {
    Grant(Person, Form),
    /// A batch of one grant.
    GrantInBatch(Person, BatchMode),
    /// A batch that grants both consents.
    GrantBothInBatch(BatchMode),
    /// A batch that grants the consent and revokes the other.
    MixedBatch(BatchMode),
    /// The same, signed for the seq after the one seen.
    MixedBatchForNextSeq(BatchMode),
    /// A batch that grants the same consent twice, the second time on top of the first.
    GrantTwiceInBatch(BatchMode),
    /// A batch that revokes the consent and grants it anew.
    RevokeAndGrantInBatch(BatchMode),
    Revoke(Person, Form),
    Deny(Person, Form),
    /// A batch that denies the consent and revokes the other.
    StopBatch(Person),
    RevokeAll {
        form: Form,
        drop_delegates: bool,
    },
    Invalidate(Form),
    /// To the patient's other key, or back.
    Rotate(Form),
    SetDelegate(Form),
    RemoveDelegate(Form),
    Freeze(Form),
    Unfreeze(Form),
    /// By the recoverer, for the patient's other key.
    Propose,
    Veto,
}

impl Decision {
    /// Whether it can make a consent active or give somebody rights.
    pub fn is_opening(self) -> bool {
        matches!(
            self,
            Self::Grant(..)
                | Self::GrantInBatch(..)
                | Self::GrantBothInBatch(_)
                | Self::MixedBatch(_)
                | Self::MixedBatchForNextSeq(_)
                | Self::GrantTwiceInBatch(_)
                | Self::RevokeAndGrantInBatch(_)
                | Self::SetDelegate(_)
        )
    }

    /// Whether it takes consents back.
    pub fn stops_consents(self) -> bool {
        matches!(
            self,
            Self::Revoke(..) | Self::Deny(..) | Self::StopBatch(_) | Self::RevokeAll { .. }
        )
    }

    /// Whether it takes the delegate's rights.
    pub fn stops_delegates(self) -> bool {
        matches!(
            self,
            Self::RemoveDelegate(_)
                | Self::RevokeAll {
                    drop_delegates: true,
                    ..
                }
        )
    }
}

/// Which state openings are signed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    /// The last final one.
    Final,
    /// The head of the chain.
    Latest,
}

/// Through which values of their counters a wallet signs its stops, seeing the latest state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopReach {
    /// The version it sees plus this; the epoch and the seq it sees; the nonce it sees plus 1.
    Ahead(u32),
    /// The same with 1, or the highest that it ever signed an opening for, or an epoch to which it signed a revokeAll,
    /// whichever is higher.
    Remembering,
}

/// How far a world goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Openings signed.
    pub openings: u32,
    /// Other decisions signed.
    pub others: u32,
    /// Reorganisations.
    pub reorgs: u8,
    /// Links of the chain that are not final; 0 for a chain that never reorganises.
    pub unfinal: usize,
    /// The last time.
    pub last_time: u64,
}

/// What is to be found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expectation {
    /// Every promise is kept.
    Holds,
    /// A promise is broken: the world lacks a rule, and this shows what the rule is good for.
    Breaks,
}

/// A world to explore.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// A short name.
    pub name: &'static str,
    /// What it is about.
    pub about: &'static str,
    /// What is to be found.
    pub expectation: Expectation,
    /// The registry's rules.
    pub rules: Rules,
    /// Its largest values.
    pub limits: Limits,
    /// What was done and became final before.
    pub setup: Vec<(Address, Command)>,
    /// How openings are signed.
    pub openings_on: Seen,
    /// How stops are signed.
    pub stop_reach: StopReach,
    /// The end of the windows granted.
    pub valid_to: u64,
    /// Whether the grantee requests and relinquishes.
    pub grantee: bool,
    /// What people may decide.
    pub decisions: Vec<Decision>,
    /// How far it goes.
    pub bounds: Bounds,
}
