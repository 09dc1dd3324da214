//! Everything that can be sent to the registry.
//!
//! A [`Call`] is a plain function of the contract: the sender decides. An [`Intent`] is what somebody signed and anybody
//! sends; the contract also takes most intents unsigned from their actor itself, by the same rules. Signatures are not
//! modelled: a [`Command::Signed`] *is* vouched for by its actor, for this chain and registry.

use crate::words::{Address, ConsentKey, ScopeId, Window};

/// One transaction's content.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Command {
    /// Decided by the sender.
    Direct(Call),
    /// Decided by its actor, whoever sends it.
    Signed {
        /// Who signed or sends it.
        actor: Address,
        /// Last second at which it works.
        deadline: u64,
        /// What was signed.
        intent: Intent,
    },
}

/// A new controller's agreement, signed by the new controller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Acceptance {
    /// The subject's seq it signed.
    pub seq: u32,
    /// Last second at which it works.
    pub deadline: u64,
}

/// A request for consent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Request {
    /// The consent asked for.
    pub key: ConsentKey,
    /// The window asked for.
    pub window: Window,
    /// When the request lapses.
    pub respond_by: u64,
    /// The version it leads to.
    pub version: u32,
}

/// A grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Grant {
    /// The consent given.
    pub key: ConsentKey,
    /// Its window.
    pub window: Window,
    /// The version it leads to.
    pub version: u32,
    /// The subject's seq.
    pub seq: u32,
}

/// Rights given to a delegate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SetDelegate {
    /// The subject.
    pub subject: Address,
    /// Who gets them.
    pub delegate: Address,
    /// Which, see [`crate::words::right`].
    pub rights: u8,
    /// When.
    pub mandate: Window,
    /// The nonce it leads to.
    pub nonce: u32,
    /// The subject's seq.
    pub seq: u32,
}

/// A recoverer named, or nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SetRecovery {
    /// The subject.
    pub subject: Address,
    /// Who may recover it; zero for nobody.
    pub recoverer: Address,
    /// The delay; 0 for nobody.
    pub delay: u64,
    /// The nonce it leads to; to name nobody any higher one.
    pub nonce: u32,
    /// The subject's seq; not looked at to name nobody.
    pub seq: u32,
}

/// Another controller proposed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ProposeRecovery {
    /// The subject.
    pub subject: Address,
    /// Who is to control it.
    pub new_controller: Address,
    /// The number it gets.
    pub proposal_id: u32,
}

/// What an item of a batch does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Op {
    /// See [`Grant`]; seq is the batch's.
    Grant {
        /// The organisation.
        grantee: Address,
        /// The policy.
        scope_id: ScopeId,
        /// The window.
        window: Window,
        /// The version it leads to.
        version: u32,
    },
    /// Refuses a request, else revokes.
    Deny {
        /// The organisation.
        grantee: Address,
        /// The policy.
        scope_id: ScopeId,
        /// The highest version it applies to.
        through_version: u32,
    },
    /// Revokes.
    Revoke {
        /// The organisation.
        grantee: Address,
        /// The policy.
        scope_id: ScopeId,
        /// The highest version it applies to.
        through_version: u32,
    },
}

/// Whether a batch is all or nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BatchMode {
    /// Every item applies, or none.
    Atomic,
    /// Stale items are skipped.
    Try,
}

/// Several decisions about one subject.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Batch {
    /// The subject.
    pub subject: Address,
    /// Atomic or not.
    pub mode: BatchMode,
    /// The subject's seq; not looked at in a batch of stops.
    pub seq: u32,
    /// The items, in strictly ascending order of grantee, then scope.
    pub ops: Vec<Op>,
}

/// A plain call.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // the functions of the contract's interface, with their arguments
pub enum Call {
    Request(Request),
    Grant(Grant),
    Deny(ConsentKey),
    Revoke(ConsentKey),
    Relinquish(ConsentKey),
    Expire(ConsentKey),
    RevokeAll {
        subject: Address,
        drop_delegates: bool,
    },
    Recover {
        subject: Address,
        proposal_id: u32,
        acceptance: Option<Acceptance>,
    },
}

/// Something signed, or sent by its actor itself.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // the structs of the contract's intents, without actor and deadline
pub enum Intent {
    Request(Request),
    Grant(Grant),
    Deny {
        key: ConsentKey,
        through_version: u32,
    },
    Revoke {
        key: ConsentKey,
        through_version: u32,
    },
    Relinquish {
        key: ConsentKey,
        version: u32,
    },
    Batch(Batch),
    RevokeAll {
        subject: Address,
        through_epoch: u32,
        through_seq: u32,
        drop_delegates: bool,
    },
    Invalidate {
        subject: Address,
        through_seq: u32,
    },
    Rotate {
        subject: Address,
        new_controller: Address,
        seq: u32,
        /// Sent along, not part of what is signed.
        acceptance: Option<Acceptance>,
    },
    SetDelegate(SetDelegate),
    RemoveDelegate {
        subject: Address,
        delegate: Address,
        through_nonce: u32,
    },
    SetRecovery(SetRecovery),
    ProposeRecovery(ProposeRecovery),
    Veto {
        subject: Address,
        proposal_id: u32,
    },
    Freeze {
        subject: Address,
        seq: u32,
    },
    Unfreeze {
        subject: Address,
        seq: u32,
    },
}

impl Op {
    /// Whether it gives consent.
    pub fn is_grant(&self) -> bool {
        matches!(self, Self::Grant { .. })
    }

    /// The consent it is about.
    pub fn key(&self, subject: Address) -> ConsentKey {
        let (Self::Grant {
            grantee, scope_id, ..
        }
        | Self::Deny {
            grantee, scope_id, ..
        }
        | Self::Revoke {
            grantee, scope_id, ..
        }) = *self;
        ConsentKey {
            subject,
            grantee,
            scope_id,
        }
    }
}

impl Batch {
    /// Whether it gives no consent at all.
    pub fn is_of_stops(&self) -> bool {
        !self.ops.iter().any(Op::is_grant)
    }

    /// Whether it gives consent and skips what is stale, so that it uses up seq.
    pub fn is_try_with_grants(&self) -> bool {
        self.mode == BatchMode::Try && !self.is_of_stops()
    }

    /// The first item that is not above the one before it, by grantee and then scope.
    pub fn first_unordered(&self) -> Option<usize> {
        let keys: Vec<_> = self.ops.iter().map(|op| op.key(self.subject)).collect();
        let falls = keys.windows(2).position(|pair| pair[0] >= pair[1]);
        falls.map(|index| index + 1)
    }
}

impl Intent {
    /// Whether it only takes away, so that its deadline may be unlimited.
    pub fn is_stop(&self) -> bool {
        match self {
            Self::Deny { .. }
            | Self::Revoke { .. }
            | Self::RevokeAll { .. }
            | Self::Relinquish { .. }
            | Self::Invalidate { .. }
            | Self::RemoveDelegate { .. }
            | Self::Veto { .. } => true,
            Self::Batch(batch) => batch.is_of_stops(),
            Self::SetRecovery(set) => set.recoverer.is_zero(),
            _ => false,
        }
    }
}
