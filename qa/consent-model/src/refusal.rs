//! Why the registry refuses: the names and arguments of the contract's custom errors.
//!
//! One command may be refused for several reasons. Which of them a contract names is a matter of the order of its
//! checks and no part of the rules, so [`crate::Registry::refusals`] tells all of them.

use crate::words::{Address, Status};

/// One reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Refusal {
    ZeroSubject,
    ZeroGrantee,
    ZeroController,
    ZeroDelegate,
    SelfConsent { party: Address },
    SameParty { party: Address },
    NotAuthorized { actor: Address, subject: Address },
    NotGrantee { actor: Address, grantee: Address },
    NotRecoverer { actor: Address, subject: Address },
    GranteeCannotGrant { grantee: Address },
    GranteeNotVerified { grantee: Address },
    EmptyWindow { valid_from: u64, valid_to: u64 },
    WindowOver { valid_to: u64, time: u64 },
    BeyondMandate { valid_to: u64, mandate_end: u64 },
    RespondByPassed { respond_by: u64, time: u64 },
    RespondByTooFar { respond_by: u64, latest: u64 },
    WrongVersion { given: u32, expected: u32 },
    VersionExhausted,
    StaleStop { through_version: u32, version: u32 },
    NotRequestable { status: Status },
    NotRelinquishable { status: Status },
    NotLapsed { status: Status },
    BadBatchLength { length: usize },
    UnorderedOps { index: usize },
    WrongSeq { given: u32, expected: u32 },
    SeqExhausted,
    EpochExhausted,
    AuthEpochExhausted,
    Frozen { until: u64 },
    AlreadyController { controller: Address },
    WrongNonce { given: u32, expected: u32 },
    NonceExhausted,
    StaleThrough { through: u32, current: u32 },
    BadRights { rights: u8 },
    BadMandate { valid_from: u64, valid_to: u64 },
    BadDelay { delay: u64 },
    NoProposal { given: u32, current: u32 },
    NotReady { ready_at: u64 },
    FreezeTooSoon { next_freeze_at: u64 },
    NotFrozen,
    DeadlinePassed { deadline: u64, time: u64 },
    DeadlineTooFar { deadline: u64, latest: u64 },
    BadSignature { actor: Address },
}

impl Refusal {
    /// The name of the contract's error.
    pub fn name(&self) -> String {
        let text = format!("{self:?}");
        text.split([' ', '{']).next().unwrap_or_default().to_owned()
    }

    /// Whether a stop was refused because it, or something beyond it, has had its effect.
    pub fn is_stale_stop(&self) -> bool {
        matches!(self, Self::StaleStop { .. } | Self::StaleThrough { .. })
    }
}

/// Collects the reasons against a command.
#[derive(Debug, Default)]
pub(crate) struct Objections(Vec<Refusal>);

impl Objections {
    pub(crate) fn unless(&mut self, fine: bool, refusal: Refusal) {
        if !fine {
            self.0.push(refusal);
        }
    }

    /// Adds reasons that are not told yet.
    pub(crate) fn extend(&mut self, refusals: Vec<Refusal>) {
        for refusal in refusals {
            self.unless(self.0.contains(&refusal), refusal);
        }
    }

    pub(crate) fn none(self) -> Result<(), Vec<Refusal>> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(self.0)
        }
    }
}
