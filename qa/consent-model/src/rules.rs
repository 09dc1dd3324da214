//! The numbers the rules depend on, and the rules that can be switched off to see what they are good for.

/// Largest values and durations. The defaults are the contract's; small ones bring exhaustion within reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Limits {
    /// Largest version of a consent.
    pub version: u32,
    /// Largest epoch of a subject.
    pub epoch: u32,
    /// Largest authEpoch of a subject.
    pub auth_epoch: u32,
    /// Largest seq of a subject.
    pub seq: u32,
    /// Largest nonce of a delegate or recovery, and largest number of a proposal.
    pub nonce: u32,
    /// The longest time a request may stay open.
    pub response_time: u64,
    /// How far ahead the deadline of a signature may lie that is no stop's.
    pub signature_life: u64,
    /// The shortest delay of a recovery.
    pub min_delay: u64,
    /// The longest delay of a recovery.
    pub max_delay: u64,
    /// The most items of a batch.
    pub ops: usize,
}

impl Default for Limits {
    fn default() -> Self {
        const U24: u32 = (1 << 24) - 1;
        const DAY: u64 = 86_400;
        Self {
            version: u32::MAX,
            epoch: U24,
            auth_epoch: U24,
            seq: U24,
            nonce: u32::MAX,
            response_time: 90 * DAY,
            signature_life: 90 * DAY,
            min_delay: 2 * DAY,
            max_delay: 90 * DAY,
            ops: 256,
        }
    }
}

/// Rules that the registry has and a naive one has not. The default is the registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Rules {
    /// A signed stop applies through a version. Without: to exactly the version signed, as openings do.
    pub stops_reach_through: bool,
    /// A direct grant names seq. Without: only a signed one does.
    pub direct_grants_name_seq: bool,
    /// The items of a batch stand in strictly ascending order, so that no consent occurs twice. Without: in any order.
    pub batches_stand_in_order: bool,
    /// A batch with grants in mode `Try` is refused before its seq. Without: its stops apply then, its grants later.
    pub try_batches_await_seq: bool,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            stops_reach_through: true,
            direct_grants_name_seq: true,
            batches_stand_in_order: true,
            try_batches_await_seq: true,
        }
    }
}
